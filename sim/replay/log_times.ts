// Times in log lines: where they stand in a line's bytes, which moment they mean, and how a replay writes another one
// in their place. A replay shifts by whole seconds, so fractions and zones stay as they are.

import { PatchKind } from "./records.ts";

const ZERO = 48, NINE = 57, MINUS = 45, SLASH = 47, COLON = 58, PLUS = 43, DOT = 46, COMMA = 44;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
export const CALENDAR_BYTES = 19;
export const COMMON_LOG_BYTES = 20;

/** A time that was found. Used again for the next. */
export class FoundTime {
  seconds = 0;
  nanos = 0;
  /** What to write anew. */
  at = 0;
  kind: PatchKind = PatchKind.calendar;
  length = 0;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** The number that two digits make; not one to be trusted when they are none. */
function two(bytes: Uint8Array, at: number): number {
  return (bytes[at]! - ZERO) * 10 + bytes[at + 1]! - ZERO;
}

function areDigits(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!isDigit(bytes[at + i])) return false;
  return true;
}

/** Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant's days_from_civil). */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear -
    719_468;
}

/** Seconds since the epoch of 2026-11-23T12:00:00 as if it were UTC; undefined when there is none at this place. */
export function calendarSeconds(bytes: Uint8Array, at: number): number | undefined {
  const dash = bytes[at + 4];
  if ((dash !== MINUS && dash !== SLASH) || bytes[at + 7] !== dash) return undefined;
  if (bytes[at + 13] !== COLON || bytes[at + 16] !== COLON) return undefined;
  if (!areDigits(bytes, at, 4) || !areDigits(bytes, at + 5, 2) || !areDigits(bytes, at + 8, 2)) return undefined;
  if (!areDigits(bytes, at + 11, 2) || !areDigits(bytes, at + 14, 2) || !areDigits(bytes, at + 17, 2)) return undefined;
  const between = bytes[at + 10];
  if (between !== 84 && between !== 116 && between !== 32 && between !== 95 && between !== COLON) return undefined;
  return secondsOf(
    two(bytes, at) * 100 + two(bytes, at + 2),
    two(bytes, at + 5),
    two(bytes, at + 8),
    bytes,
    at + 11,
  );
}

/** The same of 23/Nov/2026:12:00:00. */
export function commonLogSeconds(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at + 2] !== SLASH || bytes[at + 6] !== SLASH || bytes[at + 11] !== COLON) return undefined;
  if (bytes[at + 14] !== COLON || bytes[at + 17] !== COLON) return undefined;
  if (!areDigits(bytes, at, 2) || !areDigits(bytes, at + 7, 4) || !areDigits(bytes, at + 12, 2)) return undefined;
  if (!areDigits(bytes, at + 15, 2) || !areDigits(bytes, at + 18, 2)) return undefined;
  const name = String.fromCharCode(bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!);
  const month = MONTHS.indexOf(name) + 1;
  return secondsOf(two(bytes, at + 7) * 100 + two(bytes, at + 9), month, two(bytes, at), bytes, at + 12);
}

function secondsOf(year: number, month: number, day: number, bytes: Uint8Array, clock: number): number | undefined {
  const hour = two(bytes, clock), minute = two(bytes, clock + 3), second = two(bytes, clock + 6);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return daysOf(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** Reads a time of either calendar form at this place into `found`. One without a zone is taken for UTC. */
export function readCalendar(bytes: Uint8Array, at: number, to: number, found: FoundTime): boolean {
  const common = bytes[at + 2] === SLASH;
  const length = common ? COMMON_LOG_BYTES : CALENDAR_BYTES;
  if (at + length > to) return false;
  const local = common ? commonLogSeconds(bytes, at) : calendarSeconds(bytes, at);
  if (local === undefined || local < 0) return false;
  let next = at + length, nanos = 0, scale = 1e8;
  if ((bytes[next] === DOT || bytes[next] === COMMA) && next + 1 < to && isDigit(bytes[next + 1])) {
    for (next++; next < to && isDigit(bytes[next]); next++) {
      nanos += (bytes[next]! - ZERO) * scale;
      scale = Math.floor(scale / 10);
    }
  }
  found.seconds = local - zoneOffset(bytes, next, to);
  found.nanos = nanos;
  found.at = at;
  found.kind = common ? PatchKind.commonLog : PatchKind.calendar;
  found.length = length;
  return true;
}

/** Seconds east of Greenwich that +02:00, -0530 or ` +0200` say; 0 for anything else. */
function zoneOffset(bytes: Uint8Array, at: number, to: number): number {
  const sign = bytes[at] === 32 ? at + 1 : at;
  if (sign + 5 > to || (bytes[sign] !== PLUS && bytes[sign] !== MINUS) || !areDigits(bytes, sign + 1, 2)) return 0;
  const minutes = bytes[sign + 3] === COLON ? sign + 4 : sign + 3;
  if (minutes + 2 > to || !areDigits(bytes, minutes, 2)) return 0;
  const offset = two(bytes, sign + 1) * 3600 + two(bytes, minutes) * 60;
  return bytes[sign] === MINUS ? -offset : offset;
}

/** Digits of a whole number of seconds of our time; more of them are milli-, micro- or nanoseconds. */
const SECOND_DIGITS_MIN = 9, SECOND_DIGITS_MAX = 11;

/** Reads a number since the epoch, whose unit is told by its size, at this place into `found`. */
export function readEpoch(bytes: Uint8Array, at: number, to: number, found: FoundTime): boolean {
  let end = at;
  while (end < to && isDigit(bytes[end])) end++;
  const digits = end - at;
  if (digits < SECOND_DIGITS_MIN || digits > 19) return false;
  const small = digits <= SECOND_DIGITS_MAX ? 0 : digits <= 14 ? 3 : digits <= 17 ? 6 : 9;
  const split = end - small;
  let seconds = 0, nanos = 0, scale = 1e8;
  for (let i = at; i < split; i++) seconds = seconds * 10 + bytes[i]! - ZERO;
  for (let i = split; i < end; i++, scale = Math.floor(scale / 10)) nanos += (bytes[i]! - ZERO) * scale;
  if (bytes[end] === DOT && end + 1 < to) {
    for (let i = end + 1; i < to && isDigit(bytes[i]); i++, scale = Math.floor(scale / 10)) {
      nanos += (bytes[i]! - ZERO) * scale;
      end = i + 1;
    }
  }
  if (end < to && (bytes[end] === 101 || bytes[end] === 69)) return false;
  found.seconds = seconds;
  found.nanos = nanos;
  found.at = at;
  found.kind = PatchKind.epochSeconds;
  found.length = split - at;
  return true;
}

/** The year of the last time that is written with four digits. */
const SECONDS_MAX = 253_402_300_799;

/** Writes a time of `seconds` since the epoch (as if it were UTC) in the form that stands at this place. */
export function writeCalendar(bytes: Uint8Array, at: number, seconds: number, kind: PatchKind): void {
  const within = Math.min(Math.max(0, seconds), SECONDS_MAX);
  const days = Math.floor(within / 86_400);
  const clock = within - days * 86_400;
  // H. Hinnant's civil_from_days, for days since 1970.
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const time = kind === PatchKind.commonLog ? at + 12 : at + 11;
  if (kind === PatchKind.commonLog) {
    put(bytes, at, day);
    const name = MONTHS[month - 1]!;
    for (let i = 0; i < 3; i++) bytes[at + 3 + i] = name.charCodeAt(i);
    put(bytes, at + 7, Math.floor(year / 100));
    put(bytes, at + 9, year % 100);
  } else {
    put(bytes, at, Math.floor(year / 100));
    put(bytes, at + 2, year % 100);
    put(bytes, at + 5, month);
    put(bytes, at + 8, day);
  }
  put(bytes, time, Math.floor(clock / 3600));
  put(bytes, time + 3, Math.floor(clock / 60) % 60);
  put(bytes, time + 6, clock % 60);
}

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = ZERO + Math.floor(value / 10);
  bytes[at + 1] = ZERO + value % 10;
}
