// Stand-ins for Loki and Tempo, for tests of verify: they answer the questions that it asks, from lines and spans that a test
// puts into them, takes away or changes.

import type { Receiver } from "../receiver.ts";

export interface StoredLine {
  readonly job: string;
  /** Nanoseconds since the Unix epoch. */
  time: bigint;
  line: string;
  filename: string | undefined;
}

export class Backends implements AsyncDisposable {
  lines: StoredLine[] = [];
  /** By trace id. */
  traces = new Map<string, { spanIds: string[]; start: bigint; end: bigint }>();
  /** Traces that only their id finds. */
  unsearchable = new Set<string>();
  /** Answers to /metrics. */
  metrics = "";
  maxEntries = 5000;
  /** Questions to Loki's query_range. */
  pages = 0;
  /** Called before each question. */
  onQuestion: () => void = () => {};
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      this.onQuestion();
      return this.#answer(new URL(request.url));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Takes the lines of log files, as a shipper does: `logs` by service. */
  ship(logs: ReadonlyMap<string, string>, runId: string): void {
    for (const [job, text] of logs) {
      for (const record of recordsOf(text)) {
        const [, seconds, nanos] = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z/.exec(record)!;
        const time = BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(nanos!);
        this.lines.push({ job, time, line: record, filename: `/logs/${job}/${job}-${runId}.log` });
      }
    }
  }

  /** Takes the spans that a collector was sent. */
  takeSpans(receiver: Receiver): void {
    for (const { traceId, spanId, startTimeUnixNano: start, endTimeUnixNano: end } of receiver.spans.values()) {
      const trace = this.traces.get(traceId);
      if (trace === undefined) this.traces.set(traceId, { spanIds: [spanId], start, end });
      else {
        trace.spanIds.push(spanId);
        if (start < trace.start) trace.start = start;
        if (end > trace.end) trace.end = end;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer({ pathname, searchParams }: URL): Response {
    if (pathname === "/loki/api/v1/query_range") return this.#lines(searchParams);
    if (pathname === "/api/search") return this.#search(searchParams);
    if (pathname === "/metrics") return new Response(this.metrics);
    const trace = /^\/api\/traces\/([0-9a-f]{32})$/.exec(pathname);
    return trace === null ? new Response("no such path", { status: 404 }) : this.#trace(trace[1]!);
  }

  #lines(query: URLSearchParams): Response {
    this.pages++;
    const limit = Number(query.get("limit"));
    if (limit > this.maxEntries) {
      return new Response(
        `max entries limit per query exceeded, limit > max_entries_limit (${limit} > ${this.maxEntries})`,
        {
          status: 400,
        },
      );
    }
    const [, job, file] = /^\{\w+="([^"]+)"\}(?: \| filename=~"(.*)")?$/.exec(query.get("query")!)!;
    const filename = file === undefined ? /.*/ : new RegExp(`^(?:${file})$`);
    const start = BigInt(query.get("start")!), end = BigInt(query.get("end")!);
    const found = this.lines
      .filter((each) => each.job === job && each.time >= start && each.time < end && filename.test(each.filename ?? ""))
      .sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0).slice(0, limit);
    const result = found.map(({ time, line, filename }) => ({
      stream: { job, ...(filename === undefined ? {} : { filename }) },
      values: [[String(time), line]],
    }));
    return Response.json({ status: "success", data: { resultType: "streams", result } });
  }

  #search(query: URLSearchParams): Response {
    const start = BigInt(query.get("start")!) * 1_000_000_000n, end = BigInt(query.get("end")!) * 1_000_000_000n;
    const found = [...this.traces].filter(([id, trace]) =>
      !this.unsearchable.has(id) && trace.start < end && trace.end >= start
    );
    const traces = found.slice(0, Number(query.get("limit"))).map(([id]) => ({ traceID: id.replace(/^0+/, "") }));
    return Response.json({ traces });
  }

  #trace(id: string): Response {
    const trace = this.traces.get(id);
    if (trace === undefined) return new Response("trace not found", { status: 404 });
    const spans = trace.spanIds.map((spanId) => ({
      spanId: btoa(String.fromCharCode(...spanId.match(/../g)!.map((byte) => parseInt(byte, 16)))),
    }));
    return Response.json({ batches: [{ scopeSpans: [{ spans }] }] });
  }
}

/** A record begins with a time or a brace; what does not belongs to the one before. */
function recordsOf(text: string): string[] {
  const records: string[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    if (/^(\{|time=|(?:[A-Z], \[|1:M |\[)?\d{4}-\d\d-\d\dT)/.test(line)) records.push(line);
    else records[records.length - 1] += `\n${line}`;
  }
  return records;
}
