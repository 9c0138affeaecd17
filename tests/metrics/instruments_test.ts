// Counters, gauges and rates, and the gauges that are sampled once a second.

import assert from "node:assert/strict";
import { Counter } from "../../sim/metrics/counter.ts";
import { Gauge } from "../../sim/metrics/gauge.ts";
import { Rate } from "../../sim/metrics/rate.ts";
import { StationGauges } from "../../sim/metrics/station_gauges.ts";
import { VuGauges } from "../../sim/metrics/vu_gauges.ts";
import { tinyPlan } from "../plans.ts";

Deno.test("a counter has a count and a rate over the run", () => {
  const counter = new Counter();
  counter.add(3);
  counter.add(2);
  assert.equal(counter.aggregate({ type: "count" }, 10), 5);
  assert.equal(counter.aggregate({ type: "rate" }, 10), 0.5);
  assert.equal(counter.aggregate({ type: "rate" }, 0), 0);
  assert.equal(counter.aggregate({ type: "avg" }, 10), undefined);
});

Deno.test("a counter of mishaps at 0 is an answer, a counter of traffic at 0 is a lack of samples", () => {
  assert.equal(new Counter(0, true).aggregate({ type: "count" }, 10), 0);
  assert.equal(new Counter(0).aggregate({ type: "count" }, 10), undefined);
});

Deno.test("a rate is the share of samples that were true", () => {
  const rate = new Rate();
  assert.equal(rate.aggregate({ type: "rate" }), undefined);
  for (const value of [1, 0, 0, 1]) rate.add(value);
  rate.merge(new Rate(0, 4));
  assert.equal(rate.aggregate({ type: "rate" }), 0.25);
});

Deno.test("a gauge has its latest, its least and its greatest value", () => {
  const gauge = new Gauge();
  assert.equal(gauge.aggregate({ type: "value" }), undefined);
  for (const value of [5, -2, 3]) gauge.add(value);
  assert.deepEqual([gauge.aggregate({ type: "value" }), gauge.min, gauge.max], [3, -2, 5]);
});

Deno.test("vus adds the workloads up at each instant, and sees no sum of half of them", () => {
  const vus = new VuGauges(tinyPlan());
  const all = vus.watch("active", Uint8Array.of(1, 1));
  const buy = vus.watch("active", Uint8Array.of(0, 1));
  vus.take(0, 0, 10, 20);
  vus.take(1, 0, 5, 5);
  vus.take(0, 1e9, 2, 20);
  assert.deepEqual([all.value, buy.value], [15, 5]);
  vus.take(1, 1e9, 1, 5);
  vus.commit();
  vus.commit();
  assert.deepEqual([all.value, all.min, all.max, buy.value], [3, 3, 15, 1]);
});

Deno.test("utilization is the share of all replicas' workers, over each second and over the run", () => {
  const stations = new StationGauges(tinyPlan());
  const web = stations.watch("utilization", Uint8Array.of(1, 0, 0));
  const busiest = stations.watch("utilization", Uint8Array.of(1, 1, 1));
  const queued = stations.watch("queued", Uint8Array.of(1, 0, 0));
  // web has 2 replicas of 10 workers, payment 1 of 4, db no limit
  const tell = (time: number, busy: readonly number[], waiting: readonly number[]): void => {
    stations.take(0, 0, time * 1e9, waiting[0]!, busy[0]! * 1e9);
    stations.take(0, 1, time * 1e9, waiting[1]!, busy[1]! * 1e9);
    stations.take(1, 0, time * 1e9, 0, busy[2]! * 1e9);
    stations.take(2, 0, time * 1e9, 0, busy[3]! * 1e9);
    stations.commit();
  };
  tell(0, [0, 0, 0, 0], [0, 0]);
  assert.ok(web.empty, "no time has passed");
  tell(1, [10, 0, 1, 50], [3, 4]);
  assert.deepEqual([web.value, busiest.value, queued.value], [0.5, 0.5, 7]);
  tell(2, [12, 0, 5, 99], [0, 0]);
  assert.deepEqual([web.value, busiest.value, queued.value], [0.1, 1, 0]);
  assert.equal(stations.utilizationSinceStart(0), 12 / 40);
  assert.equal(stations.utilizationSinceStart(2), null);
});

Deno.test("an instant soon after the last says nothing about utilization", () => {
  const stations = new StationGauges(tinyPlan());
  const gauge = stations.watch("utilization", Uint8Array.of(0, 1, 0));
  stations.take(1, 0, 1e9, 0, 2e9);
  stations.take(1, 0, 1e9 + 10, 0, 2e9 + 40);
  stations.commit();
  assert.equal(gauge.value, 0.5);
  stations.take(1, 0, 2e9, 0, 6e9);
  stations.commit();
  assert.equal(gauge.value, 1);
});
