// Fields of a scenario file besides its services: journeys, workloads, faults, and the top level.

import { type Diagnostics, type Mark, nearest } from "../base/diagnostics.ts";
import {
  converted,
  type Decoded,
  defined,
  type DefinedField,
  duration,
  type Field,
  integer,
  INVALID,
  type Invalid,
  type JsonSchema,
  listOf,
  mapOf,
  marked,
  optional,
  type Properties,
  record,
  type RecordField,
  required,
  share,
  tagged,
  text,
  withDefault,
  wrong,
  wrongType,
} from "../base/fields.ts";
import { entryOf, type MapNode, type Node } from "../base/node.ts";
import { FOREVER, formatDuration, type Nanos, RUN_LENGTH_MAX, SECOND } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import { type Aim, type CompiledFault, type FaultKind, strikesRequests } from "../faults/kind.ts";
import { compileFault, FAULTS, kindOf } from "../faults/registry.ts";
import { compileExecutor, EXECUTORS } from "../load/registry.ts";
import { checkNoScenarios, compileShortcuts, SHORTCUT_FIELDS } from "../load/shortcuts.ts";
import { conditionField, contextField } from "../model/context_fields.ts";
import { servicesField } from "../model/service_fields.ts";
import { journeyStepsField } from "../model/step_fields.ts";
import type { FaultTimes } from "../objectives/gate.ts";
import { hypothesisField } from "../objectives/hypothesis.ts";
import { NO_THRESHOLDS, thresholdsField } from "../objectives/thresholds_field.ts";
import { NO_CONDITION, whenField } from "../objectives/when_field.ts";
import type { FaultSpec, FaultTarget, Workload } from "./scenario.ts";
import { chaosField } from "./chaos_fields.ts";
import { CHAOS, FAULTS_MAX, HYPOTHESES } from "./experiment_checks.ts";
import { replicaChoiceField } from "./replica_choice_field.ts";
import { targetField } from "./target.ts";

/** Each takes a slot in every fact. */
const WORKLOADS_MAX = 1000;
const JOURNEYS_MAX = 10_000;
/** What a terminal shows on a line, and a folder's name may hold. */
const NAME_LENGTH_MAX = 200;

/** Names of faults, by their nodes. */
export const FAULT_NAMES: Mark<string> = { name: "fault names" };
/** Names and kinds of faults, by their nodes. */
export const FAULT_KINDS: Mark<
  & Pick<FaultSpec, "name" | "kind" | "workload" | "strikes">
  & Pick<FaultTarget, "service" | "endpoint">
> = { name: "kinds of faults" };
/** Services that stand by, and for whom, by the nodes of their names. */
export const STANDBYS: Mark<{ readonly service: string; readonly to: string }> = { name: "services that stand by" };
/** Zones of faults, by their nodes. */
export const FAULT_ZONES: Mark<{ readonly zone: string; readonly target: FaultTarget }> = { name: "zones of faults" };
/** Names of faults that begin when something holds, by their nodes. */
export const UNTIMED_FAULTS: Mark<string> = { name: "faults without a time" };
/** When faults are there, with their names, by their nodes. */
export const FAULT_TIMES: Mark<FaultTimes & { readonly name: string; readonly isMitigation: boolean }> = {
  name: "fault times",
};

/** A workload whose journey may still be the only one. */
export type WorkloadDraft = Omit<Workload, "name" | "exec"> & { readonly exec: string | undefined };

/** When loads are there, by the nodes of their scenarios; k6's shortcuts by that of the file. */
export const LOADS: Mark<Pick<WorkloadDraft, "executor" | "startAfter" | "startTime" | "load" | "gracefulStop">> = {
  name: "loads",
};

/** k6's own durations: a bare number is milliseconds. */
const k6Duration = duration({ max: RUN_LENGTH_MAX, bareMilliseconds: true });

/** A map to texts; numbers and words are taken as they are written. */
function textsField(expects: string): Field<ReadonlyMap<string, string>> {
  const value: Field<string> = {
    expects: "a text",
    decode: (node, diagnostics) =>
      node.type !== "scalar" || node.value === null
        ? wrongType(node, "a text", diagnostics)
        : typeof node.value === "string"
        ? node.value
        : node.expanded ?? node.text,
    schema: () => ({ type: ["string", "number", "boolean"] }),
  };
  return mapOf(value, expects, { key: /^[^\p{Cc}\p{Cf}]{1,200}$/u, keyExpects: "a name", sizeMax: 100 });
}

const NAME = /^[0-9a-zA-Z_-]{1,100}$/;

const WORKLOAD_COMMON = {
  exec: optional(text("the name of a journey"), "The journey that each iteration takes. The only one if left out."),
  startTime: withDefault(
    k6Duration,
    0 as Nanos,
    "When it begins: from the start of the run, or from the end of the scenario that it starts after.",
    "0s",
  ),
  startAfter: optional(
    text("the name of a scenario"),
    "The scenario whose end it waits for, its last iterations included. None if left out.",
  ),
  gracefulStop: withDefault(
    k6Duration,
    (30 * SECOND) as Nanos,
    "How long iterations that are under way at its end may go on.",
    "30s",
  ),
  context: withDefault(
    contextField,
    new Map(),
    "What each iteration carries, drawn once, besides and instead of the file's context.",
    "the file's",
  ),
  env: withDefault(textsField("a map of variables"), new Map(), "Variables, as in k6.", "none"),
  tags: withDefault(textsField("a map of tags"), new Map(), "Tags of its samples, for thresholds.", "none"),
} as const;

/** An entry of `scenarios`. */
export const workloadField: Field<WorkloadDraft> = converted(
  tagged("a scenario", "executor", EXECUTORS, WORKLOAD_COMMON, {
    instead: () => "write { executor: constant-vus, vus: 1, duration: 10s }",
    unknown: (key) =>
      /^(journey|flow|script|function)$/i.test(key)
        ? "exec: the name of a journey"
        : key === "options"
        ? "browser options mean nothing here: leave it out"
        : undefined,
  }),
  ({ kind, config, common }, node, diagnostics) => {
    const load = compileExecutor(kind, config, node, diagnostics);
    if (load === INVALID) return INVALID;
    // One without end goes on for as long as there is room.
    const length = common.startTime + (load.endless ? 0 : load.length) + common.gracefulStop;
    if (length > RUN_LENGTH_MAX) {
      return wrong(
        node,
        `this scenario ends after ${formatDuration(length as Nanos)}`,
        diagnostics,
        `a run lasts at most ${formatDuration(RUN_LENGTH_MAX)}, startTime and gracefulStop included`,
      );
    }
    diagnostics.mark(LOADS, node, { executor: kind, ...common, load });
    return { executor: kind, ...common, load, config };
  },
);

const moment = duration({ max: RUN_LENGTH_MAX });

const length = duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX });
const TURNS_MAX = 1_000_000;

const FAULT_COMMON = {
  name: optional(
    text("a name", { lengthMax: NAME_LENGTH_MAX }),
    "What reports call it. Made of kind, target and time if left out.",
  ),
  target: optional(
    targetField,
    "What it strikes: service, service.endpoint, the replica service#2, or the calls caller -> callee. " +
      "Every kind needs one, but for those that strike a zone, load, or another fault.",
  ),
  replicas: optional(
    replicaChoiceField,
    "Only so many of the target's replicas, as 2 or 50%, chosen anew each time. All if left out.",
  ),
  zone: optional(text("a zone"), "Only replicas in this zone: one of the service's zones."),
  at: withDefault(moment, 0 as Nanos, "When it begins, from the start of the run; with when: not before.", "0s"),
  for: optional(length, "How long it lasts. To the end if left out."),
  every: optional(length, "It comes again after so long, counted from beginning to beginning. Once if left out."),
  times: optional(integer({ min: 1, max: TURNS_MAX }), "How often it comes at most. Once, or with every without end."),
  jitter: withDefault(moment, 0 as Nanos, "It begins later by up to so much, drawn each time.", "0s"),
  when: withDefault(
    whenField,
    NO_CONDITION,
    "It begins when these hold, as thresholds over the last 10s unless a window is given: { http_req_failed: 'rate>0.2' }.",
    "none: it begins at at",
  ),
  reaction: withDefault(
    moment,
    0 as Nanos,
    "With when: how long it takes from then: a human's, or an automaton's.",
    "0s",
  ),
  ramp: withDefault(
    moment,
    0 as Nanos,
    "How long it takes to rise to its full strength; it falls as long before its end.",
    "0s",
  ),
  probability: withDefault(share(), 1, "Share of the requests that it touches.", "100%"),
  where: optional(conditionField, "Only requests whose context matches: { tenant: acme }. All if left out."),
} as const;

/** The schema of a fault, with what its kind cannot do without. */
function faultSchema(tag: Field<unknown>): JsonSchema {
  const schema = tag.schema() as { readonly allOf: readonly { readonly then: { readonly required?: string[] } }[] };
  const kinds = Object.values(FAULTS) as readonly FaultKind<Properties>[];
  return {
    ...schema,
    allOf: schema.allOf.map((each, i) => {
      const { aim, needsEnd } = kinds[i]!;
      const needs = aim === "zone" ? ["zone"] : aim === "workloads" || aim === "fault" ? [] : ["target"];
      const required = [...each.then.required ?? [], ...needs, ...needsEnd ? ["for"] : []];
      return { ...each, then: { ...each.then, ...required.length > 0 ? { required } : {} } };
    }),
  };
}

/** What its kind calls the number that something is multiplied by. */
function multiplierHint(key: string, fault: MapNode): string | undefined {
  if (!/^(factor|multiply|multiplier|by)$/i.test(key)) return undefined;
  const kind = entryOf(fault, "kind")?.value;
  const kinds: Readonly<Record<string, FaultKind<Properties>>> = FAULTS;
  const fields = kind?.type === "scalar" ? kinds[String(kind.value)]?.fields : undefined;
  const meant = ["multiply", "factor"].find((each) => fields !== undefined && Object.hasOwn(fields, each));
  return meant === undefined ? undefined : `did you mean "${meant}"?`;
}

/** A fault as its keys say it, each by itself. */
const taggedFault = (() => {
  const field = tagged("a fault", "kind", FAULTS, FAULT_COMMON, {
    unknown: (key, node) =>
      key === "duration"
        ? "for: how long it lasts"
        : key === "start" || key === "startTime"
        ? "at: when it begins"
        : multiplierHint(key, node),
  });
  return { ...field, schema: () => faultSchema(field) };
})();

/** An item of `faults`. */
export const faultField: DefinedField<FaultSpec> = defined("fault", "a fault", () =>
  converted(
    taggedFault,
    ({ kind, config, common }, node, diagnostics) => {
      const definition = kindOf(kind);
      const compiled = compileFault(kind, config, node, diagnostics);
      const target = aimedAt(kind, definition, common, compiled, node, diagnostics);
      const { at, ramp, probability, where, zone, jitter, when, reaction } = common;
      const length = common.for ?? FOREVER;
      const every = common.every ?? FOREVER;
      const times = common.times ?? (every === FOREVER ? 1 : Infinity);
      const hasRoom = [
        rampFits(ramp, length, node, diagnostics),
        timesFit(common, definition.aim === "workloads", node, diagnostics),
      ].every(Boolean);
      const text = target === INVALID ? common.target?.text ?? "" : target.text;
      const name = common.name ?? `${kind} on ${text}${at === 0 ? "" : ` at ${formatDuration(at)}`}`;
      diagnostics.mark(FAULT_NAMES, placeIn(node, "name"), name);
      const { service, endpoint } = target === INVALID ? { service: "", endpoint: undefined } : target;
      const own = compiled === INVALID ? {} : compiled;
      diagnostics.mark(FAULT_KINDS, node, { ...own, name, kind, service, endpoint });
      // Nobody knows beforehand when a fault begins that waits for something.
      if (when.length === 0) {
        const until = (at + jitter + length) as Nanos;
        diagnostics.mark(FAULT_TIMES, node, { name, at, until, isMitigation: definition.isMitigation === true });
      } else diagnostics.mark(UNTIMED_FAULTS, node, name);
      if (zone !== undefined && target !== INVALID) {
        diagnostics.mark(FAULT_ZONES, placeIn(node, "zone"), { zone, target });
      }
      if (compiled === INVALID || target === INVALID || !hasRoom) return INVALID;
      const standing = kind === "fail-over" ? compiled.toService : undefined;
      if (standing !== undefined) {
        diagnostics.mark(STANDBYS, placeIn(node, "to"), { service: target.service, to: standing });
      }
      const timing = { at, duration: length, every, times, jitter, when, reaction };
      const whom = definition.replicas !== undefined && target.replica === undefined && zone === undefined
        ? { count: definition.replicas }
        : undefined;
      return {
        name,
        kind,
        aim: definition.aim,
        touchesCpu: definition.touchesCpu === true,
        target,
        replicas: common.replicas ?? whom,
        zone,
        ...timing,
        ramp,
        probability,
        where,
        ...compiled,
        config,
      };
    },
  ));

function placeIn(node: Node, key: string): Node {
  return (node.type === "map" && entryOf(node, key)?.value) || node;
}

function hasTarget(aim: Aim): boolean {
  return aim !== "zone" && aim !== "workloads" && aim !== "fault";
}

/** What a fault without a target of its own strikes, for lists. */
function textWithoutTarget(aim: Aim, zone: string | undefined, compiled: CompiledFault | Invalid): string {
  if (aim === "zone") return zone ?? "";
  if (compiled === INVALID) return "";
  return aim === "fault" ? compiled.ofFault ?? "" : compiled.workload ?? "all scenarios";
}

/** The target of a fault, once it and the options are such as its kind can strike. */
function aimedAt(
  kind: string,
  { aim, needsEnd }: { readonly aim: Aim; readonly needsEnd?: true },
  common: Decoded<typeof FAULT_COMMON>,
  compiled: CompiledFault | Invalid,
  node: Node,
  diagnostics: Diagnostics,
): FaultTarget | Invalid {
  const { target, ramp, replicas, zone } = common;
  let valid = true;
  const refuse = (key: string, message: string, hint: string): void => {
    valid = false;
    wrong(placeIn(node, key), message, diagnostics, hint);
  };
  const has = (key: string): boolean => node.type === "map" && entryOf(node, key) !== undefined;
  if (!hasTarget(aim) && target !== undefined) {
    const instead = aim === "zone" ? "zone: eu-1a" : aim === "fault" ? "fault: the fault's name" : "scenario: its name";
    refuse("target", `${kind} has no target`, `leave it out, and write ${instead}`);
  }
  if (hasTarget(aim) && target === undefined) {
    wrong(node, `"target" is missing in a fault of kind ${kind}`, diagnostics, "target: payment.Charge");
    return INVALID;
  }
  if (aim === "zone" && zone === undefined) {
    refuse("zone", `"zone" is missing in a fault of kind ${kind}`, "zone: eu-1a, one of the services' zones");
  }
  if (needsEnd && common.for === undefined) {
    refuse("kind", `${kind} needs an end, or nothing would ever go on`, "for: 2s");
  }
  if (target?.caller !== undefined && aim === "work") {
    refuse("target", `${kind} strikes what a service does, and no calls to it`, `target: ${target.service}`);
  }
  if (target !== undefined && !strikesRequests(aim)) {
    if (target.endpoint !== undefined && (aim === "replicas" || aim === "services" || aim === "links")) {
      refuse("target", `${kind} strikes a service as a whole, and no endpoint of it`, `target: ${target.service}`);
    }
    if (target.caller !== undefined && (aim === "replicas" || aim === "services")) {
      refuse("target", `${kind} strikes a service, and no calls to it`, `target: ${target.service}`);
    }
    if (target.replica !== undefined && aim !== "replicas") {
      refuse("target", `${kind} strikes no single replica`, `target: ${target.service}`);
    }
  }
  if (!strikesRequests(aim)) {
    if (ramp > 0 && aim !== "workloads") refuse("ramp", `${kind} is there or not: it has no ramp`, "leave ramp out");
    if (has("where")) refuse("where", `${kind} does not ask for a request's context`, "leave where out");
    if (replicas !== undefined && aim !== "replicas") {
      refuse("replicas", `${kind} does not choose replicas`, "leave replicas out");
    }
    if (zone !== undefined && aim !== "replicas" && aim !== "zone") {
      refuse("zone", `${kind} does not choose replicas by zone`, "leave zone out");
    }
  }
  if (!valid) return INVALID;
  if (target !== undefined) return target;
  const text = textWithoutTarget(aim, zone, compiled);
  return { text, service: "", endpoint: undefined, replica: undefined, caller: undefined };
}

function rampFits(ramp: Nanos, length: Nanos, node: Node, diagnostics: Diagnostics): boolean {
  if (ramp * 2 <= length) return true;
  const place = (node.type === "map" && entryOf(node, "ramp")?.value) || node;
  wrong(
    place,
    `a ramp of ${formatDuration(ramp)} up and down does not fit into ${formatDuration(length)}`,
    diagnostics,
    `ramp is at most half of for: ${formatDuration((length / 2) as Nanos)}`,
  );
  return false;
}

/** What the times of a fault say together. */
function timesFit(
  times: Decoded<typeof FAULT_COMMON>,
  isSurge: boolean,
  node: Node,
  diagnostics: Diagnostics,
): boolean {
  const placeOf = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
  let valid = true;
  const refuse = (key: string, message: string, hint: string): void => {
    valid = false;
    wrong(placeOf(key), message, diagnostics, hint);
  };
  const { every, when, reaction, jitter } = times;
  if (every !== undefined && times.for === undefined) {
    refuse("every", "a fault without an end cannot come again", "give it an end with for: 30s");
  } else if (every !== undefined && every < times.for! + jitter) {
    const needs = formatDuration((times.for! + jitter) as Nanos);
    refuse("every", "it would come again before it is over", `every is at least for and jitter together: ${needs}`);
  }
  if (times.times !== undefined && times.times > 1 && every === undefined) {
    const hint = isSurge
      ? `for so many times the load write multiply: ${times.times}; to have it come again every: 10m as well`
      : "write every: 10m as well";
    refuse("times", "times says how often it comes, and not every how long", hint);
  }
  if (reaction > 0 && when.length === 0) {
    refuse("reaction", "reaction counts from when its condition holds, and it has none", "write when: … or at:");
  }
  if (jitter > 0 && when.length > 0) {
    refuse("jitter", "a fault that waits for something has no jitter", "write reaction: for the time that it takes");
  }
  return valid;
}

const WORKLOAD_EXAMPLE = "scenarios: { load: { executor: constant-vus, vus: 1, duration: 10s } }";

const SCENARIO = {
  name: required(
    text("a name", { lengthMax: NAME_LENGTH_MAX, pattern: /[^\s]/ }),
    "What the scenario is called.",
    "name: checkout",
  ),
  extends: optional(
    text("the path of a scenario file"),
    "The scenario that this one is laid over: it says only what is different. Null removes a key.",
  ),
  description: optional(text("a text", { lengthMax: 10_000 }), "What it shows, for people."),
  seed: withDefault(
    integer({ min: 0 }),
    1,
    "Chooses the random draws: the same seed and start give the same bytes.",
  ),
  namespace: optional(
    text("a name", { lengthMax: NAME_LENGTH_MAX, pattern: /[^\s]/ }),
    "service.namespace of all telemetry. Made of the name if left out.",
  ),
  environment: withDefault(
    text("a name", { lengthMax: NAME_LENGTH_MAX, pattern: /[^\s]/ }),
    "production",
    "deployment.environment.name of all telemetry.",
  ),
  network: optional(
    latencyField,
    "Time between any caller and its callee, each way, where neither call nor service says otherwise. None if left out.",
  ),
  context: withDefault(
    contextField,
    new Map(),
    "What each iteration of a journey carries through all its calls, drawn once: user, tenant, region. On spans and lines.",
    "none",
  ),
  services: required(servicesField, "The services by name.", 'services: { web: { endpoints: { "GET /": 5ms } } }'),
  journeys: required(
    mapOf(journeyStepsField, "a map of journeys", {
      key: NAME,
      keyExpects: "a name of a journey",
      keyHint: "letters, digits, - and _",
      min: 1,
      sizeMax: JOURNEYS_MAX,
      example: 'as in { visit: ["web.GET /"] }',
    }),
    "What users do: lists of steps by name.",
    'journeys: { visit: ["web.GET /"] }',
  ),
  scenarios: optional(
    mapOf(workloadField, "a map of scenarios", {
      key: NAME,
      keyExpects: "a name of a scenario",
      keyHint: "letters, digits, - and _, as in k6",
      min: 1,
      sizeMax: WORKLOADS_MAX,
      example: "as in { load: { executor: constant-vus, vus: 1, duration: 10s } }",
    }),
    "The load by name, in k6's words: executor, and what that takes.",
  ),
  ...SHORTCUT_FIELDS,
  faults: withDefault(
    listOf(faultField, "a list of faults", { sizeMax: FAULTS_MAX }),
    [],
    "What goes wrong, and when.",
    "nothing",
  ),
  chaos: optional(marked(CHAOS, chaosField), "Random faults, drawn from the seed. None if left out."),
  hypothesis: optional(
    marked(HYPOTHESES, hypothesisField),
    "What is believed of the system while its faults come and go. None if left out.",
  ),
  thresholds: withDefault(
    marked({ name: "thresholds" }, thresholdsField),
    NO_THRESHOLDS,
    "What has to hold, in k6's words.",
    "none",
  ),
} as const;

type FileConfig = Decoded<typeof SCENARIO>;

/** A file's values, its load told in one way: by `scenarios`. */
export type ScenarioConfig =
  & Omit<FileConfig, keyof typeof SHORTCUT_FIELDS | "scenarios" | "extends">
  & { readonly scenarios: ReadonlyMap<string, WorkloadDraft> };

const K6_OPTIONS = new Set([
  "batch",
  "batchPerHost",
  "blacklistIPs",
  "cloud",
  "discardResponseBodies",
  "dns",
  "ext",
  "hosts",
  "httpDebug",
  "insecureSkipTLSVerify",
  "maxRedirects",
  "noConnectionReuse",
  "noVUConnectionReuse",
  "rps",
  "setupTimeout",
  "summaryTimeUnit",
  "summaryTrendStats",
  "systemTags",
  "teardownTimeout",
  "throw",
  "tlsAuth",
  "tlsCipherSuites",
  "tlsVersion",
  "userAgent",
]);

const fileField: RecordField<typeof SCENARIO> = record("the scenario", SCENARIO, {
  instead: () => "a scenario is a map that begins with name: …",
  unknown: (key) =>
    key === "options"
      ? "what stands in k6's options stands at the top level here"
      : K6_OPTIONS.has(key)
      ? "this option of k6 means nothing here: leave it out"
      : undefined,
});

/** Diagnoses a file without any load, and shortcuts that cannot tell which journey is meant. */
export function checkLoad(root: MapNode, journeys: readonly string[] | undefined, diagnostics: Diagnostics): void {
  checkNoScenarios(root, diagnostics);
  if (entryOf(root, "scenarios") !== undefined) return;
  const shortcut = root.entries.find(({ key }) => Object.hasOwn(SHORTCUT_FIELDS, key));
  if (shortcut !== undefined && journeys !== undefined && journeys.length > 1) {
    const message = `k6's shortcut "${shortcut.key}" takes the only journey, and there are ${journeys.length}`;
    diagnostics.add(shortcut.span, [shortcut.key], message, `write ${WORKLOAD_EXAMPLE} with exec: ${journeys[0]}`);
  }
  const misspelt = root.entries.some(({ key }) =>
    !Object.hasOwn(SCENARIO, key) && nearest(key, ["scenarios"]).length > 0
  );
  if (shortcut === undefined && !misspelt) {
    wrong(root, '"scenarios" is missing in the scenario', diagnostics, WORKLOAD_EXAMPLE);
  }
}

/** A whole file. k6's shortcuts for a single scenario become one that is called `default`, as in k6. */
export const scenarioField: Field<ScenarioConfig> = converted(fileField, (config, node, diagnostics) => {
  const { vus, duration: length, iterations, stages, scenarios, extends: _base, ...rest } = config;
  const shortcut = compileShortcuts({ vus, duration: length, iterations, stages }, node, diagnostics);
  if (shortcut === INVALID) return INVALID;
  if (shortcut === undefined) {
    // That there is none is said by checkLoad, also beside other errors.
    return scenarios === undefined ? INVALID : { ...rest, scenarios };
  }
  const draft: WorkloadDraft = {
    ...shortcut,
    exec: undefined,
    startAfter: undefined,
    startTime: 0 as Nanos,
    gracefulStop: (30 * SECOND) as Nanos,
    env: new Map(),
    tags: new Map(),
    context: new Map(),
    config: {},
  };
  diagnostics.mark(LOADS, node, draft);
  return { ...rest, scenarios: new Map([["default", draft]]) };
});

/** Type of what a field gives when it is wrong, for callers of `scenarioField`. */
export type ScenarioResult = ScenarioConfig | Invalid;
