// What an executor is: its fields, and how they become a Load. One file an executor, one line in the registry.

import type { Diagnostics } from "../base/diagnostics.ts";
import {
  converted,
  type Decoded,
  duration,
  either,
  type Field,
  integer,
  type Invalid,
  listOf,
  type Properties,
  type Property,
  record,
  required,
  type Variant,
  withDefault,
  word,
  writeDuration,
  wrong,
} from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { FOREVER, formatDuration, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import type { Load } from "./load.ts";

export interface Executor<P extends Properties> extends Variant<P> {
  /**
   * Makes the load, or diagnoses everything that does not fit together.
   * @param node the map that was decoded, for positions
   */
  compile(config: Decoded<P>, node: Node, diagnostics: Diagnostics): Load | Invalid;
}

/** Gives `compile` the types of the fields. */
export function executor<P extends Properties>(definition: Executor<P>): Executor<P> {
  return definition;
}

/** The value at `path` below a node, or the nearest node above it where a key was left out. */
export function nodeAt(node: Node, ...path: readonly (string | number)[]): Node {
  let found = node;
  for (const step of path) {
    const child: Node | undefined = found.type === "map"
      ? found.entries.find((entry) => entry.key === step)?.value
      : found.type === "list" && typeof step === "number"
      ? found.items[step]
      : undefined;
    if (child === undefined) break;
    found = child;
  }
  return found;
}

/** A duration of k6's, where a bare number means milliseconds, longer than nothing. */
export function lengthField(): Field<Nanos> {
  return duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX, bareMilliseconds: true });
}

/** The word for what has no end, or no limit. */
const UNLIMITED = "unlimited";

/** A length, or Infinity for a load that goes on until the run is stopped. */
export function endlessLengthField(): Field<Nanos> {
  const field = either(
    "a duration like 30s, or unlimited",
    (node) => node.type === "scalar" && typeof node.value === "string" && /^[a-z]+$/i.test(node.value),
    converted(word([UNLIMITED], "a duration like 30s, or"), () => FOREVER),
    lengthField(),
  );
  return { ...field, write: (length) => length === FOREVER ? UNLIMITED : writeDuration(length) };
}

/** A whole number, or Infinity for `unlimited`. */
export function endlessCountField(min: 0 | 1, max?: number): Field<number> {
  return either(
    "a whole number or unlimited",
    (node) => node.type === "scalar" && typeof node.value === "string",
    converted(word([UNLIMITED], "a whole number or"), () => Infinity),
    integer({ min, ...(max === undefined ? {} : { max }) }),
  );
}

/** How long a load is that goes on for `length`, which may be Infinity. */
export function boundedLength(length: number): Nanos {
  return Math.min(length, RUN_LENGTH_MAX) as Nanos;
}

/** Of the executors with stages. */
export const repeatProperty: Property<number> = withDefault(
  endlessCountField(1),
  1,
  "How often the stages come, each time from the start; unlimited: until the run is stopped.",
);

/** A stage: the value goes in a straight line to `target` over `duration`; 0s is a jump. */
export interface Stage {
  readonly target: number;
  readonly duration: Nanos;
}

/** @param summary what the target is */
export function stagesField(target: Field<number>, summary: string): Field<readonly Stage[]> {
  const stage = record("a stage", {
    target: required(target, summary),
    duration: required(
      duration({ max: RUN_LENGTH_MAX, bareMilliseconds: true }),
      "How long it takes to get there; 0s is a jump.",
    ),
  });
  return listOf(stage, "a list of stages like {target: 40, duration: 1m}", { min: 1 });
}

/**
 * Diagnoses stages that together take no time, or more than a run may last when they come so often. Gives whether they are
 * well.
 */
export function checkStagesLength(
  stages: readonly Stage[],
  repeat: number,
  node: Node,
  diagnostics: Diagnostics,
): boolean {
  const length = stages.reduce((sum, stage) => sum + stage.duration, 0);
  const place = nodeAt(node, "stages");
  const most = formatDuration(RUN_LENGTH_MAX);
  if (length === 0) wrong(place, "the stages take no time", diagnostics, "give one of them a duration above 0s");
  else if (length > RUN_LENGTH_MAX) {
    wrong(place, `the stages take ${formatDuration(length as Nanos)}`, diagnostics, `a run lasts at most ${most}`);
  } else if (repeat !== Infinity && length * repeat > RUN_LENGTH_MAX) {
    const fitting = Math.floor(RUN_LENGTH_MAX / length);
    wrong(
      nodeAt(node, "repeat"),
      `${repeat} times stages of ${formatDuration(length as Nanos)} are too long`,
      diagnostics,
      `a run lasts at most ${most}: write repeat: ${fitting} or less, or unlimited`,
    );
  } else return true;
  return false;
}
