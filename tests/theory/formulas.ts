// Closed forms of queueing theory, each with its source. Rates are a second, times seconds. `lambda` is an arrival rate,
// `mu` the service rate of one server. Books: L. Kleinrock, "Queueing Systems" volume 1 (1975); M. Harchol-Balter,
// "Performance Modeling and Design of Computer Systems" (2013); D. Gross and others, "Fundamentals of Queueing Theory",
// 4th edition (2008).

/** The value that an exponential time of this rate exceeds with probability 1 - p. */
export function exponentialQuantile(rate: number, p: number): number {
  return -Math.log(1 - p) / rate;
}

/** The `x` in (low, high) at which a rising function reaches `target`, by halving. */
export function rootOf(rising: (x: number) => number, target: number, low: number, high: number): number {
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** M/M/1: time in system is exponential with this rate (Kleinrock, chapters 3 and 5). */
export function mm1SystemRate(lambda: number, mu: number): number {
  return mu - lambda;
}

/** Erlang B: the share that `servers` without a queue refuse at `offered` erlangs (A. K. Erlang 1917), by its recursion. */
export function erlangB(servers: number, offered: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = offered * blocked / (n + offered * blocked);
  return blocked;
}

/** Erlang C: the share that waits at M/M/c (Erlang 1917; Harchol-Balter, chapter 14). */
export function erlangC(servers: number, offered: number): number {
  const blocked = erlangB(servers, offered);
  return blocked / (1 - offered / servers * (1 - blocked));
}

/** M/M/c: mean wait, C / (c mu - lambda) (Harchol-Balter, chapter 14). */
export function mmcWait(servers: number, lambda: number, mu: number): number {
  return erlangC(servers, lambda / mu) / (servers * mu - lambda);
}

/** M/M/c: the wait is longer than t with probability C exp(-(c mu - lambda) t); this is its quantile (Gross, chapter 2). */
export function mmcWaitQuantile(servers: number, lambda: number, mu: number, p: number): number {
  return Math.max(0, Math.log(erlangC(servers, lambda / mu) / (1 - p)) / (servers * mu - lambda));
}

/** What a station with a limited number of requests does in the long run. */
export interface BirthDeath {
  /** Share of the time with 0, 1, 2… requests present. */
  readonly present: readonly number[];
  readonly throughput: number;
  readonly meanPresent: number;
  readonly meanBusy: number;
}

/**
 * A birth-death process in balance (Kleinrock, chapter 3): p(n + 1) = p(n) birth(n) / death(n + 1).
 * @param most requests that may be present
 * @param birth the rate of arrivals that come in when n are present
 */
export function birthDeath(most: number, servers: number, mu: number, birth: (n: number) => number): BirthDeath {
  const weights = [1];
  for (let n = 0; n < most; n++) weights.push(weights[n]! * birth(n) / (Math.min(n + 1, servers) * mu));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const present = weights.map((weight) => weight / total);
  const mean = (value: (n: number) => number): number => present.reduce((sum, share, n) => sum + share * value(n), 0);
  const meanBusy = mean((n) => Math.min(n, servers));
  return { present, throughput: mu * meanBusy, meanPresent: mean((n) => n), meanBusy };
}

/** M/M/c/K: `places` counts those in service (Gross, chapter 2). An arrival finds it full with p(K). */
export function mmck(servers: number, places: number, lambda: number, mu: number): BirthDeath {
  return birthDeath(places, servers, mu, () => lambda);
}

/** The machine repairman, M/M/c//N: `users` that think for `think` on average (Gross, chapter 2). */
export function repairman(users: number, servers: number, think: number, mu: number): BirthDeath {
  return birthDeath(users, servers, mu, (n) => (users - n) / think);
}

/** M/G/1: mean wait, by F. Pollaczek (1930) and A. Khinchine (1932): lambda E[S^2] / (2 (1 - rho)). */
export function pollaczekKhinchine(lambda: number, mean: number, secondMoment: number): number {
  return lambda * secondMoment / (2 * (1 - lambda * mean));
}

/**
 * GI/M/1: the sigma in (0, 1) with sigma = A*(mu - mu sigma), A* the Laplace transform of the time between arrivals; time
 * in system is exponential with rate mu (1 - sigma) (Kleinrock, chapter 6). For even arrivals A*(s) = exp(-s / lambda).
 */
export function dm1Sigma(lambda: number, mu: number): number {
  let sigma = 0.5;
  for (let i = 0; i < 10_000; i++) sigma = Math.exp(-mu * (1 - sigma) / lambda);
  return sigma;
}

/** The sum of two exponential times of these different rates: its quantile. */
export function sumOfTwoQuantile(a: number, b: number, p: number): number {
  return rootOf((t) => 1 - (b * Math.exp(-a * t) - a * Math.exp(-b * t)) / (b - a), p, 0, 100 / Math.min(a, b));
}

/** 1 + 1/2 + … + 1/n: the mean of the longest of n exponential times of mean 1 (A. Rényi 1953). */
export function harmonic(n: number): number {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum += 1 / i;
  return sum;
}

/**
 * Fork-join over two M/M/1 queues: mean response, (12 - rho) / 8 times that of one queue (L. Flatto and S. Hahn, "Two parallel queues created by
 * arrivals with two demands", 1984;
 * R. Nelson and A. N. Tantawi, "Approximate analysis of fork/join synchronization in parallel queues", 1988).
 */
export function forkJoinOfTwo(lambda: number, mu: number): number {
  return (12 - lambda / mu) / 8 / (mu - lambda);
}

/** A closed network in balance. */
export interface ClosedNetwork {
  readonly throughput: number;
  /** Time in the stations for each turn, without the thinking. */
  readonly response: number;
  /** Requests at each station. */
  readonly present: readonly number[];
}

/**
 * Exact mean value analysis (M. Reiser and S. S. Lavenberg, "Mean-value analysis of closed multichain queuing networks",
 * 1980) of single-server stations with exponential services, and a think time of any distribution.
 * @param demands time asked of each station for each turn
 */
export function meanValueAnalysis(users: number, think: number, demands: readonly number[]): ClosedNetwork {
  let present = demands.map(() => 0), throughput = 0, response = 0;
  for (let n = 1; n <= users; n++) {
    const times = demands.map((demand, k) => demand * (1 + present[k]!));
    response = times.reduce((sum, time) => sum + time, 0);
    throughput = n / (think + response);
    present = times.map((time) => throughput * time);
  }
  return { throughput, response, present };
}

/** Attempts a call, when each fails with probability p and there are at most n: the geometric sum 1 + p + … + p^(n-1). */
export function expectedAttempts(p: number, n: number): number {
  return (1 - p ** n) / (1 - p);
}

/** GI/M/1 with arrivals that are Erlang of `stages` stages: the root σ of σ = (λ/(λ + μ(1-σ)))^stages, where λ is a stage's rate (Kleinrock, chapter 6). */
export function erlangM1Sigma(stages: number, stageRate: number, mu: number): number {
  return rootOf((sigma) => sigma - (stageRate / (stageRate + mu * (1 - sigma))) ** stages, 0, 0, 1 - 1e-9);
}

/**
 * The mean time in system, in services, where each arrival compares `choices` of very many M/M/1 queues at this load: the
 * sum of ρ^((d^i - d)/(d - 1)) (M. Mitzenmacher, "The power of two choices in randomized load balancing", 1996; with 100
 * queues it is within 0.3 %).
 */
export function powerOfChoices(choices: number, load: number): number {
  let sum = 0;
  for (let i = 1; i < 60; i++) sum += load ** ((choices ** i - choices) / (choices - 1));
  return sum;
}

/**
 * The mean number present in two queues when each arrival joins the shorter one: the balance equations, solved by
 * Gauss-Seidel for queues of at most `most`. Without jockeying no closed form is known (F. A. Haight, "Two queues in
 * parallel", 1958).
 */
export function shorterOfTwo(lambda: number, mu: number, most = 60): number {
  const size = most + 1;
  let present = new Float64Array(size * size).fill(1 / size / size);
  for (let round = 0; round < 3000; round++) {
    let change = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const arrives = i < most || j < most ? lambda : 0;
        const out = arrives + (i > 0 ? mu : 0) + (j > 0 ? mu : 0);
        let into = 0;
        if (i > 0) into += lambda * (i - 1 < j ? 1 : i - 1 === j ? 0.5 : 0) * present[(i - 1) * size + j]!;
        if (j > 0) into += lambda * (j - 1 < i ? 1 : j - 1 === i ? 0.5 : 0) * present[i * size + j - 1]!;
        if (i < most) into += mu * present[(i + 1) * size + j]!;
        if (j < most) into += mu * present[i * size + j + 1]!;
        const next = into / out;
        change += Math.abs(next - present[i * size + j]!);
        present[i * size + j] = next;
      }
    }
    const total = present.reduce((sum, each) => sum + each, 0);
    present = present.map((each) => each / total);
    if (change < 1e-12) break;
  }
  let mean = 0;
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) mean += (i + j) * present[i * size + j]!;
  return mean;
}
