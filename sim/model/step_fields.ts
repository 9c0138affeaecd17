// Fields of steps: what an endpoint does after its own work, and what a journey does.

import {
  converted,
  type Decoded,
  defined,
  type DefinedField,
  either,
  type Field,
  flag,
  INVALID,
  type Invalid,
  isScalar,
  type JsonSchema,
  keyed,
  listOf,
  marked,
  number,
  optional,
  type Properties,
  record,
  required,
  share,
  text,
  type Variant,
  withDefault,
  word,
  wrong,
  wrongType,
} from "../base/fields.ts";
import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import { entryOf, type Node } from "../base/node.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { countField, latencyField } from "../distributions/registry.ts";
import { attributesField } from "./attribute_fields.ts";
import { cacheField, cacheStep } from "./cache_fields.ts";
import { checksField } from "./check_fields.ts";
import { plainCall } from "./plain_call.ts";
import { conditionField } from "./context_fields.ts";
import { keyField } from "./key_fields.ts";
import { lockField, lockStep } from "./lock_fields.ts";
import { topicField } from "./messaging_fields.ts";
import {
  type CallStep,
  type ChooseOption,
  type EndpointRef,
  FAILURE_REACTIONS,
  LOG_LEVELS,
  type LogStep,
  type Step,
  type WorkStep,
} from "./model.ts";
import { patience, POLICIES, POLICY_DEFINITIONS, retryField, withPolicies } from "./policy_fields.ts";

/** Meta's widest call graphs have about 50 calls of one endpoint. */
const STEPS_MAX = 1000;
const WEIGHT_MAX = 1e9;
const MESSAGE_LENGTH_MAX = 1000;

/** References to endpoints, with their places. */
export const REFERENCES: Mark<EndpointRef> = { name: "references" };
/** The lists of steps of endpoints and journeys that could be read, by their nodes. */
export const STEPS: Mark<readonly Step[]> = { name: "steps" };

/** `service.endpoint`, split at the first dot. */
export const referenceField: Field<EndpointRef> = marked(REFERENCES, {
  expects: "a call like cart.GetCart or web.GET /",
  decode(node, diagnostics) {
    if (node.type !== "scalar" || typeof node.value !== "string") return wrongType(node, this.expects, diagnostics);
    const dot = node.value.indexOf(".");
    if (dot <= 0 || dot === node.value.length - 1) {
      return wrongType(node, this.expects, diagnostics, "the service, a dot, and its endpoint");
    }
    return { service: node.value.slice(0, dot), endpoint: node.value.slice(dot + 1) };
  },
  schema: () => ({ type: "string", pattern: "^[^.]+\\..+$" }),
});

type Config = { readonly [key: string]: unknown };

interface StepKind extends Variant<Properties> {
  /** Where it may not stand, and why. */
  readonly never?: { readonly place: StepPlace; readonly message: string; readonly hint: string };
  step(config: Config, node: Node, diagnostics: Diagnostics): Step | Invalid;
}

/** Log steps, by the nodes of their messages. */
export const LOG_STEPS: Mark<LogStep> = { name: "log steps" };
/** Steps of work by a share, by the nodes of the shares. */
export const WORK_SHARES: Mark<WorkStep> = { name: "work by a share" };

/** Where a list of steps stands. */
export type StepPlace = "endpoint" | "journey";

function stepKind<P extends Properties>(kind: {
  readonly summary: string;
  readonly fields: P;
  readonly never?: NonNullable<StepKind["never"]>;
  step(
    config: Decoded<P>,
    node: Node,
    diagnostics: Diagnostics,
  ): Step | Invalid;
}): StepKind {
  return { ...kind, step: (config, node, diagnostics) => kind.step(config as never, node, diagnostics) };
}

/** `40%` of the endpoint's own latency, or a latency of its own. */
const workField: Field<
  { share: number | undefined; latency: Distribution | undefined }
> = either(
  "a share of the endpoint's latency like 40%, or a latency like 5ms",
  (node) => node.type === "scalar" && typeof node.value === "string" && node.value.endsWith("%"),
  converted(share(), (value) => ({ share: value, latency: undefined })),
  converted(latencyField, (latency) => ({ share: undefined, latency })),
);

/** A fallback that is a single call. */
function fallbackCall(step: Field<Step>): Field<readonly Step[]> {
  const single = converted(step, (call): readonly Step[] => [call]);
  return {
    ...single,
    decode: (node, diagnostics) =>
      node.type === "scalar" && typeof node.value === "boolean"
        ? wrongType(
          node,
          "a call, or a list of steps",
          diagnostics,
          node.value ? "to go on without an answer write optional: true" : "leave it out",
        )
        : single.decode(node, diagnostics),
  };
}

/** Calls, with what goes on when they fail. */
function callKind(place: StepPlace): StepKind {
  const { step, steps } = FIELDS[place];
  const calls = {
    call: required(referenceField, "service.endpoint, as in cart.GetCart or web.GET /."),
    where: optional(conditionField, "The call is made only where the context matches: { tenant: acme }."),
    probability: withDefault(share(), 1, "Share of the executions in which the call is made.", "100%"),
    timeout: optional(patience, "How long each attempt is waited for. For ever if left out."),
    deadline: optional(patience, "How long all attempts are waited for, pauses included. For ever if left out."),
    retry: optional(retryField, "What is tried again when it failed: { attempts: 3, backoff: 50ms }."),
    ...POLICIES,
    optional: withDefault(flag, false, "Whether the caller goes on when the call failed."),
    fallback: optional(
      either(
        "a call, or a list of steps",
        isScalar,
        fallbackCall(step),
        steps,
      ),
      "A call, or steps, in place of the call that failed.",
    ),
    network: optional(
      latencyField,
      "Time between caller and callee, each way. The service's or the file's if left out.",
    ),
  };
  const summary = "Calls an endpoint of a service and waits for its answer.";
  if (place === "endpoint") {
    return stepKind({
      summary,
      fields: calls,
      step: ({ call, ...options }) => ({
        type: "call",
        target: call,
        ...withPolicies(options),
        onFailure: "continue",
        checks: [],
      }),
    });
  }
  return stepKind({
    summary,
    fields: {
      ...calls,
      onFailure: withDefault(
        word(FAILURE_REACTIONS),
        "continue",
        "What the user does when it failed for good, or took longer than timeout: go on, as in k6, or leave.",
      ),
      checks: withDefault(
        checksField,
        [],
        "What is checked about its answer: status == 200, duration < 500ms.",
        "none",
      ),
    },
    step: ({ call, ...options }) => ({ type: "call", target: call, ...withPolicies(options) }),
  });
}

/** Steps that are made of steps. */
function compositeKinds(place: StepPlace): Record<string, StepKind> {
  const { step, steps, option } = FIELDS[place];
  return {
    parallel: stepKind({
      summary: "Branches that run side by side; it ends when all have ended.",
      fields: {
        parallel: required(
          listOf(
            either(
              "a step, or a list of steps",
              (node) => node.type !== "list",
              converted(step, (single): readonly Step[] => [single]),
              steps,
            ),
            "a list of branches, each a step or a list of steps",
            { min: 1, sizeMax: STEPS_MAX },
          ),
          "A list of branches: each a step, or a list of steps.",
        ),
      },
      step: ({ parallel }) => ({ type: "parallel", branches: parallel }),
    }),
    choose: stepKind({
      summary: "One of several options, chosen by weight each time.",
      fields: {
        choose: required(
          listOf(option, "a list of options, each with a weight and a step", {
            min: 1,
            sizeMax: STEPS_MAX,
          }),
          "A list of options: { weight: 3, call: … } or { weight: 1, steps: […] }.",
        ),
      },
      step: ({ choose }, node, diagnostics) =>
        choose.some(({ weight }) => weight > 0)
          ? { type: "choose", options: choose }
          : wrong(node, "all weights are 0", diagnostics, "give one option a weight above 0"),
    }),
    repeat: stepKind({
      summary: "Steps that are taken several times.",
      fields: {
        repeat: required(countField, "How often: 3, or a distribution like { uniform: [1, 5] }."),
        steps: required(steps, "What is repeated.", "steps: [cart.GetCart]"),
      },
      step: ({ repeat, steps: repeated }) => ({ type: "repeat", times: repeat, steps: repeated }),
    }),
  };
}

function valueAt(node: Node, key: string): Node {
  return (node.type === "map" && entryOf(node, key)?.value) || node;
}

/** Steps that belong to endpoints or to journeys only. */
const SIMPLE_KINDS: Readonly<Record<string, StepKind>> = {
  work: stepKind({
    summary: "Own work at this place: a share of the endpoint's latency like 40%, or a latency like 5ms.",
    never: {
      place: "journey",
      message: "a journey does no work: it is what a user does",
      hint: "for a pause of the user write think: 2s",
    },
    fields: { work: required(workField, "A share like 40%, or a latency like 5ms.") },
    step({ work }, node, diagnostics) {
      const step: WorkStep = { type: "work", ...work };
      if (work.share !== undefined) diagnostics.mark(WORK_SHARES, valueAt(node, "work"), step);
      return step;
    },
  }),
  think: stepKind({
    summary: "A pause of the user before the next step.",
    never: {
      place: "endpoint",
      message: "an endpoint does not think: only users pause",
      hint: "for time that a service spends write work: 5ms, or latency: 5ms beside calls",
    },
    fields: { think: required(latencyField, "How long: 2s, or a distribution like { p50: 2s, p99: 8s }.") },
    step: ({ think }) => ({ type: "think", pause: think }),
  }),
  log: stepKind({
    summary: "Writes a line to the service's log.",
    never: {
      place: "journey",
      message: "a journey writes no log: only services do",
      hint: "move it to the endpoint that is called",
    },
    fields: {
      log: required(
        text("a message like 'order {order.id} accepted'", { lengthMax: MESSAGE_LENGTH_MAX }),
        "The message. {name} stands for an attribute, or for service, instance, endpoint, trace_id, span_id.",
      ),
      level: withDefault(word(LOG_LEVELS), "info", "The line's level."),
      attributes: withDefault(attributesField, new Map(), "Attributes of the line.", "none"),
    },
    step({ log, level, attributes }, node, diagnostics) {
      const step: LogStep = { type: "log", message: log, level, attributes };
      diagnostics.mark(LOG_STEPS, valueAt(node, "log"), step);
      return step;
    },
  }),
};

/** Steps about what outlives a request: messages anywhere, caches and locks in endpoints. */
function stateKinds(place: StepPlace): Record<string, StepKind> {
  const calls = callKind(place);
  const { call: _call, ...options } = calls.fields;
  const { steps } = FIELDS[place];
  const never = (what: string): NonNullable<StepKind["never"]> => ({
    place: "journey",
    message: `a journey has no ${what}: only services do`,
    hint: "move it to the endpoint that is called",
  });
  return {
    publish: stepKind({
      summary: "Sends a message to a topic, and waits until the broker has it.",
      fields: {
        publish: required(topicField, "The broker and its topic, as in kafka.orders."),
        key: optional(keyField, "Messages of one key are in one partition, in their order. Any partition if left out."),
        ...options,
      },
      step({ publish, key, ...rest }, node, diagnostics) {
        const step = calls.step({ ...rest, call: publish }, node, diagnostics);
        return step === INVALID ? INVALID : { ...step as CallStep, messageKey: key };
      },
    }),
    cache: stepKind({
      summary: "Looks a key up in a cache; what is missing is fetched and put in.",
      never: never("cache"),
      fields: {
        cache: required(
          cacheField(steps),
          "Where, which key, and what fetches it.",
          "cache: { in: local, miss: [db.SELECT products] }",
        ),
      },
      step: ({ cache }, node, diagnostics) => {
        const step = cacheStep(cache, node, diagnostics);
        if (step.shared !== undefined) {
          diagnostics.mark(REFERENCES, valueAt(valueAt(node, "cache"), "in"), step.shared.get.target);
          diagnostics.mark(REFERENCES, node, step.shared.set.target);
        }
        return step;
      },
    }),
    lock: stepKind({
      summary: "Locks a row of a database, and takes steps while it is locked.",
      never: never("locks"),
      fields: {
        lock: required(
          lockField(steps),
          "Which row, and what is done while it is locked.",
          "lock: { in: db, row: stock, steps: [db.UPDATE stock] }",
        ),
      },
      step: ({ lock }, node, diagnostics) => lockStep(lock, node, diagnostics),
    }),
  };
}

/** All steps by the key that tells them apart. A new one is a line here. */
function kindsOf(place: StepPlace): Record<string, StepKind> {
  return { call: callKind(place), ...compositeKinds(place), ...SIMPLE_KINDS, ...stateKinds(place) };
}

const STEP_EXPECTS = "a step, such as a call like cart.GetCart";

function stepField(place: StepPlace): Field<Step> {
  const kinds = kindsOf(place);
  const allowed = Object.fromEntries(Object.entries(kinds).filter(([, kind]) => kind.never?.place !== place));
  const bare = converted(referenceField, plainCall);
  const map = keyed(STEP_EXPECTS, allowed, {
    noun: "a step",
    instead: (node) => node.type === "list" ? "lists stand inside parallel only" : undefined,
    unknown: (key) =>
      key.includes(".") || key.includes(" ")
        ? `the options of a call stand beside it: { call: ${key}, timeout: 1s }`
        : undefined,
  });
  return {
    expects: STEP_EXPECTS,
    decode(node, diagnostics) {
      if (node.type === "scalar") return bare.decode(node, diagnostics);
      if (node.type === "map") {
        for (const entry of node.entries) {
          const never = Object.hasOwn(allowed, entry.key) ? undefined : kinds[entry.key]?.never;
          if (never === undefined) continue;
          diagnostics.add(entry.span, [...node.path, entry.key], never.message, never.hint);
          return INVALID;
        }
      }
      const decoded = map.decode(node, diagnostics);
      if (decoded === INVALID) return INVALID;
      return kinds[decoded.kind]!.step(decoded.config, node, diagnostics);
    },
    schema(): JsonSchema {
      return { if: { type: "string" }, then: referenceField.schema(), else: map.schema() };
    },
  };
}

const OPTION_EXPECTS = "an option with a weight, as in { weight: 3, call: cart.GetCart }";

/** `{ weight: 3, call: … }`, or `{ weight: 1, steps: […] }`. */
function optionField(place: StepPlace): Field<ChooseOption> {
  const expects = OPTION_EXPECTS;
  const { step, steps } = FIELDS[place];
  const weight = required(number({ min: 0, max: WEIGHT_MAX }), "How often, in relation to the others.", "weight: 1");
  const where = optional(conditionField, "Only where the context matches it can be chosen.");
  const severalSteps = record("an option", { weight, where, steps: required(steps, "What is done then.") });
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "map") {
        const hint = node.type === "scalar" ? `write { weight: 1, call: ${node.text} }` : undefined;
        return wrongType(node, expects, diagnostics, hint);
      }
      const keys = node.entries.map((entry) => entry.key);
      if (keys.includes("steps") && !keys.includes("repeat")) return severalSteps.decode(node, diagnostics);
      const isOwn = (key: string): boolean => key === "weight" || key === "where";
      const own = record("an option", { weight, where })
        .decode({ ...node, entries: node.entries.filter(({ key }) => isOwn(key)) }, diagnostics);
      const rest = { ...node, entries: node.entries.filter(({ key }) => !isOwn(key)) };
      const single = step.decode(rest, diagnostics);
      return own === INVALID || single === INVALID ? INVALID : { ...own, steps: [single] };
    },
    schema: () => optionSchema(place),
  };
}

function optionSchema(place: StepPlace): JsonSchema {
  const weight = { type: "number", minimum: 0, description: "How often, in relation to the others." };
  const where = { ...conditionField.schema(), description: "Only where the context matches it can be chosen." };
  const steps = { ...FIELDS[place].steps.schema(), description: "What is done then." };
  const kinds = Object.entries(kindsOf(place)).filter(([, kind]) => kind.never?.place !== place);
  return {
    type: "object",
    required: ["weight"],
    properties: {
      weight,
      where,
      steps: { description: "What is done then." },
      ...Object.fromEntries(kinds.map(([kind, { summary }]) => [kind, { description: summary }])),
    },
    anyOf: [...kinds.map(([kind]) => ({ required: [kind] })), { required: ["steps"] }],
    allOf: [
      {
        if: { required: ["steps"], not: { required: ["repeat"] } },
        then: { properties: { weight, where, steps }, additionalProperties: false },
      },
      ...kinds.map(([kind, { fields }]) => {
        const schema = record(kind, fields).schema() as { properties: object };
        return { if: { required: [kind] }, then: { ...schema, properties: { weight, where, ...schema.properties } } };
      }),
    ],
  };
}

interface StepFields {
  readonly step: DefinedField<Step>;
  readonly steps: Field<readonly Step[]>;
  readonly option: DefinedField<ChooseOption>;
}

function fieldsOf(place: StepPlace): StepFields {
  const name = place === "endpoint" ? "endpointStep" : "journeyStep";
  const step = defined(name, STEP_EXPECTS, () => stepField(place));
  return {
    step,
    steps: listOf(step, "a list of steps", { sizeMax: STEPS_MAX }),
    option: defined(`${place}Option`, OPTION_EXPECTS, () => optionField(place)),
  };
}

const FIELDS: Readonly<Record<StepPlace, StepFields>> = {
  endpoint: fieldsOf("endpoint"),
  journey: fieldsOf("journey"),
};

/** What an endpoint does after its own work. */
export const endpointStepsField: Field<readonly Step[]> = marked(STEPS, FIELDS.endpoint.steps);
/** What a user does. */
export const journeyStepsField: Field<readonly Step[]> = marked(
  STEPS,
  listOf(FIELDS.journey.step, "a list of steps", { min: 1, sizeMax: STEPS_MAX }),
);
/** The fields of steps that have names of their own in the schema. */
export const STEP_DEFINITIONS: readonly DefinedField<unknown>[] = [
  ...Object.values(FIELDS).flatMap(({ step, option }) => [step, option]),
  ...POLICY_DEFINITIONS,
];
