// The textbook's recursions over whole nanoseconds: given when requests arrive and what service each takes, when each
// begins and ends. Nothing here knows the engine.

/** What a station makes of its arrivals; arrays in the order of arrival. */
export interface Path {
  /** Time in the queue; -1 for a request that was refused. */
  readonly waits: Float64Array;
  readonly departures: Float64Array;
}

/**
 * One server, first come first served, no limit: D. V. Lindley, "The theory of queues with a single server" (1952):
 * W(n+1) = max(0, W(n) + S(n) - T(n)), with T(n) the time between the arrivals n and n + 1.
 */
export function lindley(arrivals: Float64Array, services: Float64Array): Path {
  const waits = new Float64Array(arrivals.length), departures = new Float64Array(arrivals.length);
  let wait = 0;
  for (let n = 0; n < arrivals.length; n++) {
    if (n > 0) wait = Math.max(0, wait + services[n - 1]! - (arrivals[n]! - arrivals[n - 1]!));
    waits[n] = wait;
    departures[n] = arrivals[n]! + wait + services[n]!;
  }
  return { waits, departures };
}

/**
 * Several servers, one queue: J. Kiefer and J. Wolfowitz, "On the theory of queues with many servers" (1955). The vector
 * holds the work left at each server, ascending; an arrival takes the first, so it waits for as long as that says.
 */
export function kieferWolfowitz(arrivals: Float64Array, services: Float64Array, servers: number): Path {
  const waits = new Float64Array(arrivals.length), departures = new Float64Array(arrivals.length);
  const left = new Float64Array(servers);
  for (let n = 0; n < arrivals.length; n++) {
    const passed = n === 0 ? 0 : arrivals[n]! - arrivals[n - 1]!;
    for (let i = 0; i < servers; i++) left[i] = Math.max(0, left[i]! - passed);
    waits[n] = left[0]!;
    left[0]! += services[n]!;
    left.sort();
    departures[n] = arrivals[n]! + waits[n]! + services[n]!;
  }
  return { waits, departures };
}

/**
 * Servers and a limited number of places, servers included: who finds them all taken is refused (the loss system of
 * A. K. Erlang (1917) when there are as many places as servers). A request that leaves at the nanosecond of an arrival
 * is still there: arrivals come first.
 */
export function lossStation(arrivals: Float64Array, services: Float64Array, servers: number, places: number): Path {
  const waits = new Float64Array(arrivals.length), departures = new Float64Array(arrivals.length);
  const free = new Float64Array(servers);
  let present: number[] = [];
  for (let n = 0; n < arrivals.length; n++) {
    const now = arrivals[n]!;
    present = present.filter((departure) => departure >= now);
    if (present.length >= places) {
      waits[n] = -1;
      departures[n] = now;
      continue;
    }
    const begun = Math.max(now, free[0]!);
    waits[n] = begun - now;
    departures[n] = begun + services[n]!;
    free[0] = departures[n]!;
    free.sort();
    present.push(departures[n]!);
  }
  return { waits, departures };
}

/** The order of times, ascending; equal times keep their order. */
export function orderOf(times: Float64Array): Uint32Array {
  return Uint32Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
}

/**
 * A station whose arrivals are not in order of time: those of equal times come in the order of the arrays.
 * @param serve one of the recursions above
 */
export function inOrder(
  arrivals: Float64Array,
  services: Float64Array,
  serve: (arrivals: Float64Array, services: Float64Array) => Path,
): Path {
  const order = orderOf(arrivals);
  const sorted = serve(permuted(arrivals, order), permuted(services, order));
  const waits = new Float64Array(arrivals.length), departures = new Float64Array(arrivals.length);
  for (let n = 0; n < order.length; n++) {
    waits[order[n]!] = sorted.waits[n]!;
    departures[order[n]!] = sorted.departures[n]!;
  }
  return { waits, departures };
}

function permuted(values: Float64Array, order: Uint32Array): Float64Array {
  return Float64Array.from(order, (from) => values[from]!);
}

/**
 * A station of `workers` that each hold their request while it is first worked on for `own`, the same for all, and then
 * at a single server behind it, `network` away. As all take the same time before it, nobody overtakes: worker n is free
 * when request n - workers has its answer.
 */
export function heldWorkers(
  arrivals: Float64Array,
  services: Float64Array,
  { workers, own, network }: { readonly workers: number; readonly own: number; readonly network: number },
): { readonly front: Path; readonly back: Path } {
  const empty = (): Path => ({
    waits: new Float64Array(arrivals.length),
    departures: new Float64Array(arrivals.length),
  });
  const front = empty(), back = empty();
  for (let n = 0; n < arrivals.length; n++) {
    const begun = n < workers ? arrivals[n]! : Math.max(arrivals[n]!, front.departures[n - workers]!);
    front.waits[n] = begun - arrivals[n]!;
    const there = begun + own + network;
    const served = n === 0 ? there : Math.max(there, back.departures[n - 1]!);
    back.waits[n] = served - there;
    back.departures[n] = served + services[n]!;
    front.departures[n] = back.departures[n]! + network;
  }
  return { front, back };
}

/**
 * The machine repairman: users who think, then queue for one server, in a circle. The user who is ready first is served
 * next; at the start all are ready at once, in their order.
 * @param services of each user, the service of each of their turns
 * @param thinks of each user, the pause after each of their turns
 * @returns of each user, when each of their turns began and when it was served
 */
export function machineRepairman(
  services: readonly (readonly number[])[],
  thinks: readonly (readonly number[])[],
): { readonly began: readonly number[][]; readonly served: readonly number[][] } {
  const ready = services.map(() => 0);
  const began: number[][] = services.map(() => []), served: number[][] = services.map(() => []);
  let free = 0;
  for (;;) {
    let next = -1;
    for (let user = 0; user < ready.length; user++) {
      if (next < 0 || ready[user]! < ready[next]!) next = user;
    }
    if (next < 0 || ready[next] === Infinity) return { began, served };
    const turn = began[next]!.length;
    free = Math.max(free, ready[next]!) + services[next]![turn]!;
    began[next]!.push(ready[next]!);
    served[next]!.push(free);
    ready[next] = turn + 1 < services[next]!.length ? free + thinks[next]![turn]! : Infinity;
  }
}
