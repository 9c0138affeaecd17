// What faults do to whom, followed along calls, retries, queues and branches: exact where the run is small enough to know.

import assert from "node:assert/strict";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { FaultSpec } from "../../sim/scenario/scenario.ts";
import { FactBatch, FactFlag, FactKind, Outcome, readCause } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { call, constant, endpoint, fault, ms, openLoad, plan, seconds, service, target, workload } from "../build.ts";

const slower = (by: number): FaultSpec["effect"] => ({
  turn: (knobs, intensity) => void (knobs.added += by * intensity),
});
const failing: FaultSpec["effect"] = { turn: (knobs) => void (knobs.errorRate = 1) };
const failure = { rate: 1, status: 500, exception: undefined, message: undefined };

/** A request or a call that a fault had something to do with. */
interface Touched {
  readonly what: "request" | "call";
  readonly service: string;
  readonly delay_ms: number;
  readonly changed: boolean;
  readonly via: string;
  readonly outcome: number;
}

/** What a run's facts say about its faults, in their order; without those that only know of one. */
function touched(of: Plan): Touched[] {
  const engine = new Engine(of, 1), batch = new FactBatch();
  while (!engine.done) engine.step((engine.now + 1e9) as Nanos, batch);
  const all: Touched[] = [];
  for (let row = 0; row < batch.length; row++) {
    const kind = batch.kind[row];
    if (kind !== FactKind.request && kind !== FactKind.call) continue;
    const changed = (batch.flags[row]! & FactFlag.changed) !== 0, delay_ms = batch.delay[row]! / 1e6;
    if (batch.fault[row] === 0 || (!changed && delay_ms === 0)) continue;
    const cause = readCause(batch.via[row]!);
    all.push({
      what: kind === FactKind.request ? "request" : "call",
      service: of.services[of.endpoints[batch.endpoint[row]!]!.service]!.name,
      delay_ms,
      changed,
      via: cause === undefined
        ? "fault"
        : `${["answer", "request", "queue", "user"][cause.kind]} ${of.services[cause.service]!.name}`,
      outcome: batch.outcome[row]!,
    });
  }
  return all;
}

const requests = (all: readonly Touched[]): unknown[] =>
  all.filter(({ what }) => what === "request").map((
    { service, delay_ms, changed, via },
  ) => [service, delay_ms, changed, via]);

/** One user who visits once, or several a second. */
function shop(
  steps: Parameters<typeof endpoint>[1],
  faults: readonly FaultSpec[],
  { rate = 1, length = 1, workers = Infinity } = {},
): Plan {
  return plan({
    services: [
      service("web", { "GET /": endpoint(constant(ms(5)), steps) }),
      service("cart", { Get: endpoint(constant(ms(20))) }, { concurrency: workers }),
      service("mail", { Send: endpoint(constant(ms(50))) }),
    ],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("users", "visit", openLoad(rate, seconds(length)))],
    faults,
  });
}

Deno.test("a slower callee makes its caller, and the user, wait exactly so much longer", () => {
  const all = touched(shop([call("cart.Get")], [fault(target("cart"), { effect: slower(ms(100)) })]));
  assert.deepEqual(requests(all), [["cart", 100, false, "fault"], ["web", 100, false, "answer cart"]]);
  assert.deepEqual(all.filter(({ what }) => what === "call").map(({ service, delay_ms }) => [service, delay_ms]), [
    ["cart", 100],
    ["web", 100],
  ]);
});

Deno.test("of a delay beside a slower branch the caller has what is left of it", () => {
  const parallel = [{ type: "parallel" as const, branches: [[call("cart.Get")], [call("mail.Send")]] }];
  const hidden = touched(shop(parallel, [fault(target("cart"), { effect: slower(ms(10)) })]));
  assert.deepEqual(requests(hidden), [["cart", 10, false, "fault"]]);
  const seen = touched(shop(parallel, [fault(target("cart"), { effect: slower(ms(100)) })]));
  assert.deepEqual(requests(seen), [["cart", 100, false, "fault"], ["web", 70, false, "answer cart"]]);
});

Deno.test("a failure goes up to the user, and one that is tolerated ends where it is", () => {
  const faults = [fault(target("cart"), { effect: failing, failure })];
  const all = touched(shop([call("cart.Get")], faults));
  assert.deepEqual(requests(all), [["cart", 0, true, "fault"], ["web", 0, true, "answer cart"]]);
  const tolerated = touched(shop([call("cart.Get", { optional: true })], faults));
  assert.deepEqual(requests(tolerated), [["cart", 0, true, "fault"], ["web", 0, true, "answer cart"]]);
  assert.deepEqual(tolerated.filter(({ what, service }) => what === "call" && service === "web"), []);
});

Deno.test("a fault on the edge is the caller's, and the callee never sees it", () => {
  const cut = [fault(target("cart.Get", "web"), { effect: failing, failure })];
  assert.deepEqual(requests(touched(shop([call("cart.Get")], cut))), [["web", 0, true, "fault"]]);
  const slow = [fault(target("cart.Get", "web"), { effect: slower(ms(30)) })];
  assert.deepEqual(requests(touched(shop([call("cart.Get")], slow))), [["web", 30, false, "answer cart"]]);
});

Deno.test("attempts after one that a fault failed would not have been, and all they take is the fault's", () => {
  const retry = { attempts: 2, backoff: { base: ms(40), max: seconds(1), factor: 1, jitter: "none" as const } };
  const first = { ...failing, turn: (knobs: { errorRate: number }) => void (knobs.errorRate = 1) };
  const faults = [fault(target("cart"), { effect: first, failure, at: ms(0), duration: ms(30) })];
  const all = touched(shop([call("cart.Get", { retry })], faults));
  // The first attempt is over at 25 ms, the second begins at 65 ms, when the fault is gone, and takes 20 ms.
  assert.deepEqual(requests(all), [
    ["cart", 0, true, "fault"],
    ["cart", 0, true, "request web"],
    ["web", 60, false, "answer cart"],
  ]);
});

Deno.test("a time-out that a fault has brought about changes the caller, one that comes anyway does not", () => {
  const slow = [fault(target("cart"), { effect: slower(ms(100)) })];
  const brought = touched(shop([call("cart.Get", { timeout: ms(60) })], slow));
  assert.deepEqual(requests(brought), [["web", 40, true, "answer cart"], ["cart", 100, false, "fault"]]);
  const anyway = touched(
    shop([call("mail.Send", { timeout: ms(30) })], [fault(target("mail"), { effect: slower(ms(9)) })]),
  );
  assert.deepEqual(requests(anyway), [["mail", 9, false, "fault"]]);
});

Deno.test("who waits for a worker that a slow request holds is slower by just that", () => {
  // Every 30 ms one comes to a single worker that takes 20 ms; the first takes 50 ms more.
  const faults = [fault(target("cart"), { effect: slower(ms(50)), duration: ms(10) })];
  const all = touched(shop([call("cart.Get")], faults, { rate: 1000 / 30, length: 0.2, workers: 1 }));
  const ofCart = all.filter(({ what, service }) => what === "request" && service === "cart");
  assert.deepEqual(
    ofCart.map(({ delay_ms, via }) => [Math.round(delay_ms), via]),
    [[50, "fault"], [40, "queue cart"], [30, "queue cart"], [20, "queue cart"], [10, "queue cart"]],
  );
});

Deno.test("requests that a full queue turns away behind a slow one are the fault's", () => {
  const small = plan({
    services: [service("web", { "GET /": endpoint(constant(ms(5))) }, { concurrency: 1, queue: 0 })],
    journeys: { visit: [call("web.GET /")] },
    workloads: [workload("users", "visit", openLoad(100, seconds(0.1)))],
    faults: [fault(target("web"), { effect: slower(ms(40)), duration: ms(5) })],
  });
  const all = touched(small).filter(({ what }) => what === "request");
  assert.deepEqual(all.map(({ outcome }) => outcome), [
    Outcome.refused,
    Outcome.refused,
    Outcome.refused,
    Outcome.refused,
    Outcome.ok,
  ]);
  assert.ok(all.slice(0, 4).every(({ changed, via }) => changed && via === "queue web"));
});

Deno.test("what a fallback does because of a fault would not have been", () => {
  const steps = [call("cart.Get", { fallback: [call("mail.Send")] })];
  const all = touched(shop(steps, [fault(target("cart"), { effect: failing, failure })]));
  assert.deepEqual(requests(all).map((each) => (each as unknown[]).filter((_, i) => i !== 1)), [
    ["cart", true, "fault"],
    ["mail", true, "request web"],
    ["web", true, "answer cart"],
  ]);
});

Deno.test("a request is put down to the fault that did most to it", () => {
  const all = touched(shop([call("cart.Get")], [
    fault(target("web"), { name: "small", effect: slower(ms(3)) }),
    fault(target("cart"), { name: "large", effect: slower(ms(90)) }),
  ]));
  assert.deepEqual(requests(all), [["cart", 90, false, "fault"], ["web", 93, false, "answer cart"]]);
});
