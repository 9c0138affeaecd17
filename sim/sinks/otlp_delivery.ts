// Delivers items of one signal (items, log records, data points) to a collector over OTLP/HTTP and keeps the exact account:
// each is delivered, rejected or pending, and in one of the three only. A slow collector holds who pushes; one that goes
// away does not.

import { ExportSlot, type Verdict } from "./otlp_export.ts";
import { OtlpHttp } from "./otlp_http.ts";
import { type OtlpOptions, shownUrl } from "./otlp_options.ts";
import { askThrough } from "./otlp_probe.ts";
import { CollectorLink, RETRY_POLICY, type RetryPolicy, sleep } from "./otlp_transport.ts";
import type { OtlpSignal } from "./otlp_signal.ts";
import type { Delivery } from "./sink.ts";

/** Keeps what no collector acknowledged. */
export interface PendingStore<T> {
  append(items: readonly T[]): void;
  /** Called when nothing more comes. */
  close(): void;
}

export interface OtlpTuning {
  /** Items in one export, at most. */
  readonly batchItemsMax: number;
  /** Of one body before compression. OTLP's receivers take 64 MiB at most, Tempo less than 22, the collector 20. */
  readonly bodyBytesMax: number;
  /** When so many await their answer, the engine is held. */
  readonly exportsInFlightMax: number;
  /** Between two questions to a collector that went away. */
  readonly probeEveryMs: number;
  /** For one such question. */
  readonly probeTimeoutMs: number;
  /** How long closing waits for the last answers; what has none by then is pending. */
  readonly closeMsMax: number;
  readonly retry: RetryPolicy;
}

/**
 * Serialising a span costs least in batches of 512 to 2,048: what larger ones allocate outlives V8's young generation.
 * 1,024 items make a body of about 1 MB, against which the cost of a request is small.
 */
export const OTLP_TUNING: OtlpTuning = {
  batchItemsMax: 1_024,
  bodyBytesMax: 4 << 20,
  exportsInFlightMax: 4,
  probeEveryMs: 5_000,
  probeTimeoutMs: 2_000,
  closeMsMax: 20_000,
  retry: RETRY_POLICY,
};

export interface OtlpDeliverySettings<T> {
  readonly signal: OtlpSignal<T>;
  readonly options: OtlpOptions;
  readonly pendingStore: PendingStore<T>;
  /** Takes a line for the user: the collector went away, came back, rejects or refuses. */
  readonly onNotice: (text: string) => void;
  readonly tuning?: Partial<OtlpTuning> | undefined;
}

/** How long the event loop may be kept from looking at what has arrived. */
const TURN_EVERY_MS = 50;
/** Different messages of a collector that are told; the same one is told once. */
const NOTICES_MAX = 10;
/** Of the size aimed at, with each body that is taken: one in 35 is then too large if the limit is a hard one. */
const AIM_GROWTH = 1.02;
/** Shorter pauses that a collector asks for are not worth a line. */
const THROTTLE_NOTICE_MS = 1_000;

/**
 * An item whose answer got lost is pending, though the collector may have it: sent again later, it replaces itself, since
 * ids and times are a function of the scenario, the seed and the start.
 */
export class OtlpDelivery<T> {
  readonly #signal: OtlpSignal<T>;
  readonly #pendingStore: PendingStore<T>;
  readonly #onNotice: (text: string) => void;
  readonly #tuning: OtlpTuning;
  readonly #http: OtlpHttp;
  readonly #link: CollectorLink;
  readonly #slots: ExportSlot<T>[] = [];
  readonly #free: ExportSlot<T>[];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #account: Delivery = { generated: 0, delivered: 0, rejected: 0, pending: 0 };
  readonly #told = new Set<string>();
  readonly #shownUrl: string;
  #buffer: T[] = [];
  #batchItems: number;
  #bodyBytesAim: number;
  #away = false;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #probing: Promise<void> | undefined;
  #lastTurn = performance.now();
  /** An item that cannot be serialised, or a pending store that fails: the run must hear of it. */
  #failure: { error: unknown } | undefined;

  constructor(settings: OtlpDeliverySettings<T>) {
    const tuning = this.#tuning = { ...OTLP_TUNING, ...settings.tuning };
    const { options } = settings;
    this.#signal = settings.signal;
    this.#pendingStore = settings.pendingStore;
    this.#onNotice = settings.onNotice;
    this.#batchItems = tuning.batchItemsMax;
    this.#bodyBytesAim = tuning.bodyBytesMax;
    this.#shownUrl = shownUrl(options.url);
    this.#http = new OtlpHttp(options);
    this.#link = new CollectorLink(
      this.#http,
      options.compression === "gzip",
      tuning.retry,
      (status, waitMs) => this.#noticeThrottle(status, waitMs),
    );
    for (let i = 0; i < tuning.exportsInFlightMax; i++) {
      this.#slots.push(new ExportSlot(this.#link, options.timeoutMs, tuning.bodyBytesMax, settings.signal));
    }
    this.#free = [...this.#slots];
  }

  /** So far. Once it is closed: generated = delivered + rejected + pending; before, the rest is on its way. */
  get account(): Readonly<Delivery> {
    return this.#account;
  }

  /** Whether another item may be added; false when every export is under way: then await `ready`. */
  hasRoom(): boolean {
    return this.#buffer.length < this.#batchItems || this.#dispatch();
  }

  /** Takes an item. Call it only when there is room. */
  add(item: T): void {
    this.#account.generated++;
    this.#buffer.push(item);
  }

  /** Resolves when another export has ended. */
  async ready(): Promise<void> {
    await this.#slotFreed();
    this.#lastTurn = performance.now();
    this.throwFailure();
  }

  /** At full pace nobody else lets the event loop look at answers, probes and time-outs: then this waits for a moment. */
  turn(): void | Promise<void> {
    if (this.#turnIsDue()) return this.#turn();
  }

  /** Sends what is buffered if there is room for another export; else it goes with the next that there is room for. */
  flush(): void {
    this.throwFailure();
    this.#dispatch();
  }

  /**
   * Sends and awaits what is left, and closes the pending store.
   * @throws what serialising or the pending store threw; never for what happened to the collector
   */
  async close(): Promise<void> {
    const bound = new AbortController();
    const timer = setTimeout(() => {
      bound.abort();
      this.#link.closing.abort();
    }, this.#tuning.closeMsMax);
    while (!bound.signal.aborted && !this.#dispatch()) await this.#slotFreed();
    await Promise.all(this.#inFlight);
    clearTimeout(timer);
    clearTimeout(this.#probeTimer);
    this.#link.closing.abort();
    this.#keep(this.#takeBuffer());
    await this.#probing;
    await Promise.all(this.#slots.map((slot) => slot.close()));
    this.#http.close();
    this.#pendingStore.close();
    this.throwFailure();
  }

  /** False when every export is under way. */
  #dispatch(): boolean {
    if (this.#buffer.length === 0) return true;
    if (this.#away) {
      this.#keep(this.#takeBuffer());
      return true;
    }
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    const delivery = this.#deliver(slot, this.#takeBuffer()).then(() => {
      this.#free.push(slot);
      this.#inFlight.delete(delivery);
    });
    this.#inFlight.add(delivery);
    return true;
  }

  /** Sends the items, in as many pieces as their size demands, and enters each piece in the account. Never rejects. */
  async #deliver(slot: ExportSlot<T>, batch: T[]): Promise<void> {
    const pieces = [batch];
    for (let items = pieces.pop(); items !== undefined; items = pieces.pop()) {
      if (items.length > this.#batchItems) {
        pieces.push(items.slice(this.#batchItems));
        items = items.slice(0, this.#batchItems);
      }
      if (this.#away || this.#link.closing.signal.aborted) {
        this.#keep(items);
        continue;
      }
      try {
        const verdict = await slot.export(items);
        this.#learnSize(slot.bodyBytes, items.length, verdict);
        if (verdict.kind === "tooLarge" && items.length > 1) {
          const half = items.length >> 1;
          pieces.push(items.slice(half), items.slice(0, half));
        } else this.#enter(items, verdict);
      } catch (error) {
        this.#failure ??= { error };
        this.#keep(items);
      }
    }
  }

  #enter(items: T[], verdict: Verdict): void {
    switch (verdict.kind) {
      case "accepted":
        this.#account.rejected += verdict.rejected;
        this.#account.delivered += items.length - verdict.rejected;
        this.#noticePartialSuccess(verdict.rejected, verdict.message);
        return;
      case "refused":
        this.#account.rejected += items.length;
        this.#noticeOnce(
          `the collector at ${this.#shownUrl} refuses ${this.#signal.nouns} for good: it ${verdict.words}`,
        );
        return;
      case "tooLarge":
        if (verdict.sent) {
          this.#account.rejected += items.length;
          this.#noticeOnce(`the collector at ${this.#shownUrl} refuses a ${this.#signal.noun} as too large (413)`);
        } else {
          this.#keep(items);
          this.#noticeOnce(
            `a ${this.#signal.noun} is larger than a request may be (${this.#tuning.bodyBytesMax} bytes): it is pending`,
          );
        }
        return;
      case "unanswered":
        this.#keep(items);
        this.#goAway(verdict.words);
    }
  }

  /** Nothing of these items was acknowledged: they go to the run's own file. */
  #keep(items: T[]): void {
    if (items.length === 0) return;
    this.#account.pending += items.length;
    try {
      this.#pendingStore.append(items);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /**
   * Aims at bodies that the collector takes: half of what was too large, and a little more with each that it takes,
   * since a 413 may have been about one item.
   */
  #learnSize(bodyBytes: number, items: number, verdict: Verdict): void {
    if (bodyBytes === 0) return;
    const { batchItemsMax, bodyBytesMax } = this.#tuning;
    this.#bodyBytesAim = verdict.kind === "tooLarge"
      ? Math.min(this.#bodyBytesAim, bodyBytes / 2)
      : Math.min(this.#bodyBytesAim * AIM_GROWTH, bodyBytesMax);
    const fitting = Math.floor(this.#bodyBytesAim / (bodyBytes / items));
    this.#batchItems = Math.max(1, Math.min(batchItemsMax, fitting));
  }

  #goAway(words: string): void {
    if (this.#away || this.#link.closing.signal.aborted) return;
    this.#away = true;
    this.#link.stopRetrying();
    this.#onNotice(
      `the collector at ${this.#shownUrl} takes no more ${this.#signal.nouns} (${words}): what it has not acknowledged is kept in the ` +
        `run's ${this.#signal.file}, and it is asked again every ${this.#tuning.probeEveryMs / 1000} s`,
    );
    this.#probeLater();
  }

  #probeLater(): void {
    const waitMs = Math.max(this.#tuning.probeEveryMs, this.#link.quietMs);
    this.#probeTimer = setTimeout(() => this.#probing = this.#probe(), waitMs);
  }

  async #probe(): Promise<void> {
    const { answers } = await askThrough(
      this.#http,
      this.#signal.nothing,
      this.#tuning.probeTimeoutMs,
      this.#link.closing.signal,
    );
    if (this.#link.closing.signal.aborted) return;
    if (!answers) return this.#probeLater();
    this.#away = false;
    this.#link.resumeRetrying();
    this.#onNotice(
      `the collector at ${this.#shownUrl} takes ${this.#signal.nouns} again; the ${this.#account.pending} that it did not acknowledge ` +
        `stay in the run's ${this.#signal.file}`,
    );
  }

  #takeBuffer(): T[] {
    const items = this.#buffer;
    this.#buffer = [];
    return items;
  }

  /** Resolves when another export has ended. */
  async #slotFreed(): Promise<void> {
    if (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
  }

  /** At full pace nobody else lets the event loop look at answers, probes and time-outs. */
  #turnIsDue(): boolean {
    if (this.#inFlight.size === 0 && !this.#away) return false;
    return performance.now() - this.#lastTurn >= TURN_EVERY_MS;
  }

  async #turn(): Promise<void> {
    await sleep(0, this.#link.closing.signal);
    this.#lastTurn = performance.now();
  }

  #noticePartialSuccess(rejected: number, message: string): void {
    const shown = this.#http.shown(message);
    if (rejected === 0 && shown === "") return;
    const said = shown === "" ? "" : `: ${shown}`;
    const what = rejected === 0 ? `takes ${this.#signal.nouns} with a warning` : `rejects some ${this.#signal.nouns}`;
    this.#noticeOnce(`the collector at ${this.#shownUrl} ${what}${said}`);
  }

  #noticeThrottle(status: number, waitMs: number): void {
    if (waitMs < THROTTLE_NOTICE_MS) return;
    this.#noticeOnce(
      `the collector at ${this.#shownUrl} asks for a pause of ${Math.ceil(waitMs / 1000)} s (${status})`,
      "throttle",
    );
  }

  #noticeOnce(text: string, key = text): void {
    if (this.#told.has(key) || this.#told.size >= NOTICES_MAX) return;
    this.#told.add(key);
    this.#onNotice(text);
  }

  /** @throws what went wrong with an export that nobody awaited */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
