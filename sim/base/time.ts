// Simulated time: whole nanoseconds since the start of the run, and the texts that people write and read for it.

/** A point in simulated time, or a length of it: whole nanoseconds. Exact up to 2^53 ns, which is 104 days. */
export type Nanos = number & { readonly unit: "ns" };

export const MICROSECOND = 1e3 as Nanos;
export const MILLISECOND = 1e6 as Nanos;
export const SECOND = 1e9 as Nanos;
export const MINUTE = 6e10 as Nanos;
export const HOUR = 3.6e12 as Nanos;
export const DAY = 8.64e13 as Nanos;
export const FOREVER = Infinity as Nanos;

/** The longest run: 100 simulated days, so that every time stays an exact integer. */
export const RUN_LENGTH_MAX = (100 * DAY) as Nanos;

/** Rounds to whole nanoseconds. */
export function nanos(value: number): Nanos {
  return Math.round(value) as Nanos;
}

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  "µs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
  d: 8.64e13,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g;

/** Reads `30ms`, `1.5s`, `2m30s`, `1d`. Gives undefined when the text is not a duration with its units. */
export function parseDuration(text: string): Nanos | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) total += Number(amount) * (UNIT_NS[unit ?? ""] ?? NaN);
  return Number.isFinite(total) ? nanos(total) : undefined;
}

/** Writes a duration as people do: `800ms`, `1.25s`, `2m30s`, with three significant digits below a minute. */
export function formatDuration(duration: Nanos): string {
  if (!Number.isFinite(duration)) return "forever";
  const sign = duration < 0 ? "-" : "";
  const ns = Math.abs(duration);
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 999.5e3) return `${sign}${significant(ns / 1e3)}us`;
  if (ns < 999.5e6) return `${sign}${significant(ns / 1e6)}ms`;
  if (ns < 59.95e9) return `${sign}${significant(ns / 1e9)}s`;
  let seconds = Math.round(ns / 1e9);
  let text = sign;
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]] as const) {
    const count = Math.floor(seconds / length);
    if (count > 0) text += `${count}${unit}`;
    seconds -= count * length;
  }
  return seconds > 0 ? `${text}${seconds}s` : text;
}

function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}
