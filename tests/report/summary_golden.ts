// What the summary of tests/report/example.ts must look like, to the letter. Written as code so that reading it needs no
// permission.

export const AT_80_COLUMNS = `\
  █ THRESHOLDS

    http_req_duration
    ✓ 'p(95)<800' p(95)=786ms
    ✓ 'avg<=250'  avg=101ms

    http_req_failed
    ✗ 'rate<0.01' rate=2.77%

    service_errors{service:payment}
    ✗ 'rate<0.05' rate=5.55%

    http_req_duration{endpoint:GET /}
    ✓ 'p(99)<300' p(99)=7.95ms

    iteration_duration{scenario:browse}
    ✗ 'med<1000' no samples

  █ TOTAL RESULTS

    HTTP
    http_req_duration..............: avg=101ms     min=5ms       med=10.5ms
                                     max=806ms     p(90)=94.6ms  p(95)=786ms
      { expected_response:true }...: avg=103ms     min=5ms       med=7.91ms
                                     max=806ms     p(90)=94.6ms  p(95)=791ms
      { endpoint:GET / }...........: avg=6.49ms    min=5ms       med=6.49ms
                                     max=7.97ms    p(90)=7.68ms  p(95)=7.82ms
    http_req_failed................: 2.77%   400 out of 14,400
    http_reqs......................: 14,400  80/s

    EXECUTION
    iteration_duration.............: avg=2.59s     min=2.41s     med=2.47s
                                     max=3.2s      p(90)=3.18s   p(95)=3.2s
      { scenario:browse }..........: no samples
    iterations.....................: 7,200   40/s
    vus............................: 12      min=12  max=96
    vus_max........................: 105     min=105  max=105

    INSIDE
    abandoned......................: 240     1.33/s
    refused........................: 400     2.22/s
    retries........................: 240     1.33/s
    service_errors.................: 2.77%   800 out of 28,800
      { service:payment }..........: 5.55%   400 out of 7,200
    service_requests...............: 28,800  160/s
    timeouts.......................: 240     1.33/s

  █ SERVICES

    service  requests  errors  refused     p50     p95     p99  wait p95   busy
    web        14,400   2.77%        0  9.49ms   786ms   799ms        0s   9.0%
    payment     7,200   5.55%      400  58.1ms   770ms   778ms     142ms  43.8%
    db          7,200   0.00%        0   895µs  1.34ms  1.38ms        0s      –

  checkout: 3m simulated, 7,200 complete and 3 interrupted iterations, seed 7

  spans: generated 1,204,113 = delivered 1,204,113 + rejected 0 + pending 0
  logs: generated 88,102 = delivered 88,102 + rejected 0 + pending 0

  logs     logs/
  results  runs/2026-11-23T12-00-00Z-4f2a/
`;

export const AT_120_COLUMNS = `\
  █ THRESHOLDS

    http_req_duration
    ✓ 'p(95)<800' p(95)=786ms
    ✓ 'avg<=250'  avg=101ms

    http_req_failed
    ✗ 'rate<0.01' rate=2.77%

    service_errors{service:payment}
    ✗ 'rate<0.05' rate=5.55%

    http_req_duration{endpoint:GET /}
    ✓ 'p(99)<300' p(99)=7.95ms

    iteration_duration{scenario:browse}
    ✗ 'med<1000' no samples

  █ TOTAL RESULTS

    HTTP
    http_req_duration..............: avg=101ms   min=5ms    med=10.5ms  max=806ms   p(90)=94.6ms  p(95)=786ms
      { expected_response:true }...: avg=103ms   min=5ms    med=7.91ms  max=806ms   p(90)=94.6ms  p(95)=791ms
      { endpoint:GET / }...........: avg=6.49ms  min=5ms    med=6.49ms  max=7.97ms  p(90)=7.68ms  p(95)=7.82ms
    http_req_failed................: 2.77%   400 out of 14,400
    http_reqs......................: 14,400  80/s

    EXECUTION
    iteration_duration.............: avg=2.59s   min=2.41s  med=2.47s   max=3.2s    p(90)=3.18s   p(95)=3.2s
      { scenario:browse }..........: no samples
    iterations.....................: 7,200   40/s
    vus............................: 12      min=12  max=96
    vus_max........................: 105     min=105  max=105

    INSIDE
    abandoned......................: 240     1.33/s
    refused........................: 400     2.22/s
    retries........................: 240     1.33/s
    service_errors.................: 2.77%   800 out of 28,800
      { service:payment }..........: 5.55%   400 out of 7,200
    service_requests...............: 28,800  160/s
    timeouts.......................: 240     1.33/s

  █ SERVICES

    service  requests  per s  errors  refused  abandoned     p50     p95     p99  wait p95   busy
    web        14,400   80.0   2.77%        0          0  9.49ms   786ms   799ms        0s   9.0%
    payment     7,200   37.8   5.55%      400        240  58.1ms   770ms   778ms     142ms  43.8%
    db          7,200   40.0   0.00%        0          0   895µs  1.34ms  1.38ms        0s      –

  checkout: 3m simulated, 7,200 complete and 3 interrupted iterations, seed 7

  spans: generated 1,204,113 = delivered 1,204,113 + rejected 0 + pending 0
  logs: generated 88,102 = delivered 88,102 + rejected 0 + pending 0

  logs     logs/
  results  runs/2026-11-23T12-00-00Z-4f2a/
`;

/** The full summary, with avg, p(99) and count, and an output of points. */
export const FULL_AT_80_COLUMNS = `\
  █ THRESHOLDS

    http_req_duration
    ✓ 'p(95)<800' p(95)=786ms
    ✓ 'avg<=250'  avg=101ms

    http_req_failed
    ✗ 'rate<0.01' rate=2.77%

    service_errors{service:payment}
    ✗ 'rate<0.05' rate=5.55%

    http_req_duration{endpoint:GET /}
    ✓ 'p(99)<300' p(99)=7.95ms

    iteration_duration{scenario:browse}
    ✗ 'med<1000' no samples

  █ TOTAL RESULTS

    HTTP
    goodput........................: 14,000  77.8/s
    http_req_duration..............: avg=101ms   p(99)=803ms   count=14,400
      { expected_response:true }...: avg=103ms   p(99)=803ms   count=14,000
      { endpoint:GET / }...........: avg=6.49ms  p(99)=7.95ms  count=7,200
    http_req_failed................: 2.77%   400 out of 14,400
    http_req_waiting...............: avg=101ms   p(99)=803ms   count=14,400
    http_reqs......................: 14,400  80/s

    EXECUTION
    iteration_duration.............: avg=2.59s   p(99)=3.2s    count=7,200
      { scenario:browse }..........: no samples
    iterations.....................: 7,200   40/s
    vus............................: 12      min=12  max=96
    vus_max........................: 105     min=105  max=105

    INSIDE
    abandoned......................: 240     1.33/s
    refused........................: 400     2.22/s
    retries........................: 240     1.33/s
    service_errors.................: 2.77%   800 out of 28,800
      { service:payment }..........: 5.55%   400 out of 7,200
    service_queue_length...........: 0       min=0  max=8
    service_queue_wait.............: avg=4.23ms  p(99)=154ms   count=28,400
    service_req_duration...........: avg=94.1ms  p(99)=799ms   count=28,400
    service_requests...............: 28,800  160/s
    service_utilization............: 0.3     min=0.3  max=0.925
    timeouts.......................: 240     1.33/s

  █ SCENARIO: browse

    HTTP
    goodput........................: 7,200   40/s
    http_req_duration..............: avg=6.49ms  p(99)=7.95ms  count=7,200
    http_req_failed................: 0.00%   0 out of 7,200
    http_req_waiting...............: avg=6.49ms  p(99)=7.95ms  count=7,200
    http_reqs......................: 7,200   40/s

    EXECUTION
    vus............................: 0       min=0  max=0
    vus_max........................: 5       min=5  max=5

  █ SCENARIO: buy

    HTTP
    goodput........................: 6,800   37.8/s
    http_req_duration..............: avg=195ms   p(99)=803ms   count=7,200
    http_req_failed................: 5.55%   400 out of 7,200
    http_req_waiting...............: avg=195ms   p(99)=803ms   count=7,200
    http_reqs......................: 7,200   40/s

    EXECUTION
    iteration_duration.............: avg=2.59s   p(99)=3.2s    count=7,200
    iterations.....................: 7,200   40/s
    vus............................: 12      min=12  max=96
    vus_max........................: 100     min=100  max=100

  █ SERVICES

    service           requests  errors  refused     p95     p99  wait p95   busy
    web                 14,400   2.77%        0   786ms   799ms        0s   9.0%
      GET /              7,200   0.00%        0  6.83ms  6.93ms        0s
      POST /checkout     7,200   5.55%        0   795ms   803ms        0s
    payment              7,200   5.55%      400   770ms   778ms     142ms  43.8%
      Charge             7,200   5.55%      400   770ms   778ms     142ms
    db                   7,200   0.00%        0  1.34ms  1.38ms        0s      –
      SELECT orders      7,200   0.00%        0  1.34ms  1.38ms        0s

  checkout: 3m simulated, 7,200 complete and 3 interrupted iterations, seed 7

  spans: generated 1,204,113 = delivered 1,204,113 + rejected 0 + pending 0
  logs: generated 88,102 = delivered 88,102 + rejected 0 + pending 0
  points: generated 12 = delivered 10 + rejected 0 + pending 2
`;
