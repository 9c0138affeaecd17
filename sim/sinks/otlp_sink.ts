// Delivers a run's spans to a collector over OTLP/HTTP and keeps the exact account: each span is delivered, rejected
// or pending, and in one of the three only. A slow collector holds the engine; one that goes away does not.

import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { FactBatch } from "../plan/facts.ts";
import { ExportSlot, serializeReadableSpans, type SerializeSpans, type Verdict } from "./otlp_export.ts";
import { OtlpHttp } from "./otlp_http.ts";
import { type OtlpOptions, shownUrl } from "./otlp_options.ts";
import { askThrough } from "./otlp_probe.ts";
import { CollectorLink, RETRY_POLICY, type RetryPolicy, sleep } from "./otlp_transport.ts";
import type { Delivery, Sink } from "./sink.ts";

/** Makes the span of a row, if it has one. */
export interface SpanSource<Batch = FactBatch, Span = ReadableSpan> {
  build(batch: Batch, row: number): Span | undefined;
}

/** Keeps the spans that no collector acknowledged. */
export interface PendingStore<Span = ReadableSpan> {
  appendSpans(spans: readonly Span[]): void;
}

/** A batch of rows: of facts, or of what a replay sends again. */
export interface Rows {
  readonly length: number;
}

export interface OtlpTuning {
  /** Spans in one export, at most. */
  readonly batchSpansMax: number;
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
 * 1,024 spans make a body of about 1 MB, against which the cost of a request is small.
 */
export const OTLP_TUNING: OtlpTuning = {
  batchSpansMax: 1_024,
  bodyBytesMax: 4 << 20,
  exportsInFlightMax: 4,
  probeEveryMs: 5_000,
  probeTimeoutMs: 2_000,
  closeMsMax: 20_000,
  retry: RETRY_POLICY,
};

export interface OtlpSinkSettings<Batch = FactBatch, Span = ReadableSpan> {
  readonly spans: SpanSource<Batch, Span>;
  /** Needed where spans are no ReadableSpan. */
  readonly serialize?: SerializeSpans<Span>;
  readonly options: OtlpOptions;
  readonly pendingStore: PendingStore<Span>;
  /** Takes a line for the user: the collector went away, came back, rejects or refuses. */
  readonly onNotice: (text: string) => void;
  readonly tuning?: Partial<OtlpTuning>;
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
 * A span whose answer got lost is pending, though the collector may have it: sent again later, it replaces itself,
 * since ids are a function of the scenario, the seed and the start.
 */
export class OtlpSink<Batch extends Rows = FactBatch, Span = ReadableSpan> implements Sink<Batch> {
  readonly #spans: SpanSource<Batch, Span>;
  readonly #pendingStore: PendingStore<Span>;
  readonly #onNotice: (text: string) => void;
  readonly #tuning: OtlpTuning;
  readonly #http: OtlpHttp;
  readonly #link: CollectorLink;
  readonly #slots: ExportSlot<Span>[] = [];
  readonly #free: ExportSlot<Span>[];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #delivery: Delivery = { generated: 0, delivered: 0, rejected: 0, pending: 0 };
  readonly #told = new Set<string>();
  readonly #shownUrl: string;
  #buffer: Span[] = [];
  #batchSpans: number;
  #bodyBytesAim: number;
  #away = false;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #probing: Promise<void> | undefined;
  #lastTurn = performance.now();
  /** A span that cannot be serialised, or a pending store that fails: the run must hear of it. */
  #failure: { error: unknown } | undefined;

  constructor(settings: OtlpSinkSettings<Batch, Span>) {
    const tuning = this.#tuning = { ...OTLP_TUNING, ...settings.tuning };
    const { options } = settings;
    this.#spans = settings.spans;
    this.#pendingStore = settings.pendingStore;
    this.#onNotice = settings.onNotice;
    this.#batchSpans = tuning.batchSpansMax;
    this.#bodyBytesAim = tuning.bodyBytesMax;
    this.#shownUrl = shownUrl(options.url);
    this.#http = new OtlpHttp(options);
    this.#link = new CollectorLink(
      this.#http,
      options.compression === "gzip",
      tuning.retry,
      (status, waitMs) => this.#noticeThrottle(status, waitMs),
    );
    const serialize = settings.serialize ?? serializeReadableSpans as unknown as SerializeSpans<Span>;
    for (let i = 0; i < tuning.exportsInFlightMax; i++) {
      this.#slots.push(new ExportSlot(this.#link, options.timeoutMs, tuning.bodyBytesMax, serialize));
    }
    this.#free = [...this.#slots];
  }

  /** So far. Once the sink is closed: generated = delivered + rejected + pending; before, the rest is on its way. */
  get delivery(): Readonly<Delivery> {
    return this.#delivery;
  }

  take(batch: Batch): void | Promise<void> {
    this.#throwFailure();
    const row = this.#build(batch, 0);
    if (row < batch.length) return this.#takeRest(batch, row);
    if (this.#turnIsDue()) return this.#turn();
  }

  /** Sends what is buffered if there is room for another export; else it goes with the next that there is room for. */
  flush(): void {
    this.#throwFailure();
    this.#dispatch();
  }

  /** @throws what the span source or the pending store threw; never for what happened to the collector. */
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
    this.#throwFailure();
  }

  /** Builds spans until the batch has no more rows or every export is under way, and gives the next row. */
  #build(batch: Batch, from: number): number {
    for (let row = from; row < batch.length; row++) {
      if (this.#buffer.length >= this.#batchSpans && !this.#dispatch()) return row;
      const span = this.#spans.build(batch, row);
      if (span === undefined) continue;
      this.#delivery.generated++;
      this.#buffer.push(span);
    }
    return batch.length;
  }

  async #takeRest(batch: Batch, from: number): Promise<void> {
    for (let row = from; row < batch.length; row = this.#build(batch, row)) {
      await this.#slotFreed();
      this.#lastTurn = performance.now();
      this.#throwFailure();
    }
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

  /** Sends the spans, in as many pieces as their size demands, and enters each piece in the account. Never rejects. */
  async #deliver(slot: ExportSlot<Span>, batch: Span[]): Promise<void> {
    const pieces = [batch];
    for (let spans = pieces.pop(); spans !== undefined; spans = pieces.pop()) {
      if (spans.length > this.#batchSpans) {
        pieces.push(spans.slice(this.#batchSpans));
        spans = spans.slice(0, this.#batchSpans);
      }
      if (this.#away || this.#link.closing.signal.aborted) {
        this.#keep(spans);
        continue;
      }
      try {
        const verdict = await slot.export(spans);
        this.#learnSize(slot.bodyBytes, spans.length, verdict);
        if (verdict.kind === "tooLarge" && spans.length > 1) {
          const half = spans.length >> 1;
          pieces.push(spans.slice(half), spans.slice(0, half));
        } else this.#enter(spans, verdict);
      } catch (error) {
        this.#failure ??= { error };
        this.#keep(spans);
      }
    }
  }

  #enter(spans: Span[], verdict: Verdict): void {
    switch (verdict.kind) {
      case "accepted":
        this.#delivery.rejected += verdict.rejectedSpans;
        this.#delivery.delivered += spans.length - verdict.rejectedSpans;
        this.#noticePartialSuccess(verdict.rejectedSpans, verdict.message);
        return;
      case "refused":
        this.#delivery.rejected += spans.length;
        this.#noticeOnce(`the collector at ${this.#shownUrl} refuses spans for good: it ${verdict.words}`);
        return;
      case "tooLarge":
        if (verdict.sent) {
          this.#delivery.rejected += spans.length;
          this.#noticeOnce(`the collector at ${this.#shownUrl} refuses a span as too large (413)`);
        } else {
          this.#keep(spans);
          this.#noticeOnce(
            `a span is larger than a request may be (${this.#tuning.bodyBytesMax} bytes): it is pending`,
          );
        }
        return;
      case "unanswered":
        this.#keep(spans);
        this.#goAway(verdict.words);
    }
  }

  /** Nothing of these spans was acknowledged: they go to the run's own file. */
  #keep(spans: Span[]): void {
    if (spans.length === 0) return;
    this.#delivery.pending += spans.length;
    try {
      this.#pendingStore.appendSpans(spans);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /**
   * Aims at bodies that the collector takes: half of what was too large, and a little more with each that it takes,
   * since a 413 may have been about one span.
   */
  #learnSize(bodyBytes: number, spans: number, verdict: Verdict): void {
    if (bodyBytes === 0) return;
    const { batchSpansMax, bodyBytesMax } = this.#tuning;
    this.#bodyBytesAim = verdict.kind === "tooLarge"
      ? Math.min(this.#bodyBytesAim, bodyBytes / 2)
      : Math.min(this.#bodyBytesAim * AIM_GROWTH, bodyBytesMax);
    const fitting = Math.floor(this.#bodyBytesAim / (bodyBytes / spans));
    this.#batchSpans = Math.max(1, Math.min(batchSpansMax, fitting));
  }

  #goAway(words: string): void {
    if (this.#away || this.#link.closing.signal.aborted) return;
    this.#away = true;
    this.#link.stopRetrying();
    this.#onNotice(
      `the collector at ${this.#shownUrl} takes no more spans (${words}): what it has not acknowledged is kept in the ` +
        `run's trace file, and it is asked again every ${this.#tuning.probeEveryMs / 1000} s`,
    );
    this.#probeLater();
  }

  #probeLater(): void {
    const waitMs = Math.max(this.#tuning.probeEveryMs, this.#link.quietMs);
    this.#probeTimer = setTimeout(() => this.#probing = this.#probe(), waitMs);
  }

  async #probe(): Promise<void> {
    const { answers } = await askThrough(this.#http, this.#tuning.probeTimeoutMs, this.#link.closing.signal);
    if (this.#link.closing.signal.aborted) return;
    if (!answers) return this.#probeLater();
    this.#away = false;
    this.#link.resumeRetrying();
    this.#onNotice(
      `the collector at ${this.#shownUrl} takes spans again; the ${this.#delivery.pending} that it did not acknowledge ` +
        `stay in the run's trace file`,
    );
  }

  #takeBuffer(): Span[] {
    const spans = this.#buffer;
    this.#buffer = [];
    return spans;
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

  #noticePartialSuccess(rejectedSpans: number, message: string): void {
    const shown = this.#http.shown(message);
    if (rejectedSpans === 0 && shown === "") return;
    const said = shown === "" ? "" : `: ${shown}`;
    const what = rejectedSpans === 0 ? "takes spans with a warning" : "rejects some spans";
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

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
