// A collector for tests: a real HTTP/1.1 server on 127.0.0.1 that decodes OTLP JSON (gzip included), keeps the spans by
// id, and can be told how to answer or how to fail. It speaks TCP itself, since what tests want most, a connection cut
// at a chosen point, is what HTTP servers prevent. As a program it prints its port and answers 200 until it is killed.

import { gunzipSync } from "node:zlib";

/** A value of OTLP JSON, as plain data: an int64 that came as a text is a bigint. */
export type AttributeValue = string | number | bigint | boolean | AttributeValue[] | undefined;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP's numbers: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
  readonly events: readonly { name: string; timeUnixNano: bigint; attributes: Attributes }[];
  readonly links: readonly { traceId: string; spanId: string; attributes: Attributes }[];
  readonly resource: Attributes;
  readonly resourceSchemaUrl: string;
  readonly scope: { readonly name: string; readonly version: string };
}

export interface RequestHead {
  /** Counted from 0, over all connections. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

export interface ReceivedRequest extends RequestHead {
  /** As sent, so compressed if it was. */
  readonly bodyBytes: number;
  /** After decompression. */
  readonly jsonBytes: number;
  readonly spans: readonly ReceivedSpan[];
}

export type Answer =
  /** An HTTP answer. The spans are kept when it is a success, all but the first `rejects`. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly rejects?: number;
  }
  /** Never answers; the spans are not kept. */
  | { readonly kind: "hang" }
  /** Keeps the spans, and closes the connection without an answer or in the middle of a success. */
  | { readonly kind: "close"; readonly midAnswer: boolean }
  /** Keeps nothing, and goes away as if killed: no listener, all connections cut. */
  | { readonly kind: "die" };

export const OK: Answer = { kind: "answer", status: 200, body: '{"partialSuccess":{}}' };

/** A success that rejects the first `rejects` spans; written as protobuf's JSON does, the number as a text. */
export function partial(rejects: number, errorMessage = ""): Answer {
  const body = JSON.stringify({ partialSuccess: { rejectedSpans: String(rejects), errorMessage } });
  return { kind: "answer", status: 200, body, rejects };
}

/** An error with google.rpc.Status as its body. */
export function failing(status: number, retryAfter?: string, message = `status ${status}`): Answer {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return { kind: "answer", status, headers, body: JSON.stringify({ code: 3, message }) };
}

/** Gives these answers one after the other, then OK. An export of nothing, which is a probe, uses up none. */
export function inTurn(...answers: Answer[]): (request: ReceivedRequest) => Answer {
  return (request) => (request.spans.length === 0 ? undefined : answers.shift()) ?? OK;
}

export interface ReceiverOptions {
  /** 0, the default: any that is free. */
  readonly port?: number;
  /** False: bodies are read and thrown away. */
  readonly decode?: boolean;
}

export class Receiver implements AsyncDisposable {
  /** Decides how a request is answered, once its body is there. */
  respond: (request: ReceivedRequest) => Answer | Promise<Answer> = () => OK;
  /** Decides before the body is there: `close` and `die` act when half of it has arrived. */
  interrupt: (head: RequestHead) => "close" | "die" | undefined = () => undefined;
  /** What was acknowledged (or taken before a connection was closed), by span id. */
  readonly spans = new Map<string, ReceivedSpan>();
  /** Spans that came again after they had been kept. */
  duplicates = 0;
  /** Those whose body arrived whole, without their spans. */
  readonly requests: Omit<ReceivedRequest, "spans">[] = [];
  readonly port: number;

  readonly #decode: boolean;
  readonly #connections = new Set<Deno.Conn>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stopped = Promise.withResolvers<void>();
  #listener: Deno.Listener | undefined;
  #heads = 0;
  #requestCame = Promise.withResolvers<void>();

  constructor(options: ReceiverOptions = {}) {
    this.#decode = options.decode ?? true;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: options.port ?? 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#run(this.#accept(this.#listener));
  }

  /** The base, to which /v1/traces is appended. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.endpoint}/v1/traces`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Resolves when so many requests have arrived whole. */
  async received(requests: number): Promise<void> {
    while (this.requests.length < requests) await this.#requestCame.promise;
  }

  /** Goes away as if killed: from now on connections are refused. */
  die(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  /** Listens again at the same port. */
  comeBack(): void {
    if (this.#listener !== undefined) return;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#run(this.#accept(this.#listener));
  }

  async close(): Promise<void> {
    this.die();
    this.#stopped.resolve();
    await Promise.all(this.#tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #run(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    try {
      for await (const connection of listener) {
        this.#connections.add(connection);
        this.#run(this.#serve(connection));
      }
    } catch (error) {
      if (this.#listener === listener) throw error;
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const reader = new HttpReader(connection);
    try {
      while (await this.#exchange(connection, reader));
    } catch (error) {
      // A client that goes away, or a connection that a test cut, is nothing to tell; a test's own failure is.
      if (!isConnectionError(error)) throw error;
    } finally {
      if (this.#connections.delete(connection)) connection.close();
    }
  }

  /** One request and its answer; false when the connection shall end. */
  async #exchange(connection: Deno.Conn, reader: HttpReader): Promise<boolean> {
    const start = await reader.readHead();
    if (start === undefined) return false;
    const head: RequestHead = { number: this.#heads++, ...start };
    const interruption = this.interrupt(head);
    if (interruption !== undefined) {
      await reader.readHalfBody(head.headers);
      if (interruption === "die") this.die();
      return false;
    }
    const sent = await reader.readBody(head.headers);
    const json = head.headers.get("content-encoding") === "gzip" ? gunzipSync(sent) : sent;
    const sizes = { ...head, bodyBytes: sent.length, jsonBytes: json.length };
    const spans = this.#decode ? decodeSpans(json) : [];
    this.requests.push(sizes);
    this.#requestCame.resolve();
    this.#requestCame = Promise.withResolvers();
    const answer = this.respond({ ...sizes, spans });
    // Nothing comes between a decision that is there at once and what follows from it.
    return await this.#answer(connection, answer instanceof Promise ? await answer : answer, spans);
  }

  async #answer(connection: Deno.Conn, answer: Answer, spans: readonly ReceivedSpan[]): Promise<boolean> {
    switch (answer.kind) {
      case "answer":
        if (answer.status < 300) this.#keep(spans.slice(answer.rejects ?? 0));
        await writeAll(connection, answerText(answer.status, answer.headers ?? {}, answer.body ?? ""));
        return true;
      case "hang":
        // Ends when the client hangs up, or with the receiver.
        await Promise.race([connection.read(new Uint8Array(1)), this.#stopped.promise]);
        return false;
      case "close":
        this.#keep(spans);
        if (answer.midAnswer) await writeAll(connection, answerText(200, {}, '{"partialSuccess":{}}').slice(0, -5));
        return false;
      case "die":
        this.die();
        return false;
    }
  }

  #keep(spans: readonly ReceivedSpan[]): void {
    for (const span of spans) {
      if (this.spans.has(span.spanId)) this.duplicates++;
      this.spans.set(span.spanId, span);
    }
  }
}

function answerText(status: number, headers: Readonly<Record<string, string>>, body: string): string {
  const fields = Object.entries({ "content-type": "application/json", ...headers });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} Status\r\n${lines}content-length: ${new TextEncoder().encode(body).length}\r\n\r\n${body}`;
}

async function writeAll(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function isConnectionError(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.Interrupted,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.NotConnected,
    Deno.errors.BrokenPipe,
    Deno.errors.UnexpectedEof,
  ].some((kind) => error instanceof kind);
}

/** Reads the requests of one connection (RFC 9112: head, then a body by Content-Length or in chunks). */
class HttpReader {
  #buffer = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;

  constructor(readonly connection: Deno.Conn) {}

  /** Undefined at the end of the connection, and for what is not HTTP. */
  async readHead(): Promise<{ method: string; path: string; headers: Headers } | undefined> {
    const request = await this.#readLine();
    const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(request ?? "") ?? [];
    if (method === undefined || path === undefined) return undefined;
    const headers = new Headers();
    for (let line = await this.#readLine(); line !== undefined && line !== ""; line = await this.#readLine()) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return { method, path, headers };
  }

  async readBody(headers: Headers): Promise<Uint8Array> {
    if (headers.get("transfer-encoding") !== "chunked") return await this.#readExactly(lengthOf(headers));
    const chunks: Uint8Array[] = [];
    for (;;) {
      const length = parseInt(await this.#readLine() ?? "0", 16);
      chunks.push(await this.#readExactly(length));
      await this.#readLine();
      if (length === 0) return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    }
  }

  async readHalfBody(headers: Headers): Promise<void> {
    await this.#readExactly(lengthOf(headers) >> 1);
  }

  async #readLine(): Promise<string | undefined> {
    for (;;) {
      const at = this.#buffer.subarray(this.#start, this.#end).indexOf(10);
      if (at >= 0) {
        const line = this.#buffer.subarray(this.#start, this.#start + at);
        this.#start += at + 1;
        return new TextDecoder().decode(line).replace(/\r$/, "");
      }
      if (!await this.#fill()) return undefined;
    }
  }

  async #readExactly(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = Math.min(length, this.#end - this.#start);
    bytes.set(this.#buffer.subarray(this.#start, this.#start + filled));
    this.#start += filled;
    while (filled < length) {
      const count = await this.connection.read(bytes.subarray(filled));
      if (count === null) throw new Deno.errors.UnexpectedEof();
      filled += count;
    }
    return bytes;
  }

  async #fill(): Promise<boolean> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    if (this.#end === this.#buffer.length) throw new RangeError("a header line longer than 64 KiB");
    const count = await this.connection.read(this.#buffer.subarray(this.#end));
    this.#end += count ?? 0;
    return count !== null;
  }
}

function lengthOf(headers: Headers): number {
  return Number(headers.get("content-length") ?? 0);
}

/** The spans of one OTLP JSON body (an ExportTraceServiceRequest), or of one line of a trace file. */
export function decodeSpans(body: Uint8Array | string): ReceivedSpan[] {
  const request: JsonRequest = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
  const spans: ReceivedSpan[] = [];
  for (const { resource, scopeSpans, schemaUrl } of request.resourceSpans ?? []) {
    const resourceAttributes = decodeAttributes(resource?.attributes);
    for (const { scope, spans: scoped } of scopeSpans ?? []) {
      const instrumentation = { name: scope?.name ?? "", version: scope?.version ?? "" };
      for (const span of scoped ?? []) {
        spans.push({
          ...decodeSpan(span),
          resource: resourceAttributes,
          resourceSchemaUrl: schemaUrl ?? "",
          scope: instrumentation,
        });
      }
    }
  }
  return spans;
}

function decodeSpan(span: JsonSpan): Omit<ReceivedSpan, "resource" | "resourceSchemaUrl" | "scope"> {
  if (!/^[0-9a-f]{32}$/.test(span.traceId) || /^0+$/.test(span.traceId)) throw new TypeError("not a trace id");
  if (!/^[0-9a-f]{16}$/.test(span.spanId) || /^0+$/.test(span.spanId)) throw new TypeError("not a span id");
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    name: span.name,
    kind: span.kind ?? 0,
    startTimeUnixNano: BigInt(span.startTimeUnixNano),
    endTimeUnixNano: BigInt(span.endTimeUnixNano),
    attributes: decodeAttributes(span.attributes),
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      timeUnixNano: BigInt(event.timeUnixNano),
      attributes: decodeAttributes(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: decodeAttributes(link.attributes),
    })),
  };
}

function decodeAttributes(attributes: readonly JsonAttribute[] = []): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, decodeValue(value)]));
}

function decodeValue(value: JsonValue): AttributeValue {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(decodeValue);
  if (typeof value.intValue === "string") return BigInt(value.intValue);
  return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue;
}

interface JsonRequest {
  resourceSpans?: {
    resource?: { attributes?: JsonAttribute[] };
    schemaUrl?: string;
    scopeSpans?: { scope?: { name?: string; version?: string }; spans?: JsonSpan[] }[];
  }[];
}

interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: JsonAttribute[];
  status?: { code?: number; message?: string };
  events?: { name: string; timeUnixNano: string; attributes?: JsonAttribute[] }[];
  links?: { traceId: string; spanId: string; attributes?: JsonAttribute[] }[];
}

interface JsonAttribute {
  key: string;
  value: JsonValue;
}

interface JsonValue {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values?: JsonValue[] };
}

if (import.meta.main) {
  const receiver = new Receiver({ decode: false });
  await Deno.stdout.write(new TextEncoder().encode(`${receiver.port}\n`));
}
