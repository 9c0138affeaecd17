// What an executor is: its fields, and how they become a Load. One file an executor, one line in the registry.

import type { Diagnostics } from "../base/diagnostics.ts";
import {
  type Decoded,
  duration,
  type Field,
  type Invalid,
  listOf,
  type Properties,
  record,
  required,
  type Variant,
  wrong,
} from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { formatDuration, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
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

/** Diagnoses stages that together take no time, or more than a run may last. Gives whether they are well. */
export function checkStagesLength(stages: readonly Stage[], node: Node, diagnostics: Diagnostics): boolean {
  const length = stages.reduce((sum, stage) => sum + stage.duration, 0);
  if (length > 0 && length <= RUN_LENGTH_MAX) return true;
  const place = nodeAt(node, "stages");
  if (length === 0) wrong(place, "the stages take no time", diagnostics, "give one of them a duration above 0s");
  else {
    wrong(
      place,
      `the stages take ${formatDuration(length as Nanos)}`,
      diagnostics,
      `a run lasts at most ${formatDuration(RUN_LENGTH_MAX)}`,
    );
  }
  return false;
}
