// Windows and gates of thresholds against the plain definition: the samples of each window by themselves.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Nanos } from "../../sim/base/time.ts";
import { isWorse } from "../../sim/metrics/evaluation.ts";
import { judgedSeries } from "../../sim/metrics/judged_series.ts";
import { SlidingWindow } from "../../sim/metrics/sliding_window.ts";
import { Trend } from "../../sim/metrics/trend.ts";
import { instrumentFor } from "../../sim/metrics/watch.ts";
import type { MetricName } from "../../sim/objectives/metrics.ts";
import type { Gate, Threshold } from "../../sim/objectives/threshold.ts";
import { threshold } from "../report/example.ts";

const S = 1e9;
const KINDS: readonly (readonly [MetricName, string])[] = [
  ["http_req_duration", "p(95)<10"],
  ["http_req_duration", "avg>10"],
  ["http_req_duration", "max<10"],
  ["http_req_duration", "min!=10"],
  ["http_reqs", "rate<5"],
  ["http_reqs", "count==3"],
  ["dropped_iterations", "count<5"],
  ["http_req_failed", "rate<0.5"],
  ["vus", "value>=3"],
];

interface Sample {
  readonly time: number;
  readonly value: number;
}

/** The worst value of all windows that end at a multiple of 2 s. */
function worstOf(metric: MetricName, of: Threshold, samples: readonly Sample[], end: number): number | undefined {
  const length = of.window!, { from, to } = of.gate ?? { from: 0, to: Infinity };
  let worst: number | undefined;
  for (let until = 2 * S; until <= end; until += 2 * S) {
    if (until - length < from || until > to) continue;
    const instrument = instrumentFor(metric);
    for (const { time, value } of samples) {
      if (time >= until - length && time < until) instrument.add(value, time);
    }
    const value = instrument.aggregate(of.aggregation, length / S);
    if (value !== undefined && (worst === undefined || isWorse(value, worst, of))) worst = value;
  }
  return worst;
}

const sample = fc.record({ gap: fc.integer({ min: 0, max: 3 * S }), value: fc.integer({ min: 0, max: 50 }) });

Deno.test("a window's worst value is that of the windows taken one by one, whenever one asks", () => {
  fc.assert(fc.property(
    fc.constantFrom(...KINDS),
    fc.integer({ min: 1, max: 8 }),
    fc.option(fc.tuple(fc.integer({ min: 0, max: 30 * S }), fc.integer({ min: 0, max: 40 * S })), { nil: undefined }),
    fc.array(sample, { maxLength: 60 }),
    fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
    ([metric, source], stretches, gated, gaps, asked) => {
      const gate: Gate | undefined = gated &&
        { text: "", from: gated[0] as Nanos, to: (gated[0] + gated[1]) as Nanos };
      const of = threshold(metric, source, { window: (stretches * 2 * S) as Nanos, gate });
      const series = judgedSeries(of, () => instrumentFor(metric));
      let time = 0;
      const samples = gaps.map(({ gap, value }): Sample => ({
        time: time += gap,
        value: metric === "http_req_duration" ? value * 1e6 : metric === "http_req_failed" ? value % 2 : value,
      }));
      samples.forEach(({ time, value }, i) => {
        if (asked[i]!) series.seen(time as Nanos);
        series.add(value, time);
      });
      const end = time + S as Nanos;
      const seen = series.seen(end).value, expected = worstOf(metric, of, samples, end);
      if (seen === undefined || expected === undefined) assert.equal(seen, expected);
      else assert.ok(Math.abs(seen - expected) <= 1e-9 * Math.abs(expected), `${seen} for ${expected}`);
    },
  ));
});

Deno.test("a window holds the stretches in it and no others, and its length costs nothing", () => {
  let alive = 0, merges = 0;
  class Counted extends Trend {
    override merge(other: Trend): void {
      merges++;
      super.merge(other);
    }
  }
  const window = new SlidingWindow(30, () => new Counted());
  for (let i = 0; i < 3000; i++) {
    const stretch = new Counted();
    stretch.add(i + 1);
    window.push(stretch);
    alive = window.total().aggregate({ type: "count" }, 0)!;
  }
  assert.equal(alive, 30);
  // A stretch is merged twice, and so are the parts of each total.
  assert.ok(merges <= 3000 * 4, `${merges} merges`);
});

Deno.test("a gate takes samples from its beginning up to its end, and a counter's rate is over its time so far", () => {
  const gate = { text: "", from: 4 * S as Nanos, to: 8 * S as Nanos };
  const series = judgedSeries(threshold("http_reqs", "rate>0", { gate }), () => instrumentFor("http_reqs"));
  for (const time of [3.9, 4, 7.9, 8]) series.add(10, time * S);
  const rates = [2, 4, 6, 8, 20].map((time) => series.seen(time * S as Nanos).value);
  assert.deepEqual(rates, [undefined, undefined, 10, 5, 5]);
});
