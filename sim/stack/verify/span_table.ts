// The spans of a run by trace: ids only, in columns.

export class SpanTable {
  readonly #traces = new Map<string, number>();
  readonly ids: string[] = [];
  /** By trace: when its first span starts and its last one ends, nanoseconds since the run's start. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Three words a span: its trace, and its id. */
  #rows = new Uint32Array(3 * 4096);
  #spans = 0;

  /** @param traceId 32 hexadecimal digits @param spanId 16 of them */
  add(traceId: string, spanId: string, start: number, end: number): void {
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      this.#traces.set(traceId, trace = this.ids.length);
      this.ids.push(traceId);
      this.starts.push(start);
      this.ends.push(end);
    }
    if (start < this.starts[trace]!) this.starts[trace] = start;
    if (end > this.ends[trace]!) this.ends[trace] = end;
    if (this.#spans * 3 === this.#rows.length) {
      const larger = new Uint32Array(this.#rows.length * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    const at = this.#spans++ * 3;
    this.#rows[at] = trace;
    this.#rows[at + 1] = parseInt(spanId.slice(0, 8), 16);
    this.#rows[at + 2] = parseInt(spanId.slice(8), 16);
  }

  get spans(): number {
    return this.#spans;
  }

  /** Undefined for a trace that is not expected. */
  indexOf(traceId: string): number | undefined {
    return this.#traces.get(traceId);
  }

  /** The span ids of some traces, by index of the trace. */
  spansOf(traces: ReadonlySet<number>): Map<number, Set<string>> {
    const sets = new Map<number, Set<string>>();
    for (let at = 0; at < this.#spans * 3; at += 3) {
      const trace = this.#rows[at]!;
      if (!traces.has(trace)) continue;
      let set = sets.get(trace);
      if (set === undefined) sets.set(trace, set = new Set());
      set.add(hex(this.#rows[at + 1]!) + hex(this.#rows[at + 2]!));
    }
    return sets;
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
