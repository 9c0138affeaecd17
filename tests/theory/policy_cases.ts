// The table's systems whose callers have policies: balancers, hedging, bulkheads, pools and budgets.

import type { Distribution } from "../../sim/distributions/distribution.ts";
import type { Service, Step } from "../../sim/model/model.ts";
import { type BalancerKind, type CallPolicies, NO_POLICIES } from "../../sim/model/policies.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import { call, endpoint, exponential, ms, openLoad, plan, service, workload } from "../build.ts";
import { GRACE, type Question, type System, type Unit } from "./estimate.ts";
import * as theory from "./formulas.ts";
import * as measure from "./tape.ts";
import type { Tape } from "./tape.ts";

const MU = 100;
const SERVICE = exponential(ms(10));

function open(services: readonly Service[], journey: readonly Step[], rate: number): System["plan"] {
  return (seed, length) =>
    plan({
      seed,
      services,
      journeys: { visit: journey },
      workloads: [workload("load", "visit", openLoad(rate, length, { poisson: true }), { gracefulStop: GRACE })],
    });
}

function station(options: Partial<Service>, latency: Distribution = SERVICE): Service {
  return service("server", { Get: endpoint(latency) }, options);
}

function visit(policies: Partial<CallPolicies>, options: Parameters<typeof call>[1] = {}): Step[] {
  return [call("server.Get", { ...options, policies: { ...NO_POLICIES, ...policies } })];
}

function question(
  quantity: string,
  formula: string,
  expected: number,
  unit: Unit,
  of: (tape: Tape) => number,
): Question {
  return { quantity, formula, expected, unit, of };
}

const meanSystem = (formula: string, expected: number): Question =>
  question("mean time in system", formula, expected, "time", (tape) => measure.meanTime(tape.requests("server")));
const meanInAll = (formula: string, expected: number): Question =>
  question("mean time in all", formula, expected, "time", (tape) => measure.meanTime(tape.iterations));
const tailInAll = (formula: string, expected: number): Question => ({
  quantity: "p99 time in all",
  formula,
  expected,
  unit: "time",
  tail: true,
  of: (tape) => measure.quantileOfTime(tape.iterations, 0.99),
});

function balanced(kind: BalancerKind): Partial<CallPolicies> {
  return { balancer: { kind, view: "replica" } };
}

/** Of 4 replicas each gets every fourth arrival of a Poisson process: Erlang times between arrivals. */
function roundRobin(): System {
  const lambda = 280, sigma = theory.erlangM1Sigma(4, lambda, MU), rate = MU * (1 - sigma);
  return {
    name: "4 replicas by round-robin, each E4/M/1",
    seconds: 14_000,
    plan: open([station({ replicas: 4, concurrency: 1 })], visit(balanced("round-robin")), lambda),
    questions: [
      meanSystem("1/(μ(1-σ))", 1 / rate),
      {
        ...tailInAll("ln 100/(μ(1-σ))", theory.exponentialQuantile(rate, 0.99)),
        of: (tape) => measure.quantileOfTime(tape.requests("server"), 0.99),
      },
    ],
  };
}

function twoChoices(): System {
  const load = 0.7, replicas = 100;
  return {
    name: "100 replicas by the power of two choices, load 0.7",
    seconds: 200,
    plan: open(
      [station({ replicas, concurrency: 1 })],
      visit(balanced("power-of-two")),
      load * MU * replicas,
    ),
    questions: [meanSystem("Σ ρ^(2^i-2)/μ, Mitzenmacher", theory.powerOfChoices(2, load) / MU)],
  };
}

function shorterQueue(): System {
  const lambda = 160;
  return {
    name: "2 replicas by least requests, load 0.8",
    seconds: 30_000,
    plan: open([station({ replicas: 2, concurrency: 1 })], visit(balanced("least-requests")), lambda),
    questions: [meanSystem("balance equations, Little", theory.shorterOfTwo(lambda, MU) / lambda)],
  };
}

/** Exponential times have no memory: from the hedge on, the rest is the smaller of two of them. */
function hedged(): System {
  const after = 0.01, left = Math.exp(-MU * after);
  return {
    name: "hedging after 10 ms, no queue",
    seconds: 1_500,
    plan: open([station({})], visit({ hedge: { after: ms(10), max: 1 } }), 200),
    questions: [
      meanInAll("(1-e^-μd)/μ + e^-μd/2μ", (1 - left) / MU + left / 2 / MU),
      tailInAll("d + (ln 100-μd)/2μ", after + (Math.log(100) - MU * after) / 2 / MU),
      question(
        "requests a second",
        "λ(1+e^-μd)",
        200 * (1 + left),
        "rate",
        (tape) => measure.rate(tape, tape.requests("server")),
      ),
      question(
        "busy workers",
        "λ times the above twice",
        200 * ((1 - left) / MU + left / MU),
        "number",
        (tape) => measure.meanBusy(tape.samples("server")),
      ),
    ],
  };
}

function bulkhead(): System {
  const places = 10, offered = 8, blocked = theory.erlangB(places, offered);
  return {
    name: "bulkhead of 10 without a queue, 8 erlangs",
    seconds: 3_000,
    plan: open([station({})], visit({ bulkhead: { concurrency: places, queue: 0, wait: ms(0) } }), offered * MU),
    questions: [
      question(
        "share held back",
        "B(c, a)",
        blocked,
        "share",
        (tape) => measure.shareOf(tape.journeyCalls, Outcome.bulkheadFull),
      ),
      question(
        "busy workers",
        "a(1-B)",
        offered * (1 - blocked),
        "number",
        (tape) => measure.meanBusy(tape.samples("server")),
      ),
    ],
  };
}

function pool(): System {
  const size = 2, lambda = 120, wait = theory.mmcWait(size, lambda, MU);
  const policies: Partial<CallPolicies> = {
    pool: { size, wait: Infinity as never, setup: undefined, keepAlive: Infinity as never, view: "replica" },
  };
  return {
    name: "pool of 2 connections to a server without limit",
    seconds: 25_000,
    plan: open([station({})], visit(policies), lambda),
    questions: [
      question("mean wait for a connection", "C/(cμ-λ)", wait, "time", (tape) => {
        const waits = tape.journeyCalls.work.values;
        return waits.reduce((sum, each) => sum + each, 0) / waits.length / 1e9;
      }),
      meanInAll("C/(cμ-λ) + 1/μ", wait + 1 / MU),
    ],
  };
}

/** Everything fails, and would be tried ten times: with a budget the load rises by its share and no more. */
function budget(): System {
  const errors = { rate: 1, status: 503, exception: undefined, message: undefined };
  const retry = {
    attempts: 10,
    backoff: undefined,
    budget: { type: "share" as const, share: 0.2, floor: 0, window: 10e9 as never },
  };
  return {
    name: "a retry budget of 20 %, all calls fail",
    seconds: 600,
    plan: open([service("server", { Get: endpoint(SERVICE, [], { errors }) })], visit({}, { retry }), 100),
    questions: [
      question(
        "requests a call",
        "1 + share",
        1.2,
        "number",
        (tape) => tape.requests("server").length / tape.iterations.length,
      ),
    ],
  };
}

/** Systems whose callers have policies, in the order of the table. */
export const POLICY_SYSTEMS: readonly System[] = [
  roundRobin(),
  shorterQueue(),
  twoChoices(),
  hedged(),
  bulkhead(),
  pool(),
  budget(),
];
