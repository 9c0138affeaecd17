// Reads all lines of a query out of Loki, page by page.

import { type Backend, BackendError } from "./backend.ts";

export interface LokiEntry {
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Lines in one answer: as many as stay well within a few tens of megabytes. */
const PAGE_LINES = 20_000;
/** Loki's own limit by default. */
const PAGE_LINES_DEFAULT = 5_000;
/** Structured metadata then stands with its line, and not in a stream of its own for each request. */
const HEADERS = { "x-loki-response-encoding-flags": "categorize-labels" };

interface Answer {
  readonly data?: {
    readonly result?: readonly {
      readonly stream: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [string, string])[];
    }[];
  };
}

export class LokiReader {
  readonly #loki: Backend;
  #pageLines = PAGE_LINES;

  constructor(loki: Backend) {
    this.#loki = loki;
  }

  /**
   * Calls `take` with every entry from `from` (inclusive) to `until` (exclusive).
   * @throws {BackendError} when Loki does not answer
   */
  async read(query: string, from: bigint, until: bigint, take: (entry: LokiEntry) => void): Promise<void> {
    /** Entries of the newest time of the page before: the next page begins with them. */
    let edge = new Set<string>();
    for (let start = from; start < until;) {
      const entries = await this.#page(query, start, until);
      const newest = entries.reduce((latest, { time }) => time > latest ? time : latest, start);
      const nextEdge = new Set<string>(newest === start ? edge : []);
      let fresh = 0;
      for (const entry of entries) {
        const key = entry.time === start || entry.time === newest ? keyOf(entry) : "";
        if (entry.time === start && edge.has(key)) continue;
        if (entry.time === newest) nextEdge.add(key);
        fresh++;
        take(entry);
      }
      if (entries.length < this.#pageLines) return;
      edge = nextEdge;
      // More lines at one instant than a page holds: what is beyond them could never be reached.
      start = fresh === 0 ? newest + 1n : newest;
      if (fresh === 0) edge = new Set();
    }
  }

  async #page(query: string, start: bigint, end: bigint): Promise<LokiEntry[]> {
    let answer: Answer;
    try {
      answer = await this.#loki.json("/loki/api/v1/query_range", {
        query,
        start: String(start),
        end: String(end),
        limit: String(this.#pageLines),
        direction: "forward",
      }, HEADERS) as Answer;
    } catch (error) {
      const limit = error instanceof BackendError && error.status === 400 && /max entries limit/i.test(error.body);
      if (!limit || this.#pageLines === PAGE_LINES_DEFAULT) throw error;
      this.#pageLines = PAGE_LINES_DEFAULT;
      return await this.#page(query, start, end);
    }
    return (answer.data?.result ?? []).flatMap(({ stream, values }) =>
      values.map(([time, line]) => ({ time: BigInt(time), line, labels: stream }))
    );
  }
}

function keyOf({ line, labels }: LokiEntry): string {
  return `${JSON.stringify(labels)} ${line}`;
}
