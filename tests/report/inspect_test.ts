import fc from "fast-check";
import assert from "node:assert/strict";
import { Diagnostics, visible } from "../../sim/base/diagnostics.ts";
import { INVALID } from "../../sim/base/fields.ts";
import type { Nanos } from "../../sim/base/time.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import { meanTurns } from "../../sim/model/expected_calls.ts";
import type { Step } from "../../sim/model/model.ts";
import { publishEndpoint } from "../../sim/model/state.ts";
import { FactFlag } from "../../sim/plan/facts.ts";
import { inspect, type Inspection } from "../../sim/report/inspect.ts";
import { chartLines } from "../../sim/report/inspect_chart.ts";
import { inspectionJson } from "../../sim/report/inspect_json.ts";
import { mermaidLimit, mermaidText } from "../../sim/report/inspect_mermaid.ts";
import { inspectionText } from "../../sim/report/inspect_text.ts";
import { treeLines } from "../../sim/report/inspect_tree.ts";
import { paintFor } from "../../sim/report/terminal.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  fault,
  ms,
  scenario,
  seconds,
  service,
  simulate,
  target,
  workload,
} from "../build.ts";
import { consumes, publish } from "../engine/state.ts";
import { type Config, loadOf, openLoad, workloadField } from "../load/loads.ts";
import { nodeOf } from "../load/nodes.ts";

const PLAIN = paintFor(false);

function inspected(of: Scenario): Inspection {
  return inspect(compileScenario(of), of);
}

/** A workload of a real executor, with its fields as the decoder gives them. */
function workloadOf(name: string, exec: string, config: Config): Scenario["workloads"] extends Map<string, infer W> ? W
  : ReturnType<typeof workload> {
  const decoded = workloadField.decode(nodeOf(config), new Diagnostics());
  assert.ok(decoded !== INVALID);
  return workload(name, exec, loadOf(config), { executor: decoded.kind, config: decoded.config });
}

function uniformTime(least: Nanos, most: Nanos): Distribution {
  return { text: "uniform", mean: (least + most) / 2, least, sample: (u) => least + u * (most - least) };
}

function wholeTimes(least: number, most: number): Distribution {
  return {
    text: `${least} to ${most}`,
    mean: (least + most) / 2,
    least,
    sample: (u) => least + Math.floor(u * (most - least + 1)),
  };
}

/** A journey with every kind of step, over services of several kinds. */
function shop(loads: { readonly [name: string]: Config }, seed = 1): Scenario {
  return scenario({
    seed,
    network: constant(ms(1)),
    services: [
      service("web", {
        "GET /": endpoint(constant(ms(10)), [
          call("cart.Get"),
          {
            type: "parallel",
            branches: [[call("db.read")], [call("cart.Get"), call("db.read")], [call("mail.POST /send")]],
          },
          call("cart.Get", { probability: 0.3, timeout: seconds(1), retry: { attempts: 3, backoff: undefined } }),
        ]),
        "GET /x": endpoint(constant(ms(4)), [
          { type: "work", share: 0.5, latency: undefined },
          { type: "log", level: "info", message: "half way", attributes: new Map() },
          { type: "repeat", times: wholeTimes(0, 3), steps: [call("db.read", { optional: true })] },
          { type: "work", share: 0.5, latency: undefined },
        ]),
      }),
      service("cart", { Get: endpoint(uniformTime(ms(1), ms(3)), [call("db.read")]) }),
      service("db", { read: endpoint(constant(ms(2))) }, { kind: "database" }),
      service("mail", { "POST /send": endpoint(constant(ms(30))) }, { kind: "external" }),
    ],
    journeys: {
      visit: [
        call("web.GET /"),
        { type: "think", pause: uniformTime(ms(0), ms(400)) },
        {
          type: "choose",
          options: [{ weight: 3, steps: [call("web.GET /x")] }, { weight: 1, steps: [] }, {
            weight: 0,
            steps: [call("web.GET /")],
          }],
        },
      ],
    },
    workloads: Object.entries(loads).map(([name, config]) => workloadOf(name, "visit", config)),
  });
}

const EVEN: Config = { executor: "constant-arrival-rate", rate: 50, duration: "60s", preAllocatedVUs: "unlimited" };

Deno.test("iterations of arrival rates are those that the engine starts, to the last one", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.constantFrom("poisson", "uniform"),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      (seed, arrival, startRate, peak) => {
        const of = shop({
          ramp: {
            executor: "ramping-arrival-rate",
            arrival,
            startRate,
            stages: [{ target: peak, duration: "3s" }, { target: 0, duration: "4500ms" }],
            preAllocatedVUs: "unlimited",
          },
          flat: { ...EVEN, arrival, rate: peak + 0.3, duration: "5s" },
        }, seed);
        const { workloads, iterations } = inspected(of);
        const run = simulate(compileScenario(of));
        for (const { plan, iterations } of workloads) {
          assert.equal(iterations.count, run.iterations.filter((row) => row.workload === plan.index).length);
          assert.ok(iterations.isExact);
        }
        assert.equal(iterations.count, run.iterations.length);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("requests, spans and the time of an iteration are those of a run, on average", () => {
  const of = shop({ load: EVEN });
  const { journeys: [journey], spans, requests, services, iterations } = inspected(of);
  const run = simulate(compileScenario(of));
  const plan = compileScenario(of);
  const kindOf = new Map(plan.services.map(({ name, kind }) => [name, kind]));
  const servers = run.requests.filter((row) => kindOf.get(row.service) === "service").length;
  const clients = run.calls.filter((row) => (row.flags & FactFlag.journey) === 0).length;
  assertNear(spans, servers + clients, 0.02);
  assertNear(requests, run.calls.length - clients, 0.02);
  assertNear(journey!.time, mean(run.iterations.map((row) => row.time - row.start)), 0.03);
  for (const { plan: { name }, requests } of services) {
    assertNear(requests, run.requests.filter((row) => row.service === name).length, 0.03);
  }
  assert.equal(journey!.spans, spans / iterations.count);
});

Deno.test("what handles messages is expected to work, and stands below what publishes them", () => {
  const topics = new Map([["orders", { partitions: 2, latency: undefined }]]);
  const of = scenario({
    services: [
      service("web", { "POST /": endpoint(constant(ms(5)), [publish("kafka.orders")]) }),
      service("kafka", { [publishEndpoint("orders")]: endpoint(undefined) }, { kind: "queue", topics }),
      service("bills", { Handle: endpoint(constant(ms(4)), [call("db.write")]) }, {
        consumes: [consumes("kafka.orders", "Handle")],
      }),
      service("mail", { Send: endpoint(constant(ms(9))) }, { consumes: [consumes("kafka.orders", "Send")] }),
      service("db", { write: endpoint(constant(ms(1))) }, { kind: "database" }),
    ],
    journeys: { buy: [call("web.POST /")] },
    workloads: [workloadOf("load", "buy", { ...EVEN, duration: "2s" })],
  });
  const inspection = inspected(of);
  const run = simulate(compileScenario(of));
  for (const { plan: { name }, requests } of inspection.services) {
    assert.equal(requests, run.requests.filter((row) => row.service === name).length, name);
  }
  assert.deepEqual(treeLines(inspection, 76, PLAIN), [
    "buy  5 spans, 5ms on average",
    "└─ web.POST /  5000000ns",
    "   └─ kafka.publish orders",
    "      ├─ bills.Handle  4000000ns · handles the message",
    "      │  └─ db.write  1000000ns",
    "      └─ mail.Send  9000000ns · handles the message",
  ]);
  assert.match(mermaidText(of), /e1 -\.->\|"message"\| e2\n {2}e1 -\.->\|"message"\| e3/);
});

Deno.test("the share of busy workers is the load that is offered, by Little's law", () => {
  const of = scenario({
    services: [service("web", { a: endpoint(constant(ms(100))) }, { replicas: 2, concurrency: 10 })],
    journeys: { j: [call("web.a")] },
    workloads: [workloadOf("load", "j", EVEN), workloadOf("more", "j", EVEN)],
  });
  const { services: [web], workloads } = inspected(of);
  assertNear(web!.peakRate, 100, 1e-9);
  assertNear(web!.peakUtilization!, 0.5, 1e-9);
  assertNear(workloads[0]!.vusAtPeak, 5, 1e-9);
});

Deno.test("iterations of a closed loop are near those of a run", () => {
  const loads: { readonly [name: string]: Config } = {
    few: { executor: "constant-vus", vus: 3, duration: "20s" },
    many: { executor: "constant-vus", vus: 200, duration: "2s" },
    ramp: {
      executor: "ramping-vus",
      startVUs: 0,
      stages: [{ target: 40, duration: "20s" }, { target: 10, duration: "20s" }, { target: 0, duration: "5s" }],
    },
    jump: {
      executor: "ramping-vus",
      startVUs: 10,
      stages: [{ target: 90, duration: 0 }, { target: 90, duration: "5s" }],
    },
  };
  for (const [name, config] of Object.entries(loads)) {
    const of = shop({ [name]: config });
    const { iterations } = inspected(of);
    assert.ok(!iterations.isExact);
    assertNear(iterations.count, simulate(compileScenario(of)).iterations.length, 0.05, name);
  }
});

Deno.test("a fixed number of iterations is expected as it is, unless its time may run out", () => {
  const counted = (config: Config) => inspected(shop({ load: config }));
  const enough = counted({ executor: "shared-iterations", vus: 4, iterations: 42 });
  assert.deepEqual(enough.iterations, { count: 42, isExact: true });
  assertNear(enough.length, 11 * enough.journeys[0]!.time, 1e-6);
  assert.deepEqual(counted({ executor: "per-vu-iterations", vus: 4, iterations: 7 }).iterations.count, 28);
  const cut: Config = { executor: "per-vu-iterations", vus: 4, iterations: 1000, maxDuration: "30s" };
  const { iterations, length, warnings } = counted(cut);
  assert.equal(length, 30e9);
  assertNear(iterations.count, simulate(compileScenario(shop({ load: cut }))).iterations.length, 0.05);
  assert.match(warnings.join(), /load: maxDuration 30s may end it/);
});

Deno.test("turns of a repeat are rounded before they are averaged", () => {
  const drawn = (sample: (u: number) => number, mean: number): Distribution => ({ text: "", mean, least: 0, sample });
  assert.equal(meanTurns(wholeTimes(1, 4)), 2.5);
  assert.equal(meanTurns(drawn(() => 2.5, 2.5)), 3);
  assertNear(meanTurns(drawn((u) => 0.4 * u, 0.2)), 0, 1e-9);
  assertNear(meanTurns(drawn((u) => u, 0.5)), 0.5, 1e-9);
  assert.equal(meanTurns(drawn((u) => (1 - u) ** -2, Infinity)), Infinity);
  // Rounding takes the mean of an exponential with mean 1 to e^-0.5 / (1 - e^-1).
  assertNear(meanTurns(drawn((u) => -Math.log1p(-u), 1)), Math.exp(-0.5) / (1 - Math.exp(-1)), 1e-3);
});

Deno.test("calls that come back to where they began are followed as often as their probability lets them", () => {
  const of = scenario({
    services: [service("a", { x: endpoint(constant(ms(1)), [call("a.x", { probability: 0.5 })]) })],
    journeys: { j: [call("a.x")] },
    workloads: [workloadOf("load", "j", EVEN)],
  });
  const { journeys: [journey] } = inspected(of);
  // Two requests on average, and a CLIENT span for each but the first.
  assertNear(journey!.spans, 3, 1e-9);
  assertNear(journey!.time, 2e6, 1e-9);
});

Deno.test("what will not go as the file seems to want it is said", () => {
  const of: Scenario = {
    ...shop({
      slow: { ...EVEN, preAllocatedVUs: 2, maxVUs: 7 },
      still: { executor: "constant-vus", duration: "1s" },
    }),
    faults: [fault(target("web"), { name: "late", at: seconds(90), effect: { turn() {} } })],
  };
  const still = { ...of.workloads.get("still")!, exec: "nothing" };
  const { warnings, iterations } = inspected({
    ...of,
    journeys: new Map([...of.journeys, ["nothing", []]]),
    workloads: new Map([...of.workloads, ["still", still]]),
  });
  const text = warnings.join("\n");
  assert.match(text, /slow: needs about \d+ VUs at its peak and has at most 7, so iterations will be dropped/);
  assert.match(text, /still: its iterations take no time/);
  assert.match(text, /late: begins at 1m30s, when the load has ended/);
  assert.equal(iterations.count, Infinity);
  const crowded = scenario({
    services: [service("web", { a: endpoint(constant(ms(100))) }, { concurrency: 4 })],
    journeys: { j: [call("web.a")] },
    workloads: [workloadOf("load", "j", EVEN)],
  });
  assert.match(inspected(crowded).warnings.join(), /web: its workers are asked for 125% of their time at the peak/);
});

Deno.test("a chart shows load and faults on one axis", () => {
  const load = openLoad({
    executor: "ramping-arrival-rate",
    startRate: 0,
    stages: [{ target: 8, duration: "20s" }, { target: 8, duration: "20s" }],
    preAllocatedVUs: "unlimited",
  });
  const lines = chartLines(
    {
      areas: [{ title: "load", peakText: "8/s", peak: 8, amountAt: (time) => load.plannedRate(time) }],
      faults: [
        { name: "rise and fall", ramp: seconds(5), windows: [{ from: seconds(10), until: seconds(30) }] },
        { name: "blink", ramp: ms(0), windows: [{ from: seconds(35.0001), until: seconds(35.0002) }] },
        { name: "to the end", ramp: ms(0), windows: [{ from: seconds(0), until: Infinity as Nanos }] },
        { name: "never", ramp: ms(0), windows: [{ from: seconds(99), until: Infinity as Nanos }] },
      ],
      length: seconds(40),
    },
    45,
    PLAIN,
  );
  assert.deepEqual(lines, [
    "load",
    "8/s ┤               ▂▃▅▆█████████████████████",
    "    │          ▂▃▅▆██████████████████████████",
    "    │     ▂▃▅▆███████████████████████████████",
    "    │▂▃▅▆████████████████████████████████████",
    "    └─────────┴─────────┴─────────┴─────────┘",
    "    0s       10s       20s       30s      40s",
    "     rise and fall",
    "               ▂▃▅▆████████████▆▅▃▂",
    "                                  blink ▁",
    "     to the end",
    "     ████████████████████████████████████████",
    "     1 more below",
  ]);
});

Deno.test("the tree shows what is on each call, and each endpoint's calls once", () => {
  const of = shop({ load: EVEN });
  assert.deepEqual(treeLines(inspected(of), 76, PLAIN), [
    "visit  12.8 spans, 263ms on average",
    "├─ web.GET /  10000000ns",
    "│  ├─ cart.Get  uniform",
    "│  │  └─ db.read  2000000ns",
    "│  ├─ parallel",
    "│  │  ├─ db.read",
    "│  │  ├─ one after the other",
    "│  │  │  ├─ cart.Get  as above",
    "│  │  │  └─ db.read",
    "│  │  └─ mail.POST /send  30000000ns",
    "│  └─ cart.Get  30% · timeout 1s · 3 attempts · as above",
    "├─ think uniform",
    "└─ choose",
    "   ├─ 75% web.GET /x  4000000ns",
    "   │  ├─ work 50%",
    "   │  ├─ repeat 0 to 3 times",
    "   │  │  └─ db.read  optional",
    "   │  └─ work 50%",
    "   ├─ 25% nothing",
    "   └─ 0% web.GET /  as above",
  ]);
});

Deno.test("a chain of calls too deep for a line goes on in a tree of its own", () => {
  const chain = Array.from({ length: 40 }, (_, i) => i);
  const of = scenario({
    services: [
      service(
        "a-service-with-a-long-name",
        Object.fromEntries(
          chain.map((
            i,
          ) => [
            `step${i}`,
            endpoint(constant(ms(1)), i < 39 ? [call(`a-service-with-a-long-name.step${i + 1}`)] : []),
          ]),
        ),
      ),
    ],
    journeys: { j: [call("a-service-with-a-long-name.step0")] },
    workloads: [workloadOf("load", "j", EVEN)],
  });
  const lines = treeLines(inspected(of), 80, PLAIN);
  for (const i of chain) {
    assert.ok(lines.some((line) => line.includes(`.step${i} `) || line.endsWith(`.step${i}`)), `${i}`);
  }
  assert.ok(lines.every((line) => [...line].length <= 80 && !line.includes("…")), lines.join("\n"));
});

/** Names that would move a cursor, turn text around, or end a quoted text. */
const HOSTILE = [
  "\u001b[31mred\u001b[0m",
  "\u202Egpj.exe",
  'x"] --> y',
  "%%{init: {}}%%",
  "end",
  "<script>alert(1)</script>",
  "1. one",
  "- two",
  "`md` **b** __p__",
  "#quot; #35;",
  "a\nb\rc",
  "| | |",
  "$$x$$",
  "a very long name ".repeat(12).trim(),
];

function hostile(): Scenario {
  const endpoints = Object.fromEntries(
    HOSTILE.map((
      name,
      i,
    ) => [name, endpoint(constant(ms(1)), i === 0 ? [] : [call(`web.${HOSTILE[i - 1]}`, { probability: 0.5 })])]),
  );
  const base = scenario({
    services: [service("web", endpoints, { language: "go" }), service(HOSTILE[2]!, { a: endpoint(constant(ms(1))) })],
    journeys: Object.fromEntries(HOSTILE.map((name) => [name, [call(`web.${name}`)]])),
    workloads: HOSTILE.map((name) => ({ ...workloadOf(name, name, EVEN), tags: new Map([[name, name]]) })),
    faults: HOSTILE.map((name, i) =>
      fault({ ...target("web"), text: name }, { name, at: seconds(i * 4), effect: { turn() {} } })
    ),
  });
  return { ...base, name: HOSTILE[0]!, description: HOSTILE[1]!, namespace: HOSTILE[13]!, environment: HOSTILE[10]! };
}

// deno-lint-ignore no-control-regex -- the codes that colours are made of
const COLOUR = /\u001b\[\d+m/g;

Deno.test("no line is wider than the terminal, and no name drives it", () => {
  for (
    const shown of [shop({ load: EVEN, vus: { executor: "constant-vus", vus: 987654, duration: "1h" } }), hostile()]
  ) {
    for (const columns of [60, 80, 132]) {
      const text = inspectionText(inspected(shown), { columns, color: false });
      const coloured = inspectionText(inspected(shown), { columns, color: true });
      for (const line of text.split("\n")) {
        assert.ok([...line].length <= columns, `${columns}: ${line}`);
        assert.equal(visible(line), line);
        assert.equal(line.trimEnd(), line);
      }
      const plain = coloured.replaceAll(COLOUR, "").split("\n");
      assert.deepEqual(plain.map((line) => line.trimEnd()), text.split("\n"));
      assert.ok(plain.every((line) => [...line].length <= columns));
    }
  }
});

Deno.test("no line is wider than the terminal, whatever the steps", () => {
  const name = fc.constantFrom("web.GET /", "cart.Get", "db.read", "mail.POST /send");
  const { steps } = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
    steps: fc.array(tie("step"), { maxLength: 3 }),
    step: fc.oneof(
      { maxDepth: 12, depthSize: "large" },
      name.map((to) => call(to, { optional: true, timeout: ms(123) })),
      fc.record({
        type: fc.constant("parallel" as const),
        branches: fc.array(tie("steps"), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ type: fc.constant("repeat" as const), times: fc.constant(wholeTimes(1, 3)), steps: tie("steps") }),
      tie("steps").map((inner) => ({
        type: "choose" as const,
        options: [{ weight: 1, steps: inner }, { weight: 2, steps: [] }],
      })),
      tie("steps").map((fallback) => call("cart.Get", { fallback, network: exponential(ms(3)), deadline: seconds(2) })),
    ) as fc.Arbitrary<Step>,
  }));
  const base = shop({ load: EVEN });
  fc.assert(
    fc.property(steps, fc.integer({ min: 60, max: 100 }), (journey, columns) => {
      const of = { ...base, journeys: new Map([["visit", journey]]) };
      const lines = inspectionText(inspected(of), { columns, color: false }).split("\n");
      for (const line of lines) assert.ok([...line].length <= columns, line);
    }),
    { numRuns: 60 },
  );
});

const LABEL = String.raw`"(?:[\p{L}\p{N} /:,()]|(?<=[\p{L}\p{N}])[-.](?=[\p{L}\p{N}])|#\d+;)*"`;
const MERMAID = new RegExp(
  [
    "flowchart LR",
    `  j\\d+\\(\\[${LABEL}\\]\\)`,
    `  subgraph s\\d+\\[${LABEL}\\]`,
    "  end",
    `    e\\d+(?:\\[${LABEL}\\]|\\[\\(${LABEL}\\)\\]|\\[\\[${LABEL}\\]\\]|\\{\\{${LABEL}\\}\\})`,
    `  [je]\\d+ (?:-->|-\\.->)(?:\\|${LABEL}\\|)? e\\d+`,
  ].map((line) => `^${line}$`).join("|"),
  "u",
);

Deno.test("no name can break the diagram", () => {
  for (const line of mermaidText(hostile()).trimEnd().split("\n")) assert.match(line, MERMAID);
});

Deno.test("the diagram has a box for each endpoint and an arrow for each way of calling", () => {
  assert.equal(
    mermaidText(shop({ load: EVEN })),
    `flowchart LR
  j0(["visit"])
  subgraph s0["web"]
    e0["GET /"]
    e1["GET /x"]
  end
  subgraph s1["cart"]
    e2["Get"]
  end
  subgraph s2["db"]
    e3[("read")]
  end
  subgraph s3["mail"]
    e4{{"POST /send"}}
  end
  j0 --> e0
  j0 -->|"75#37;"| e1
  e0 --> e2
  e0 --> e3
  e0 --> e4
  e0 -->|"30#37;, timeout 1s, 3 attempts"| e2
  e1 -.->|"1.5 times, optional"| e3
  e2 --> e3
`,
  );
});

Deno.test("a diagram that Mermaid would not draw is noticed", () => {
  const names = Array.from({ length: 40 }, (_, i) => `e${i}`);
  const of = (count: number) =>
    mermaidText(scenario({
      services: [
        service(
          "web",
          Object.fromEntries(
            names.map((name, i) => [
              name,
              endpoint(undefined, names.slice(i, i + count).map((to) => call(`web.${to}`, { probability: 0.1 }))),
            ]),
          ),
        ),
      ],
      journeys: { j: [call("web.e0")] },
      workloads: [workloadOf("load", "j", EVEN)],
    }));
  assert.equal(mermaidLimit(of(2)), undefined);
  assert.match(mermaidLimit(of(40))!, /^821 arrows: Mermaid draws 500/);
});

Deno.test("the JSON holds every option with its default, and the plan over time", () => {
  const json = JSON.parse(JSON.stringify(inspectionJson(inspected({
    ...shop({
      load: { ...EVEN, maxVUs: "unlimited" },
      vus: { executor: "ramping-vus", stages: [{ target: 5, duration: "1500ms" }] },
    }),
    faults: [fault(target("web"), {
      kind: "errors",
      at: seconds(1),
      effect: { turn() {} },
      config: { rate: 0.35, status: 500, exception: undefined, message: undefined },
    })],
  }))));
  const { load, vus } = json.scenarios;
  assert.deepEqual(
    [load.executor, load.rate, load.timeUnit, load.arrival, load.preAllocatedVUs, load.maxVUs, load.gracefulStop],
    ["constant-arrival-rate", 50, "1s", "uniform", "unlimited", "unlimited", "30s"],
  );
  assert.deepEqual([vus.startVUs, vus.gracefulRampDown, vus.stages], [1, "30s", [{ target: 5, duration: "1.5s" }]]);
  assert.deepEqual(load.expected.iterations, { count: 3000, isExact: true });
  assert.deepEqual(load.expected.plan[0], { timeMs: 0, iterationsPerSecond: 50 });
  assert.equal(load.expected.plan.at(-1).timeMs, 60_000);
  assert.equal(vus.expected.plan[0].vus, 1);
  assert.deepEqual(json.faults[0], {
    name: "a fault",
    kind: "errors",
    target: "web",
    atMs: 1000,
    forMs: null,
    everyMs: null,
    times: 1,
    jitterMs: 0,
    when: [],
    reactionMs: 0,
    replicas: null,
    zone: null,
    rampMs: 0,
    probability: 1,
    rate: "35%",
    status: 500,
    exception: null,
    message: null,
    sticky: null,
  });
  assert.equal(json.services.web.concurrency, "unlimited");
  assert.equal(json.services.web.endpoints["GET /"].calls[0].call, "cart.Get");
  assert.match(json.mermaid, /^flowchart LR\n/);
});

Deno.test("what the variables of a scenario hold is not shown", () => {
  const of = shop({ load: EVEN });
  const load = { ...of.workloads.get("load")!, env: new Map([["TOKEN", "s3cret"]]) };
  const inspection = inspected({ ...of, workloads: new Map([["load", load]]) });
  const shown = inspectionText(inspection, { columns: 80, color: false }) + JSON.stringify(inspectionJson(inspection));
  assert.ok(shown.includes("TOKEN"));
  assert.ok(!shown.includes("s3cret"));
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function assertNear(actual: number, expected: number, tolerance: number, what = ""): void {
  const apart = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  assert.ok(apart <= tolerance, `${what}: ${actual} is not near ${expected}`);
}
