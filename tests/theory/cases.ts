// The table: the systems whose behaviour theory knows in closed form, what it says of them, and how to simulate them.
// A service takes 10 ms on average and a server serves 100 a second, where nothing else is said.

import type { Nanos } from "../../sim/base/time.ts";
import type { Distribution } from "../../sim/distributions/distribution.ts";
import type { Service, Step } from "../../sim/model/model.ts";
import { Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { mix, mixed, uniform } from "../../sim/base/draws.ts";
import { call, closedLoad, constant, endpoint, exponential, ms, openLoad, plan, service, workload } from "../build.ts";
import { bimodal, geometric, lognormal } from "./distributions.ts";
import { GRACE, type Question, type System, type Unit } from "./estimate.ts";
import * as theory from "./formulas.ts";
import { POLICY_SYSTEMS } from "./policy_cases.ts";
import * as measure from "./tape.ts";
import type { Tape } from "./tape.ts";

const MU = 100;
const SERVICE = exponential(ms(10));

interface Load {
  /** Starts a second. */
  readonly rate: number;
  /** Even arrivals instead of a Poisson process. */
  readonly even?: true;
}

/** A plan of one journey under an open load without limit of VUs. */
function open(services: readonly Service[], journey: readonly Step[], { rate, even }: Load): System["plan"] {
  return (seed, length) => {
    const load = openLoad(rate, length, { poisson: even === undefined });
    return planOf(seed, services, journey, load);
  };
}

/** A plan of one journey that a number of users repeat. */
function closed(services: readonly Service[], journey: readonly Step[], users: number): System["plan"] {
  return (seed, length) => planOf(seed, services, journey, closedLoad(users, length));
}

function planOf(
  seed: number,
  services: readonly Service[],
  journey: readonly Step[],
  load: Parameters<typeof workload>[2],
): Plan {
  return plan({
    seed,
    services,
    journeys: { visit: journey },
    workloads: [workload("load", "visit", load, { gracefulStop: GRACE })],
  });
}

const think = (pause: Distribution): Step => ({ type: "think", pause });

/** A station of one endpoint. */
function station(
  name: string,
  concurrency: number,
  latency: Distribution = SERVICE,
  more: Partial<Service> = {},
): Service {
  return service(name, { Get: endpoint(latency) }, { concurrency, ...more });
}

const server = (tape: Tape): measure.Track => tape.requests("server");
const visit = [call("server.Get")];

function question(
  quantity: string,
  formula: string,
  expected: number,
  unit: Unit,
  of: (tape: Tape) => number,
): Question {
  return { quantity, formula, expected, unit, of };
}

/** A 99th percentile. */
function tail(
  formula: string,
  expected: number,
  of: (tape: Tape) => number,
  quantity = "p99 time in system",
): Question {
  return { quantity, formula, expected, unit: "time", tail: true, of };
}

const meanSystem = (formula: string, expected: number, name = "server"): Question =>
  question(
    `mean time in ${name === "server" ? "system" : name}`,
    formula,
    expected,
    "time",
    (tape) => measure.meanTime(tape.requests(name)),
  );
const meanWait = (formula: string, expected: number): Question =>
  question("mean wait", formula, expected, "time", (tape) => measure.meanWait(server(tape)));
const meanBusy = (formula: string, expected: number): Question =>
  question("busy workers", formula, expected, "number", (tape) => measure.meanBusy(tape.samples("server")));
const refused = (formula: string, expected: number): Question =>
  question("share refused", formula, expected, "share", (tape) => measure.shareOf(server(tape), Outcome.refused));

// ---- one station ----------------------------------------------------------------------------------------------------

function mm1(lambda: number, seconds: number): System {
  const rate = theory.mm1SystemRate(lambda, MU), rho = lambda / MU;
  return {
    name: `M/M/1, load ${rho}`,
    seconds,
    plan: open([station("server", 1)], visit, { rate: lambda }),
    questions: [
      meanSystem("1/(μ-λ)", 1 / rate),
      meanWait("ρ/(μ-λ)", rho / rate),
      question(
        "median time in system",
        "ln 2/(μ-λ)",
        theory.exponentialQuantile(rate, 0.5),
        "time",
        (tape) => measure.quantileOfTime(server(tape), 0.5),
      ),
      tail(
        "ln 100/(μ-λ)",
        theory.exponentialQuantile(rate, 0.99),
        (tape) => measure.quantileOfTime(server(tape), 0.99),
      ),
      question("share that waits", "ρ", rho, "share", (tape) => measure.shareWaited(server(tape))),
      meanBusy("ρ", rho),
    ],
  };
}

function mmc(servers: number, lambda: number, seconds: number): System {
  const offered = lambda / MU, wait = theory.mmcWait(servers, lambda, MU);
  return {
    name: `M/M/${servers}, load ${offered / servers}`,
    seconds,
    plan: open([station("server", servers)], visit, { rate: lambda }),
    questions: [
      question(
        "share that waits",
        "Erlang C",
        theory.erlangC(servers, offered),
        "share",
        (tape) => measure.shareWaited(server(tape)),
      ),
      meanWait("C/(cμ-λ)", wait),
      meanSystem("C/(cμ-λ) + 1/μ", wait + 1 / MU),
      tail(
        "ln(100 C)/(cμ-λ)",
        theory.mmcWaitQuantile(servers, lambda, MU, 0.99),
        (tape) => measure.quantileOfWait(server(tape), 0.99),
        "p99 wait",
      ),
      meanBusy("λ/μ", offered),
    ],
  };
}

function mmck(servers: number, queue: number, lambda: number, seconds: number): System {
  const places = servers + queue, known = theory.mmck(servers, places, lambda, MU);
  return {
    name: `M/M/${servers}/${places}, load ${Number((lambda / MU / servers).toPrecision(3))}`,
    seconds,
    plan: open([station("server", servers, SERVICE, { queue })], visit, { rate: lambda }),
    questions: [
      refused("p(K)", known.present[places]!),
      question(
        "throughput",
        "λ(1-p(K))",
        known.throughput,
        "rate",
        (tape) => measure.rate(tape, server(tape)) * (1 - measure.shareOf(server(tape), Outcome.refused)),
      ),
      meanSystem("L/(λ(1-p(K)))", known.meanPresent / known.throughput),
      meanBusy("λ(1-p(K))/μ", known.meanBusy),
    ],
  };
}

/** Only the mean of the service time matters (B. A. Sevastyanov 1957). */
function erlangLoss(servers: number, offered: number, latency: Distribution, kind: string, seconds: number): System {
  const blocked = theory.erlangB(servers, offered);
  return {
    name: `Erlang B, M/${kind}/${servers}/${servers}, ${offered} erlangs`,
    seconds,
    plan: open([station("server", servers, latency, { queue: 0 })], visit, { rate: offered * MU }),
    questions: [refused("B(c, a)", blocked), meanBusy("a(1-B)", offered * (1 - blocked))],
  };
}

/** @param cv2 the variance of the service time over its squared mean */
function mg1(kind: string, server: Service, lambda: number, cv2: number, seconds: number): System {
  const wait = theory.pollaczekKhinchine(lambda, 1 / MU, (1 + cv2) / MU / MU);
  return {
    name: `M/${kind}/1, load ${lambda / MU}`,
    seconds,
    plan: open([server], visit, { rate: lambda }),
    questions: [
      meanWait("λE[S²]/(2(1-ρ))", wait),
      meanSystem("the same + 1/μ", wait + 1 / MU),
    ],
  };
}

/** Four pieces of exponential work, one after the other: an Erlang distribution of four stages. */
const erlangWork = service("server", {
  Get: endpoint(
    undefined,
    Array.from({ length: 4 }, (): Step => ({ type: "work", share: undefined, latency: exponential(ms(2.5)) })),
  ),
}, { concurrency: 1 });

function dm1(lambda: number, seconds: number): System {
  const sigma = theory.dm1Sigma(lambda, MU), rate = MU * (1 - sigma);
  return {
    name: `D/M/1, load ${lambda / MU}`,
    seconds,
    plan: open([station("server", 1)], visit, { rate: lambda, even: true }),
    questions: [
      meanSystem("1/(μ(1-σ))", 1 / rate),
      meanWait("σ/(μ(1-σ))", sigma / rate),
      question("share that waits", "σ = exp(-μ(1-σ)/λ)", sigma, "share", (tape) => measure.shareWaited(server(tape))),
      tail(
        "ln 100/(μ(1-σ))",
        theory.exponentialQuantile(rate, 0.99),
        (tape) => measure.quantileOfTime(server(tape), 0.99),
      ),
    ],
  };
}

const STATIONS: readonly System[] = [
  mm1(50, 50_000),
  mm1(80, 160_000),
  mmc(4, 280, 38_000),
  mmck(1, 4, 90, 40_000),
  mmck(3, 7, 330, 14_000),
  erlangLoss(10, 8, SERVICE, "M", 3_000),
  erlangLoss(10, 8, constant(ms(10)), "D", 3_000),
  erlangLoss(10, 8, lognormal(ms(10), 2), "LN", 3_000),
  mg1("D", station("server", 1, constant(ms(10))), 70, 0, 60_000),
  mg1("E4", erlangWork, 70, 1 / 4, 55_000),
  mg1("LN (cv² 2)", station("server", 1, lognormal(ms(10), 2)), 60, 2, 120_000),
  // 5 ms, or 55 ms for one in ten: the variance is 0.9 · 5² + 0.1 · 45² = 225.
  mg1("bimodal", station("server", 1, bimodal(ms(5), ms(55), 0.1)), 60, 2.25, 95_000),
  dm1(80, 80_000),
];

// ---- replicas -------------------------------------------------------------------------------------------------------

function replicas(count: number, lambda: number, seconds: number): System {
  const rate = theory.mm1SystemRate(lambda / count, MU);
  return {
    name: `${count} replicas, each M/M/1 by random choice`,
    seconds,
    plan: open([station("server", 1, SERVICE, { replicas: count })], visit, { rate: lambda }),
    questions: [
      meanSystem("1/(μ-λ/n)", 1 / rate),
      tail(
        "ln 100/(μ-λ/n)",
        theory.exponentialQuantile(rate, 0.99),
        (tape) => measure.quantileOfTime(server(tape), 0.99),
      ),
    ],
  };
}

const REPLICAS: readonly System[] = [
  replicas(4, 280, 18_000),
  {
    name: "… against one queue for the four (M/M/4)",
    seconds: 8_000,
    plan: open([station("server", 4)], visit, { rate: 280 }),
    questions: [meanSystem("C/(cμ-λ) + 1/μ", theory.mmcWait(4, 280, MU) + 1 / MU)],
  },
];

// ---- networks -------------------------------------------------------------------------------------------------------

const fast = exponential(ms(8));

/**
 * What leaves an M/M/c station is a Poisson process again (P. J. Burke, "The output of a queuing system", 1956), so each
 * station is as if it were alone (J. R. Jackson, "Networks of waiting lines", 1957).
 */
function tandem(): System {
  const lambda = 60, first = MU - lambda, second = 125 - lambda, third = 1 / MU + theory.mmcWait(2, lambda, MU);
  const stations = [station("first", 1), station("second", 1, fast), station("third", 2)];
  return {
    name: "tandem M/M/1 → M/M/1 → M/M/2",
    seconds: 60_000,
    plan: open(stations, stations.map(({ name }) => call(`${name}.Get`)), { rate: lambda }),
    questions: [
      meanSystem("1/(μ₁-λ)", 1 / first, "first"),
      meanSystem("1/(μ₂-λ), Burke", 1 / second, "second"),
      meanSystem("C/(2μ₃-λ) + 1/μ₃", third, "third"),
      question(
        "mean time in all",
        "the sum, Jackson",
        1 / first + 1 / second + third,
        "time",
        (tape) => measure.meanTime(tape.iterations),
      ),
    ],
  };
}

/** The times in two M/M/1 stations are independent (E. Reich, "Waiting times when queues are in tandem", 1957). */
function tandemTail(): System {
  const stations = [station("first", 1), station("second", 1, fast)];
  return {
    name: "tandem M/M/1 → M/M/1",
    seconds: 80_000,
    plan: open(stations, stations.map(({ name }) => call(`${name}.Get`)), { rate: 60 }),
    questions: [
      tail(
        "independent exponentials, Reich",
        theory.sumOfTwoQuantile(40, 65, 0.99),
        (tape) => measure.quantileOfTime(tape.iterations, 0.99),
        "p99 time in both",
      ),
    ],
  };
}

/** Every visit is followed by another with probability 0.4: arrivals are no Poisson process, yet Jackson's theorem holds. */
function feedback(): System {
  const again = 0.4, lambda = 42, arrivals = lambda / (1 - again), rate = MU - arrivals;
  return {
    name: "feedback, M/M/1, again with probability 0.4",
    seconds: 60_000,
    plan: open([station("server", 1)], [{ type: "repeat", times: geometric(again), steps: visit }], { rate: lambda }),
    questions: [
      question("visits a second", "λ' = λ/(1-p)", arrivals, "rate", (tape) => measure.rate(tape, server(tape))),
      question("mean time a visit", "1/(μ-λ'), Jackson", 1 / rate, "time", (tape) => measure.meanTime(server(tape))),
      question(
        "mean time in system",
        "1/((1-p)(μ-λ'))",
        1 / (1 - again) / rate,
        "time",
        (tape) => measure.meanTime(tape.iterations),
      ),
    ],
  };
}

function routing(): System {
  const lambda = 70, stations = ["front", "left", "right", "back"].map((name) => station(name, 1));
  const branch: Step = {
    type: "choose",
    options: [{ weight: 3, steps: [call("left.Get")] }, { weight: 2, steps: [call("right.Get")] }],
  };
  const journey = [call("front.Get"), branch, call("back.Get", { probability: 0.5 })];
  const mean = 1 / (MU - lambda) + 0.6 / (MU - 42) + 0.4 / (MU - 28) + 0.5 / (MU - 35);
  return {
    name: "Jackson network with routing by chance",
    seconds: 30_000,
    plan: open(stations, journey, { rate: lambda }),
    questions: [
      meanSystem("1/(μ-0.6λ)", 1 / (MU - 42), "left"),
      meanSystem("1/(μ-0.4λ)", 1 / (MU - 28), "right"),
      meanSystem("1/(μ-0.5λ)", 1 / (MU - 35), "back"),
      question("mean time in all", "Σ pᵢ/(μ-pᵢλ), Jackson", mean, "time", (tape) => measure.meanTime(tape.iterations)),
    ],
  };
}

function forkJoin(name: string, services: readonly Distribution[], workers: number, rate: number, seconds: number) {
  const behind = services.map((latency, n) => station(`b${n}`, workers, latency));
  const fork: Step = { type: "parallel", branches: behind.map((each) => [call(`${each.name}.Get`)]) };
  const front = service("server", { Get: endpoint(undefined, [fork]) });
  return (...questions: readonly Question[]): System => ({
    name,
    seconds,
    plan: open([front, ...behind], visit, { rate }),
    questions,
  });
}

const FORKS: readonly System[] = [
  forkJoin("fork-join of two exponentials, no queue", [SERVICE, exponential(ms(5))], Infinity, 100, 4_000)(
    meanSystem("1/a + 1/b - 1/(a+b)", 1 / 100 + 1 / 200 - 1 / 300),
    tail(
      "(1-exp(-at))(1-exp(-bt)) = 0.99",
      theory.rootOf((t) => (1 - Math.exp(-100 * t)) * (1 - Math.exp(-200 * t)), 0.99, 0, 1),
      (tape) => measure.quantileOfTime(server(tape), 0.99),
    ),
  ),
  forkJoin("fork-join of five alike, no queue", Array(5).fill(SERVICE), Infinity, 100, 1_500)(
    meanSystem("H₅/μ", theory.harmonic(5) / MU),
    tail(
      "(1-exp(-μt))⁵ = 0.99",
      theory.exponentialQuantile(MU, 0.99 ** (1 / 5)),
      (tape) => measure.quantileOfTime(server(tape), 0.99),
    ),
  ),
  forkJoin("fork-join of two M/M/1, load 0.6", [SERVICE, SERVICE], 1, 60, 30_000)(
    meanSystem("(12-ρ)/8 · 1/(μ-λ)", theory.forkJoinOfTwo(60, MU)),
  ),
];

/**
 * Users who call three stations, the second twice, and think. The interactive response-time law needs no distribution
 * (P. J. Denning and J. P. Buzen, "The operational analysis of queueing network models", 1978).
 */
function closedNetwork(users: number, kind: string, pause: Distribution, seconds: number): System {
  const thinking = pause.mean / 1e9;
  const known = theory.meanValueAnalysis(users, thinking, [0.01, 0.016, 0.005]);
  const stations = [station("web", 1), station("db", 1, fast), station("disk", 1, exponential(ms(5)))];
  const journey = [call("web.Get"), call("db.Get"), call("disk.Get"), call("db.Get"), think(pause)];
  return {
    name: `closed network, ${users} users, ${kind} think time`,
    seconds,
    plan: closed(stations, journey, users),
    questions: [
      question("throughput", "X, exact MVA", known.throughput, "rate", (tape) => measure.rate(tape, tape.iterations)),
      question(
        "mean response",
        "R, exact MVA",
        known.response,
        "time",
        (tape) => measure.meanTime(tape.iterations) - thinking,
      ),
      question(
        "requests at the bottleneck",
        "Q, exact MVA",
        known.present[1]!,
        "number",
        (tape) => measure.meanPresent(tape.samples("db")),
      ),
      question(
        "R + Z against N/X",
        "interactive law: R = N/X - Z",
        1,
        "number",
        (tape) => measure.meanTime(tape.iterations) * measure.rate(tape, tape.iterations) / users,
      ),
    ],
  };
}

function machineRepairman(users: number, servers: number, pauseMs: number, seconds: number): System {
  const known = theory.repairman(users, servers, pauseMs / 1e3, MU);
  return {
    name: `machine repairman M/M/${servers}//${users}`,
    seconds,
    plan: closed([station("server", servers)], [...visit, think(exponential(ms(pauseMs)))], users),
    questions: [
      question("throughput", "birth-death", known.throughput, "rate", (tape) => measure.rate(tape, server(tape))),
      meanSystem("L/X", known.meanPresent / known.throughput),
      meanBusy("X/μ", known.meanBusy),
    ],
  };
}

/**
 * Five stations whose workers, services and share of the visits are drawn from the seed: L = λW at each (J. D. C. Little,
 * "A proof for the queuing formula: L = λW", 1961). L comes from the stations' samples once a second, which is why their
 * services take about a second; λ and W come from the visits.
 */
function randomNetwork(seed: number): System {
  mix(seed, 0, 1);
  const { high, low } = mixed;
  let draws = 0;
  const draw = (): number => uniform(high, low, draws++);
  const kinds = [exponential, constant, (mean: Nanos) => lognormal(mean, 1.5)];
  const stations = Array.from({ length: 5 }, (_, n) => {
    const workers = 1 + Math.floor(draw() * 3);
    const load = 0.4 + 0.3 * draw(), probability = 0.3 + 0.7 * draw();
    // One start a second: the work that a visit brings is what makes this load.
    const mean = ms(1000 * load * workers / probability);
    return { name: `s${n}`, workers, probability, latency: kinds[Math.floor(draw() * kinds.length)]!(mean) };
  });
  const journey = stations.map(({ name, probability }) => call(`${name}.Get`, { probability }));
  return {
    name: `random network ${seed}, Little's law`,
    seconds: 500_000,
    plan: open(stations.map(({ name, workers, latency }) => station(name, workers, latency)), journey, { rate: 1 }),
    questions: stations.map(({ name, workers }) =>
      question(`L/(λW) at ${name} (${workers} workers)`, "Little: L = λW", 1, "number", (tape) => {
        const track = tape.requests(name);
        return measure.meanPresent(tape.samples(name)) / (measure.rate(tape, track) * measure.meanTime(track));
      })
    ),
  };
}

const NETWORKS: readonly System[] = [
  tandem(),
  tandemTail(),
  feedback(),
  routing(),
  ...FORKS,
  closedNetwork(8, "exponential", exponential(ms(60)), 35_000),
  closedNetwork(20, "lognormal", lognormal(ms(200), 1), 30_000),
  machineRepairman(12, 2, 50, 6_000),
  randomNetwork(1),
  randomNetwork(2),
];

// ---- policies -------------------------------------------------------------------------------------------------------

const failing = (rate: number): Partial<Parameters<typeof endpoint>[2] & object> => ({
  errors: { rate, status: 500, exception: undefined, message: undefined },
});
const retry = (attempts: number) => ({ attempts, backoff: undefined });

/** Calls of a service for each iteration. */
const callsEach = (tape: Tape, name: string): number => tape.requests(name).length / tape.iterations.length;

function retries(p: number, attempts: number): System {
  const failed = service("server", { Get: endpoint(constant(ms(1)), [], failing(p)) });
  return {
    name: `retries, each attempt fails with ${p}, at most ${attempts}`,
    seconds: 7_000,
    plan: open([failed], [call("server.Get", { retry: retry(attempts) })], { rate: 100 }),
    questions: [
      question(
        "attempts a call",
        "(1-pⁿ)/(1-p)",
        theory.expectedAttempts(p, attempts),
        "number",
        (tape) => callsEach(tape, "server"),
      ),
      question(
        "share that fails for good",
        "pⁿ",
        p ** attempts,
        "share",
        (tape) => measure.countOf(tape.journeyCalls, Outcome.error, attempts) / tape.iterations.length,
      ),
    ],
  };
}

/** Three attempts at each of two layers. */
function nestedRetries(): System {
  const p = 0.5, inner = theory.expectedAttempts(p, 3), outer = theory.expectedAttempts(p ** 3, 3);
  const services = [
    service("front", { Get: endpoint(undefined, [call("server.Get", { retry: retry(3) })]) }),
    service("server", { Get: endpoint(constant(ms(1)), [], failing(p)) }),
  ];
  return {
    name: "retries in two layers, 3 attempts each, p = 0.5",
    seconds: 1_000,
    plan: open(services, [call("front.Get", { retry: retry(3) })], { rate: 100 }),
    questions: [
      question("attempts of the outer", "(1-p⁹)/(1-p³)", outer, "number", (tape) => callsEach(tape, "front")),
      question(
        "attempts of the inner",
        "… · (1-p³)/(1-p)",
        outer * inner,
        "number",
        (tape) => callsEach(tape, "server"),
      ),
    ],
  };
}

/** An exponential service without a queue, and a caller whose patience for an attempt is 20 ms, and 50 ms for the call. */
function timeouts(): System {
  const patience = 0.02, late = Math.exp(-MU * patience), whole = 0.05;
  const shared = { rate: 100 };
  return {
    name: "time-out after 20 ms, deadline after 50 ms",
    seconds: 8_000,
    plan: open([station("server", Infinity)], [
      call("server.Get", { timeout: ms(20), deadline: ms(50), retry: retry(9) }),
    ], shared),
    questions: [
      question(
        "share of first attempts late",
        "exp(-μτ)",
        late,
        "share",
        (tape) => measure.countOf(tape.journeyCalls, Outcome.timeout, 1) / tape.iterations.length,
      ),
      question(
        "attempts a call",
        "1 + exp(-μτ) + exp(-2μτ)",
        1 + late + late * late,
        "number",
        (tape) => callsEach(tape, "server"),
      ),
      question(
        "mean time of a call",
        "(1-exp(-μD))/μ",
        (1 - Math.exp(-MU * whole)) / MU,
        "time",
        (tape) => measure.meanTime(tape.iterations),
      ),
      question(
        "busy workers",
        "λ/μ · attempts: abandoned work is done",
        1 + late + late * late,
        "number",
        (tape) => measure.meanBusy(tape.samples("server")),
      ),
    ],
  };
}

/**
 * The same server with the same throughput, measured by one user who waits for each answer, and by open arrivals: the
 * waiting user never sees a queue (G. Tene's coordinated omission).
 */
const OMISSION: readonly System[] = [
  {
    name: "coordinated omission: one user, 60 a second",
    seconds: 12_000,
    plan: closed([station("server", 1)], [...visit, think(exponential(ms(1000 / 60 - 10)))], 1),
    questions: [
      question("throughput", "1/(1/μ + Z)", 60, "rate", (tape) => measure.rate(tape, server(tape))),
      meanSystem("1/μ", 1 / MU),
      tail(
        "ln 100/μ",
        theory.exponentialQuantile(MU, 0.99),
        (tape) => measure.quantileOfTime(tape.journeyCalls, 0.99),
        "p99 seen by the user",
      ),
    ],
  },
  {
    name: "… and by open arrivals, 60 a second",
    seconds: 50_000,
    plan: open([station("server", 1)], visit, { rate: 60 }),
    questions: [
      question("throughput", "λ", 60, "rate", (tape) => measure.rate(tape, server(tape))),
      meanSystem("1/(μ-λ)", 1 / (MU - 60)),
      tail(
        "ln 100/(μ-λ)",
        theory.exponentialQuantile(MU - 60, 0.99),
        (tape) => measure.quantileOfTime(tape.journeyCalls, 0.99),
        "p99 seen by the users",
      ),
    ],
  },
];

const POLICIES: readonly System[] = [retries(0.5, 3), retries(0.6, 4), nestedRetries(), timeouts()];

/** All systems, in the order of the table. */
export const SYSTEMS: readonly System[] = [
  ...STATIONS,
  ...REPLICAS,
  ...NETWORKS,
  ...POLICIES,
  ...POLICY_SYSTEMS,
  ...OMISSION,
];
