// What became of the calls between two endpoints: a while in which they did not reach the callee, or took longer on the way,
// is a fault of what lies between them, or of replicas that were not there.

import { formatDuration, type Nanos } from "../../base/time.ts";
import { formatCount, formatCounted } from "../../report/units.ts";
import { quantile } from "../comparison.ts";
import { findErrorWindows, findTimeWindows, isInside, placeOf, suffix, sureness } from "./incidents.ts";
import type { ImportedFault } from "./model.ts";

/** Attempts that did not reach the callee, below which chance or the recording's edges are as likely as a fault. */
const LOST_MIN = 5;
const LOST_SHARE_MIN = 0.002;
/** A way that is longer by less is no fault. */
const WAY_CHANGE_MIN_NS = 1e6;
/** An answer that is missing so many times the caller's patience before the recording's end was never given. */
const PATIENCES = 10;

/** Attempts of one endpoint to call another one. */
export class Attempts {
  readonly caller: number;
  readonly callee: number;
  count = 0;
  /** Without an answer in the recording. */
  unanswered = 0;
  lost = 0;
  /** Of the last one that was refused. */
  status = 503;
  /** By attempt: when it started, nanoseconds; how long until the callee began, NaN when it never did. */
  #starts = new Float64Array(64);
  #ways = new Float32Array(64);
  /** By attempt: 1 where it was refused, 2 where nothing came back until the caller gave up. */
  #lost = new Uint8Array(64);

  constructor(caller: number, callee: number) {
    this.caller = caller;
    this.callee = callee;
  }

  answered(start: number, way: number): void {
    this.#add(start, way, 0);
  }

  refused(start: number, status: number): void {
    this.status = status >= 400 ? status : 503;
    this.unanswered++;
    this.#add(start, NaN, 1);
  }

  /** @param recordingEnd by which an answer would have come */
  timedOut(start: number, end: number, recordingEnd: number): void {
    this.unanswered++;
    this.#add(start, NaN, end + PATIENCES * (end - start) < recordingEnd ? 2 : 0);
  }

  /** Without an answer, and nobody says why. */
  withoutAnswer(start: number): void {
    this.unanswered++;
    this.#add(start, NaN, 0);
  }

  #add(start: number, way: number, lost: number): void {
    const at = this.count++;
    if (at === this.#starts.length) {
      this.#starts = grown(this.#starts, new Float64Array(2 * at));
      this.#ways = grown(this.#ways, new Float32Array(2 * at));
      this.#lost = grown(this.#lost, new Uint8Array(2 * at));
    }
    this.#starts[at] = start;
    this.#ways[at] = way;
    this.#lost[at] = lost;
    if (lost > 0) this.lost++;
  }

  /** @param target `caller -> callee` */
  faults(target: string, span: { readonly from: number; readonly to: number }): ImportedFault[] {
    return [...this.#cutOff(target, span), ...this.#slow(target, span)];
  }

  #cutOff(target: string, span: { readonly from: number; readonly to: number }): ImportedFault[] {
    if (this.lost < LOST_MIN || this.lost < LOST_SHARE_MIN * this.count) return [];
    const lost = new Float64Array(this.count);
    for (let at = 0; at < this.count; at++) lost[at] = this.#lost[at]! > 0 ? 1 : 0;
    const windows = findErrorWindows(this.#starts.subarray(0, this.count), lost, span);
    const faults = windows.flatMap((window, index): ImportedFault[] => {
      const { calls, lost, effect } = this.#lostIn((time) => isInside([window], time));
      if (window.inside <= window.usual || lost === 0) return [];
      return [{
        name: `${target} cut off${suffix(index)}`,
        target,
        ...placeOf(window, span.from),
        effect,
        evidence: `${formatCount(lost)} of ${formatCounted(calls, "call")} failed without reaching it; ${
          sureness(window.score)
        }`,
      }];
    });
    const { calls, lost: rest, effect } = this.#lostIn((time) => !isInside(windows, time));
    if (rest < LOST_MIN || rest < LOST_SHARE_MIN * calls) return faults;
    return [...faults, {
      name: `${target} cut off now and then`,
      target,
      at: 0,
      length: undefined,
      effect,
      evidence: `${formatCount(rest)} of ${formatCounted(calls, "call")} failed without reaching it`,
    }];
  }

  #lostIn(
    keep: (time: number) => boolean,
  ): { readonly calls: number; readonly lost: number; readonly effect: ImportedFault["effect"] } {
    let calls = 0, refused = 0, timedOut = 0;
    for (let at = 0; at < this.count; at++) {
      if (!keep(this.#starts[at]!)) continue;
      calls++;
      if (this.#lost[at] === 1) refused++;
      else if (this.#lost[at] === 2) timedOut++;
    }
    const lost = refused + timedOut, rate = lost / Math.max(1, calls);
    const effect = timedOut > refused
      ? { kind: "blackhole" as const, rate }
      : { kind: "errors" as const, rate, status: this.status };
    return { calls, lost, effect };
  }

  #slow(target: string, span: { readonly from: number; readonly to: number }): ImportedFault[] {
    const answered = this.count - this.unanswered;
    const times = new Float64Array(answered), ways = new Float64Array(answered);
    // Clocks of two hosts may disagree: a way shorter than none is as good as none.
    let kept = 0, least = 0;
    for (let at = 0; at < this.count; at++) {
      const way = this.#ways[at]!;
      if (Number.isNaN(way)) continue;
      times[kept] = this.#starts[at]!;
      ways[kept++] = way;
      least = Math.min(least, way);
    }
    if (least < 0) { for (let at = 0; at < kept; at++) ways[at]! -= least; }
    const windows = findTimeWindows(times.subarray(0, kept), ways.subarray(0, kept), span);
    if (windows.length === 0) return [];
    const median = (keep: (time: number) => boolean): { count: number; way: number } => {
      const inside = ways.subarray(0, kept).filter((_, at) => keep(times[at]!)).sort();
      return { count: inside.length, way: quantile(inside, 0.5) };
    };
    const usual = median((time) => !isInside(windows, time)).way;
    return windows.flatMap((window, index): ImportedFault[] => {
      const { count, way } = median((time) => isInside([window], time));
      const longer = way - usual;
      if (!(longer >= WAY_CHANGE_MIN_NS)) return [];
      const add = Number(longer.toPrecision(3));
      return [{
        name: `${target} slow on the way${suffix(index)}`,
        target,
        ...placeOf(window, span.from),
        effect: { kind: "latency", add: { type: "constant", value: add }, multiply: undefined },
        evidence:
          `${formatCounted(count, "call")} reached it ${formatDuration(Math.round(add) as Nanos)} later than usual; ` +
          sureness(window.score),
      }];
    });
  }
}

function grown<T extends Float64Array | Float32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
