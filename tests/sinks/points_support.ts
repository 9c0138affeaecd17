// A simulated run whose facts are samples of every metric, its points as bytes, and points read back.

import { PLAIN_CAPACITY } from "../../sim/model/capacity.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import type { MetricsReport } from "../../sim/metrics/report.ts";
import { FactBatch } from "../../sim/plan/facts.ts";
import { NO_POLICIES } from "../../sim/model/policies.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import type { PointFormat } from "../../sim/sinks/points.ts";
import { PointsFile } from "../../sim/sinks/points_file.ts";
import type { Sink } from "../../sim/sinks/sink.ts";
import {
  call,
  closedLoad,
  constant,
  endpoint,
  exponential,
  fault,
  ms,
  openLoad,
  plan,
  seconds,
  service,
  target,
  workload,
} from "../build.ts";
import { consumes, localCache, lock, publish } from "../engine/state.ts";
import { threshold } from "../report/example.ts";

/** 2026-11-23T10:00:00.123456789Z */
export const START = 1795428000_123456789n;

const SELECTORS = [
  "http_req_duration{scenario:closed}",
  "http_req_duration{status:503,service:web}",
  "http_req_waiting{endpoint:GET /}",
  "http_reqs{expected_response:false}",
  "http_req_failed{team:red}",
  "goodput{method:GET,scenario:open}",
  "checks{check:status == 200,scenario:open}",
  "checks{endpoint:POST /pay}",
  "data_sent{scenario:closed}",
  "data_received{status:200}",
  "service_requests{status:200,service:payment}",
  "service_req_duration{endpoint:Charge}",
  "service_queue_wait{service:payment}",
  "service_errors{service:payment,scenario:open}",
  "service_queue_length{service:payment}",
  "service_utilization{service:web}",
  "retries{caller:web}",
  "retries{service:web}",
  "timeouts{service:payment}",
  "refused{service:payment}",
  "abandoned{scenario:closed}",
  "queue_timeouts{service:payment}",
  "rate_limited{endpoint:GET /}",
  "shed{scenario:open}",
  "service_pauses{service:payment}",
  "service_throttling{service:web}",
  "iterations{scenario:open}",
  "iteration_duration{scenario:closed}",
  "dropped_iterations{scenario:open}",
  "iterations_started{scenario:open}",
  "vus{scenario:closed}",
  "vus_max{team:red}",
];

const OK = { name: "status == 200", subject: "status", comparison: "==", value: 200 } as const;
const FAST = { name: "duration < 50ms", subject: "duration", comparison: "<", value: 50e6 } as const;

/** So that some attempts are held back, and some hedged and cancelled. */
const POLICIES = {
  ...NO_POLICIES,
  hedge: { after: ms(1), max: 1 },
  bulkhead: { concurrency: 6, queue: 0, wait: ms(0) },
};

/** An overloaded service behind a gateway: retries, timeouts, refusals, dropped iterations; thresholds with selectors. */
export function overloaded(): Plan {
  const retry = { attempts: 3, backoff: { base: ms(20), max: ms(100), factor: 2, jitter: "none" as const } };
  const made = plan({
    services: [
      service("payment", {
        Charge: endpoint(exponential(ms(40)), [], {
          errors: { rate: 0.05, status: 500, exception: undefined, message: undefined },
        }),
      }, {
        concurrency: 2,
        queue: 6,
        capacity: {
          ...PLAIN_CAPACITY,
          patience: constant(ms(90)),
          pauses: [{ every: constant(ms(700)), length: constant(ms(30)) }],
          shed: { queue: 5, utilization: Infinity, codel: undefined },
        },
      }),
      service("db", { q: endpoint(undefined) }, { kind: "database", system: "postgresql" }),
      service("kafka", { "publish views": endpoint(undefined) }, {
        kind: "queue",
        topics: new Map([["views", { partitions: 1, latency: undefined }]]),
      }),
      service("counting", {
        Count: endpoint(constant(ms(1)), [], {
          errors: { rate: 0.5, status: 500, exception: undefined, message: undefined },
        }),
      }, {
        consumes: [consumes("kafka.views", "Count", { attempts: 2, retryAfter: ms(1) })],
        memory: { limit: 200, base: 0, perRequest: 0, leak: 10 },
      }),
      service("web", {
        "GET /": endpoint(constant(ms(2)), [], {
          size: { request: 200, response: 1500 },
        }),
        "POST /pay": endpoint(constant(ms(1)), [
          { type: "log", level: "info", message: "paying", attributes: new Map() },
          localCache([]),
          lock([]),
          publish("kafka.views"),
          call("payment.Charge", { timeout: ms(120), retry }),
        ]),
      }, {
        replicas: 2,
        concurrency: 30,
        queue: 5,
        capacity: { ...PLAIN_CAPACITY, cpuLimit: 0.04, rateLimit: { rate: 45, burst: 4, view: "replica" } },
      }),
    ],
    journeys: {
      pay: [
        call("web.GET /", { checks: [OK], policies: POLICIES }),
        call("web.POST /pay", { timeout: ms(90), retry, optional: true, checks: [OK, FAST] }),
      ],
    },
    workloads: [
      workload("open", "pay", openLoad(60, seconds(8), { poisson: true, vus: 12 })),
      workload("closed", "pay", closedLoad(4, seconds(6)), { tags: new Map([["team", "red"], ["b", "1,2"]]) }),
    ],
    seed: 5,
    faults: [
      fault(target("payment"), {
        aim: "replicas",
        at: seconds(1),
        effect: {
          begin(world, struck) {
            world.skewClocks(struck, 1e6);
            world.loseTelemetry(struck, 0.5, 0);
          },
        },
      }),
    ],
  });
  return {
    ...made,
    thresholds: SELECTORS.map((text) => threshold(text, aggregationFor(text))),
  };
}

function aggregationFor(selector: string): string {
  const [metric = ""] = selector.split("{");
  if (/duration|waiting|wait$|pauses|throttling/.test(metric)) return "max<1";
  if (/failed|errors|started|checks/.test(metric)) return "rate<1";
  return /vus|length|utilization/.test(metric) ? "value<1" : "count<1";
}

/**
 * Runs a plan as `run` does: metrics first, then the sink, and both asked every two seconds.
 * @param stopAt_s ends it there, as a threshold with abortOnFail would
 */
export async function runPlan(plan: Plan, sink: Sink, stopAt_s = Infinity): Promise<MetricsReport> {
  const engine = new Engine(plan, 1), metrics = new RunMetrics(plan), batch = new FactBatch();
  const handOn = (): void => {
    metrics.take(batch);
    sink.take(batch);
    batch.clear();
  };
  for (let until_s = 2; !engine.done; until_s += 2) {
    while (!engine.done && engine.now < until_s * 1e9) {
      engine.step((until_s * 1e9) as Nanos, batch);
      handOn();
    }
    if (engine.done) break;
    metrics.evaluate(engine.now);
    sink.evaluate?.();
    if (until_s >= stopAt_s) {
      engine.stop(batch);
      handOn();
      break;
    }
  }
  await sink.close();
  return metrics.report(engine.now);
}

/** What a PointsFile writes, in memory. */
export class MemoryPoints {
  readonly notices: string[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly file: PointsFile;

  constructor(plan: Plan, format: PointFormat, options: { gzip?: boolean; bufferBytes?: number } = {}) {
    this.file = new PointsFile({
      plan,
      startEpochNs: START,
      format,
      name: "points",
      gzip: options.gzip ?? false,
      ...(options.bufferBytes === undefined ? {} : { bufferBytes: options.bufferBytes }),
      onNotice: (text) => this.notices.push(text),
      open: () => ({
        writeSync: (bytes) => {
          this.chunks.push(bytes.slice());
          return bytes.length;
        },
        truncateSync: () => {},
        close: () => {},
      }),
    });
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }
}

export interface Point {
  readonly metric: string;
  /** As written. */
  readonly time: string;
  readonly value: number;
  readonly tags: ReadonlyMap<string, string>;
}

interface JsonLine {
  readonly type: "Metric" | "Point";
  readonly metric: string;
  readonly data: { readonly time: string; readonly value: number; readonly tags: Record<string, string> };
}

/** Reads NDJSON. @throws Error when a metric is not described once, before its first point */
export function readJson(text: string): Point[] {
  const described = new Set<string>();
  const points: Point[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const { type, metric, data } = JSON.parse(line) as JsonLine;
    if (type === "Metric") {
      if (described.has(metric)) throw new Error(`${metric} is described twice`);
      described.add(metric);
    } else {
      if (!described.has(metric)) throw new Error(`${metric} is not described before its first point`);
      points.push({ metric, time: data.time, value: data.value, tags: new Map(Object.entries(data.tags)) });
    }
  }
  return points;
}

/** The fields of each row, by RFC 4180. */
export function csvRows(text: string): string[][] {
  return text.trimEnd().split("\n").map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) =>
      quoted === undefined ? bare! : quoted.replaceAll('""', '"')
    )
  );
}
