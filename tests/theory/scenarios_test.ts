// The same systems as scenario files, through the whole program: their thresholds assert the theory, and what
// summary.json says of their services is what the formulas say.

import assert from "node:assert/strict";
import { squall } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { exponentialQuantile, meanValueAnalysis, mm1SystemRate, mmck } from "./formulas.ts";

const ignore = needs("read", "write", "run", "env");

interface Service {
  readonly requests: number;
  readonly throughput: number;
  readonly refused: number;
  readonly utilization: number;
  readonly service_req_duration: { readonly [statistic: string]: number };
  readonly service_queue_wait: { readonly [statistic: string]: number };
}

interface Summary {
  readonly metrics: { readonly [name: string]: { readonly values: { readonly [statistic: string]: number } } };
  readonly services: { readonly [name: string]: Service };
}

/** Runs a scenario of the lab at full pace; its thresholds must hold. */
async function summaryOf(name: string): Promise<Summary> {
  const folder = Deno.makeTempDirSync({ prefix: "squall-theory-" });
  try {
    const flags = ["--pace", "max", "--no-logs", "--traces", "none", "--results", folder];
    const { code, stdout, stderr } = await squall(["run", fromRoot(`scenarios/lab/${name}.yaml`), ...flags]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    return JSON.parse(Deno.readTextFileSync(`${folder}/summary.json`)) as Summary;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function assertNear(what: string, actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${what}: ${actual}, theory says ${expected}`);
}

Deno.test({
  name: "theory-mm1.yaml: the summary gives the times, the waits and the utilisation of an M/M/1 queue",
  ignore,
  async fn() {
    const { server } = (await summaryOf("theory-mm1")).services;
    const rate = mm1SystemRate(50, 100);
    const { service_req_duration: time, service_queue_wait: wait } = server!;
    assertNear("mean time", time.avg!, 1000 / rate, 0.04);
    assertNear("median", time.med!, 1000 * exponentialQuantile(rate, 0.5), 0.04);
    assertNear("p95", time["p(95)"]!, 1000 * exponentialQuantile(rate, 0.95), 0.05);
    assertNear("p99", time["p(99)"]!, 1000 * exponentialQuantile(rate, 0.99), 0.06);
    assertNear("mean wait", wait.avg!, 10, 0.05);
    assertNear("utilisation", server!.utilization, 0.5, 0.03);
    assertNear("throughput", server!.throughput, 50, 0.02);
  },
});

Deno.test({
  name: "theory-mmck.yaml: the summary gives the refusals and the times of a station with six places",
  ignore,
  async fn() {
    const { server } = (await summaryOf("theory-mmck")).services;
    const known = mmck(2, 6, 240, 100);
    assertNear("share refused", server!.refused / server!.requests, known.present[6]!, 0.03);
    assertNear("throughput", server!.throughput, known.throughput, 0.03);
    assertNear("mean time", server!.service_req_duration.avg!, 1000 * known.meanPresent / known.throughput, 0.03);
    assertNear("utilisation", server!.utilization, known.meanBusy / 2, 0.02);
  },
});

Deno.test({
  name: "theory-closed.yaml: the summary gives what mean value analysis says of twenty users and two stations",
  ignore,
  async fn() {
    const { metrics, services } = await summaryOf("theory-closed");
    const known = meanValueAnalysis(20, 0.4, [0.01, 0.016]);
    const turns = metrics.iterations!.values.rate!;
    assertNear("turns a second", turns, known.throughput, 0.02);
    assertNear("N / X", metrics.iteration_duration!.values.avg!, 1000 * 20 / turns, 0.005);
    for (const [n, name] of ["web", "db"].entries()) {
      const station = services[name]!;
      const theory = 1000 * known.present[n]! / known.throughput;
      assertNear(`mean time at ${name}`, station.service_req_duration.avg!, theory, 0.05);
      assertNear(`utilisation of ${name}`, station.utilization, known.throughput * [0.01, 0.016][n]!, 0.03);
    }
  },
});
