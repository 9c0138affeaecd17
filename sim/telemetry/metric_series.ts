// One series while it counts: a sum, or a histogram with an exemplar for each of its buckets.

import type { FactBatch } from "../plan/facts.ts";
import type { Exemplar, HistogramValue, MetricSeries } from "./metric_points.ts";

/** Numbers of one exemplar: value, time, four words of the trace id, two of the span id. */
const EXEMPLAR_WORDS = 8;

export class SeriesState {
  readonly #buckets: Float64Array;
  readonly #exemplars: Float64Array;
  #sum = 0;
  #count = 0;

  constructor(readonly series: MetricSeries, readonly hasExemplars: boolean) {
    const { type, bounds } = series.instrument;
    this.#buckets = new Float64Array(type === "histogram" ? bounds.length + 1 : 0);
    this.#exemplars = new Float64Array(hasExemplars ? this.#buckets.length * EXEMPLAR_WORDS : 0);
  }

  /** Adds to a counter. */
  add(amount: number): void {
    this.#sum += amount;
  }

  /** Adds a measurement to a histogram. `batch` and `row` are of the fact that it was taken from. */
  record(value: number, batch: FactBatch, row: number): void {
    const bucket = bucketOf(this.series.instrument.bounds, value);
    this.#buckets[bucket]!++;
    this.#sum += value;
    this.#count++;
    if (!this.hasExemplars) return;
    const at = bucket * EXEMPLAR_WORDS, words = this.#exemplars;
    words[at] = value;
    words[at + 1] = batch.time[row]!;
    for (let i = 0; i < 4; i++) words[at + 2 + i] = batch.trace[row * 4 + i]!;
    words[at + 6] = batch.span[row * 2]!;
    words[at + 7] = batch.span[row * 2 + 1]!;
  }

  get sum(): number {
    return this.#sum;
  }

  /** What a histogram says now; its exemplars begin anew. */
  histogram(): HistogramValue {
    return { count: this.#count, sum: this.#sum, buckets: this.#buckets.slice(), exemplars: this.#takeExemplars() };
  }

  #takeExemplars(): Exemplar[] {
    const words = this.#exemplars, taken: Exemplar[] = [];
    for (let at = 0; at < words.length; at += EXEMPLAR_WORDS) {
      const hex = (from: number, count: number): string => {
        let text = "";
        for (let i = from; i < from + count; i++) text += words[at + i]!.toString(16).padStart(8, "0");
        return text;
      };
      // A span id is never 0.
      if (words[at + 6] === 0 && words[at + 7] === 0) continue;
      taken.push({ value: words[at]!, time: words[at + 1]!, traceId: hex(2, 4), spanId: hex(6, 2) });
    }
    words.fill(0);
    return taken;
  }
}

/** Bounds are few, so walking along them is fastest. */
function bucketOf(bounds: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}
