// Numbers as people read them on a terminal: separators, units, three significant digits (a percentile is not more exact).

import { formatDuration, nanos } from "../base/time.ts";

/** A whole number with thousands separators: 1,204,113. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count of things: 1 span · 1,204 spans. */
export function formatCounted(value: number, what: string): string {
  return `${formatCount(value)} ${what}${value === 1 ? "" : "s"}`;
}

/** A number with `digits` significant digits and thousands separators: 12,345 · 68.6 · 0.0123. */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) || Math.abs(value) >= 10 ** (digits - 1)) {
    const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value) || 1)));
    const rounded = Number(value.toFixed(Number.isInteger(value) ? 0 : places));
    const [whole, fraction] = String(Math.abs(rounded)).split(".");
    return `${rounded < 0 ? "-" : ""}${formatCount(Number(whole))}${fraction === undefined ? "" : `.${fraction}`}`;
  }
  return String(Number(value.toPrecision(digits)));
}

/** An amount of data, in powers of 1000 as k6 writes it: 512 B · 20.5 kB · 1.2 GB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0, value = bytes;
  // From 999.5 on three digits are a thousand.
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${formatNumber(Number(value.toPrecision(3)))} ${units[unit]}`;
}

/** Events a second: 862/s · 68.6/s. */
export function formatRate(value: number): string {
  return `${formatNumber(value)}/s`;
}

/** Milliseconds with their unit: 412ms · 1.25s · 2m30s · 870µs. Above a minute more than three digits stay in seconds. */
export function formatMilliseconds(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0s";
  if (digits <= 3) return formatDuration(nanos(value * 1e6)).replace("us", "µs");
  const [scale, unit] = value < 1e-3 ? [1e6, "ns"] : value < 1 ? [1e3, "µs"] : value < 1e3 ? [1, "ms"] : [1e-3, "s"];
  return `${Number((value * scale).toPrecision(digits))}${unit}`;
}

/**
 * A share as a percentage: 0.52%. It is cut, not rounded, as in k6, so that 100.00% means all; what is not quite nothing is
 * never written as nothing.
 */
export function formatShare(share: number, places = 2): string {
  if (!Number.isFinite(share)) return "–";
  const unit = 10 ** places;
  const cut = Math.trunc(Number((share * 100 * unit).toPrecision(12))) / unit;
  return cut === 0 && share > 0 ? `<${(1 / unit).toFixed(places)}%` : `${cut.toFixed(places)}%`;
}

/** Time on a clock face: 2:05 · 1:02:05. */
export function formatClock(time_ns: number): string {
  const seconds = Math.floor(time_ns / 1e9);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours > 0 ? two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
