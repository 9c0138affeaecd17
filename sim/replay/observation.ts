// What a recording or a run shows of its system: endpoints with every request's time, and who calls whom.

import { linkSpans, type LinkTally, SpanClass, type SpanLinks } from "./span_links.ts";
import { type Operation, SpanFlag, type SpanTable } from "./span_table.ts";

export const SampleFlag = {
  /** It failed, for whatever reason. */
  error: 1,
  /** It failed because a call of its own did. */
  dependency: 2,
  /** Nobody in the recording made it: a user did. */
  root: 4,
  /** Cut off by the recording's end. */
  interrupted: 8,
} as const;

/** One row a request, in the order of traces; times in nanoseconds. */
export class Samples {
  count = 0;
  start = new Float64Array(64);
  duration = new Float64Array(64);
  /** Without the calls that it waited for. */
  own = new Float64Array(64);
  flags = new Uint8Array(64);
  status = new Uint16Array(64);
  /** Dense number of the trace. */
  trace = new Uint32Array(64);

  add(start: number, duration: number, own: number, flags: number, status: number, trace: number): void {
    if (this.count === this.start.length) this.#grow();
    const at = this.count++;
    this.start[at] = start;
    this.duration[at] = duration;
    this.own[at] = own;
    this.flags[at] = flags;
    this.status[at] = status;
    this.trace[at] = trace;
  }

  #grow(): void {
    for (const name of ["start", "duration", "own", "flags", "status", "trace"] as const) {
      const old = this[name];
      const larger = new (old.constructor as new (length: number) => typeof old)(Math.ceil(old.length * 1.5));
      larger.set(old as never);
      this[name] = larger as never;
    }
  }
}

export interface SeenEndpoint {
  readonly index: number;
  readonly service: string;
  readonly name: string;
  readonly kind: Operation["kind"];
  readonly system: string | undefined;
  /** Of messages that are published or handled. */
  readonly topic: string | undefined;
  /** Whether its service writes spans, so that its requests are seen where they are handled. */
  readonly instrumented: boolean;
  readonly samples: Samples;
}

export interface SeenEdge {
  /** Indices of endpoints; -1 as the caller: users. */
  readonly caller: number;
  readonly callee: number;
  calls: number;
  errors: number;
  timeouts: number;
  /** Attempts after the first, where the spans say so. */
  retries: number;
}

/** A request with its calls. Used again for the next one. */
export class SeenRequest {
  row = 0;
  endpoint = 0;
  calls = 0;
  /** Of each call: the span whose times are the caller's view of it. */
  readonly callRow: number[] = [];
  readonly callee: number[] = [];
  /** The request that the call led to; -1 when the recording has none. */
  readonly calleeRow: number[] = [];
}

export class Observation {
  readonly table: SpanTable;
  readonly tally: LinkTally;
  readonly endpoints: SeenEndpoint[] = [];
  readonly edges: SeenEdge[] = [];
  /** From the first start to the last end, nanoseconds since the table's base. */
  readonly from: number;
  readonly to: number;
  readonly #links: SpanLinks;
  readonly #endpointIndex = new Map<string, number>();
  readonly #edgeIndex = new Map<number, number>();
  /** Endpoint of each operation, as a handled request and as a call whose callee is not in the recording. */
  readonly #handled: Int32Array;
  readonly #leaf: Int32Array;
  /** First call or direct request below a request, and the next one of the same; -1 ends. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  /** The request that a call led to. */
  readonly #calleeRow: Int32Array;
  readonly #writing: ReadonlySet<string>;

  constructor(table: SpanTable) {
    this.table = table;
    this.#links = linkSpans(table);
    this.tally = this.#links.tally;
    const { rows } = table;
    let from = Infinity, to = -Infinity;
    for (let row = 0; row < rows; row++) {
      if (table.start[row]! < from) from = table.start[row]!;
      if (table.end[row]! > to) to = table.end[row]!;
    }
    this.from = rows === 0 ? 0 : from;
    this.to = rows === 0 ? 0 : to;
    this.#first = new Int32Array(rows).fill(-1);
    this.#next = new Int32Array(rows).fill(-1);
    this.#calleeRow = new Int32Array(rows).fill(-1);
    this.#connect();
    this.#handled = new Int32Array(table.operations.length).fill(-1);
    this.#leaf = new Int32Array(table.operations.length).fill(-1);
    this.#writing = this.#writingServices();
    this.#resolveOperations();
    this.#collect();
  }

  /** Every request, trace by trace, with its calls by their start. */
  *requests(): Generator<SeenRequest> {
    const { order, kind } = this.#links;
    const request = new SeenRequest();
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      if (kind[row] !== SpanClass.request) continue;
      this.#read(row, request);
      yield request;
    }
  }

  edge(caller: number, callee: number): SeenEdge | undefined {
    return this.edges[this.#edgeIndex.get(edgeKey(caller, callee)) ?? -1];
  }

  /** Whether a request was made by nobody in the recording. */
  isRoot(row: number): boolean {
    return this.#links.owner[row]! < 0;
  }

  #connect(): void {
    const { order, kind, owner, via } = this.#links;
    const listed = new Uint8Array(order.length);
    // Backwards, so that each list is by start.
    for (let i = order.length - 1; i >= 0; i--) {
      const row = order[i]!;
      if (kind[row] !== SpanClass.request) continue;
      const call = via[row]!;
      if (call >= 0) {
        // A call that led to two requests: the first is its answer.
        const other = this.#calleeRow[call]!;
        if (other >= 0) listed[other] = 1;
        this.#calleeRow[call] = row;
      } else if (owner[row]! >= 0) listed[row] = 1;
    }
    for (let i = order.length - 1; i >= 0; i--) {
      const row = order[i]!, above = owner[row]!;
      if (above < 0) continue;
      if (kind[row] !== SpanClass.call && !(kind[row] === SpanClass.request && listed[row] === 1)) continue;
      this.#next[row] = this.#first[above]!;
      this.#first[above] = row;
    }
  }

  #writingServices(): ReadonlySet<string> {
    const { table } = this;
    const names = new Set<string>();
    const seen = new Uint8Array(table.instances.length);
    for (let row = 0; row < table.rows; row++) {
      if (this.#links.kind[row] === SpanClass.request) seen[table.instance[row]!] = 1;
    }
    for (const [index, { service }] of table.instances.entries()) {
      if (seen[index] === 1) names.add(table.services[service]!);
    }
    return names;
  }

  /** What calls without an answer in the recording went to: told by those of the same kind that have one. */
  #resolveOperations(): void {
    const { table } = this;
    const votes = new Map<number, Map<number, number>>();
    const isCalled = new Uint8Array(table.operations.length);
    for (let row = 0; row < table.rows; row++) {
      if (this.#links.kind[row] !== SpanClass.call) continue;
      isCalled[table.operation[row]!] = 1;
      if (this.#calleeRow[row]! < 0) continue;
      const operation = table.operation[row]!, callee = this.#handledEndpoint(this.#calleeRow[row]!);
      let counts = votes.get(operation);
      if (counts === undefined) votes.set(operation, counts = new Map());
      counts.set(callee, (counts.get(callee) ?? 0) + 1);
    }
    const addresses = new Map<string, string | null>();
    for (const [operation, counts] of votes) {
      const [winner] = [...counts].sort((a, b) => b[1] - a[1])[0]!;
      this.#leaf[operation] = winner;
      const { address } = table.operations[operation]!;
      if (address === "") continue;
      const { service } = this.endpoints[winner]!;
      const known = addresses.get(address);
      addresses.set(address, known === undefined || known === service ? service : null);
    }
    for (const [index, operation] of table.operations.entries()) {
      if (this.#leaf[index]! >= 0 || isCalled[index] === 0) continue;
      const service = operation.service ?? addresses.get(operation.address) ??
        (this.#writing.has(operation.address) ? operation.address : undefined);
      if (service !== undefined && this.#writing.has(service)) {
        this.#leaf[index] = this.#endpoint({
          ...operation,
          name: this.#sameRoute(service, operation.name),
          kind: "service",
          system: undefined,
        }, service);
      }
    }
  }

  /** The name of a known endpoint that a name with other placeholders means. */
  #sameRoute(service: string, name: string): string {
    if (!name.includes("/") || this.#endpointIndex.has(endpointKey(service, name))) return name;
    const shape = (text: string): string => text.replace(/\{[^}]*\}|:[A-Za-z_]\w*|<[^>]*>/g, "{}");
    const wanted = shape(name);
    const match = this.endpoints.find((each) => each.service === service && shape(each.name) === wanted);
    return match?.name ?? name;
  }

  #handledEndpoint(row: number): number {
    const operation = this.table.operation[row]!;
    let index = this.#handled[operation]!;
    if (index < 0) {
      const described = this.table.operations[operation]!, { service, kind } = described;
      const own = this.table.services[this.table.instances[this.table.instance[row]!]!.service]!;
      index = this.#endpoint({ ...described, kind: kind === "external" ? "service" : kind }, service ?? own);
      this.#handled[operation] = index;
    }
    return index;
  }

  #leafEndpoint(row: number): number {
    const operation = this.table.operation[row]!;
    let index = this.#leaf[operation]!;
    if (index < 0) {
      const described = this.table.operations[operation]!, { service, address, kind, system } = described;
      const named = service ?? (address !== "" ? address : system ?? "unknown");
      index = this.#endpoint({ ...described, kind: kind === "service" ? "external" : kind }, named);
      this.#leaf[operation] = index;
    }
    return index;
  }

  /** The endpoint of an operation that a service handles. */
  #endpoint({ name, kind, system, topic }: Operation, service: string): number {
    const key = endpointKey(service, name);
    let index = this.#endpointIndex.get(key);
    if (index === undefined) {
      index = this.endpoints.length;
      this.endpoints.push({
        index,
        service,
        name,
        kind,
        system,
        topic,
        instrumented: this.#writing.has(service),
        samples: new Samples(),
      });
      this.#endpointIndex.set(key, index);
    }
    return index;
  }

  #read(row: number, into: SeenRequest): void {
    into.row = row;
    into.endpoint = this.#handledEndpoint(row);
    into.calls = 0;
    for (let call = this.#first[row]!; call >= 0; call = this.#next[call]!) {
      const isCall = this.#links.kind[call] === SpanClass.call;
      const answer = isCall ? this.#calleeRow[call]! : call;
      into.callRow[into.calls] = call;
      into.calleeRow[into.calls] = answer;
      into.callee[into.calls++] = answer >= 0 ? this.#handledEndpoint(answer) : this.#leafEndpoint(call);
    }
  }

  #collect(): void {
    const { table } = this;
    for (const request of this.requests()) {
      const { row, endpoint } = request;
      const start = table.start[row]!, end = table.end[row]!;
      const isRoot = this.isRoot(row);
      const { waited, failed } = this.#waitFor(request);
      const isError = (table.flags[row]! & SpanFlag.error) !== 0;
      const wasCut = (table.flags[row]! & SpanFlag.interrupted) !== 0;
      this.endpoints[endpoint]!.samples.add(
        start,
        end - start,
        Math.max(0, end - start - waited),
        (isError ? SampleFlag.error : 0) | (isError && failed ? SampleFlag.dependency : 0) |
          (isRoot ? SampleFlag.root : 0) | (wasCut ? SampleFlag.interrupted : 0),
        table.status[row]!,
        table.trace[row]!,
      );
      if (isRoot) this.#count(-1, endpoint, table.flags[row]!);
      for (let i = 0; i < request.calls; i++) this.#call(request, i);
    }
  }

  #call(request: SeenRequest, i: number): void {
    const { table } = this;
    const call = request.callRow[i]!, callee = request.callee[i]!;
    this.#count(request.endpoint, callee, table.flags[call]!);
    const target = this.endpoints[callee]!;
    if (request.calleeRow[i]! >= 0 || target.instrumented) return;
    const length = table.end[call]! - table.start[call]!;
    const flags = table.flags[call]!;
    target.samples.add(
      table.start[call]!,
      length,
      length,
      ((flags & SpanFlag.error) !== 0 ? SampleFlag.error : 0) |
        ((flags & SpanFlag.interrupted) !== 0 ? SampleFlag.interrupted : 0),
      table.status[call]!,
      table.trace[call]!,
    );
  }

  #count(caller: number, callee: number, flags: number): void {
    const key = edgeKey(caller, callee);
    let index = this.#edgeIndex.get(key);
    if (index === undefined) {
      index = this.edges.push({ caller, callee, calls: 0, errors: 0, timeouts: 0, retries: 0 }) - 1;
      this.#edgeIndex.set(key, index);
    }
    const edge = this.edges[index]!;
    edge.calls++;
    if ((flags & SpanFlag.error) !== 0) edge.errors++;
    if ((flags & SpanFlag.timeout) !== 0) edge.timeouts++;
    if ((flags & SpanFlag.retry) !== 0) edge.retries++;
  }

  /** How long a request waited for its calls, and whether one of them failed for good. */
  #waitFor({ row, calls, callRow, callee }: SeenRequest): { waited: number; failed: boolean } {
    const { table } = this;
    const start = table.start[row]!, end = table.end[row]!;
    let waited = 0, until = start, failed = false;
    for (let i = 0; i < calls; i++) {
      const call = callRow[i]!;
      // What goes on after the answer was not waited for.
      if (table.end[call]! > end) continue;
      let to = table.end[call]!;
      if ((table.flags[call]! & SpanFlag.error) !== 0) {
        const next = nextAttempt(table, callRow, callee, calls, i);
        if (next < 0) failed = true;
        // The pause before the next attempt is no work.
        else to = Math.max(to, table.start[callRow[next]!]!);
      }
      const from = Math.max(table.start[call]!, until);
      if (to > from) {
        waited += to - from;
        until = to;
      }
    }
    return { waited, failed };
  }
}

/** The next call to the same callee after one that failed; -1 for none. */
function nextAttempt(
  table: SpanTable,
  callRow: readonly number[],
  callee: readonly number[],
  calls: number,
  failed: number,
): number {
  const end = table.end[callRow[failed]!]!;
  for (let i = failed + 1; i < calls; i++) {
    if (callee[i] === callee[failed] && table.start[callRow[i]!]! >= end) return i;
  }
  return -1;
}

function edgeKey(caller: number, callee: number): number {
  return (caller + 1) * 4_194_304 + callee;
}

function endpointKey(service: string, name: string): string {
  return `${service}\n${name}`;
}
