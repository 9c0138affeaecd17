// k6's CSV output: a row for each point, with k6's columns for its system tags and one for all other tags.
// https://grafana.com/docs/k6/latest/results-output/real-time/csv/, and output/csv/output.go for the details.

import type { MetricName } from "../objectives/metrics.ts";
import { writeAscii, writeDecimal, writeFixed } from "../telemetry/byte_writer.ts";
import type { PointFormat, PointTags } from "./points.ts";

/** k6's system tags that are on by default, in its order. Those that no fact gives stay empty. */
const TAG_COLUMNS = [
  "check",
  "error",
  "error_code",
  "expected_response",
  "group",
  "method",
  "name",
  "proto",
  "scenario",
  "service",
  "status",
  "subproto",
  "tls_version",
  "url",
] as const;

/** k6's names for how the column `timestamp` is written. */
export const TIME_FORMATS = ["unix", "unix_milli", "unix_micro", "unix_nano", "rfc3339", "rfc3339_nano"] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** Digits of the second's fraction. */
const FRACTION_DIGITS: Readonly<Record<TimeFormat, number>> = {
  unix: 0,
  unix_milli: 3,
  unix_micro: 6,
  unix_nano: 9,
  rfc3339: 0,
  rfc3339_nano: 9,
};
const TIME_BYTES_MAX = "2026-11-23T10:00:00.000000000Z".length;
const SECOND_BYTES = 19;
const VALUE_DIGITS = 6;
const NS_PER_MS = 1_000_000;
const DOT = 46;
const ZERO = 48;
const ZULU = 90;

/** Rows as k6 writes them: values with six digits after the point, times cut to what their format holds. */
export class CsvPoints implements PointFormat {
  readonly header = `${
    ["metric_name", "timestamp", "metric_value", ...TAG_COLUMNS, "extra_tags", "metadata"].join()
  }\n`;
  readonly beforeValue = ",";
  readonly timeBytesMax = TIME_BYTES_MAX;
  readonly #isText: boolean;
  readonly #digits: number;
  readonly #unit: number;
  readonly #secondText = new Uint8Array(SECOND_BYTES);
  #secondWritten = NaN;

  constructor(timeFormat: TimeFormat = "unix") {
    this.#isText = timeFormat.startsWith("rfc3339");
    this.#digits = FRACTION_DIGITS[timeFormat];
    this.#unit = 10 ** (9 - this.#digits);
  }

  preamble(): string {
    return "";
  }

  head(metric: MetricName): string {
    return `${field(metric)},`;
  }

  tail(tags: PointTags): string {
    const columns = TAG_COLUMNS.map((name) => tags.get(name) ?? "");
    const extra = [...tags].filter(([name]) => !(TAG_COLUMNS as readonly string[]).includes(name));
    const fields = [...columns, extra.map(([name, value]) => `${name}=${value}`).join("&"), ""];
    return `,${fields.map(field).join()}\n`;
  }

  writeTime(bytes: Uint8Array, at: number, seconds: number, nanos: number): number {
    const fraction = Math.floor(nanos / this.#unit);
    if (!this.#isText) {
      const end = writeDecimal(bytes, at, seconds);
      return this.#digits === 0 ? end : writeFixed(bytes, end, fraction, this.#digits);
    }
    if (seconds !== this.#secondWritten) {
      this.#secondWritten = seconds;
      writeAscii(this.#secondText, 0, new Date(seconds * 1000).toISOString().slice(0, SECOND_BYTES));
    }
    bytes.set(this.#secondText, at);
    let end = at + SECOND_BYTES;
    if (this.#digits > 0 && nanos > 0) {
      bytes[end] = DOT;
      end = writeFixed(bytes, end + 1, nanos, 9);
      // Go's RFC3339Nano has no zeros at the end.
      while (bytes[end - 1] === ZERO) end--;
    }
    bytes[end] = ZULU;
    return end + 1;
  }

  writeDuration(bytes: Uint8Array, at: number, duration_ns: number): number {
    const whole = Math.floor(duration_ns / NS_PER_MS);
    return this.#fixed(bytes, at, whole, duration_ns - whole * NS_PER_MS);
  }

  writeNumber(bytes: Uint8Array, at: number, value: number): number {
    if (Number.isSafeInteger(value)) return this.#fixed(bytes, at, value, 0);
    return writeAscii(bytes, at, value.toFixed(VALUE_DIGITS));
  }

  #fixed(bytes: Uint8Array, at: number, whole: number, millionths: number): number {
    const end = writeDecimal(bytes, at, whole);
    bytes[end] = DOT;
    return writeFixed(bytes, end + 1, millionths, VALUE_DIGITS);
  }
}

/** A field as Go's encoding/csv writes it: quoted where a reader would else take it for something else. */
function field(text: string): string {
  return /[",\r\n]|^[\s]|^\\\.$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
