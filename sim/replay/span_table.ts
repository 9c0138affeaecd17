// All spans of a recording or of a run in columns, some 50 bytes each: what compare and import ask about, and nothing else.

/** What a span's kind says about who spends its time. */
export const SpanRole = {
  /** Work within a request, or of no known kind. */
  inner: 0,
  /** A request that a service handles: SERVER and CONSUMER. */
  request: 1,
  /** A call, seen from its caller: CLIENT. */
  call: 2,
  /** A call that nobody waits for: PRODUCER. */
  send: 3,
} as const;
export type SpanRole = (typeof SpanRole)[keyof typeof SpanRole];

export const SpanFlag = {
  /** It failed: status ERROR, or a status of 500 or more. */
  error: 1,
  /** Its caller gave it up: a time-out. */
  timeout: 2,
  /** It was cut off by the end of the run or of its process. */
  interrupted: 4,
  /** It names a parent; in another trace or recording perhaps. */
  hasParent: 8,
  /** An attempt after the first. */
  retry: 16,
  /** A message that a service handles: whoever sent it does not wait for that. */
  message: 32,
} as const;

/** Who is asked for what: the same for all spans alike. */
export interface Operation {
  /** The service that handles it; undefined when only an address, or nothing, is known. */
  readonly service: string | undefined;
  /** Of the service that a call goes to; empty when unknown. */
  readonly address: string;
  readonly kind: "service" | "database" | "cache" | "queue" | "external";
  /** `GET /cart/{id}`, `Charge`, `SELECT orders`. */
  readonly name: string;
  /** The product behind a database, cache or queue. */
  readonly system: string | undefined;
  /** Of messages that are published or handled: where to, or where from. */
  readonly topic: string | undefined;
}

/** A replica of a service. */
export interface SeenInstance {
  readonly service: number;
  /** Undefined when its spans do not say. */
  readonly id: string | undefined;
  readonly language: string | undefined;
  readonly version: string | undefined;
}

const FIRST_ROWS = 1024;
const TRACE_SLOTS = 1024;

/** Grows by half, so that at the worst two and a half times the last size is held. */
function grown<T extends Float64Array | Uint32Array | Uint16Array | Uint8Array | Int32Array>(
  column: T,
  rows: number,
): T {
  const larger = new (column.constructor as new (length: number) => T)(rows);
  larger.set(column as never);
  return larger;
}

export class SpanTable {
  rows = 0;
  /** Dense number of the trace. */
  trace = new Uint32Array(FIRST_ROWS);
  spanHigh = new Uint32Array(FIRST_ROWS);
  spanLow = new Uint32Array(FIRST_ROWS);
  parentHigh = new Uint32Array(FIRST_ROWS);
  parentLow = new Uint32Array(FIRST_ROWS);
  /** Nanoseconds since `baseSeconds`. */
  start = new Float64Array(FIRST_ROWS);
  end = new Float64Array(FIRST_ROWS);
  operation = new Uint32Array(FIRST_ROWS);
  instance = new Uint32Array(FIRST_ROWS);
  role = new Uint8Array(FIRST_ROWS);
  flags = new Uint8Array(FIRST_ROWS);
  /** An HTTP status, or the one that stands for a gRPC code; 0 when unknown. */
  status = new Uint16Array(FIRST_ROWS);

  /** Of messages that are handled: the span that sent them. Columns without rows until there is one. */
  sentHigh = new Uint32Array(0);
  sentLow = new Uint32Array(0);
  /** By operation: the partitions that its messages were in. */
  readonly partitions = new Map<number, Set<string>>();

  /** Seconds since the Unix epoch that times count from. */
  baseSeconds = NaN;

  /** Services that write spans. */
  readonly services: string[] = [];
  readonly operations: Operation[] = [];
  readonly instances: SeenInstance[] = [];
  readonly #serviceIndex = new Map<string, number>();
  readonly #operationIndex = new Map<string, number>();
  readonly #instanceIndex = new Map<string, number>();

  /** Four words each, most significant first. */
  traceWords = new Uint32Array(TRACE_SLOTS * 4);
  #traces = 0;
  #traceSlots = new Int32Array(TRACE_SLOTS * 2).fill(-1);

  get traces(): number {
    return this.#traces;
  }

  /** Adds a row; the caller fills the columns. */
  append(): number {
    if (this.rows === this.trace.length) this.#grow();
    return this.rows++;
  }

  /** Notes which span sent the message that a row handled. */
  sentBy(row: number, high: number, low: number): void {
    if (this.sentHigh.length === 0) {
      this.sentHigh = new Uint32Array(this.trace.length);
      this.sentLow = new Uint32Array(this.trace.length);
    }
    this.sentHigh[row] = high;
    this.sentLow[row] = low;
  }

  /** Keeps the rows that are wanted. Columns hold what they held, so that traces and instances may be without rows. */
  retain(isWanted: (row: number) => boolean): void {
    const { trace, spanHigh, spanLow, parentHigh, parentLow, start, end, operation, instance, role, flags, status } =
      this;
    const columns = [
      trace,
      spanHigh,
      spanLow,
      parentHigh,
      parentLow,
      start,
      end,
      operation,
      instance,
      role,
      flags,
      status,
    ];
    if (this.sentHigh.length > 0) columns.push(this.sentHigh, this.sentLow);
    let kept = 0;
    for (let row = 0; row < this.rows; row++) {
      if (!isWanted(row)) continue;
      if (kept !== row) { for (const column of columns) column[kept] = column[row]!; }
      kept++;
    }
    this.rows = kept;
  }

  serviceOf(name: string): number {
    let index = this.#serviceIndex.get(name);
    if (index === undefined) {
      index = this.services.push(name) - 1;
      this.#serviceIndex.set(name, index);
    }
    return index;
  }

  instanceOf(instance: SeenInstance): number {
    const key = `${instance.service} ${instance.id ?? ""}`;
    let index = this.#instanceIndex.get(key);
    if (index === undefined) {
      index = this.instances.push(instance) - 1;
      this.#instanceIndex.set(key, index);
    }
    return index;
  }

  operationOf(operation: Operation): number {
    const { service, address, kind, name, system, topic } = operation;
    const key = `${kind}\n${service ?? ""}\n${address}\n${system ?? ""}\n${topic ?? ""}\n${name}`;
    let index = this.#operationIndex.get(key);
    if (index === undefined) {
      index = this.operations.push(operation) - 1;
      this.#operationIndex.set(key, index);
    }
    return index;
  }

  /** The dense number of a trace id. */
  traceOf(word0: number, word1: number, word2: number, word3: number): number {
    const words = this.traceWords;
    const mask = this.#traceSlots.length - 1;
    // Ids are random, but for those that somebody made up; all of their words are mixed.
    let slot = Math.imul(word3 ^ Math.imul(word1, 0x85ebca6b), 0x9e3779b1) ^ Math.imul(word2 ^ word0, 0xc2b2ae35);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const found = this.#traceSlots[slot]!;
      if (found < 0) break;
      const at = found * 4;
      if (
        words[at] === word0 >>> 0 && words[at + 1] === word1 >>> 0 && words[at + 2] === word2 >>> 0 &&
        words[at + 3] === word3 >>> 0
      ) return found;
      slot = (slot + 1) & mask;
    }
    const index = this.#traces++;
    this.#traceSlots[slot] = index;
    if (index * 4 === words.length) this.traceWords = grown(words, words.length * 2);
    const at = index * 4;
    this.traceWords[at] = word0;
    this.traceWords[at + 1] = word1;
    this.traceWords[at + 2] = word2;
    this.traceWords[at + 3] = word3;
    if (this.#traces * 2 > this.#traceSlots.length) this.#rehash();
    return index;
  }

  #rehash(): void {
    const old = this.#traces, words = this.traceWords;
    this.#traceSlots = new Int32Array(this.#traceSlots.length * 2).fill(-1);
    const mask = this.#traceSlots.length - 1;
    for (let index = 0; index < old; index++) {
      const at = index * 4;
      let slot = Math.imul(words[at + 3]! ^ Math.imul(words[at + 1]!, 0x85ebca6b), 0x9e3779b1) ^
        Math.imul(words[at + 2]! ^ words[at]!, 0xc2b2ae35);
      slot = (slot ^ (slot >>> 15)) & mask;
      while (this.#traceSlots[slot]! >= 0) slot = (slot + 1) & mask;
      this.#traceSlots[slot] = index;
    }
  }

  #grow(): void {
    const rows = Math.ceil(this.rows * 1.5);
    this.trace = grown(this.trace, rows);
    this.spanHigh = grown(this.spanHigh, rows);
    this.spanLow = grown(this.spanLow, rows);
    this.parentHigh = grown(this.parentHigh, rows);
    this.parentLow = grown(this.parentLow, rows);
    this.start = grown(this.start, rows);
    this.end = grown(this.end, rows);
    this.operation = grown(this.operation, rows);
    this.instance = grown(this.instance, rows);
    this.role = grown(this.role, rows);
    this.flags = grown(this.flags, rows);
    this.status = grown(this.status, rows);
    if (this.sentHigh.length > 0) {
      this.sentHigh = grown(this.sentHigh, rows);
      this.sentLow = grown(this.sentLow, rows);
    }
  }
}
