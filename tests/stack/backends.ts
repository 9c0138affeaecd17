// Stand-ins for Loki, Tempo and Prometheus, for tests of verify: they answer the questions that it asks, from lines and spans that a test
// puts into them, takes away or changes.

import { gunzipSync } from "node:zlib";
import type { Receiver } from "../receiver.ts";

export interface StoredLine {
  readonly job: string;
  /** Nanoseconds since the Unix epoch. */
  time: bigint;
  line: string;
  filename: string | undefined;
}

export interface StoredSeries {
  readonly metric: Readonly<Record<string, string>>;
  values: [number, number][];
}

type Json = Readonly<Record<string, unknown>>;

/** OTLP JSON's attributes, as labels. */
function labels(attributes: unknown): Record<string, string> {
  return Object.fromEntries((attributes as { key: string; value: Json }[]).map(({ key, value }) => [
    key.replaceAll(/[^a-zA-Z0-9]/g, "_"),
    String(Object.values(value)[0]),
  ]));
}

export class Backends implements AsyncDisposable {
  lines: StoredLine[] = [];
  /** By trace id. */
  traces = new Map<string, { spanIds: string[]; start: bigint; end: bigint }>();
  /** Traces that only their id finds. */
  unsearchable = new Set<string>();
  /** Series of Prometheus, which it was sent by OTLP: of histograms the counts. Times in milliseconds since the epoch. */
  series: StoredSeries[] = [];
  /** Answers to /metrics. */
  metrics = "";
  maxEntries = 5000;
  /** Questions to Loki's query_range. */
  pages = 0;
  /** Spans of a trace in an answer of search, at most. */
  spansMax = 100;
  /** Questions to Tempo for a trace by its id. */
  traceQuestions = 0;
  /** Called before each question. */
  onQuestion: () => void = () => {};
  readonly #byKey = new Map<string, StoredSeries>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      if (request.method === "POST") return this.#takeMetrics(request);
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
    if (pathname === "/api/v1/query") return this.#samples(searchParams);
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

  async #takeMetrics(request: Request): Promise<Response> {
    const body = JSON.parse(gunzipped(new Uint8Array(await request.arrayBuffer()))) as { resourceMetrics: Json[] };
    for (const { resource, scopeMetrics } of body.resourceMetrics) {
      const of = labels((resource as Json)["attributes"]);
      const promoted = Object.entries(of).filter(([key]) =>
        /^(service_(name|namespace|version)|deployment_environment_name|k8s_(namespace|deployment|statefulset|pod|container|node)_name)$/
          .test(key)
      );
      const job = [of["service_namespace"], of["service_name"]].filter(Boolean).join("/");
      for (const { metrics } of scopeMetrics as { metrics: Json[] }[]) {
        for (const { name, unit, sum, gauge, histogram } of metrics) {
          const suffix = histogram !== undefined
            ? "_count"
            : (sum as Json | undefined)?.["isMonotonic"]
            ? "_total"
            : "";
          const family = `${String(name).replaceAll(/[^a-zA-Z0-9]/g, "_")}${
            { s: "_seconds", By: "_bytes" }[String(unit)] ?? ""
          }`;
          const __name__ = family.replace(/_total$/, "") + suffix;
          for (const point of ((histogram ?? sum ?? gauge) as { dataPoints: Json[] }).dataPoints) {
            if (point["flags"] === 1) continue;
            const metric = {
              __name__,
              job,
              instance: of["service_instance_id"]!,
              ...Object.fromEntries(promoted),
              ...labels(point["attributes"]),
            };
            const key = JSON.stringify(metric);
            let series = this.#byKey.get(key);
            if (series === undefined) {
              this.#byKey.set(key, series = { metric, values: [] });
              this.series.push(series);
            }
            series.values.push([
              Number(BigInt(String(point["timeUnixNano"])) / 1_000_000n),
              Number(point["count"] ?? point["asDouble"]),
            ]);
          }
        }
      }
    }
    return Response.json({});
  }

  /** Raw samples: `{job="…", …}[1000ms]` at a time. */
  #samples(query: URLSearchParams): Response {
    const [, matchers, length] = /^\{(.+)\}\[(\d+)ms\]$/.exec(query.get("query")!)!;
    const equal = [...matchers!.matchAll(/(\w+)="([^"]*)"/g)].filter(([, name]) => name !== "__name__");
    const until = Math.round(Number(query.get("time")) * 1000), from = until - Number(length);
    const result = this.series.filter(({ metric }) => equal.every(([, name, value]) => metric[name!] === value))
      .map(({ metric, values }) => ({
        metric,
        values: values.filter(([at]) => at > from && at <= until).map(([at, value]) => [at / 1000, String(value)]),
      }));
    return Response.json({ status: "success", data: { resultType: "matrix", result } });
  }

  #search(query: URLSearchParams): Response {
    const start = BigInt(query.get("start")!) * 1_000_000_000n, end = BigInt(query.get("end")!) * 1_000_000_000n;
    const found = [...this.traces].filter(([id, trace]) =>
      !this.unsearchable.has(id) && trace.start < end && trace.end >= start
    );
    const traces = found.slice(0, Number(query.get("limit"))).map(([id, { spanIds }]) => ({
      traceID: id.replace(/^0+/, ""),
      spanSets: [{
        spans: spanIds.slice(0, Math.min(this.spansMax, Number(query.get("spss")))).map((spanID) => ({ spanID })),
      }],
    }));
    return Response.json({ traces });
  }

  #trace(id: string): Response {
    this.traceQuestions++;
    const trace = this.traces.get(id);
    if (trace === undefined) return new Response("trace not found", { status: 404 });
    const spans = trace.spanIds.map((spanId) => ({
      spanId: btoa(String.fromCharCode(...spanId.match(/../g)!.map((byte) => parseInt(byte, 16)))),
    }));
    return Response.json({ batches: [{ scopeSpans: [{ spans }] }] });
  }
}

function gunzipped(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
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
