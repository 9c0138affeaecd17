// Fields of a service's capacity: its cores, its queue, its pauses, and what it turns away.

import type { Diagnostics } from "../base/diagnostics.ts";
import {
  converted,
  type Decoded,
  duration,
  either,
  type Field,
  integer,
  INVALID,
  type Invalid,
  isScalar,
  listOf,
  number,
  optional,
  record,
  required,
  share,
  withDefault,
  word,
  wrong,
  wrongType,
} from "../base/fields.ts";
import { entryOf, type Node } from "../base/node.ts";
import { type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { latencyField } from "../distributions/registry.ts";
import {
  type Capacity,
  DELAY_TARGET,
  type DelayTarget,
  DISCIPLINES,
  type PauseSpec,
  type RateLimit,
  type Shedding,
  VIEWS,
  type WarmUp,
} from "./capacity.ts";
import { rate } from "./rate_field.ts";

/** Counts that an engine keeps in memory when they are reached. */
const QUEUE_MAX = 10_000_000;
/** The largest machines that clouds rent have about 1,900. */
const CORES_MAX = 10_000;
const FACTOR_MAX = 1000;
const PAUSES_MAX = 20;

/** A number that may also be `unlimited`, which decodes to Infinity. */
export function unlimitedOr(field: Field<number>): Field<number> {
  const expects = `${field.expects}, or unlimited`;
  return {
    expects,
    decode: (node, diagnostics) =>
      node.type === "scalar" && node.value === "unlimited"
        ? Infinity
        : node.type === "scalar" && typeof node.value === "number"
        ? field.decode(node, diagnostics)
        : wrongType(node, expects, diagnostics),
    schema: () => ({ anyOf: [field.schema(), { const: "unlimited" }] }),
  };
}

/** An amount of CPU as Kubernetes writes it: `500m` is half a core. */
const cpuQuantity: Field<number> = {
  expects: "an amount of CPU like 500m or 2",
  decode(node, diagnostics) {
    if (node.type !== "scalar") return wrongType(node, this.expects, diagnostics);
    const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(node.value));
    if (match === null) return wrongType(node, this.expects, diagnostics, "500m is half a core, 2 are two");
    const cores = Number(match[1]) / (match[2] === "m" ? 1000 : 1);
    // The kernel's least quota is 1 ms of a period of 100 ms.
    if (cores >= 0.01 && cores <= CORES_MAX) return cores;
    return wrong(node, `the CPU limit ${node.text} is out of range`, diagnostics, `from 10m to ${CORES_MAX}`);
  },
  schema: () => ({ anyOf: [{ type: "string", pattern: "^[0-9]+(\\.[0-9]+)?m?$" }, { type: "number", minimum: 0.01 }] }),
  write: (cores) => cores < 1 ? `${Number((cores * 1000).toPrecision(12))}m` : cores,
};

const time = duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX });
const TARGET = withDefault(time, DELAY_TARGET.target, "The wait in the queue that is acceptable for long.", "5ms");
const INTERVAL = withDefault(time, DELAY_TARGET.interval, "For how long a longer wait is acceptable.", "100ms");

function checkDelay<T extends DelayTarget>(value: T, node: Node, diagnostics: Diagnostics): T | Invalid {
  const place = node.type === "map" ? entryOf(node, "target")?.value ?? entryOf(node, "interval")?.value : undefined;
  return value.target < value.interval
    ? value
    : wrong(place ?? node, "target is not shorter than interval", diagnostics, "CoDel's are 5ms and 100ms");
}

/** What the key `queue` says. */
export interface QueueSpec extends Pick<Capacity, "discipline" | "delay" | "patience"> {
  readonly size: number;
}

const queueSize = unlimitedOr(integer({ min: 0, max: QUEUE_MAX }));

/** `80`, or a map that also says in which order and for how long. */
export const queueField: Field<QueueSpec> = either<QueueSpec, QueueSpec>(
  "a number of places, unlimited, or { size, discipline, timeout, target, interval }",
  isScalar,
  converted(queueSize, (size) => ({ size, discipline: "fifo", delay: DELAY_TARGET, patience: undefined })),
  converted(
    record("a queue", {
      size: withDefault(queueSize, Infinity, "Requests that one replica lets wait.", "unlimited"),
      discipline: withDefault(
        word(DISCIPLINES),
        "fifo",
        "Who is next. fifo: who waits longest. lifo: who came last. codel: controlled delay with adaptive LIFO " +
          "(Facebook's, 'Fail at Scale' 2015): once the queue has not been empty for an interval, who came last, " +
          "and who comes waits for target at most; else who waits longest, for an interval at most.",
      ),
      timeout: optional(
        latencyField,
        "How long a request waits before it is answered 503, drawn for each. For ever if left out.",
      ),
      target: TARGET,
      interval: INTERVAL,
    }, {
      unknown: (key) =>
        /^(length|max|limit|places)$/i.test(key)
          ? "size: how many may wait"
          : /^(order|policy)$/i.test(key)
          ? "discipline: fifo, lifo or codel"
          : undefined,
    }),
    ({ size, discipline, timeout, target, interval }, node, diagnostics) => {
      const stray = node.type === "map" ? entryOf(node, "target") ?? entryOf(node, "interval") : undefined;
      if (stray !== undefined && discipline !== "codel") {
        const hint = "add discipline: codel, or take it out";
        diagnostics.add(stray.span, [...node.path, stray.key], `${stray.key} belongs to the discipline codel`, hint);
        return INVALID;
      }
      const delay = checkDelay({ target, interval }, node, diagnostics);
      return delay === INVALID ? INVALID : { size, discipline, delay, patience: timeout };
    },
  ),
);

const pauseField: Field<PauseSpec> = converted(
  record("a pause", {
    every: required(latencyField, "From the beginning of one to that of the next.", "every: 10s"),
    length: required(latencyField, "How long everything stands still.", "length: 200ms"),
    perRequest: optional(
      duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX }),
      "What each request that is there, waiting or worked on, adds: a collection goes through all that is alive. None if " +
        "left out.",
    ),
  }),
  (pause, node, diagnostics) =>
    pause.every.mean > pause.length.mean ? pause : wrong(
      (node.type === "map" ? entryOf(node, "length")?.value : undefined) ?? node,
      "these pauses are as long as the time between their beginnings: nothing would ever run",
      diagnostics,
      "length is less than every, on average",
    ),
);

const pausesField: Field<readonly PauseSpec[]> = either(
  "{ every, length }, or a list of such maps",
  (node) => node.type !== "list",
  converted(pauseField, (pause): readonly PauseSpec[] => [pause]),
  listOf(pauseField, undefined, { sizeMax: PAUSES_MAX }),
);

const warmUpField: Field<WarmUp> = converted(
  record("a warm-up", {
    for: required(time, "How long after a start.", "for: 30s"),
    factor: required(
      number({ min: 1, max: FACTOR_MAX }),
      "How many times as long own work takes at first; falls evenly to 1.",
      "factor: 4",
    ),
  }),
  ({ for: length, factor }) => ({ length, factor }),
);

const rateLimitField: Field<RateLimit> = converted(
  either(
    "a rate like 100/s, or { rate, burst, view }",
    isScalar,
    converted(rate({ zero: false }), (perSecond) => ({ rate: perSecond, burst: undefined, view: "replica" as const })),
    record("a rate limit", {
      rate: required(rate({ zero: false }), "Requests that pass in the long run.", "rate: 100/s"),
      burst: optional(
        integer({ min: 1, max: QUEUE_MAX }),
        "Requests that pass at once. Those of one second if left out.",
      ),
      view: withDefault(word(VIEWS), "replica", "replica: each has its own bucket; global: one for all."),
    }),
  ),
  ({ rate, burst, view }) => ({ rate, burst: burst ?? Math.max(1, Math.floor(rate)), view }),
);

const NO_SHEDDING: Shedding = { queue: Infinity, utilization: Infinity, codel: undefined };

const sheddingField: Field<Shedding> = either<Shedding, Shedding>(
  "codel, or { queue, utilization, codel }",
  isScalar,
  converted(word(["codel"], "the word"), () => ({ ...NO_SHEDDING, codel: DELAY_TARGET })),
  converted(
    record("load shedding", {
      queue: withDefault(
        unlimitedOr(integer({ min: 0, max: QUEUE_MAX })),
        Infinity,
        "Requests waiting at a replica from which on others are turned away.",
        "unlimited",
      ),
      utilization: optional(
        share(),
        "Share of a replica's cores, or workers, busy over about the last second, from which on requests are turned away.",
      ),
      codel: optional(
        converted(record("CoDel", { target: TARGET, interval: INTERVAL }), checkDelay),
        "Drops requests that waited too long when they would be taken up, by RFC 8289.",
      ),
    }),
    ({ queue, utilization = Infinity, codel }, node, diagnostics) =>
      queue < Infinity || utilization < Infinity || codel !== undefined
        ? { queue, utilization, codel }
        : wrongType(node, "load shedding with queue, utilization or codel", diagnostics),
  ),
);

/** The keys of a service that say what it can do at once, besides `concurrency`. */
export const CAPACITY = {
  cores: withDefault(
    unlimitedOr(number({ above: 0, max: CORES_MAX })),
    Infinity,
    "Cores of one replica, as 2 or 0.5: held for own work only, and shared evenly by all that is worked on.",
    "unlimited",
  ),
  cpu: optional(
    record("cpu", {
      limit: required(
        cpuQuantity,
        "CPU time in each period of 100 ms, in cores; once it is used up all own work waits for the next period.",
        "limit: 500m",
      ),
    }, { instead: (node) => node.type === "scalar" ? `write { limit: ${node.text} }` : undefined }),
    "Limits of CPU time, as Kubernetes sets them. None if left out.",
  ),
  queue: withDefault(
    queueField,
    { size: Infinity, discipline: "fifo", delay: DELAY_TARGET, patience: undefined },
    "Requests that one replica lets wait when all its workers are busy; past it they are refused with 503.",
    "unlimited",
  ),
  pauses: withDefault(
    pausesField,
    [],
    "When all of a replica stands still, as in a garbage collection that stops the world: work, answers and time-outs.",
    "none",
  ),
  warmUp: optional(warmUpField, "Own work is slower after a start, that of the run included. Not if left out."),
  rateLimit: optional(rateLimitField, "A token bucket: who finds it empty is answered 429. None if left out."),
  shed: optional(sheddingField, "What is answered 503 although there is room. Nothing if left out."),
} as const;

/** What the keys say together; without concurrency nothing waits, and what speaks of waiting is an error. */
export function capacityOf(
  config: Decoded<typeof CAPACITY> & { readonly concurrency: number },
  node: Node,
  diagnostics: Diagnostics,
): Capacity | Invalid {
  const { cores, cpu, queue, pauses, warmUp, rateLimit, shed } = config;
  const cpuLimit = cpu?.limit ?? Infinity;
  let valid = true;
  const refuse = (key: string, message: string, hint: string): void => {
    const entry = node.type === "map" ? entryOf(node, key) : undefined;
    if (entry === undefined) return;
    diagnostics.add(entry.span, [...node.path, key], message, hint);
    valid = false;
  };
  if (config.concurrency === Infinity) {
    const hint = "add concurrency: how many requests one replica works on at once";
    if (queue.discipline !== "fifo" || queue.patience !== undefined) {
      refuse("queue", "nothing ever waits in this queue: the service takes up every request at once", hint);
    }
    if (shed !== undefined && (shed.queue < Infinity || shed.codel !== undefined)) {
      refuse("shed", "nothing ever waits here: the service takes up every request at once", hint);
    } else if (shed !== undefined && cores === Infinity && cpuLimit === Infinity) {
      refuse("shed", "utilization is a share of cores or workers, and this service has no limit of either", hint);
    }
  }
  if (!valid) return INVALID;
  const { discipline, delay, patience } = queue;
  return { cores, cpuLimit, discipline, delay, patience, pauses, warmUp, rateLimit, shed };
}
