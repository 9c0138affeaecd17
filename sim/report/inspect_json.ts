// What a scenario will do, for programs: plain data under the names of the scenario file, with every default filled in.
// Values of the file stand as they would be written there; times that are looked ahead to are in milliseconds.

import { writeDuration } from "../base/fields.ts";
import { DAY, type Nanos } from "../base/time.ts";
import type { Distribution } from "../distributions/distribution.ts";
import {
  type AttributeSpec,
  type Backoff,
  type ConditionSpec,
  conditionText,
  type Endpoint,
  type ErrorSpec,
  type RetryPolicy,
  type Scalar,
  type Service,
  type Step,
} from "../model/model.ts";
import type { Hypothesis } from "../objectives/hypothesis.ts";
import { thresholdText } from "../objectives/threshold.ts";
import type { CallPolicies } from "../model/policies.ts";
import { isTopic, topicText } from "../model/state.ts";
import { windowsBefore } from "../plan/fault_windows.ts";
import type { Inspection, Option, ServiceForecast, WorkloadForecast } from "./inspect.ts";
import { capacityJson } from "./inspect_capacity.ts";
import { stateJson } from "./inspect_state.ts";
import { refText } from "./inspect_means.ts";
import { mermaidText } from "./inspect_mermaid.ts";

type Json = Record<string, unknown>;

/** Points of a planned load, its two ends included. */
const POINTS = 121;

/** Numbers that have no bound are null. */
export function inspectionJson(inspection: Inspection): Json {
  const { plan, scenario } = inspection;
  return {
    name: plan.name,
    description: scenario.description ?? null,
    seed: plan.seed,
    namespace: plan.namespace,
    environment: plan.environment,
    network: textOf(scenario.network),
    context: specs(scenario.context),
    expected: {
      loadMs: inspection.length / 1e6,
      endMs: inspection.end / 1e6,
      iterations: { ...inspection.iterations },
      requests: inspection.requests,
      spans: inspection.spans,
    },
    warnings: inspection.warnings,
    scenarios: Object.fromEntries(
      inspection.workloads.map((workload) => [workload.plan.name, workloadJson(workload, inspection.length)]),
    ),
    journeys: Object.fromEntries(
      inspection.journeys.map(({ name, steps, time, requests, spans }) => [name, {
        steps: steps.map(stepJson),
        expected: { durationMs: time / 1e6, requests, spans },
      }]),
    ),
    services: Object.fromEntries(
      inspection.services.map((forecast) => [
        forecast.plan.name,
        serviceJson(scenario.services.get(forecast.plan.name)!, forecast),
      ]),
    ),
    faults: inspection.faults.map(({ plan: fault, options }) => ({
      name: fault.name,
      kind: fault.kind,
      target: fault.target,
      atMs: fault.at / 1e6,
      forMs: Number.isFinite(fault.duration) ? fault.duration / 1e6 : null,
      everyMs: Number.isFinite(fault.every) ? fault.every / 1e6 : null,
      times: Number.isFinite(fault.times) ? fault.times : null,
      jitterMs: fault.jitter / 1e6,
      when: fault.when.map((each) => `${each.metricText} ${thresholdText(each)}`),
      reactionMs: fault.reaction / 1e6,
      replicas: fault.replicas ?? null,
      zone: fault.zone ?? null,
      rampMs: fault.ramp / 1e6,
      probability: fault.probability,
      ...(fault.schedule === undefined ? {} : {
        windowsMs: [...windowsBefore(plan.seed, fault, Math.min(inspection.length, DAY) as Nanos)]
          .map(({ from, until }) => [from / 1e6, until / 1e6]),
      }),
      ...optionsJson(options),
    })),
    ...(plan.hypothesis === undefined ? {} : { hypothesis: hypothesisJson(plan.hypothesis) }),
    thresholds: plan.thresholds.map(({ metricText, source, abortOnFail, delayAbortEval, window, gate }) => ({
      metric: metricText,
      threshold: source,
      abortOnFail,
      delayAbortEval: writeDuration(delayAbortEval),
      window: window === undefined ? null : writeDuration(window),
      gate: gate === undefined
        ? null
        : { text: gate.text, fromMs: gate.from / 1e6, toMs: Number.isFinite(gate.to) ? gate.to / 1e6 : null },
    })),
    mermaid: mermaidText(scenario),
  };
}

function hypothesisJson({ title, probes, before, recoverWithin }: Hypothesis): Json {
  return {
    title,
    steady: probes.map((each) => `${each.metricText} ${thresholdText(each)}`),
    beforeMs: before / 1e6,
    recoverWithinMs: recoverWithin === undefined ? null : recoverWithin / 1e6,
  };
}

function workloadJson(workload: WorkloadForecast, length: Nanos): Json {
  const { plan } = workload;
  const unit = plan.load.type === "open" ? "iterationsPerSecond" : "vus";
  return {
    executor: plan.executor,
    exec: workload.journey,
    ...optionsJson(workload.options),
    startAfter: workload.before ?? null,
    startTime: writeDuration(plan.startDelay),
    gracefulStop: writeDuration(plan.gracefulStop),
    tags: Object.fromEntries(plan.tags),
    // What the variables hold may be secret.
    env: [...plan.env.keys()],
    expected: {
      iterations: { ...workload.iterations },
      iterationDurationMs: workload.iterationTime / 1e6,
      startMs: workload.start / 1e6,
      lengthMs: workload.length / 1e6,
      peak: { [unit]: workload.peak, vus: workload.vusAtPeak },
      plan: Array.from({ length: POINTS }, (_, i) => {
        const time = Math.floor(i / (POINTS - 1) * length) as Nanos;
        return { timeMs: time / 1e6, [unit]: workload.amountAt(time) };
      }),
    },
  };
}

function optionsJson(options: readonly Option[]): Json {
  return Object.fromEntries(options.map(({ name, value }) => [name, value]));
}

function serviceJson(service: Service, { requests, peakRate, peakUtilization }: ServiceForecast): Json {
  return {
    kind: service.kind,
    language: service.language,
    version: service.version,
    system: service.system ?? null,
    replicas: service.replicas,
    concurrency: service.concurrency === Infinity ? "unlimited" : service.concurrency,
    ...capacityJson(service),
    ...stateJson(service),
    network: textOf(service.network),
    callers: service.callers === undefined ? null : {
      timeout: timeText(service.callers.timeout),
      deadline: timeText(service.callers.deadline),
      retry: retryJson(service.callers.retry),
      ...policiesJson(service.callers.policies),
    },
    logs: service.logs,
    attributes: scalars(service.attributes),
    endpoints: Object.fromEntries([...service.endpoints.values()].map((each) => [each.name, endpointJson(each)])),
    expected: { requests, peakPerSecond: peakRate, peakUtilization },
  };
}

function endpointJson({ latency, errors, attributes, variants, calls }: Endpoint): Json {
  return {
    latency: textOf(latency),
    errors: errorsJson(errors),
    attributes: specs(attributes),
    variants: variants.map((variant) => ({
      where: conditionJson(variant.where),
      latency: textOf(variant.latency ?? latency),
      errors: errorsJson(variant.errors ?? errors),
    })),
    calls: calls.map(stepJson),
  };
}

function stepJson(step: Step): Json {
  switch (step.type) {
    case "call":
      return {
        ...(isTopic(step.target.endpoint)
          ? { publish: topicText(step.target), key: step.messageKey ?? null }
          : { call: refText(step.target) }),
        where: conditionJson(step.where),
        probability: step.probability,
        timeout: timeText(step.timeout),
        deadline: timeText(step.deadline),
        retry: retryJson(step.retry),
        ...policiesJson(step.policies),
        optional: step.optional,
        fallback: step.fallback?.map(stepJson) ?? null,
        network: textOf(step.network),
      };
    case "parallel":
      return { parallel: step.branches.map((branch) => branch.map(stepJson)) };
    case "choose":
      return {
        choose: step.options.map(({ weight, where, steps }) => ({
          weight,
          where: conditionJson(where),
          steps: steps.map(stepJson),
        })),
      };
    case "repeat":
      return { repeat: step.times.text, steps: step.steps.map(stepJson) };
    case "cache":
      return {
        cache: {
          in: step.shared === undefined ? "local" : `${step.shared.get.target.service}${dotted(step.name ?? "")}`,
          key: step.key,
          ttl: timeText(step.ttl),
          entries: writeValue(step.entries),
          name: step.shared === undefined ? step.name ?? null : null,
          singleflight: step.singleflight,
          timeout: timeText(step.shared?.get.timeout),
          miss: step.miss.map(stepJson),
        },
      };
    case "lock": {
      const { service, row, table, timeout, steps } = step;
      return { lock: { in: service, row, table, timeout: timeText(timeout), steps: steps.map(stepJson) } };
    }
    case "work":
      return { work: textOf(step.latency) ?? step.share };
    case "think":
      return { think: step.pause.text };
    case "log":
      return { log: step.message, level: step.level, attributes: specs(step.attributes) };
  }
}

function errorsJson(errors: ErrorSpec | undefined): Json | null {
  return errors === undefined ? null : {
    rate: errors.rate,
    status: errors.status,
    exception: errors.exception ?? null,
    message: errors.message ?? null,
  };
}

function conditionJson(condition: ConditionSpec | undefined): string | null {
  return condition === undefined ? null : conditionText(condition);
}

function retryJson(retry: RetryPolicy | undefined): Json | null {
  if (retry === undefined) return null;
  const { attempts, backoff, on, budget } = retry;
  return {
    attempts,
    backoff: backoffJson(backoff),
    on: on ?? null,
    budget: budget === undefined
      ? null
      : budget.type === "share"
      ? { share: `${budget.share * 100}%`, floor: `${budget.floor}/s`, window: timeText(budget.window) }
      : { tokens: budget.tokens, ratio: budget.ratio },
  };
}

/** The policies that are written, with their defaults; what is not written is left out. */
function policiesJson(policies: CallPolicies): Json {
  return Object.fromEntries(
    Object.entries(policies).filter(([, policy]) => policy !== undefined).map((
      [name, policy],
    ) => [name, policyJson(policy)]),
  );
}

/** Times as they are written, distributions by their text, and what has no bound as unlimited. */
function policyJson(value: unknown, name = ""): unknown {
  if (value === Infinity) return "unlimited";
  if (typeof value === "number") return TIMES.has(name) ? timeText(value as Nanos) : value;
  if (typeof value !== "object" || value === null) return value;
  if ("text" in value) return value.text;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, policyJson(inner, key)]));
}

const TIMES = new Set(["wait", "keepAlive", "open", "time", "duration", "interval", "ejection", "after"]);

/** ` product` becomes `.product`. */
function dotted(name: string): string {
  return name.replace(/^ /, ".");
}

function writeValue(value: number): number | string {
  return value === Infinity ? "unlimited" : value;
}

function backoffJson(backoff: Backoff | undefined): Json | null {
  return backoff === undefined ? null : { ...backoff, base: timeText(backoff.base), max: timeText(backoff.max) };
}

function specs(attributes: ReadonlyMap<string, AttributeSpec>): Json {
  return Object.fromEntries([...attributes].map(([name, spec]) => [
    name,
    spec.type === "zipf" ? { type: "zipf", n: spec.ranks.ranks, s: spec.ranks.exponent, prefix: spec.prefix } : spec,
  ]));
}

function scalars(attributes: ReadonlyMap<string, Scalar>): Json {
  return Object.fromEntries(attributes);
}

function textOf(distribution: Distribution | undefined): string | null {
  return distribution?.text ?? null;
}

function timeText(time: Nanos | undefined): string | null {
  return time === undefined ? null : writeDuration(time);
}
