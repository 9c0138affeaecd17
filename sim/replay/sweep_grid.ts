// The grid of a sweep: `--set services.web.replicas=1..4` and `--set 'seed=1,2,3'` are axes, and every combination is run.

/** One argument of --set, with all its values. */
export interface Axis {
  /** As written before the first "=" outside quotes. */
  readonly path: string;
  /** YAML, one for each value. */
  readonly values: readonly string[];
}

/** Thrown for an axis that makes no sense; the message says what to write. */
export class SweepError extends Error {
  override name = "SweepError";
}

/** More runs than these are a mistake, or belong into several sweeps. */
export const RUNS_MAX = 10_000;
const VALUES_MAX = 1000;

const RANGE = /^(-?\d+(?:\.\d+)?)([A-Za-z%/]*)\.\.(-?\d+(?:\.\d+)?)([A-Za-z%/]*)(?:\.\.(\d+(?:\.\d+)?)([A-Za-z%/]*))?$/;

/**
 * Reads one --set: `path=1..10`, `path=10ms..50ms..10ms` (from, to, step), `path=x,y`, `path=one value`.
 * @throws {SweepError}
 */
export function parseAxis(argument: string): Axis {
  const equals = endOfPath(argument);
  if (equals <= 0) throw new SweepError(`--set ${argument}: "=" and values are missing, as in --set seed=1..5`);
  const path = argument.slice(0, equals), text = argument.slice(equals + 1).trim();
  const range = RANGE.exec(text);
  const values = range === null ? splitValues(text) : rangeValues(argument, range);
  if (values.length > VALUES_MAX) throw new SweepError(`--set ${argument}: more than ${VALUES_MAX} values`);
  return { path, values };
}

function endOfPath(argument: string): number {
  let quoted = false;
  for (let at = 0; at < argument.length; at++) {
    if (argument[at] === "\\" && quoted) at++;
    else if (argument[at] === '"') quoted = !quoted;
    else if (argument[at] === "=" && !quoted) return at;
  }
  return -1;
}

function rangeValues(argument: string, match: RegExpExecArray): string[] {
  const [, fromText, fromUnit = "", toText, toUnit = "", stepText, stepUnit = ""] = match;
  const units = [fromUnit, toUnit, ...(stepText === undefined ? [] : [stepUnit])];
  const [unit] = units;
  if (units.some((each) => each !== unit)) {
    throw new SweepError(`--set ${argument}: a range has one unit throughout, as in 100ms..500ms..100ms`);
  }
  const from = Number(fromText), to = Number(toText);
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step <= 0) throw new SweepError(`--set ${argument}: the step of a range is above 0`);
  if (to < from) throw new SweepError(`--set ${argument}: a range goes up, from the lower value to the higher one`);
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > VALUES_MAX) throw new SweepError(`--set ${argument}: more than ${VALUES_MAX} values`);
  // Ten digits are more than anyone writes, and fewer than what the sum of steps gets wrong.
  return Array.from({ length: count }, (_, i) => `${Number((from + i * step).toPrecision(10))}${unit}`);
}

/** At the commas outside quotes, brackets and braces. */
function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0, quote = "", from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    else if (char === "," && depth === 0) {
      values.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  values.push(text.slice(from).trim());
  return values;
}

/**
 * All combinations, the last axis fastest.
 * @throws {SweepError} when there are too many
 */
export function combinations(axes: readonly Axis[]): readonly (readonly string[])[] {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > RUNS_MAX) throw new SweepError(`${count} combinations: at most ${RUNS_MAX} are run`);
  return axes.reduce<string[][]>(
    (rows, { values }) => rows.flatMap((row) => values.map((value) => [...row, value])),
    [[]],
  );
}
