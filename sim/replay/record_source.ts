// All files of a recording as one stream: read in step with each other by the times that are in them, filtered, and put
// into the window.

import type { Nanos } from "../base/time.ts";
import { LineScanner } from "./line_scanner.ts";
import { RecordedFile } from "./recorded_file.ts";
import { RecordingError, type RecordingPart } from "./recording.ts";
import { LineView, type RecordSink, type Resource, type Scope, type SpanView } from "./records.ts";
import type { Redaction } from "./redaction.ts";
import { type RecordHeader, ReorderWindow } from "./reorder_window.ts";
import { Resources } from "./resources.ts";
import { SpanMaker, withZero } from "./span_maker.ts";
import type { Tally } from "./tally.ts";

/** Which records are sent. Times are seconds since the epoch, fractions included. */
export interface RecordFilter {
  /** Empty: all. */
  readonly services: ReadonlySet<string>;
  readonly redaction: Redaction | undefined;
}

export interface SourceAccount {
  /** Records of services that were not asked for. */
  otherServices: number;
  /** Records that came after later ones had been sent. */
  late: number;
  /** By how much the worst of them. */
  lateNs: number;
}

/** A file that is read, and how far it has come. */
interface OpenPart {
  readonly part: RecordingPart;
  readonly file: RecordedFile;
  /** The latest time in it so far; -Infinity before the first. */
  latest: number;
}

/** Open at once, since each may hold the next record. */
export const OPEN_FILES_MAX = 500;
const CHUNK_BYTES_MAX = 256 << 10;
const CHUNK_BYTES_MIN = 16 << 10;
const CHUNKS_BYTES = 16 << 20;
/** Stray records are at most one in so many, and lie so far before the others. */
const STRAY_SHARE = 20;
const STRAY_GAP_NS = 86_400e9;
const decoder = new TextDecoder();

export class RecordSource {
  readonly #open: OpenPart[];
  readonly #filter: RecordFilter;
  readonly window = new ReorderWindow();
  readonly account: SourceAccount = { otherServices: 0, late: 0, lateNs: 0 };
  /** The latest time that was read; -Infinity before the first. */
  latest = -Infinity;
  /** Seconds since the epoch from which times are counted; set by the first record. */
  #base: number | undefined;
  /** Time of the record last taken. */
  #taken = -Infinity;
  #current: OpenPart | undefined;
  readonly #headers = new Map<Resource, { readonly scope: Scope; readonly header: RecordHeader }>();
  readonly #lineHeaders = new Map<string, RecordHeader>();
  /** Of what was read before the first record was taken; undefined after that. */
  #firstTimes: number[] | undefined = [];
  readonly #sink: RecordSink;
  readonly #redacted: Redacted | undefined;

  private constructor(open: OpenPart[], filter: RecordFilter, tally: Tally, base: number | undefined) {
    this.#open = open;
    this.#filter = filter;
    this.#base = base;
    const plain: RecordSink = { span: (span) => this.#span(span), line: (line) => this.#line(line) };
    this.#redacted = filter.redaction === undefined ? undefined : new Redacted(filter.redaction, plain, tally);
    this.#sink = { span: (span) => this.#chosenSpan(span, plain), line: (line) => this.#chosenLine(line, plain) };
  }

  /**
   * Opens all files.
   * @param base see `base`; undefined at the first pass
   * @throws {RecordingError} when there are too many
   */
  static async open(
    parts: readonly RecordingPart[],
    filter: RecordFilter,
    tally: Tally,
    showPath: (path: string) => string,
    base?: number,
  ): Promise<RecordSource> {
    if (parts.length > OPEN_FILES_MAX) {
      throw new RecordingError(`${parts.length} files at once, and ${OPEN_FILES_MAX} is the most`);
    }
    const chunk = Math.max(
      CHUNK_BYTES_MIN,
      Math.min(CHUNK_BYTES_MAX, Math.floor(CHUNKS_BYTES / Math.max(1, parts.length))),
    );
    const open: OpenPart[] = [];
    for (const part of parts) {
      const context = { name: showPath(part.path), service: part.service, tally };
      open.push({ part, file: await RecordedFile.open(part.path, context, chunk), latest: -Infinity });
    }
    return new RecordSource(open, filter, tally, base);
  }

  /** Seconds since the epoch at time 0 of the window; undefined before the first record. */
  get base(): number | undefined {
    return this.#base;
  }

  get ended(): boolean {
    return this.#open.length === 0;
  }

  /** Reads a chunk of the file that is furthest behind. */
  async read(): Promise<void> {
    let least = this.#open[0];
    if (least === undefined) return;
    for (const each of this.#open) if (each.latest < least.latest) least = each;
    this.#current = least;
    if (await least.file.next(this.#sink)) return;
    least.file.close();
    this.#open.splice(this.#open.indexOf(least), 1);
  }

  /**
   * When the recording begins: the time of the earliest record. A few that lie more than a day before all others were
   * written by a clock that was never set, so they are no beginning.
   */
  get firstTime(): number {
    const times = Float64Array.from(this.#firstTimes ?? []).sort();
    const fewest = Math.floor(times.length / STRAY_SHARE);
    for (let i = fewest; i > 0; i--) if (times[i]! - times[i - 1]! > STRAY_GAP_NS) return times[i]!;
    return times[0] ?? 0;
  }

  /** Takes the earliest record out of the window; false when there is none. */
  take(): boolean {
    this.#firstTimes = undefined;
    if (!this.window.take()) return false;
    const { time } = this.window;
    if (time < this.#taken) {
      this.account.late++;
      this.account.lateNs = Math.max(this.account.lateNs, this.#taken - time);
    } else this.#taken = time;
    return true;
  }

  close(): void {
    for (const { file } of this.#open.splice(0)) file.close();
  }

  #chosenSpan(span: SpanView, plain: RecordSink): void {
    if (!this.#isChosen(span.resource.service)) return;
    if (this.#redacted === undefined) plain.span(span);
    else this.#redacted.span(span);
  }

  #chosenLine(line: LineView, plain: RecordSink): void {
    if (!this.#isChosen(line.service)) return;
    if (this.#redacted === undefined) plain.line(line);
    else this.#redacted.line(line);
  }

  #isChosen(service: string): boolean {
    const { services } = this.#filter;
    if (services.size === 0 || services.has(service)) return true;
    this.account.otherServices++;
    return false;
  }

  #time(seconds: number, nanos: number): Nanos {
    this.#base ??= seconds;
    const time = (seconds - this.#base) * 1e9 + nanos;
    if (time > this.#current!.latest) this.#current!.latest = time;
    if (time > this.latest) this.latest = time;
    this.#firstTimes?.push(time);
    return time as Nanos;
  }

  /** A span is sent when it ends, as its service sent it. */
  #span(span: SpanView): void {
    let known = this.#headers.get(span.resource);
    if (known === undefined || known.scope !== span.scope) {
      if (this.#headers.size > 4096) this.#headers.clear();
      const { resource, scope } = span;
      known = { scope, header: { resource, scope, service: resource.service } };
      this.#headers.set(resource, known);
    }
    const { bytes, from, to, patches } = span;
    this.window.push(this.#time(span.endSeconds, span.endNanos), known.header, bytes, from, to, patches);
  }

  #line(line: LineView): void {
    let header = this.#lineHeaders.get(line.service);
    if (header === undefined) {
      if (this.#lineHeaders.size > 4096) this.#lineHeaders.clear();
      header = { resource: undefined, scope: undefined, service: line.service };
      this.#lineHeaders.set(line.service, header);
    }
    this.window.push(this.#time(line.seconds, line.nanos), header, line.bytes, line.from, line.to, line.patches);
  }
}

/** Hides what is to be hidden and reads what is left anew. */
class Redacted implements RecordSink {
  readonly #redaction: Redaction;
  readonly #next: RecordSink;
  readonly #resources = new Resources();
  readonly #maker: SpanMaker;
  readonly #scanner = new LineScanner();
  readonly #lineView = new LineView();

  constructor(redaction: Redaction, next: RecordSink, tally: Tally) {
    this.#redaction = redaction;
    this.#next = next;
    this.#maker = new SpanMaker({ name: "redacted", service: "", tally });
  }

  span(span: SpanView): void {
    const { view } = this.#maker;
    const { resource, scope } = span;
    const resourceText = this.#redaction.described(decoder.decode(resource.json));
    const scopeText = this.#redaction.described(decoder.decode(scope.json));
    view.resource = this.#resources.resource(resourceText);
    view.scope = this.#resources.scope(scopeText);
    if (resource.schemaUrl !== undefined) view.resource.schemaUrl ??= resource.schemaUrl;
    if (scope.schemaUrl !== undefined) view.scope.schemaUrl ??= scope.schemaUrl;
    const json = JSON.parse(decoder.decode(span.bytes.subarray(span.from, span.to))) as Record<string, unknown>;
    const bytes = withZero(JSON.stringify(this.#redaction.span(json)));
    this.#maker.read(bytes, bytes.length - 1);
    this.#next.span(view);
  }

  line(line: LineView): void {
    const view = this.#lineView;
    const bytes = withZero(this.#redaction.line(line.text));
    view.service = line.service;
    // What hides a line's own time leaves it where it was.
    if (!this.#scanner.begin(view, bytes, 0, bytes.length - 1)) {
      view.seconds = line.seconds;
      view.nanos = line.nanos;
    }
    this.#scanner.finish(view);
    view.service = line.service;
    this.#next.line(view);
  }
}
