// A small shop in which each language, kind, protocol and way to fail occurs, and rows of facts written by hand.

import type { Nanos } from "../../sim/base/time.ts";
import { type Language, LANGUAGES, type LogFormat, type Service } from "../../sim/model/model.ts";
import { FactBatch, type FactKind } from "../../sim/plan/facts.ts";
import type { CallSite, Failure, Plan } from "../../sim/plan/plan.ts";
import type { RunIdentity } from "../../sim/telemetry/identity.ts";
import { call, endpoint, ms, openLoad, plan as compile, seconds, service, workload } from "../build.ts";

/** 2026-11-23T10:00:00.123456789Z */
export const IDENTITY: RunIdentity = { startEpochNs: 1795428000_123456789n, seed: 7, version: "0.1.0" };

const RETRY = { attempts: 3, backoff: { base: ms(50), max: ms(1000), factor: 2, jitter: "none" as const } };

/** One service `web` of that language with everything that it can call. */
export function shop(language: Language = "go", format: LogFormat = "json", options: Partial<Service> = {}): Plan {
  const logs = { format, level: "info" as const };
  const inner = { logs, language };
  return compile({
    services: [
      service("web", {
        "POST /checkout": endpoint(undefined, [
          call("payment.Charge", { timeout: ms(800), retry: RETRY }),
          call("cart.GET /cart/{cartId}", { timeout: ms(250), retry: RETRY, deadline: ms(600) }),
          call("orders-db.INSERT orders", { timeout: ms(100) }),
          call("sessions.GET session", { optional: true }),
          call("events.publish orders"),
          call("stripe.POST /v1/charges", { timeout: ms(2000), fallback: [call("cart.GET /cart/{cartId}")] }),
          {
            type: "log",
            level: "info",
            message: "order {order.id} of {service} on {instance} {unknown}",
            attributes: new Map([["tier", { type: "constant", value: "gold" }]]),
          },
        ], {
          attributes: new Map([
            ["order.id", { type: "id", prefix: "ord_", digits: 12 }],
            ["items", { type: "int", least: 1, most: 9 }],
            ["currency", {
              type: "oneOf",
              values: [{ value: "EUR", weight: 2 }, { value: "USD", weight: 1 }],
            }],
          ]),
        }),
      }, { replicas: 2, concurrency: 40, queue: 80, ...inner, ...options }),
      service("payment", { Charge: endpoint(undefined) }, { replicas: 3, concurrency: 4, queue: 8, ...inner }),
      service("cart", {
        "GET /cart/{cartId}": endpoint(undefined, [], {
          attributes: new Map([["app.cart.id", { type: "id", prefix: "c", digits: 4 }]]),
        }),
      }, inner),
      service("orders-db", { "INSERT orders": endpoint(undefined) }, {
        kind: "database",
        system: "postgresql",
        concurrency: 20,
        queue: 10,
        logs,
      }),
      service("sessions", { "GET session": endpoint(undefined) }, { kind: "cache", system: "redis", logs }),
      service("events", { "publish orders": endpoint(undefined) }, { kind: "queue", system: "kafka", logs }),
      service("stripe", { "POST /v1/charges": endpoint(undefined) }, { kind: "external", logs }),
    ],
    journeys: { buy: [call("web.POST /checkout"), call("orders-db.INSERT orders")] },
    workloads: [workload("shoppers", "buy", openLoad(1, seconds(1)))],
  });
}

/** The same plan with ways to fail: what the requests of a test refer to by their index. */
export function withFailures(plan: Plan, failures: readonly Partial<Failure>[]): Plan {
  return {
    ...plan,
    failures: failures.map((failure) => ({ status: 500, exception: undefined, message: undefined, ...failure })),
  };
}

export function siteOf(plan: Plan, reference: string, caller = "web"): CallSite {
  const site = plan.sites.find(({ caller: from, callee }) => {
    const endpoint = plan.endpoints[callee]!;
    const service = from < 0 ? "journey" : plan.services[plan.endpoints[from]!.service]!.name;
    return `${plan.services[endpoint.service]!.name}.${endpoint.name}` === reference && service === caller;
  });
  if (site === undefined) throw new Error(`nobody calls ${reference}`);
  return site;
}

export interface RowParts {
  readonly time: number;
  readonly start?: number;
  readonly wait?: number;
  readonly outcome?: number;
  readonly causeOutcome?: number;
  readonly cause?: number;
  readonly flags?: number;
  readonly status?: number;
  readonly attempt?: number;
  readonly service?: number;
  readonly replica?: number;
  readonly peer?: number;
  readonly iteration?: number;
  readonly endpoint?: number;
  readonly site?: number;
  readonly vu?: number;
  readonly span?: readonly [number, number];
  readonly parent?: readonly [number, number];
}

export const TRACE = [0x0af76519, 0x16cd43dd, 0x8448eb21, 0x1c80319c] as const;
export const TRACE_HEX = "0af7651916cd43dd8448eb211c80319c";
const KEY = [0x12345678, 0x9abcdef0] as const;

/** Appends a row whose ids and key are always the same. */
export function addRow(batch: FactBatch, kind: FactKind, parts: RowParts): number {
  const row = batch.append(kind, parts.time as Nanos);
  const { span = [1, 2], parent = [0, 0], time: _, start, ...columns } = parts;
  if (start !== undefined) batch.start[row] = start;
  for (const [name, value] of Object.entries(columns)) {
    (batch[name as keyof FactBatch] as Float64Array)[row] = value as number;
  }
  batch.trace.set(TRACE, row * 4);
  batch.span.set(span, row * 2);
  batch.parent.set(parent, row * 2);
  batch.key.set(KEY, row * 2);
  return row;
}

export { LANGUAGES };
