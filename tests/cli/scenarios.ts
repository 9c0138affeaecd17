// Scenario files for tests of the command line.

/** Ten simulated seconds of a small shop with retries, a fault and every log format. */
export const TEN_SECONDS = `
name: ten-seconds
seed: 3
network: 300us
services:
  web:
    language: nodejs
    replicas: 2
    concurrency: 8
    queue: 16
    endpoints:
      POST /buy:
        latency: { p50: 4ms, p99: 20ms }
        calls:
          - parallel: [cart.GetCart, prices.Quote]
          - { call: payment.Charge, timeout: 120ms, retry: { attempts: 3, backoff: { base: 20ms, max: 200ms, jitter: full } } }
  cart:
    language: java
    logs: { format: plain }
    endpoints:
      GetCart: { latency: { p50: 3ms, p99: 15ms }, errors: 2%, calls: [store.SELECT carts] }
  prices:
    language: python
    logs: { format: logfmt }
    endpoints: { Quote: { latency: { exponential: 5ms } } }
  payment:
    language: go
    concurrency: 6
    endpoints:
      Charge: { latency: { p50: 40ms, p99: 200ms }, calls: [bank.POST /charges] }
  store: { kind: database, endpoints: { SELECT carts: { latency: { p50: 1ms, p99: 6ms } } } }
  bank: { kind: external, endpoints: { POST /charges: 20ms } }
journeys:
  buy: [web.POST /buy]
scenarios:
  buyers: { executor: constant-arrival-rate, arrival: poisson, rate: 30, duration: 10s, preAllocatedVUs: unlimited }
faults:
  - { name: slow bank, kind: latency, target: bank, at: 4s, for: 3s, add: 150ms }
thresholds:
  http_req_failed: ['rate<0.9']
`;

/** Writes a scenario into a fresh folder and gives both. */
export function scenarioFolder(text: string, name = "scenario.yaml"): { folder: string; file: string } {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  const file = `${folder}/${name}`;
  Deno.writeTextFileSync(file, text);
  return { folder, file };
}
