// The closed list of metrics: what each counts or measures, and the tags that tell its samples apart. k6's names where k6
// has the metric; those that begin with service_ look inside, at one service.

export type MetricType = "counter" | "gauge" | "rate" | "trend";

export interface MetricSpec {
  readonly type: MetricType;
  /** The unit, in k6's words: `time` is milliseconds, `data` bytes. */
  readonly contains: "default" | "time" | "data";
  /** One line for lists and hover texts. */
  readonly summary: string;
  readonly tags: readonly TagName[];
  /** A counter of mishaps: that none happened is an answer. Where it is absent, 0 means that nothing was measured. */
  readonly zeroIsAnAnswer?: true;
}

/** What a selector may ask for, as in `http_req_duration{service:web}`, besides the `tags` of the file's scenarios. */
export const TAGS = {
  scenario: "the entry of `scenarios` that caused it",
  service: "the service that was called",
  endpoint: "the endpoint that was called",
  method: "the HTTP method of that endpoint; of a gRPC endpoint its name",
  status: "the answer's HTTP status; 0 when there was no answer",
  expected_response: "true for a status from 200 to 399, else false",
  check: "the check, as it is written",
  caller: "the service that made the call; a journey's calls have none",
} as const;
export type TagName = keyof typeof TAGS;

const JOURNEY = ["scenario", "service", "endpoint", "method", "status", "expected_response"] as const;
const CHECK = ["check", "scenario", "service", "endpoint", "method"] as const;
const REQUEST = ["scenario", "service", "endpoint", "method", "status"] as const;
const CALL = ["scenario", "service", "endpoint", "method", "caller"] as const;

export const METRICS = {
  http_reqs: {
    type: "counter",
    contains: "default",
    summary: "Attempts of the journeys' own calls that ended.",
    tags: JOURNEY,
  },
  http_req_duration: {
    type: "trend",
    contains: "time",
    summary: "Time of such an attempt, from sending it to its answer, its timeout or its failure.",
    tags: JOURNEY,
  },
  http_req_waiting: {
    type: "trend",
    contains: "time",
    summary: "Time to the answer's first byte: all of http_req_duration, because bodies take no time here.",
    tags: JOURNEY,
  },
  http_req_failed: {
    type: "rate",
    contains: "default",
    summary: "Share of those attempts with a status outside 200 to 399, or without an answer.",
    tags: JOURNEY,
  },
  goodput: {
    type: "counter",
    contains: "default",
    summary: "Those attempts that were answered in time, before any timeout, with a status from 200 to 399.",
    tags: JOURNEY,
    zeroIsAnAnswer: true,
  },
  checks: {
    type: "rate",
    contains: "default",
    summary: "Share of the checks of the journeys' steps that held, each made on the answer to the last attempt.",
    tags: CHECK,
  },
  data_sent: {
    type: "counter",
    contains: "data",
    summary: "Bytes of the requests of those attempts that reached somebody; their endpoints' size says how many.",
    tags: JOURNEY,
  },
  data_received: {
    type: "counter",
    contains: "data",
    summary: "Bytes of the answers to those attempts, errors included, but for those that came after a timeout.",
    tags: JOURNEY,
  },
  iterations: {
    type: "counter",
    contains: "default",
    summary: "Iterations that were carried through, whether their calls succeeded or not.",
    tags: ["scenario"],
  },
  iteration_duration: {
    type: "trend",
    contains: "time",
    summary: "Time of such an iteration, pauses included.",
    tags: ["scenario"],
  },
  dropped_iterations: {
    type: "counter",
    contains: "default",
    summary: "Iterations that could not start: no VU was free, or no time was left.",
    tags: ["scenario"],
    zeroIsAnAnswer: true,
  },
  iterations_started: {
    type: "rate",
    contains: "default",
    summary: "Share of the iterations that arrival-rate scenarios asked for that started; the rest was dropped.",
    tags: ["scenario"],
  },
  vus: {
    type: "gauge",
    contains: "default",
    summary: "Active VUs, once a second.",
    tags: ["scenario"],
  },
  vus_max: {
    type: "gauge",
    contains: "default",
    summary: "Initialised VUs, once a second.",
    tags: ["scenario"],
  },
  service_requests: {
    type: "counter",
    contains: "default",
    summary: "Requests that a service answered, those that it refused included.",
    tags: REQUEST,
  },
  service_req_duration: {
    type: "trend",
    contains: "time",
    summary: "Time of a request in the service that accepted it, its wait in the queue included.",
    tags: REQUEST,
  },
  service_queue_wait: {
    type: "trend",
    contains: "time",
    summary: "Time of an accepted request in the service's queue; 0 for those that did not wait.",
    tags: REQUEST,
  },
  service_errors: {
    type: "rate",
    contains: "default",
    summary: "Share of a service's requests that it refused or answered with a status of 500 or more.",
    tags: REQUEST,
  },
  service_queue_length: {
    type: "gauge",
    contains: "default",
    summary: "Requests in a service's queues, once a second; of several services, where most wait.",
    tags: ["service"],
  },
  service_utilization: {
    type: "gauge",
    contains: "default",
    summary:
      "Share of a service's cores, or workers, that were busy in the last second; of several services, the busiest.",
    tags: ["service"],
  },
  retries: {
    type: "counter",
    contains: "default",
    summary: "Attempts of calls after the first.",
    tags: CALL,
    zeroIsAnAnswer: true,
  },
  timeouts: {
    type: "counter",
    contains: "default",
    summary: "Attempts of calls whose caller stopped waiting.",
    tags: CALL,
    zeroIsAnAnswer: true,
  },
  refused: {
    type: "counter",
    contains: "default",
    summary:
      "Requests that were turned away without a worker: by a full queue, as one of those below says, or for coming too " +
      "late for their caller's deadline.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  abandoned: {
    type: "counter",
    contains: "default",
    summary:
      "Requests that a service finished although nobody waited any more, or that left its queue for want of patience.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  cancelled: {
    type: "counter",
    contains: "default",
    summary:
      "Requests that their caller cancelled, by a time-out with `cancel`, or because a hedged call had its answer.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  held_back: {
    type: "counter",
    contains: "default",
    summary:
      "Attempts of calls that the caller's own circuit breaker, bulkhead or connection pool did not let through.",
    tags: CALL,
    zeroIsAnAnswer: true,
  },
  hedges: {
    type: "counter",
    contains: "default",
    summary: "Attempts of calls that were sent beside one that took too long.",
    tags: CALL,
    zeroIsAnAnswer: true,
  },
  queue_timeouts: {
    type: "counter",
    contains: "default",
    summary: "Requests whose patience ended in a service's queue; they are refused and abandoned.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  rate_limited: {
    type: "counter",
    contains: "default",
    summary: "Requests that a service's rate limit answered with 429; they are refused.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  shed: {
    type: "counter",
    contains: "default",
    summary: "Requests that a service's load shedding or CoDel turned away; they are refused.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  untraced: {
    type: "counter",
    contains: "default",
    summary: "Requests whose span got lost on its way, by a fault of kind telemetry-loss.",
    tags: REQUEST,
    zeroIsAnAnswer: true,
  },
  service_pauses: {
    type: "trend",
    contains: "time",
    summary: "How long a replica of a service stood still, for each of its pauses.",
    tags: ["service"],
  },
  service_throttling: {
    type: "trend",
    contains: "time",
    summary: "How long a replica's CPU limit stopped its work, for each time that it did.",
    tags: ["service"],
  },
  cache_hits: {
    type: "rate",
    contains: "default",
    summary:
      "Share of the look-ups in a cache, or in a service's local ones, that found an entry that was not too old.",
    tags: ["service"],
  },
  consumer_lag: {
    type: "gauge",
    contains: "default",
    summary: "Messages that a consuming service has not finished, once a second; of several services, the most.",
    tags: ["service"],
  },
  message_age: {
    type: "trend",
    contains: "time",
    summary: "Time from a message's arrival at the broker until its consumer was done with it, or gave it up.",
    tags: ["service"],
  },
  messages_redelivered: {
    type: "counter",
    contains: "default",
    summary: "Deliveries of messages that failed, or whose consumer died, and that were made again.",
    tags: ["service"],
    zeroIsAnAnswer: true,
  },
  messages_dead_lettered: {
    type: "counter",
    contains: "default",
    summary: "Messages that a consumer gave up: sent to a dead-letter topic, or skipped.",
    tags: ["service"],
    zeroIsAnAnswer: true,
  },
  lock_wait: {
    type: "trend",
    contains: "time",
    summary:
      "Time that a row of a database, or the lock of a lock-contention fault, was waited for, until it was had or the wait was too long; zeros included.",
    tags: ["service"],
  },
  service_replicas: {
    type: "gauge",
    contains: "default",
    summary: "Replicas of a service that listen and that callers choose from, once a second, where they come and go.",
    tags: ["service"],
  },
  restarts: {
    type: "counter",
    contains: "default",
    summary: "Containers of a service that were started again in their pod.",
    tags: ["service"],
    zeroIsAnAnswer: true,
  },
  service_clock_changes: {
    type: "counter",
    contains: "default",
    summary: "How often the clock of a service's replica was set wrong, or right again, by a fault of kind clock-skew.",
    tags: ["service"],
    zeroIsAnAnswer: true,
  },
  service_log_steps: {
    type: "counter",
    contains: "default",
    summary: "Lines that `log` steps, and faults of kind log-flood, had a service write.",
    tags: ["service"],
    zeroIsAnAnswer: true,
  },
} as const satisfies { readonly [name: string]: MetricSpec };

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Whether there is a metric of that name. */
export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** The metric's description. */
export function metricSpec(name: MetricName): MetricSpec {
  return METRICS[name];
}

/** Whether a status is one that k6 expects: 200 to 399. 0 stands for no answer. */
export function isExpectedStatus(status: number): boolean {
  return status >= 200 && status < 400;
}
