// An imported scenario as YAML that a person reads: what is known, with comments that say how well.

import { stringify } from "yaml";
import { visible } from "../../base/diagnostics.ts";
import { formatDuration, type Nanos } from "../../base/time.ts";
import { LANGUAGES } from "../../model/model.ts";
import { formatCount, formatCounted } from "../../report/units.ts";
import { RANDOM_ARRIVALS_MIN } from "./importer.ts";
import { replaces } from "./incidents.ts";
import type {
  ImportedArrivals,
  ImportedCall,
  ImportedEndpoint,
  ImportedFault,
  ImportedScenario,
  ImportedService,
  ImportedStep,
  ImportedSubscription,
  ImportedTopic,
} from "./model.ts";
import type { Shape } from "./shapes.ts";

export interface ScenarioTextSettings {
  readonly name: string;
  readonly header: readonly string[];
}

export function scenarioText(imported: ImportedScenario, { name, header }: ScenarioTextSettings): string {
  const { services, arrivals, faults, remarks } = imported;
  const lines = [
    ...[...header, ...remarks].map(comment),
    `name: ${scalar(name)}`,
    "services:",
    ...services.flatMap(serviceLines),
    "",
    "# Each kind of request arrives by itself: which of them one user made, and in which order, spans do not say.",
    "journeys:",
    ...arrivals.map(({ name: journey, target }) => `  ${journey}: [${scalar(target)}]`),
    "scenarios:",
    ...arrivals.flatMap(arrivalLines),
  ];
  if (faults.length > 0) lines.push("", "# What was different for a while.", "faults:", ...faults.flatMap(faultLines));
  return lines.join("\n") + "\n";
}

/** Fewer requests at once say nothing about a limit. */
const AT_ONCE_MIN = 2;

function comment(text: string): string {
  return text === "" ? "#" : `# ${visible(text)}`;
}

/** A value in YAML, on one line, safe in flow style too. */
function scalar(value: string): string {
  // The language reads ${…} as a variable in values, but not in keys.
  return key(value.replaceAll("${", () => "$${"));
}

/** A key in YAML. */
function key(value: string): string {
  if (
    /^[A-Za-z][A-Za-z0-9 ._/-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value) &&
    !value.endsWith(" ")
  ) {
    return value;
  }
  return quotes(value);
}

function quotes(text: string): string {
  return stringify(text, { defaultStringType: "QUOTE_DOUBLE", lineWidth: 0 }).trimEnd();
}

function serviceLines(service: ImportedService): string[] {
  const { name, recordedName, kind, language, version, system, replicas, replicasKnown, network, endpoints } = service;
  const lines = [`  ${key(name)}:${recordedName === undefined ? "" : ` # recorded as ${visible(recordedName)}`}`];
  if (kind !== "service") lines.push(`    kind: ${kind}`);
  if (system !== undefined && /^[A-Za-z0-9][\w.-]{0,62}$/.test(system)) lines.push(`    system: ${scalar(system)}`);
  if (kind === "service") {
    if (language !== undefined && (LANGUAGES as readonly string[]).includes(language)) {
      lines.push(`    language: ${language}`);
    }
    if (version !== undefined && /^[^\p{Cc}\p{Cf}]{1,100}$/u.test(version)) {
      lines.push(`    version: ${quoted(version)}`);
    }
    if (replicas > 1) lines.push(`    replicas: ${replicas}`);
    else if (!replicasKnown) lines.push("    # replicas: its spans do not say which instance wrote them");
    if (service.atOnce >= AT_ONCE_MIN) {
      lines.push(
        `    # concurrency: its limit is not in the spans; in the busiest second a replica worked on ${
          Number(service.atOnce.toPrecision(2))
        } requests at once`,
      );
    }
  }
  if (network !== undefined) lines.push(`    network: ${shapeText(network)}`);
  if (service.logFormat !== undefined) lines.push(`    logs: { format: ${service.logFormat} }`);
  if (service.topics.length > 0) lines.push("    topics:", ...service.topics.map(topicLine));
  if (service.subscriptions.length > 0) lines.push("    consumes:", ...service.subscriptions.map(subscriptionLine));
  if (endpoints.length > 0) lines.push("    endpoints:", ...endpoints.flatMap(endpointLines));
  return lines;
}

function topicLine({ name, partitions, partitionsKnown, latency, messages }: ImportedTopic): string {
  const fields = [`partitions: ${partitions}`, ...(latency === undefined ? [] : [`latency: ${shapeText(latency)}`])];
  const note = partitionsKnown ? "" : "; its partitions are as many as messages were handled at once";
  return `      ${key(name)}: { ${fields.join(", ")} } # ${formatCounted(messages, "message")}${note}`;
}

function subscriptionLine(
  { topic, endpoint, attempts, retryAfter, concurrency, deliveries }: ImportedSubscription,
): string {
  const fields = [
    `topic: ${scalar(topic)}`,
    `endpoint: ${scalar(endpoint)}`,
    ...(concurrency > 1 ? [`concurrency: ${concurrency}`] : []),
    ...(attempts > 1 ? [`attempts: ${attempts}`] : []),
    ...(attempts > 1 && retryAfter !== undefined ? [`retryAfter: ${time(retryAfter)}`] : []),
  ];
  return `      - { ${fields.join(", ")} } # ${formatCount(deliveries)} ${
    deliveries === 1 ? "delivery" : "deliveries"
  }`;
}

function quoted(text: string): string {
  return quotes(text.replaceAll("${", () => "$${"));
}

function endpointLines(endpoint: ImportedEndpoint): string[] {
  const { name, requests, latency, latencyRequests, errors, errorsSeen, attributes, calls, cutShort } = endpoint;
  const few = requests < 30 ? ", too few to be sure of" : "";
  const cut = cutShort > 0
    ? `; ${formatCount(cutShort)} ${cutShort === 1 ? "was" : "were"} given up by ${
      cutShort === 1 ? "its caller" : "their callers"
    }`
    : "";
  const body: string[] = [];
  if (latency !== undefined) {
    const note = latencyRequests < requests ? ` # of ${formatCount(latencyRequests)} outside of faults` : "";
    body.push(`        latency: ${shapeText(latency)}${note}`);
  }
  if (errors !== undefined) {
    const message = errors.message === undefined ? "" : `, message: ${quoted(errors.message.slice(0, 1000))}`;
    body.push(
      `        errors: { rate: ${percent(errors.rate)}, status: ${errors.status}${message} } # ${
        formatCount(errorsSeen)
      } seen`,
    );
  }
  if (attributes.length > 0) {
    body.push("        attributes:");
    for (const [attribute, values] of attributes) body.push(`          ${key(attribute)}: ${attributeText(values)}`);
  }
  const steps = calls.flatMap((step) => stepLines(step, "          "));
  if (steps.length > 0) body.push("        calls:", ...steps);
  const head = `      ${key(name)}:`;
  const note = ` # ${formatCounted(requests, "request")}${few}${cut}`;
  return body.length === 0 ? [`${head} {}${note}`] : [head + note, ...body];
}

function attributeText(values: readonly (readonly [value: string, weight: number])[]): string {
  if (values.length === 1) return quoted(values[0]![0]);
  return `{ oneOf: { ${values.map(([value, weight]) => `${quotes(value)}: ${weight}`).join(", ")} } }`;
}

function stepLines(step: ImportedStep, indent: string): string[] {
  switch (step.type) {
    case "work":
      return [`${indent}- work: ${percent(step.share)}`];
    case "call":
      return callLines(step, indent);
    case "parallel":
      return [
        `${indent}- parallel:`,
        ...step.branches.flatMap((branch) => branchLines(branch, `${indent}    `)),
      ];
    case "choose":
      return [
        `${indent}- choose:`,
        ...step.options.flatMap(({ weight, steps }) =>
          steps.length === 0 ? [`${indent}    - { weight: ${weight}, steps: [] }`] : [
            `${indent}    - weight: ${weight}`,
            `${indent}      steps:`,
            ...steps.flatMap((each) => stepLines(each, `${indent}        `)),
          ]
        ),
      ];
  }
}

/** A branch of one step is that step; one of several is a list in the list. */
function branchLines(branch: readonly ImportedStep[], indent: string): string[] {
  if (branch.length === 1) return stepLines(branch[0]!, indent);
  const lines = branch.flatMap((step) => stepLines(step, `${indent}  `));
  return [`${indent}- ${lines[0]!.trimStart()}`, ...lines.slice(1)];
}

function callLines(call: ImportedCall, indent: string): string[] {
  const { target, publish, probability, turns, timeout, retry, optional, calls, failed } = call;
  const options: string[] = [];
  if (probability < 1) options.push(`probability: ${percent(probability)}`);
  if (timeout !== undefined) options.push(`timeout: ${time(timeout)}`);
  if (retry !== undefined) {
    const factor = retry.factor === 2 ? "" : `, factor: ${retry.factor}`;
    const jitter = retry.jitter === "none" ? "" : `, jitter: ${retry.jitter}`;
    const backoff = retry.base === undefined ? "" : `, backoff: { base: ${time(retry.base)}${factor}${jitter} }`;
    options.push(`retry: { attempts: ${retry.attempts}${backoff} }`);
  }
  if (optional) options.push("optional: true");
  const few = calls < 30 ? ", too few to be sure of" : "";
  const note = ` # ${formatCounted(calls, publish === undefined ? "call" : "message")}${
    failed > 0 ? `, ${formatCount(failed)} failed` : ""
  }${few}`;
  const what = publish === undefined ? `call: ${scalar(target)}` : `publish: ${scalar(publish)}`;
  const single = options.length === 0 && publish === undefined
    ? scalar(target)
    : `{ ${[what, ...options].join(", ")} }`;
  if (turns === undefined) return [`${indent}- ${single}${note}`];
  const [only] = turns;
  const times = turns.length === 1
    ? String(only![0])
    : `{ mix: [${turns.map(([count, weight]) => `{ weight: ${weight}, count: ${count} }`).join(", ")}] }`;
  return [`${indent}- { repeat: ${times}, steps: [${single}] }${note}`];
}

function arrivalLines({ name, requests, fit, startedBy }: ImportedArrivals): string[] {
  const isRandom = fit.variation > 0.5;
  const drawn = isRandom && requests >= RANDOM_ARRIVALS_MIN;
  const how = Number.isNaN(fit.variation)
    ? ""
    : drawn
    ? ", at random"
    : isRandom
    ? ", at random; evenly spaced here, so that their number is right"
    : ", evenly spaced";
  const by = startedBy === undefined ? "" : `; ${visible(startedBy)} starts them and does not wait`;
  return [
    `  ${name}: # ${formatCounted(requests, "request")}${how}${by}`,
    "    executor: ramping-arrival-rate",
    `    exec: ${name}`,
    `    startRate: ${fit.startRate}`,
    "    timeUnit: 1s",
    ...(drawn ? ["    arrival: poisson"] : []),
    "    preAllocatedVUs: unlimited",
    "    stages:",
    ...fit.stages.map(({ target, duration_s }) =>
      `      - { target: ${target}, duration: ${moment(duration_s * 1e9)} }`
    ),
  ];
}

function faultLines({ name, target, at, length, effect, evidence }: ImportedFault): string[] {
  const lines = [
    `  - name: ${scalar(name)} # ${visible(evidence)}`,
    `    kind: ${effect.kind}`,
    `    target: ${scalar(target)}`,
    `    at: ${moment(at)}`,
    ...(length === undefined ? [] : [`    for: ${moment(length)}`]),
  ];
  if (effect.kind === "errors") {
    return [...lines, `    rate: ${percent(effect.rate)}`, `    status: ${effect.status}`];
  }
  if (effect.kind === "blackhole") return [...lines, `    rate: ${percent(effect.rate)}`];
  if (effect.multiply !== undefined) {
    lines.push(
      `    multiply: ${effect.multiply}${
        replaces(effect.multiply) ? " # what is added takes the place of the usual time" : ""
      }`,
    );
  }
  if (effect.add !== undefined) lines.push(`    add: ${shapeText(effect.add)}`);
  return lines;
}

/** What rounding moves a time by may be this share of what lies between it and the next one. */
const ROUNDING_MAX = 0.1;
/** The same for a lognormal, of what lies between its two times. */
const LOGNORMAL_ROUNDING_MAX = 0.02;
const DIGITS_MIN = 3, DIGITS_MAX = 12;

function shapeText(shape: Shape): string {
  switch (shape.type) {
    case "constant":
      return time(shape.value, 0);
    case "lognormal": {
      const p99 = Math.max(shape.p99, shape.p50), off = LOGNORMAL_ROUNDING_MAX * (p99 - shape.p50);
      return `{ p50: ${time(shape.p50, off)}, p99: ${time(p99, off)} }`;
    }
    case "percentiles": {
      const { points } = shape;
      let least = 0;
      const parts = points.map(([percent, value], i) => {
        // Where many requests took the same time, a time next to it is another one.
        const gaps = [points[i - 1], points[i + 1]].flatMap((next) =>
          next === undefined ? [] : Math.abs(next[1] - value)
        );
        const off = ROUNDING_MAX * Math.min(...gaps);
        least = Math.max(least, rounded(value, off));
        return `p${percent}: ${time(least, 0)}`;
      });
      return `{ percentiles: { ${parts.join(", ")} } }`;
    }
  }
}

/** With the fewest digits, but at least three, that move it by at most `off` nanoseconds. */
function rounded(ns: number, off: number): number {
  const whole = Math.round(ns);
  for (let digits = DIGITS_MIN; digits <= DIGITS_MAX; digits++) {
    const value = Math.round(Number(whole.toPrecision(digits)));
    if (Math.abs(value - whole) <= off) return value;
  }
  return whole;
}

function time(ns: number, off = Infinity): string {
  const value = rounded(ns, off);
  const [size, unit] = value < 1e3 ? [1, "ns"] : value < 1e6 ? [1e3, "us"] : value < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  return value >= 60e9 && value % 1e9 === 0
    ? formatDuration(value as Nanos)
    : `${Number((value / size).toPrecision(15))}${unit}`;
}

/** To the millisecond: `2m6.154s`. */
function moment(ns: number): string {
  const ms = Math.round(ns / 1e6);
  if (ms < 1000) return ms === 0 ? "0s" : `${ms}ms`;
  const minutes = Math.floor(ms / 60_000), seconds = (ms - minutes * 60_000) / 1000;
  return `${minutes === 0 ? "" : `${minutes}m`}${seconds === 0 ? "" : `${seconds}s`}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))}%`;
}
