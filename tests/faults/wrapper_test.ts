// What all faults share: windows that come again, jitter, conditions and reactions, shares of replicas, zones; and what
// mitigations do to other faults.

import assert from "node:assert/strict";
import { FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { load, problems, scenarioTest } from "../scenario/support.ts";
import { broken, type Ran, runInMemory, type Window } from "./runs.ts";

interface Parts {
  readonly seed?: number;
  readonly web?: string;
  readonly more?: string;
  readonly load?: string;
  readonly rest?: string;
}

const LOAD = "{ executor: constant-arrival-rate, rate: 20, duration: 60s, preAllocatedVUs: unlimited }";

function text(faults: string, { seed = 1, web = "", more = "", load = LOAD, rest = "" }: Parts = {}): string {
  return `
name: shop
seed: ${seed}
services:
  web: { ${web} endpoints: { GET /: 10ms } }
  ${more}
journeys: { visit: [web.GET /] }
scenarios: { load: ${load} }
faults: ${faults}
${rest}
`;
}

const scenario = (faults: string, parts: Parts = {}): Scenario => load(text(faults, parts)).scenario;
const run = (faults: string, parts: Parts = {}): Ran => runInMemory(scenario(faults, parts));
const windows = (faults: string, parts: Parts = {}): readonly Window[] => run(faults, parts).windows;
const spans = (list: readonly Window[]): [number, number | undefined][] =>
  list.map(({ from_s, until_s }) => [from_s, until_s]);

scenarioTest("a window comes again, so often as it says and no oftener", () => {
  const every = "[{ kind: latency, target: web, add: 1ms, at: 5s, for: 3s, every: 20s }]";
  assert.deepEqual(spans(windows(every)), [[5, 8], [25, 28], [45, 48]]);
  assert.deepEqual(spans(windows(every.replace("every", "times: 2, every"))), [[5, 8], [25, 28]]);
  // Back to back is allowed.
  const always = "[{ kind: errors, target: web, at: 10s, for: 20s, every: 20s }]";
  assert.deepEqual(spans(windows(always)).slice(0, 2), [[10, 30], [30, 50]]);
  assert.ok(
    run(always).rows.filter((row) => row.kind === FactKind.request && row.start >= 10e9).every((row) =>
      row.status === 500
    ),
  );
});

scenarioTest("jitter is drawn for each window from the seed", () => {
  const faults = "[{ kind: latency, target: web, add: 1ms, at: 5s, for: 3s, every: 15s, jitter: 10s }]";
  const one = spans(windows(faults)), again = spans(windows(faults)), other = spans(windows(faults, { seed: 2 }));
  assert.deepEqual(again, one);
  assert.notDeepEqual(other, one);
  const late = one.map(([from], i) => from - 5 - 15 * i);
  assert.ok(late.every((seconds) => seconds >= 0 && seconds < 10), String(late));
  assert.equal(new Set(late).size, late.length);
});

scenarioTest("what waits for a condition begins at the evaluation at which it holds, after its reaction", () => {
  // All requests fail from 10 s on: the rate over the last 10 s is above a half first at 16 s.
  const broken = "{ name: broken, kind: errors, target: web, at: 10s }";
  const fix =
    "{ name: fix, kind: latency, target: web, add: 1ms, for: 5s, when: { http_req_failed: rate>0.5 }, reaction: R }";
  const fixes = (reaction: string, more = ""): [number, number | undefined][] =>
    spans(
      windows(`[${broken}, ${fix.replace("R", reaction + more)}]`).filter(({ fault }) => fault === "fix"),
    );
  assert.deepEqual(fixes("0s"), [[16, 21]]);
  assert.deepEqual(fixes("7s"), [[23, 28]]);
  // With every it comes again while the condition holds, and not before its time.
  assert.deepEqual(fixes("0s", ", every: 15s").slice(0, 3), [[16, 21], [32, 37], [48, 53]]);
  assert.deepEqual(fixes("0s", ", at: 30s"), [[30, 35]]);
});

scenarioTest("a share of the replicas is chosen anew for each window", () => {
  const faults = "[{ kind: errors, target: web, at: 0s, for: 5s, every: 5s, replicas: 50% }]";
  const { rows } = run(faults, { web: "replicas: 6," });
  const struck = new Map<number, Set<number>>();
  for (const row of rows) {
    if (row.kind !== FactKind.request || row.status < 500) continue;
    const turn = Math.floor(row.start / 5e9);
    struck.set(turn, (struck.get(turn) ?? new Set()).add(row.replica));
  }
  assert.ok([...struck.values()].every(({ size }) => size === 3));
  assert.ok(new Set([...struck.values()].map((set) => [...set].sort().join())).size > 3);
  // One that fails fails in all of its window.
  for (const row of rows) {
    if (row.kind !== FactKind.request) continue;
    assert.equal(row.status >= 500, struck.get(Math.floor(row.start / 5e9))?.has(row.replica) ?? false);
  }
});

scenarioTest("a zone's replicas are struck, and no others; a zone outage takes those of all services", () => {
  const parts = { web: "replicas: 4, zones: [a, b],", more: "db: { zones: [a], endpoints: { q: 1ms } }" };
  const { rows } = run("[{ kind: errors, target: web, zone: b }]", parts);
  for (const row of rows) if (row.kind === FactKind.request) assert.equal(row.status >= 500, row.replica % 2 === 1);
  assert.match(
    problems(text("[{ kind: errors, target: web, zone: c }]", parts)).join(),
    /web has no replica in the zone "c"/,
  );
  assert.match(
    problems(text("[{ kind: zone-outage, zone: c }]", parts)).join(),
    /no service has a replica in the zone/,
  );
  assert.match(problems(text("[{ kind: zone-outage }]", parts)).join(), /"zone" is missing/);
  const outage = run("[{ kind: zone-outage, zone: b, at: 10s, for: 10s }]", parts);
  const down = outage.rows.filter((row) => row.kind === FactKind.change && row.outcome === 33);
  assert.deepEqual(down.map(({ service, replica }) => [service, replica]), [["web", 1], ["web", 3]]);
});

scenarioTest("probability of a fault that strikes a whole is the chance that a window comes", () => {
  const faults = "[{ kind: pause, target: web, at: 1s, for: 100ms, every: 1s, probability: 30% }]";
  const come = windows(faults).length;
  assert.ok(come > 8 && come < 30, `${come} of 59`);
});

scenarioTest("several faults of one service add up, and where several fail a request the first says how", () => {
  const both = run(
    "[{ name: one, kind: errors, target: web, rate: 50%, status: 501 }, { kind: errors, target: web, rate: 50%, status: 503 }]",
  );
  const requests = both.rows.filter((row) => row.kind === FactKind.request);
  const share = (status: number): number => requests.filter((row) => row.status === status).length / requests.length;
  assert.ok(Math.abs(share(501) - 0.5) < 0.06 && Math.abs(share(503) - 0.25) < 0.06, `${share(501)} ${share(503)}`);
});

scenarioTest("flag-off ends a fault for good, also one that would come again", () => {
  const fault = "{ name: flag, kind: errors, target: web, at: 5s, for: 5s, every: 10s }";
  const ended = windows(`[${fault}, { kind: flag-off, fault: flag, at: 17s }]`).filter((each) => each.fault === "flag");
  assert.deepEqual(spans(ended), [[5, 10], [15, 17]]);
  assert.match(
    problems(text("[{ kind: flag-off, fault: flg }, { name: flag, kind: errors, target: web }]")).join(),
    /there is no fault "flg"[\s\S]*did you mean "flag"/,
  );
});

scenarioTest(
  "two faults that slow the same cores multiply, and the rest of a request is as slow as the cores then are",
  () => {
    const web = "cores: 1,";
    const took = (faults: string): number[] =>
      run(faults, { web, load: "{ executor: shared-iterations, vus: 1, iterations: 3 }" }).rows
        .filter((row) => row.kind === FactKind.request).map((row) => (row.time - row.start) / 1e6);
    assert.deepEqual(took("[]"), [10, 10, 10]);
    assert.deepEqual(
      took("[{ kind: slow-cpu, target: web, factor: 2 }, { name: b, kind: slow-cpu, target: web, factor: 3 }]"),
      [
        60,
        60,
        60,
      ],
    );
    // 5 ms at full speed, then the other half at a fifth of it.
    assert.deepEqual(took("[{ kind: slow-cpu, target: web, factor: 5, at: 5ms }]")[0], 30);
  },
);

scenarioTest(
  "a surge multiplies VUs of closed loads, and goes with its window; loads of so many iterations have none",
  () => {
    const load = "{ executor: constant-vus, vus: 4, duration: 30s }";
    const started = (faults: string): number[] => {
      const rows = run(faults, { load }).rows.filter((row) => row.kind === FactKind.iteration);
      return [[0, 10], [10, 20], [20, 30]].map(([from, to]) =>
        rows.filter((row) => row.start >= from! * 1e9 && row.start < to! * 1e9).length
      );
    };
    const [before, during, after] = started("[{ kind: traffic-surge, at: 10s, for: 10s, multiply: 3 }]");
    assert.deepEqual([before, during, after], [4000, 12000, 4000]);
    assert.deepEqual(started("[{ kind: traffic-surge, at: 10s, for: 10s, multiply: 0.5 }]")[0], 4000);
  },
);

scenarioTest("a surge adds iterations of its own and moves no other's draws; below 1 some do not come", () => {
  const fault = (multiply: number): string => `[{ kind: traffic-surge, at: 20s, for: 20s, multiply: ${multiply} }]`;
  const traces = (faults: string): Set<string> =>
    new Set(run(faults).rows.filter((row) => row.kind === FactKind.request).map((row) => row.trace));
  const plain = traces("[]"), more = traces(fault(2.5)), fewer = traces(fault(0.25));
  assert.ok([...plain].every((trace) => more.has(trace)));
  assert.ok([...fewer].every((trace) => plain.has(trace)));
  assert.ok(Math.abs(more.size - plain.size - 600) < 40, `${more.size - plain.size} more`);
  assert.ok(Math.abs(plain.size - fewer.size - 300) < 40, `${plain.size - fewer.size} fewer`);
});

scenarioTest("calls fail over to the service that stands by, which must have the same endpoints, and back", () => {
  const faults = "[{ kind: fail-over, target: db, to: standby, at: 20s, for: 20s }]";
  const more = `
  db: { kind: database, endpoints: { q: 1ms } }
  standby: { kind: database, endpoints: { q: 2ms } }
  api: { endpoints: { GET /: { calls: [db.q] } } }`;
  const made = load(text(faults, { more }).replace("[web.GET /]", "[api.GET /]")).scenario;
  const { rows } = runInMemory(made);
  for (const row of rows) {
    if (row.kind !== FactKind.request || row.service === "api") continue;
    assert.equal(row.service, row.start >= 20e9 && row.start < 40e9 ? "standby" : "db");
  }
  const lacking = text(faults, {
    more: more.replace("standby: { kind: database, endpoints: { q: 2ms } }", "standby: { endpoints: { r: 2ms } }"),
  });
  assert.match(problems(lacking).join(), /standby cannot stand by for db: it lacks q/);
});

scenarioTest("a pool whose connections are taken gives those back that come free, to those who wait", () => {
  const more = `
  db: { kind: database, endpoints: { q: 100ms } }
  api: { endpoints: { GET /: { calls: [{ call: db.q, pool: { size: 4 } }] } } }`;
  const faults = "[{ kind: pool-exhaustion, target: api -> db, at: 10s, for: 10s }]";
  const made = load(text(faults, { more }).replace("[web.GET /]", "[api.GET /]")).scenario;
  const ran = runInMemory(made);
  const queries = ran.rows.filter((row) => row.kind === FactKind.request && row.service === "db");
  // Those under way end; none begins until the connections are back; then all that waited get through.
  assert.deepEqual(queries.filter(({ start }) => start >= 10e9 && start < 20e9), []);
  assert.equal(queries.length, 1200);
  assert.equal(ran.engine.framesInUse, 0);
});

scenarioTest(
  "a deployment strikes the replicas that are of its version, while it goes out and while it is rolled back",
  () => {
    const web = "replicas: 3,";
    const { rows } = run(
      "[{ kind: deploy, target: web, at: 10s, for: 15s, version: 2, step: 5s, errors: 100% }]".replace(
        "version: 2",
        'version: "2"',
      ),
      { web },
    );
    const failing = (from: number, to: number): number[] =>
      [
        ...new Set(
          rows.filter((row) =>
            row.kind === FactKind.request && row.outcome === Outcome.error && row.start >= from * 1e9 &&
            row.start < to * 1e9
          ).map((row) => row.replica),
        ),
      ].sort();
    assert.deepEqual(failing(0, 10), []);
    assert.deepEqual(failing(10.1, 15), [0]);
    assert.deepEqual(failing(15.1, 20), [0, 1]);
    assert.deepEqual(failing(20.1, 25), [0, 1, 2]);
    assert.deepEqual(failing(25.1, 30), [1, 2]);
    assert.deepEqual(failing(30.1, 35), [2]);
    assert.deepEqual(failing(35.1, 60), []);
  },
);

scenarioTest("a partition one way lets the other through", () => {
  const more = `
  db: { endpoints: { q: 1ms } }
  api: { endpoints: { GET /: { calls: [db.q] } } }`;
  const seen = (lose: string): number => {
    const faults = `[{ kind: partition, target: api -> db, at: 10s, for: 10s, lose: ${lose} }]`;
    const made = load(text(faults, { more }).replace("[web.GET /]", "[api.GET /]")).scenario;
    const { rows, engine } = runInMemory(made);
    assert.equal(engine.framesInUse, 0);
    const answers = rows.filter((row) =>
      row.kind === FactKind.call && row.service === "api" && row.time >= 10e9 && row.time < 20e9
    );
    assert.deepEqual(answers, [], `${lose}: no answer comes through`);
    return rows.filter((row) =>
      row.kind === FactKind.request && row.service === "db" && row.start >= 10e9 && row.start < 20e9
    ).length;
  };
  assert.equal(seen("answers"), 200);
  assert.equal(seen("requests"), 0);
  assert.equal(seen("both"), 0);
});

scenarioTest("packets are lost as often as said, each way, and sent again after 200 ms, 400 ms and so on", () => {
  const more = `
  db: { endpoints: { q: 1ms } }
  api: { endpoints: { GET /: { calls: [db.q] } } }`;
  const load20 = "{ executor: constant-arrival-rate, rate: 100, duration: 60s, preAllocatedVUs: unlimited }";
  const made = load(
    text("[{ kind: packet-loss, target: api -> db, rate: 10% }]", { more, load: load20 }).replace(
      "[web.GET /]",
      "[api.GET /]",
    ),
  ).scenario;
  const took = runInMemory(made).rows.filter((row) =>
    row.kind === FactKind.call && row.service === "api" && (row.flags & 16) === 0
  )
    .map((row) => Math.round((row.time - row.start) / 1e6));
  const share = (ms: number): number => took.filter((each) => each === ms).length / took.length;
  // Nothing lost 0.9²; once, on one of the two ways: 2 · 0.9 · 0.1 · 0.9; both once: (0.1 · 0.9)²; 600 ms: 2 · 0.9 · 0.1² · 0.9.
  for (const [ms, expected] of [[1, 0.81], [201, 0.162], [401, 0.0081], [601, 0.0162]] as const) {
    const error = Math.sqrt((expected * (1 - expected)) / took.length);
    assert.ok(Math.abs(share(ms) - expected) < 5 * error, `${ms} ms: ${share(ms)}`);
  }
});

scenarioTest("options that a kind cannot take are refused, each with what to write instead", () => {
  const said = (fault: string): string =>
    problems(text(`[${fault}]`, { more: "db: { endpoints: { q: 1ms } }" })).join("\n");
  assert.match(said("{ kind: latency, add: 1ms }"), /"target" is missing in a fault of kind latency/);
  assert.match(said("{ kind: pause, target: web }"), /pause needs an end/);
  assert.match(said("{ kind: pause, target: web, for: 1s, ramp: 100ms }"), /pause is there or not: it has no ramp/);
  assert.match(said("{ kind: crash, target: web.GET / }"), /crash strikes a service as a whole/);
  assert.match(said("{ kind: cache-flush, target: web#1 }"), /strikes no single replica/);
  assert.match(said("{ kind: partition, target: web, replicas: 1 }"), /partition does not choose replicas/);
  assert.match(said("{ kind: traffic-surge, target: web }"), /traffic-surge has no target[\s\S]*scenario: its name/);
  assert.match(said("{ kind: traffic-surge, scenario: lod }"), /there is no scenario "lod"[\s\S]*did you mean "load"/);
  assert.match(said("{ kind: fail-over, target: web, to: dd }"), /there is no service "dd"[\s\S]*did you mean "db"/);
  assert.match(
    said("{ kind: slow-cpu, target: web, where: { tenant: acme } }"),
    /does not ask for a request's context/,
  );
});

scenarioTest("a fault that would find nothing in its target is refused, with those that have what it strikes", () => {
  const more = `
  db: { kind: database, endpoints: { q: 1ms } }
  redis: { kind: cache, endpoints: { GET: 1ms, SET: 1ms } }
  api: { endpoints: { GET /: { calls: [{ cache: { in: redis, key: { zipf: { n: 9, s: 1 } }, miss: [db.q] } }] } } }`;
  const said = (fault: string, rest = ""): string => problems(text(`[${fault}]`, { more, rest })).join("\n");
  assert.match(
    said("{ kind: cache-flush, target: web }"),
    /web has no cache to empty[\s\S]*\^\^\^[\s\S]*caches: redis/,
  );
  assert.match(said("{ kind: lock-contention, target: web }"), /web has no locks[\s\S]*\^\^\^[\s\S]*lock steps: db/);
  assert.match(said("{ kind: lock-contention, target: api -> db }"), /strikes what a service does, and no calls to it/);
  assert.match(said("{ kind: slow-consumer, target: db, add: 1ms }"), /db handles no messages/);
  assert.match(
    said("{ kind: pool-exhaustion, target: api -> db }"),
    /db has no callers with pools[\s\S]*give the call a pool/,
  );
  assert.match(said("{ kind: disk-full, target: web }"), /no endpoint of web writes: disk-full[\s\S]*GET \/ only read/);
  assert.match(
    said("{ kind: disk-slow, target: redis.GET, operations: writes }"),
    /GET does not write[\s\S]*redis.SET/,
  );
  const iterations = text("[{ kind: traffic-surge, at: 5s, for: 5s }]", {
    load: "{ executor: shared-iterations, vus: 1, iterations: 3 }",
  });
  assert.match(problems(iterations).join(), /a surge adds none[\s\S]*constant-arrival-rate/);
  assert.equal(said("{ kind: cache-flush, target: redis }, { kind: lock-contention, target: db }"), "");
  const chaos = (draw: string): string => said("", `chaos: { draw: [{ ${draw} }], every: 5s, for: 5s }`);
  assert.match(chaos("kind: cache-flush, targets: [redis, web]"), /web has no cache to empty/);
  assert.equal(chaos("kind: cache-flush"), "");
  assert.match(chaos("kind: slow-consumer, add: 1ms"), /none of the targets can be struck by slow-consumer/);
});

scenarioTest("what ends another fault names one that it can end, and the hints never name itself", () => {
  const said = (faults: string): string => problems(text(`[${faults}]`)).join("\n");
  const errors = "{ name: bad, kind: errors, target: web }", deploy = "{ name: v2, kind: deploy, target: web }";
  const back = (name: string, fault: string): string => `{ name: ${name}, kind: roll-back, fault: ${fault}, at: 5s }`;
  assert.match(said(`${errors}, ${back("v22", "v2")}`), /there is no fault "v2"[\s\S]*= no fault deploys anything/);
  assert.match(said(`${errors}, ${back("back", "bad")}`), /errors fault cannot be rolled back/);
  assert.match(
    said(`${back("back", "back")}, ${deploy.replace(" }", ', version: "2" }')}`),
    /cannot end itself[\s\S]*name v2/,
  );
});

scenarioTest("words of other tools are answered with the ones that are meant", () => {
  const said = (fault: string): string => problems(text(`[${fault}]`)).join("\n");
  assert.match(said("{ kind: traffic-surge, times: 3, for: 5s }"), /write multiply: 3/);
  assert.match(said("{ kind: traffic-surge, factor: 3, for: 5s }"), /did you mean "multiply"/);
  assert.match(said("{ kind: slow-cpu, target: web, multiply: 3, for: 5s }"), /did you mean "factor"/);
  const call = (options: string): string =>
    problems(text("[]", { more: `api: { endpoints: { GET /: { calls: [{ call: web.GET /, ${options} }] } } }` }))
      .join();
  assert.match(call("propagateDeadline: yes"), /= write true/);
  assert.match(call("optional: 'off'"), /= write false/);
  assert.match(call("fallback: true"), /write optional: true/);
  const empty = text("[]", { rest: "chaos: { draw: [], every: 5s, for: 5s }" });
  assert.match(problems(empty).join(), /needs at least 1[\s\S]*= draw: \[\{ kind: latency/);
});

scenarioTest("who waits for the lock of a fault counts in lock_wait, also where deadlocks are looked for", () => {
  const more = `
  db: { kind: database, endpoints: { UPDATE q: 10ms } }
  api:
    endpoints:
      GET /: { calls: [{ cache: { in: local, key: { zipf: { n: 9, s: 1 } }, entries: 3, singleflight: true, miss: [db.UPDATE q] } }] }`;
  const faults = (timeout: string): string =>
    `[{ name: hot, kind: lock-contention, target: db, at: 10s, for: 10s, hold: 200ms${timeout} }]`;
  const ran = (timeout: string): Ran => {
    const rest = `thresholds: { "lock_wait{service:db}": [{ threshold: "p(90)>200", during: hot }] }`;
    return runInMemory(load(text(faults(timeout), { more, rest }).replace("[web.GET /]", "[api.GET /]")).scenario);
  };
  for (const timeout of ["", ", timeout: 300ms"]) {
    const { evaluation, engine, rows } = ran(timeout);
    assert.deepEqual(broken(evaluation), []);
    assert.deepEqual([engine.deadlocks, engine.framesInUse], [[], 0]);
    const waits = rows.filter((row) => row.kind === FactKind.lock);
    assert.ok(waits.every((row) => row.wait <= (timeout === "" ? Infinity : 300e6)), timeout);
    assert.equal(waits.some((row) => row.outcome === Outcome.timeout), timeout !== "");
  }
});

scenarioTest("a partition can lie between a consumer and its broker, which no call joins; other faults cannot", () => {
  const more = `
  kafka: { kind: queue, topics: { t: { partitions: 2 } } }
  work: { consumes: [{ topic: kafka.t, endpoint: Do }], endpoints: { Do: 4ms } }
  api: { endpoints: { GET /: { calls: [publish: kafka.t] } } }`;
  const made = (fault: string): string => text(`[${fault}]`, { more }).replace("[web.GET /]", "[api.GET /]");
  for (const edge of ["work -> kafka", "kafka -> work"]) {
    const { scenario } = load(made(`{ kind: partition, target: ${edge}, at: 10s, for: 5s }`));
    const handled = runInMemory(scenario).rows.filter((row) => row.kind === FactKind.request && row.service === "work");
    assert.equal(handled.length, 1200);
    assert.deepEqual(handled.filter(({ start }) => start > 10e9 && start < 15e9), []);
  }
  assert.match(problems(made("{ kind: latency, add: 1ms, target: work -> kafka }")).join(), /work never calls kafka/);
});

scenarioTest("a threshold that names a repeated fault and the run's own thresholds still hold together", () => {
  const rest =
    "thresholds: { http_req_failed: [{ threshold: rate==1, during: down }, { threshold: rate==0, after: down }] }";
  const ran = run("[{ name: down, kind: outage, target: web, at: 10s, for: 10s }]", { rest });
  assert.deepEqual(broken(ran.evaluation), []);
});
