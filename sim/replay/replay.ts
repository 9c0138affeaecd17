// Sends a recording again: reads it in order, moves it to its new time, and hands each record to the sinks when it is due.

import type { Nanos } from "../base/time.ts";
import { type Bounds, passPeriod, timesOf } from "./bounds.ts";
import { IdPermutation } from "./ids.ts";
import { Outgoing, type Rewriting } from "./outgoing.ts";
import type { ReplaySinks } from "./replay_sinks.ts";
import type { RecordFilter, SourceAccount } from "./record_source.ts";
import { RecordSource } from "./record_source.ts";
import type { RecordingPart } from "./recording.ts";
import { Tally } from "./tally.ts";
import type { WaitClock } from "./wall_clock.ts";

export type ReplayOutput = Pick<ReplaySinks, "take" | "evaluate" | "flush" | "close" | "delivery">;

export interface ReplaySettings extends Bounds {
  readonly parts: readonly RecordingPart[];
  readonly filter: RecordFilter;
  /** Recorded seconds in one second of wall time; Infinity: as fast as it goes. */
  readonly pace: number;
  /** When the first record happens now: nanoseconds since the epoch. The shift is in whole seconds, so it is up to one earlier. */
  readonly startEpochNs: bigint;
  /** How often it is sent; Infinity until it is interrupted. */
  readonly passes: number;
  readonly keepIds: boolean;
  /** Four random words. */
  readonly idKey: Uint32Array;
  readonly sinks: ReplayOutput;
  readonly clock: WaitClock;
  readonly showPath: (path: string) => string;
  /** Now and then, in wall time. */
  readonly progress?: (state: ReplayProgress) => void;
}

export interface ReplayProgress {
  /** Since the first record, in recorded time, of all passes. */
  readonly now: Nanos;
  /** When the last record comes; Infinity while there is more to read. */
  readonly end: Nanos;
}

export interface ReplayResult {
  readonly ended: "completed" | "interrupted";
  readonly tally: Tally;
  readonly account: SourceAccount;
  /** Records outside --from and --to. */
  readonly outside: number;
  /** From the first record to the last, as recorded. */
  readonly length: Nanos;
  readonly passes: number;
  /** Nanoseconds since the epoch of the first record, as recorded; undefined when there was none. */
  readonly recordedEpochNs: bigint | undefined;
  readonly shiftSeconds: number;
  /** Pauses that were not waited for, since nothing was recorded for days. */
  readonly leaps: number;
  /** How far it fell behind its pace at worst, in milliseconds of wall time. */
  readonly behindMs: number;
}

/** Records so close ahead are sent already: a timer is no finer, and their times differ by less than it. */
const AHEAD_MS = 0.5;
/** Records in one batch for the sinks, and their bytes. */
const BATCH_RECORDS = 1024;
const BATCH_BYTES = 1 << 20;
/** A line of the trace file ends so often in recorded time, as in a run. */
const EVALUATE_EVERY_NS = 2e9;
/** Longest time that the event loop is kept from timers and signals. */
const TURN_EVERY_MS = 20;
const SECOND = 1e9;
/**
 * A pause of the recording that is longer is not waited for: a clock that was wrong would hold the replay for years. What
 * comes after it is sent a second later, with its own time.
 */
const PAUSE_NS_MAX = 86_400e9;

export class Replay {
  readonly #settings: ReplaySettings;
  readonly #batch = new Outgoing();
  #interrupted = false;
  #startedMs = 0;
  #lastTurnMs = 0;
  #behindMs = 0;
  #evaluated = 0;
  #outside = 0;
  #leaps = 0;
  /** Recorded time that is not waited for, and when the last record was due, without it. */
  #leapt = 0;
  #reached = 0;
  /** Of the first record, and of the first that is sent. */
  #recordedFirst = 0;
  #first = 0;
  #last = 0;
  #base: number | undefined;
  #shiftSeconds = 0;

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
  }

  /** Ends it as soon as it can: what was sent is written. */
  interrupt(): void {
    this.#interrupted = true;
    this.#settings.clock.wake();
  }

  /**
   * Sends the recording and closes the sinks, whatever happens.
   * @throws {RecordingError} when there are too many files
   */
  async execute(): Promise<ReplayResult> {
    const settings = this.#settings;
    const tally = new Tally();
    const account: SourceAccount = { otherServices: 0, late: 0, lateNs: 0 };
    let passes = 0, period = 0;
    try {
      for (; passes < settings.passes && !this.#interrupted; passes++) {
        // What is wrong with the files is told once.
        const source = await RecordSource.open(
          settings.parts,
          settings.filter,
          passes === 0 ? tally : new Tally(),
          settings.showPath,
          this.#base,
        );
        try {
          await this.#pass(source, passes, period);
        } finally {
          source.close();
          account.otherServices += source.account.otherServices;
          account.late += source.account.late;
          account.lateNs = Math.max(account.lateNs, source.account.lateNs);
        }
        if (source.base === undefined) {
          passes++;
          break;
        }
        period = passPeriod(this.#last - this.#first);
      }
      await this.#hand();
    } finally {
      await settings.sinks.close();
    }
    return {
      ended: this.#interrupted ? "interrupted" : "completed",
      tally,
      account,
      outside: this.#outside,
      length: Math.max(0, this.#last - this.#first) as Nanos,
      passes,
      recordedEpochNs: this.#base === undefined ? undefined : this.#epochNs(this.#first),
      shiftSeconds: this.#shiftSeconds,
      leaps: this.#leaps,
      behindMs: this.#behindMs,
    };
  }

  #epochNs(time: number): bigint {
    return BigInt(this.#base ?? 0) * 1_000_000_000n + BigInt(Math.round(time));
  }

  /** @param period seconds from one pass to the next */
  async #pass(source: RecordSource, pass: number, period: number): Promise<void> {
    const { clock, keepIds, idKey } = this.#settings;
    const { window } = source;
    while (!window.isFull && !source.ended && !this.#interrupted) {
      await source.read();
      await this.#turn();
    }
    if (window.size === 0) return;
    if (pass === 0) this.#begin(source);
    const later = pass * period;
    const rewriting: Rewriting = {
      shiftSeconds: this.#shiftSeconds + later,
      ids: keepIds ? undefined : new IdPermutation(idKey.map((word, i) => i === 0 ? word ^ pass : word)),
    };
    // Turns a record's time into the time since the first record of the first pass.
    const offset = later * SECOND - this.#first;
    while (!this.#interrupted) {
      const dueMs = await this.#sendDue(source, rewriting, offset);
      // The window is kept filled while there is more to read: that is what puts records in order.
      if (!source.ended && !window.isFull) await source.read();
      else if (window.size === 0) break;
      else if (dueMs !== undefined) await clock.until(dueMs);
      this.#progress(source, pass, offset);
      await this.#turn();
    }
  }

  /**
   * Sends what is due, as far as the window is filled.
   * @returns when the next record is due, if it is later than now, in milliseconds of the clock
   */
  async #sendDue(source: RecordSource, rewriting: Rewriting, offset: number): Promise<number | undefined> {
    const { clock, pace, sinks } = this.#settings;
    const { window } = source;
    const { from, to } = this.#bounds();
    const isNext = (): boolean => window.size > 0 && (source.ended || window.isFull);
    const nowMs = clock.now();
    const due = pace === Infinity ? Infinity : (nowMs + AHEAD_MS - this.#startedMs) * 1e6 * pace;
    while (isNext() && this.#schedule(window.nextTime + offset) <= due) {
      const recorded = window.nextTime;
      source.take();
      if (recorded < from || recorded >= to) {
        this.#outside++;
        continue;
      }
      this.#reached = Math.max(this.#reached, recorded + offset - this.#leapt);
      this.#noticeDelay(recorded, offset, nowMs);
      if (await this.#send(source, rewriting, recorded, recorded + offset)) return undefined;
    }
    if (pace === Infinity) return undefined;
    await this.#hand();
    await sinks.flush();
    return isNext() ? this.#startedMs + this.#schedule(window.nextTime + offset) / 1e6 / pace : undefined;
  }

  /** When a record is due, in recorded time since the start: its own time, without the pauses that are leapt over. */
  #schedule(time: number): number {
    if (time - this.#leapt - this.#reached > PAUSE_NS_MAX) {
      this.#leapt = time - this.#reached - SECOND;
      this.#leaps++;
    }
    return time - this.#leapt;
  }

  #noticeDelay(recorded: number, offset: number, nowMs: number): void {
    const { pace } = this.#settings;
    // What came late in the recording is no fault of the pace.
    if (pace === Infinity || recorded < this.#last) return;
    this.#behindMs = Math.max(this.#behindMs, nowMs - this.#startedMs - (recorded + offset - this.#leapt) / 1e6 / pace);
  }

  /** The first record is known now, and with it where all go. */
  #begin(source: RecordSource): void {
    const { clock, startEpochNs } = this.#settings;
    this.#base = source.base;
    this.#recordedFirst = this.#first = source.firstTime;
    const { from } = this.#bounds();
    // What lies before --from does not happen: the replay begins with what does.
    if (from > this.#first) this.#first = from;
    this.#last = this.#first;
    const apart = startEpochNs - this.#epochNs(this.#first);
    const seconds = apart / 1_000_000_000n;
    this.#shiftSeconds = Number(apart < 0n && seconds * 1_000_000_000n !== apart ? seconds - 1n : seconds);
    this.#startedMs = this.#lastTurnMs = clock.now();
  }

  #bounds(): { readonly from: number; readonly to: number } {
    return timesOf(this.#settings, this.#base!, this.#recordedFirst);
  }

  /** Adds the record taken last to the batch; true when the sinks were given the batch, so that time has passed. */
  async #send(source: RecordSource, rewriting: Rewriting, recorded: number, time: number): Promise<boolean> {
    const batch = this.#batch;
    if (time - this.#evaluated >= EVALUATE_EVERY_NS) {
      await this.#hand();
      await this.#settings.sinks.evaluate();
      this.#evaluated = Math.floor(time / EVALUATE_EVERY_NS) * EVALUATE_EVERY_NS;
    }
    batch.add(source.window, rewriting);
    if (recorded > this.#last) this.#last = recorded;
    if (batch.length < BATCH_RECORDS && batch.bytes < BATCH_BYTES) return false;
    await this.#hand();
    return true;
  }

  async #hand(): Promise<void> {
    if (this.#batch.length === 0) return;
    await this.#settings.sinks.take(this.#batch);
    this.#batch.clear();
  }

  #progress(source: RecordSource, pass: number, offset: number): void {
    const { progress, passes } = this.#settings;
    const now = source.window.nextTime + offset;
    if (progress === undefined || !Number.isFinite(now)) return;
    const end = source.ended && pass + 1 === passes ? Math.max(now, source.latest + offset) : Infinity;
    progress({ now: Math.max(0, now) as Nanos, end: end as Nanos });
  }

  async #turn(): Promise<void> {
    const { clock } = this.#settings;
    if (clock.now() - this.#lastTurnMs < TURN_EVERY_MS) return;
    await clock.turn();
    this.#lastTurnMs = clock.now();
  }
}
