// What a file may say of a replica's capacity, and what is said about mistakes in it.

import assert from "node:assert/strict";
import { load, problems, scenario, scenarioTest } from "./support.ts";

const web = (keys: string): string =>
  scenario({
    services: `{ web: { ${keys}, endpoints: { GET /: 5ms } }, db: { kind: database, endpoints: { q: 1ms } } }`,
  });

scenarioTest("cores, limits, queues, pauses, warm-up, rate limits and shedding are read with their units", () => {
  const { scenario: read } = load(web(
    "concurrency: 8, cores: 0.5, cpu: { limit: 500m }, queue: { size: 9, discipline: lifo, timeout: 2s }, " +
      "pauses: { every: 10s, length: 100ms }, warmUp: { for: 30s, factor: 4 }, rateLimit: 90/m, shed: { utilization: 90% }",
  ));
  const { queue, capacity } = read.services.get("web")!;
  assert.deepEqual([queue, capacity.cores, capacity.cpuLimit, capacity.discipline], [9, 0.5, 0.5, "lifo"]);
  assert.deepEqual(capacity.patience?.text, "2s");
  assert.deepEqual(capacity.rateLimit, { rate: 1.5, burst: 1, view: "replica" });
  assert.deepEqual([capacity.shed?.utilization, capacity.warmUp?.factor, capacity.pauses.length], [0.9, 4, 1]);
});

scenarioTest("mistakes are told with what to write instead", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["rateLimit: 100", /the rate 100 has no unit/],
    ["cpu: 500m", /write \{ limit: 500m \}/],
    ["cores: 0", /above 0/],
    ["concurrency: 2, queue: { target: 5ms }", /target belongs to the discipline codel/],
    ["concurrency: 2, queue: { discipline: codel, target: 1s }", /target is not shorter than interval/],
    ["queue: { timeout: 1s }", /nothing ever waits in this queue/],
    ["shed: codel", /nothing ever waits here/],
    ["shed: { utilization: 90% }", /has no limit of either/],
    ["pauses: { every: 1s, length: 2s }", /nothing would ever run/],
    ["shed: {}", /load shedding with queue, utilization or codel/],
  ];
  for (const [keys, message] of wrong) assert.match(problems(web(keys)).join("\n"), message, keys);
});
