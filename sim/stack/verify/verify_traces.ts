// Holds Tempo to the traces of a run: each id is found, and the spans of a sample of them (or of all) are those that were
// sent, each once.

import { type Backend, BackendError } from "./backend.ts";
import type { RecordedRun } from "./recorded_run.ts";
import type { SpanTable } from "./span_table.ts";

export interface TraceFindings {
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  /** Found by id, but not by search. */
  readonly notSearchable: number;
  /** Traces whose spans were compared. */
  readonly compared: number;
  readonly spansExpected: number;
  readonly spansMissing: number;
  readonly spansUnexpected: number;
  readonly spansDuplicate: number;
  /** Ids of a few traces that are missing or have wrong spans. */
  readonly examples: readonly string[];
}

/**
 * Traces of one search. Each search reads all of a back-fill's blocks, which are in order of ids, not of time; an answer of so
 * many with their spans is about 10 MB.
 */
const SLICE_TRACES = 2_000;
const SLICE_TRACES_MAX = 100_000;
/** Questions for one trace that are under way at a time; and searches, each of which takes a core of Tempo and much memory. */
const AT_A_TIME = 8;
const SEARCHES_AT_A_TIME = 2;
/**
 * So many traces with their spans a search gives in the time in which Tempo puts one together by its id: 4,382 traces took
 * 2 s, and 211 s one by one.
 */
const SEARCH_GAIN = 150;
/** Tempo's own limit by default; traces with more spans are asked for by id. */
const SPANS_PER_TRACE = 100;
const BY_ID_SAMPLE = 500;
const EXAMPLES_MAX = 5;

interface Slice {
  /** Whole seconds since the Unix epoch, the end exclusive. */
  readonly from: number;
  readonly until: number;
}

export class TraceVerifier {
  readonly #run: RecordedRun;
  readonly #spans: SpanTable;
  readonly #tempo: Backend;
  /** By trace: 1 when search has found it, 2 when only its id has. */
  readonly #found: Uint8Array;
  #slices: Slice[];

  constructor(run: RecordedRun, spans: SpanTable, tempo: Backend) {
    this.#run = run;
    this.#spans = spans;
    this.#tempo = tempo;
    this.#found = new Uint8Array(spans.ids.length);
    this.#slices = this.#plan();
  }

  /** Searches where traces are missing. @returns how many are missing still */
  async search(): Promise<number> {
    const incomplete: Slice[] = [];
    await inParallel(SEARCHES_AT_A_TIME, this.#slices, async (slice) => {
      await this.#searchSlice(slice);
      if (this.#missingIn(slice)) incomplete.push(slice);
    });
    this.#slices = incomplete;
    return this.missing;
  }

  get missing(): number {
    let missing = 0;
    for (const state of this.#found) if (state === 0) missing++;
    return missing;
  }

  /**
   * Asks by id for those that search has not found. When of some of them none is there, the others are not asked for: a run
   * that is lost as a whole would take hours.
   * @returns how many are missing still
   */
  async askById(): Promise<number> {
    const left = [...this.#found.keys()].filter((trace) => this.#found[trace] === 0);
    const step = Math.max(1, Math.floor(left.length / BY_ID_SAMPLE));
    const ask = async (traces: readonly number[]): Promise<void> =>
      await inParallel(AT_A_TIME, traces, async (trace) => {
        if (await this.#spanIds(this.#spans.ids[trace]!) !== undefined) this.#found[trace] = 2;
      });
    await ask(left.filter((_, i) => i % step === 0));
    if (this.missing < left.length) await ask(left.filter((_, i) => i % step !== 0));
    return this.missing;
  }

  /** @param compare how many traces to compare span by span; Infinity for all */
  async findings(compare: number): Promise<TraceFindings> {
    const { ids } = this.#spans;
    const missing = this.missing;
    const examples = [...this.#found.keys()].filter((trace) => this.#found[trace] === 0).slice(0, EXAMPLES_MAX)
      .map((trace) => `missing: ${ids[trace]}`);
    const sample = this.#sample(compare);
    const expected = this.#spans.spansOf(sample);
    let spansExpected = 0, spansMissing = 0, spansUnexpected = 0, spansDuplicate = 0;
    const bySearch = sample.size * SEARCH_GAIN >= ids.length;
    for (const trace of bySearch ? await this.#wholeBySearch(expected) : []) {
      spansExpected += expected.get(trace)!.size;
      expected.delete(trace);
    }
    await inParallel(AT_A_TIME, [...expected], async ([trace, wanted]) => {
      const found = await this.#spanIds(ids[trace]!) ?? [];
      const unique = new Set(found);
      const lost = [...wanted].filter((id) => !unique.has(id)).length;
      const strange = [...unique].filter((id) => !wanted.has(id)).length;
      spansExpected += wanted.size;
      spansMissing += lost;
      spansUnexpected += strange;
      spansDuplicate += found.length - unique.size;
      if (lost + strange + found.length - unique.size > 0 && examples.length < EXAMPLES_MAX) {
        examples.push(`other spans: ${ids[trace]} (${lost} missing, ${strange} unexpected)`);
      }
    });
    return {
      expected: ids.length,
      found: ids.length - missing,
      missing,
      notSearchable: this.#found.reduce((sum, state) => sum + (state === 2 ? 1 : 0), 0),
      compared: sample.size,
      spansExpected,
      spansMissing,
      spansUnexpected,
      spansDuplicate,
      examples,
    };
  }

  /** Evenly over the run, of those that were found. */
  #sample(count: number): Set<number> {
    const found = [...this.#found.keys()].filter((trace) => this.#found[trace] !== 0);
    if (count >= found.length) return new Set(found);
    const step = found.length / count;
    return new Set(Array.from({ length: count }, (_, i) => found[Math.floor(i * step)]!));
  }

  /** Slices of time with about SLICE_TRACES traces each. */
  #plan(): Slice[] {
    const seconds = this.#spans.starts.map((start) => this.#second(start)).sort((a, b) => a - b);
    const slices: Slice[] = [];
    for (let i = 0; i < seconds.length;) {
      const from = seconds[i]!;
      let next = Math.min(i + SLICE_TRACES, seconds.length);
      const until = next === seconds.length ? seconds[next - 1]! + 1 : Math.max(seconds[next]!, from + 1);
      while (next < seconds.length && seconds[next]! < until) next++;
      slices.push({ from, until });
      i = next;
    }
    return slices;
  }

  #second(time: number): number {
    return Number((this.#run.startEpochNs + BigInt(Math.floor(time))) / 1_000_000_000n);
  }

  #missingIn({ from, until }: Slice): boolean {
    for (let trace = 0; trace < this.#found.length; trace++) {
      if (this.#found[trace] !== 0) continue;
      const second = this.#second(this.#spans.starts[trace]!);
      if (second >= from && second < until) return true;
    }
    return false;
  }

  async #searchSlice(slice: Slice): Promise<void> {
    for (const [trace] of await this.#tracesOf(slice, 1)) this.#found[trace] = 1;
  }

  /** Those whose spans search finds as they should be, each once. What it says of others is not trusted. */
  async #wholeBySearch(expected: ReadonlyMap<number, ReadonlySet<string>>): Promise<Set<number>> {
    const whole = new Set<number>();
    await inParallel(SEARCHES_AT_A_TIME, this.#plan(), async (slice) => {
      for (const [trace, { spanSets = [] }] of await this.#tracesOf(slice, SPANS_PER_TRACE)) {
        const wanted = expected.get(trace);
        const ids = spanSets.flatMap(({ spans = [] }) => spans.map(({ spanID }) => spanID.padStart(16, "0")));
        if (ids.length === wanted?.size && new Set(ids).size === ids.length && ids.every((id) => wanted.has(id))) {
          whole.add(trace);
        }
      }
    });
    return whole;
  }

  /** The traces of the run that a search of a slice gives, with so many of their spans at most. */
  async #tracesOf(slice: Slice, spans: number): Promise<Map<number, FoundTrace>> {
    for (let limit = SLICE_TRACES * 4;; limit *= 4) {
      const { traces = [] } = await this.#tempo.json("/api/search", {
        q: `{ resource.service.namespace = ${JSON.stringify(this.#run.plan.namespace)} }`,
        start: String(slice.from),
        end: String(slice.until),
        limit: String(Math.min(limit, SLICE_TRACES_MAX)),
        spss: String(spans),
      }) as { traces?: readonly FoundTrace[] };
      if (traces.length < Math.min(limit, SLICE_TRACES_MAX) || limit >= SLICE_TRACES_MAX) {
        const found = new Map<number, FoundTrace>();
        for (const each of traces) {
          // Tempo leaves out leading zeros.
          const trace = this.#spans.indexOf(each.traceID.padStart(32, "0"));
          if (trace !== undefined) found.set(trace, each);
        }
        return found;
      }
    }
  }

  /** The span ids of a trace, each as often as it is there; undefined when there is no such trace. */
  async #spanIds(traceId: string): Promise<string[] | undefined> {
    let answer: unknown;
    try {
      answer = await this.#tempo.json(`/api/traces/${traceId}`, {});
    } catch (error) {
      if (error instanceof BackendError && error.status === 404) return undefined;
      throw error;
    }
    const { batches = [], resourceSpans = batches } = answer as TraceAnswer;
    return resourceSpans.flatMap(({ scopeSpans = [] }) =>
      scopeSpans.flatMap(({ spans = [] }) => spans.map(({ spanId }) => hexOf(spanId)))
    );
  }
}

/** As a search gives it. */
interface FoundTrace {
  readonly traceID: string;
  readonly spanSets?: readonly { readonly spans?: readonly { readonly spanID: string }[] }[];
}

interface TraceAnswer {
  readonly batches?: readonly ResourceSpans[];
  readonly resourceSpans?: readonly ResourceSpans[];
}

interface ResourceSpans {
  readonly scopeSpans?: readonly { readonly spans?: readonly { readonly spanId: string }[] }[];
}

/** Ids come in base64, as protobuf's JSON writes bytes; in hexadecimal from others. */
function hexOf(id: string): string {
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  return [...atob(id)].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

async function inParallel<T>(
  atATime: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atATime }, async () => {
    while (next < items.length) await work(items[next++]!);
  }));
}
