import assert from "node:assert/strict";
import { FOREVER } from "../../sim/base/time.ts";
import type { Subscription, Topic } from "../../sim/model/state.ts";
import type { CallStep } from "../../sim/model/model.ts";
import { Change, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import {
  call,
  constant,
  endpoint,
  exponential,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  simulate,
  type Simulation,
  workload,
} from "../build.ts";
import { NO_BODIES } from "../../sim/model/model.ts";
import { publishEndpoint } from "../../sim/model/state.ts";
import { consumes, publish } from "./state.ts";
import { live } from "./world.ts";

const KAFKA = 1, BILLING = 2;

interface Options {
  readonly rate?: number;
  readonly length?: number;
  readonly poisson?: boolean;
  readonly partitions?: number;
  readonly replicas?: number;
  readonly handle?: ReturnType<typeof constant>;
  readonly errors?: number;
  readonly grace?: number;
  readonly send?: CallStep;
  readonly subscription?: Partial<Subscription>;
}

function topics(all: { readonly [name: string]: number }): {
  readonly topics: ReadonlyMap<string, Topic>;
  readonly endpoints: Record<string, ReturnType<typeof endpoint>>;
} {
  const entries = Object.entries(all);
  return {
    topics: new Map(entries.map(([name, partitions]) => [name, { partitions, latency: undefined }])),
    endpoints: Object.fromEntries(
      entries.map(([name]) => [publishEndpoint(name), endpoint(constant(ms(1)), [], { size: NO_BODIES })]),
    ),
  };
}

function messaging(options: Options = {}): Plan {
  const {
    rate = 20,
    length = 2,
    poisson = false,
    partitions = 1,
    replicas = 1,
    handle = constant(ms(10)),
    errors = 0,
  } = options;
  const kafka = topics({ orders: partitions, dlq: 1 });
  const failing = { errors: { rate: errors, status: 500, exception: undefined, message: undefined } };
  return plan({
    services: [
      service("web", { "POST /": endpoint(undefined, [options.send ?? publish("kafka.orders")]) }),
      service("kafka", kafka.endpoints, { kind: "queue", topics: kafka.topics }),
      service("billing", { Handle: endpoint(handle, [], errors > 0 ? failing : {}), Dead: endpoint(undefined) }, {
        replicas,
        startTime: seconds(1),
        consumes: [
          consumes("kafka.orders", "Handle", options.subscription),
          ...(options.subscription?.deadLetter === undefined ? [] : [consumes("kafka.dlq", "Dead")]),
        ],
      }),
    ],
    journeys: { buy: [call("web.POST /")] },
    workloads: [
      workload("load", "buy", openLoad(rate, seconds(length), { poisson }), {
        gracefulStop: seconds(options.grace ?? 60),
      }),
    ],
  });
}

const handled = ({ requests }: Pick<Simulation, "requests">) => requests.filter((row) => row.endpoint === "Handle");
const kindOf = ({ rows }: Pick<Simulation, "rows">, kind: number) => rows.filter((row) => row.kind === kind);

function assertNothingLeaks({ engine }: Pick<Simulation, "engine">): void {
  assert.equal(engine.workersInUse, 0, "workers in use at the end");
  assert.equal(engine.framesInUse, 0, "frames in use at the end");
}

Deno.test("a message is handled after its sender has gone on, in a trace of its own that links to the sender's span", () => {
  const run = simulate(messaging({ rate: 1, length: 1 }));
  const [message] = handled(run), [sent] = run.calls.filter((row) => row.service === "web");
  assert.equal(message!.start, ms(1));
  assert.equal(message!.time, ms(11));
  assert.notEqual(message!.trace, sent!.trace);
  assert.match(message!.parent, /^0+$/);
  const link = run.rows[run.rows.indexOf(message!) - 1]!;
  assert.equal(link.kind, FactKind.link);
  assert.equal(link.trace, sent!.trace);
  assert.equal(link.span, sent!.span);
  assertNothingLeaks(run);
});

Deno.test("a partition is read in order by one consumer at a time; partitions are read side by side", () => {
  const run = simulate(messaging({ rate: 100, length: 1, handle: constant(ms(50)) }));
  const starts = handled(run).map((row) => row.start / 1e6);
  assert.deepEqual(starts, Array.from({ length: 100 }, (_, n) => 1 + 50 * n));
  assert.deepEqual(handled(run).map((row) => row.iteration), Array.from({ length: 100 }, (_, n) => n));
  const many = handled(
    simulate(messaging({ rate: 100, length: 1, handle: constant(ms(50)), partitions: 10, replicas: 3 })),
  );
  assert.equal(many.length, 100);
  assert.ok(Math.max(...many.map((row) => row.time)) < seconds(2));
  assert.deepEqual([...new Set(many.map((row) => row.replica))].sort(), [0, 1, 2]);
});

Deno.test("messages of one key are in one partition", () => {
  const send = publish("kafka.orders", { messageKey: { type: "zipf", n: 1, s: 0 } });
  const run = simulate(messaging({ rate: 50, length: 1, partitions: 10, replicas: 5, send }));
  assert.equal(new Set(handled(run).map((row) => row.replica)).size, 1);
});

Deno.test("a partition and its consumer are an M/M/1 queue, message by message", () => {
  const run = simulate(messaging({ rate: 60, length: 120, poisson: true, handle: exponential(ms(10)) }));
  const messages = handled(run), deliveries = kindOf(run, FactKind.delivery);
  assert.ok(messages.length > 6000);
  let free = 0, sum = 0;
  messages.forEach((message, i) => {
    const { time, wait } = deliveries[i]!;
    const sent = time - wait, begins = Math.max(free, sent);
    assert.equal(message.start, begins);
    assert.equal(message.time, time);
    free = time;
    sum += wait / 1e6;
  });
  const mean = sum / messages.length;
  assert.ok(Math.abs(mean / 25 - 1) < 0.15, `mean age ${mean} ms, 1/(μ-λ) is 25 ms`);
});

Deno.test("what fails is tried again while its partition waits, and then goes to the dead letters", () => {
  const dead = { service: "kafka", endpoint: publishEndpoint("dlq") };
  const run = simulate(messaging({
    rate: 10,
    length: 0.3,
    errors: 1,
    subscription: { attempts: 3, retryAfter: ms(100), deadLetter: dead },
  }));
  assert.deepEqual(handled(run).map((row) => row.iteration), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
  assert.deepEqual(handled(run).slice(0, 4).map((row) => row.start / 1e6), [1, 111, 221, 231]);
  assert.deepEqual(handled(run).slice(0, 3).map((row) => row.attempt), [1, 2, 3]);
  assert.equal(new Set(handled(run).map((row) => row.trace)).size, 9);
  assert.equal(run.requests.filter((row) => row.endpoint === "Dead").length, 3);
  const given = kindOf(run, FactKind.change).filter((row) => row.outcome === Change.messageGivenUp);
  assert.deepEqual(given.map((row) => [row.wait, row.extra]), [[3, 1], [3, 1], [3, 1]]);
  assertNothingLeaks(run);
});

Deno.test("without dead letters a message that failed for good is skipped", () => {
  const run = simulate(messaging({ rate: 10, length: 0.3, errors: 1 }));
  assert.equal(handled(run).length, 3);
  const given = kindOf(run, FactKind.change).filter((row) => row.outcome === Change.messageGivenUp);
  assert.deepEqual(given.map((row) => row.extra), [-1, -1, -1]);
});

Deno.test("what a dead consumer worked on is delivered again, to it when it is back before its session ends", () => {
  const run = live(messaging({ rate: 20, length: 10, handle: constant(ms(40)), partitions: 2, replicas: 2 }), [
    { at: 2.0, act: (world) => world.crash(BILLING, 1, seconds(3)) },
  ]);
  const all = run.requests.filter((row) => row.endpoint === "Handle");
  const ok = all.filter((row) => row.outcome === Outcome.ok);
  assert.equal(new Set(ok.map((row) => row.iteration)).size, 200);
  assert.equal(ok.length, 200);
  const ofDead = all.filter((row) => row.replica === 1 && row.start > seconds(2) && row.start < seconds(6));
  assert.deepEqual(ofDead, []);
  assert.ok(all.some((row) => row.replica === 1 && row.start >= seconds(6)));
  assert.equal(run.changes.filter((row) => row.outcome === Change.partitionsAssigned).length, 0);
});

Deno.test("after its session the others take a dead consumer's partitions, and give them back when it returns", () => {
  const of = messaging({
    rate: 20,
    length: 40,
    partitions: 4,
    replicas: 2,
    subscription: { sessionTimeout: seconds(10) },
  });
  const run = live(of, [
    { at: 5, act: (world) => world.crash(BILLING, 1, FOREVER) },
    { at: 30, act: (world) => world.start(BILLING, 1) },
  ]);
  const assigned = run.changes.filter((row) => row.outcome === Change.partitionsAssigned)
    .map((row) => [row.time / 1e9, row.replica, row.extra, row.wait]);
  assert.deepEqual(assigned, [[15, 0, 4, 0], [31, 0, 2, 0], [31, 1, 2, 2]]);
  const ok = run.requests.filter((row) => row.endpoint === "Handle" && row.outcome === Outcome.ok);
  assert.equal(new Set(ok.map((row) => row.iteration)).size, 800);
  assert.ok(Math.max(...run.rows.filter((row) => row.kind === FactKind.lag).map((row) => row.extra)) > 80);
  assertNothingLeaks({ engine: run.engine });
});

Deno.test("a consumer that is stopped gives its partitions up at once", () => {
  const run = live(messaging({ rate: 20, length: 10, partitions: 2, replicas: 2 }), [
    { at: 5, act: (world) => world.stop(BILLING, 0) },
  ]);
  const [first] = run.changes.filter((row) => row.outcome === Change.partitionsAssigned);
  assert.deepEqual([first!.time, first!.replica, first!.extra], [seconds(5), 1, 2]);
  assert.equal(run.requests.filter((row) => row.endpoint === "Handle" && row.outcome === Outcome.ok).length, 200);
});

Deno.test("a partition of the network stops the reading, and it goes on afterwards", () => {
  const run = live(messaging({ rate: 20, length: 5 }), [
    { at: 1, act: (world) => world.partition(KAFKA, BILLING) },
    { at: 3, act: (world) => world.heal(KAFKA, BILLING) },
  ]);
  const starts = handled({ requests: run.requests }).map((row) => row.start);
  assert.equal(starts.length, 100);
  assert.ok(starts.every((start) => start <= seconds(1.01) || start >= seconds(3)));
});

Deno.test("a workload goes on until its messages are through, or its grace is over", () => {
  const slow = { rate: 100, length: 1, handle: constant(ms(100)) };
  const patient = simulate(messaging(slow));
  assert.equal(handled(patient).length, 100);
  assertNothingLeaks(patient);
  const short = simulate(messaging({ ...slow, grace: 2 }));
  const outcomes = handled(short).map((row) => row.outcome);
  assert.equal(outcomes.filter((outcome) => outcome === Outcome.ok).length, 29);
  assert.equal(outcomes.filter((outcome) => outcome === Outcome.interrupted).length, 1);
  assertNothingLeaks(short);
});

Deno.test("a sender that tries again after its time-out sends the message twice", () => {
  const send = publish("kafka.orders", {
    timeout: ms(0.5),
    retry: { attempts: 2, backoff: undefined },
    optional: true,
  });
  const run = simulate(messaging({ rate: 10, length: 1, send }));
  assert.equal(handled(run).length, 20);
});
