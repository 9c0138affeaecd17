// The part of a run that a threshold looks at: `after`, `before` and `during`, each a time or the name of a fault, and how
// they become times once the faults are known.

import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import { converted, duration, either, type Field, listOf, text, writeDuration, wrong } from "../base/fields.ts";
import { entryOf, type Node } from "../base/node.ts";
import { FOREVER, formatDuration, type Nanos, parseDuration, RUN_LENGTH_MAX } from "../base/time.ts";
import { EVALUATE_EVERY, type Gate } from "./threshold.ts";

/** A time since the run's start, or the name of a fault. What can be read as a time is one. */
export type Moment = Nanos | string;

/** `after`: from this time, or the fault's end; `before`: up to this time, or the fault's start. */
export interface GateDraft {
  readonly after: Moment | undefined;
  readonly before: Moment | undefined;
  /** A fault's window, or a stretch from one time to another. */
  readonly during: string | readonly [Nanos, Nanos] | undefined;
}

/** When a fault is there; `until` may be Infinity. */
export interface FaultTimes {
  readonly at: Nanos;
  readonly until: Nanos;
}

/** Names of faults in thresholds, by their nodes. */
export const GATE_FAULTS: Mark<string> = { name: "faults of thresholds" };
/** Windows and gates of thresholds, by the nodes of the thresholds. */
export const GATES: Mark<GateDraft & { readonly window: Nanos | undefined }> = { name: "gates of thresholds" };

const NAME_LENGTH_MAX = 200;

const moment = duration({ max: RUN_LENGTH_MAX });
const faultName = converted(text("the name of a fault", { lengthMax: NAME_LENGTH_MAX }), (name, node, diagnostics) => {
  diagnostics.mark(GATE_FAULTS, node, name);
  return name;
});

function isTime(node: Node): boolean {
  return node.type === "scalar" && (typeof node.value !== "string" || parseDuration(node.value) !== undefined);
}

/** A time since the run's start, or the name of a fault. */
export const momentField: Field<Moment> = either<Moment, Moment>(
  "a time like 2m, or the name of a fault",
  isTime,
  moment,
  faultName,
);

const stretch: Field<readonly [Nanos, Nanos]> = converted(
  listOf(moment, "two times, as in [1m, 2m]"),
  ([from, to, ...more], node, diagnostics) => {
    if (from === undefined || to === undefined || more.length > 0) {
      return wrong(node, "a stretch of the run has two times", diagnostics, "as in [1m, 2m]");
    }
    return [from, to] as const;
  },
);

/** The window of a fault by its name, or `[from, to]`. */
export const duringField: Field<string | readonly [Nanos, Nanos]> = either<string, readonly [Nanos, Nanos]>(
  "the name of a fault, or two times like [1m, 2m]",
  (node) => node.type === "scalar" && !isTime(node),
  faultName,
  stretch,
);

/**
 * The gate of a threshold; undefined when it has none. Where several keys stand, their common part counts.
 * @param faults by name; a name that is not there counts as the whole run
 */
export function gateOf(draft: GateDraft, faults: ReadonlyMap<string, FaultTimes>): Gate | undefined {
  const { after, before, during } = draft;
  const whole: FaultTimes = { at: 0 as Nanos, until: FOREVER };
  const said = (word: string, at: Moment): string =>
    `${word} ${typeof at === "string" ? JSON.stringify(at) : writeDuration(at)}`;
  let from = 0, to = Infinity;
  const texts: string[] = [];
  if (after !== undefined) {
    from = typeof after === "string" ? faults.get(after)?.until ?? 0 : after;
    texts.push(said("after", after));
  }
  if (before !== undefined) {
    to = typeof before === "string" ? faults.get(before)?.at ?? Infinity : before;
    texts.push(said("before", before));
  }
  if (during !== undefined) {
    const { at, until } = typeof during === "string"
      ? faults.get(during) ?? whole
      : { at: during[0], until: during[1] };
    from = Math.max(from, at);
    to = Math.min(to, until);
    texts.push(
      typeof during === "string" ? said("during", during) : `from ${writeDuration(at)} to ${writeDuration(until)}`,
    );
  }
  return texts.length === 0 ? undefined : { text: texts.join(" "), from: from as Nanos, to: to as Nanos };
}

/** When the first window that lies wholly in the gate ends. */
export function firstWindowEnd(window: Nanos, gate: Gate | undefined): Nanos {
  return (Math.ceil(((gate?.from ?? 0) + window) / EVALUATE_EVERY) * EVALUATE_EVERY) as Nanos;
}

/** Diagnoses gates that hold no time, and windows that do not fit into their gates. */
export function checkGates(faults: ReadonlyMap<string, FaultTimes>, diagnostics: Diagnostics): void {
  for (const [node, draft] of diagnostics.marked(GATES)) {
    const { after, before, during, window } = draft;
    // That a fault does not exist is said elsewhere.
    if ([after, before, during].some((each) => typeof each === "string" && !faults.has(each))) continue;
    const gate = gateOf(draft, faults);
    if (gate === undefined) continue;
    const placeOf = (key: string): Node => (node.type === "map" && entryOf(node, key)?.value) || node;
    if (typeof after === "string" && gate.from === Infinity) {
      const message = `the fault ${JSON.stringify(after)} goes on to the end of the run, and nothing is after it`;
      wrong(placeOf("after"), message, diagnostics, "give it an end with for:");
    } else if (gate.from >= gate.to) {
      const key = during !== undefined ? "during" : before !== undefined ? "before" : "after";
      wrong(
        placeOf(key),
        `no time of the run is ${gate.text}`,
        diagnostics,
        `it would begin at ${formatDuration(gate.from)} and end at ${formatDuration(gate.to)}`,
      );
    } else if (window !== undefined && firstWindowEnd(window, gate) > gate.to) {
      wrong(
        placeOf("window"),
        `no window of ${writeDuration(window)} fits ${gate.text}`,
        diagnostics,
        `that is from ${writeDuration(gate.from)} to ${writeDuration(gate.to)}, and a window ends every ${
          writeDuration(EVALUATE_EVERY)
        }`,
      );
    }
  }
}
