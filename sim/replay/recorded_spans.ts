// Recorded spans into columns: who was asked for what, by OpenTelemetry's conventions old and new.

import { JsonCursor } from "./json_cursor.ts";
import { isPlainName, serviceOfHost, splitUrl, templateName, templatePath, type UrlParts } from "./path_template.ts";
import { type Resource, SpanKindCode, type SpanView } from "./records.ts";
import { type Operation, SpanFlag, SpanRole, type SpanTable } from "./span_table.ts";

/** What is asked of a span's attributes; the older names of a thing stand behind the newer one. */
const WANTED = [
  ["method", "http.request.method", "http.method"],
  ["route", "http.route"],
  ["path", "url.path", "http.target"],
  ["url", "url.full", "http.url"],
  ["status", "http.response.status_code", "http.status_code"],
  ["resends", "http.request.resend_count"],
  ["rpcMethod", "rpc.method"],
  ["rpcService", "rpc.service"],
  ["rpcStatus", "rpc.response.status_code", "rpc.grpc.status_code"],
  ["database", "db.system.name", "db.system"],
  ["dbOperation", "db.operation.name", "db.operation"],
  ["dbCollection", "db.collection.name", "db.sql.table"],
  ["messaging", "messaging.system"],
  ["destination", "messaging.destination.name", "messaging.destination"],
  ["messagingType", "messaging.operation.type", "messaging.operation"],
  [
    "partition",
    "messaging.destination.partition.id",
    "messaging.kafka.destination.partition",
    "messaging.kafka.partition",
  ],
  ["peer", "peer.service"],
  ["address", "server.address", "net.peer.name"],
  ["error", "error.type"],
] as const;
type Wanted = (typeof WANTED)[number][0];
const CODE = Object.fromEntries(WANTED.map(([name], code) => [name, code])) as Record<Wanted, number>;

const encoder = new TextEncoder(), decoder = new TextDecoder();
/** Keys by their length, so that most others are told apart by that alone. */
const BY_LENGTH: { readonly bytes: Uint8Array; readonly code: number }[][] = Array.from({ length: 64 }, () => []);
for (const [code, [, ...keys]] of WANTED.entries()) {
  for (const key of keys) BY_LENGTH[key.length]!.push({ bytes: encoder.encode(key), code });
}

const BRACE_OPEN = 123, BRACE_CLOSE = 125, BRACKET_OPEN = 91, BRACKET_CLOSE = 93, QUOTE = 34;
const CACHES = new Set(["redis", "memcached", "valkey", "keydb", "dragonfly", "ehcache", "hazelcast"]);
/** Statuses that stand for gRPC's codes from 0 on (google/rpc/code.proto). */
const GRPC_STATUS = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
const GRPC_NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
/** What tells an operation from others is at most so long. */
const KEY_BYTES_MAX = 1024;
/** As many as a scenario's topic may have. */
const PARTITIONS_MAX = 10_000;
/** What a consumer's calls to its broker are for. */
const READING = /^(?:receive|poll|settle|ack|nack|commit|process|deliver)/i;
/** More different operations than these are counted as one: names that hold ids. */
const OPERATIONS_MAX = 50_000;
const KEY_SLOTS = 1 << 12;

export class RecordedSpans {
  readonly #table: SpanTable;
  readonly #cursor = new JsonCursor();
  /** Where the values stand, by code; valid where `#stamp` is the current one. */
  readonly #from = new Int32Array(WANTED.length);
  readonly #to = new Int32Array(WANTED.length);
  readonly #stamp = new Uint32Array(WANTED.length);
  #now = 0;
  readonly #resources = new Map<Resource, { service: number; instance: number }>();
  readonly #key = new Uint8Array(KEY_BYTES_MAX);
  readonly #url: UrlParts = { hostFrom: 0, hostTo: 0, pathFrom: 0 };
  readonly #keys: { readonly bytes: Uint8Array; readonly operation: number }[] = [];
  #slots = new Int32Array(KEY_SLOTS).fill(-1);
  #lastResource: Resource | undefined;
  #last = { service: 0, instance: 0 };
  /** Spans whose names were too many to be told apart. */
  unnamed = 0;

  constructor(table: SpanTable) {
    this.#table = table;
  }

  add(view: SpanView): void {
    const table = this.#table;
    if (view.resource !== this.#lastResource) {
      this.#lastResource = view.resource;
      this.#last = this.#resource(view.resource);
    }
    const role = roleOf(view.kind);
    this.#scan(view);
    if (Number.isNaN(table.baseSeconds)) table.baseSeconds = view.startSeconds;
    const at = table.append();
    const trace = view.traceWords;
    table.trace[at] = table.traceOf(trace[0]!, trace[1]!, trace[2]!, trace[3]!);
    table.spanHigh[at] = view.spanWords[0]!;
    table.spanLow[at] = view.spanWords[1]!;
    table.parentHigh[at] = view.parentWords[0]!;
    table.parentLow[at] = view.parentWords[1]!;
    table.start[at] = (view.startSeconds - table.baseSeconds) * 1e9 + view.startNanos;
    table.end[at] = (view.endSeconds - table.baseSeconds) * 1e9 + view.endNanos;
    table.role[at] = role;
    table.instance[at] = this.#last.instance;
    table.operation[at] = this.#operation(view, role, this.#last.service);
    if (view.kind === SpanKindCode.consumer || view.kind === SpanKindCode.producer) this.#message(view, at);
    const status = this.#status(view);
    table.status[at] = status;
    table.flags[at] = this.#flags(view, role, status);
  }

  #message(view: SpanView, row: number): void {
    const table = this.#table;
    if (view.kind === SpanKindCode.consumer) {
      const [link] = view.linksTo === 0 ? [] : view.links();
      if (link !== undefined) table.sentBy(row, ...wordsOf(link.spanId));
      else if (view.hasParent) table.sentBy(row, view.parentWords[0]!, view.parentWords[1]!);
    }
    if (!this.#has(CODE.partition)) return;
    const operation = table.operation[row]!;
    let seen = table.partitions.get(operation);
    if (seen === undefined) table.partitions.set(operation, seen = new Set());
    if (seen.size < PARTITIONS_MAX) seen.add(this.#text(CODE.partition));
  }

  #resource(resource: Resource): { service: number; instance: number } {
    let known = this.#resources.get(resource);
    if (known === undefined) {
      const service = this.#table.serviceOf(resource.service);
      const text = (key: string): string | undefined => {
        const value = resource.attributes.get(key);
        return typeof value === "string" ? value : undefined;
      };
      const instance = this.#table.instanceOf({
        service,
        id: resource.instance,
        language: text("telemetry.sdk.language"),
        version: text("service.version"),
      });
      this.#resources.set(resource, known = { service, instance });
    }
    return known;
  }

  /** Finds the wanted attributes; the text has been checked, so the cursor cannot run out of it. */
  #scan({ bytes, attributesFrom, attributesTo }: SpanView): void {
    this.#now++;
    if (attributesTo === 0) return;
    const cursor = this.#cursor;
    cursor.reset(bytes, attributesFrom, attributesTo);
    if (!cursor.open(BRACKET_OPEN, BRACKET_CLOSE)) return;
    do {
      // Where a value lies that came before its key.
      let code = -1, early = -1;
      if (!cursor.open(BRACE_OPEN, BRACE_CLOSE)) continue;
      do {
        cursor.key();
        const length = cursor.to - cursor.from;
        if (length === 3 && bytes[cursor.from] === 107) {
          cursor.string();
          code = codeOf(bytes, cursor.from, cursor.to);
          if (early >= 0 && code >= 0) {
            const back = cursor.at;
            cursor.at = early;
            this.#value(code);
            cursor.at = back;
          }
        } else if (length === 5 && code >= 0 && bytes[cursor.from] === 118) this.#value(code);
        else {
          if (length === 5) early = cursor.at;
          cursor.value(0);
        }
      } while (cursor.more(BRACE_CLOSE));
    } while (cursor.more(BRACKET_CLOSE));
  }

  #value(code: number): void {
    const cursor = this.#cursor;
    if (cursor.peek() !== BRACE_OPEN || !cursor.open(BRACE_OPEN, BRACE_CLOSE)) return cursor.value(0);
    do {
      cursor.key();
      const byte = cursor.peek();
      let from = cursor.at, to: number;
      cursor.value(0);
      if (byte === QUOTE) {
        from = cursor.from;
        to = cursor.to;
      } else to = cursor.at;
      if (byte !== BRACE_OPEN && byte !== BRACKET_OPEN && this.#stamp[code] !== this.#now) {
        this.#stamp[code] = this.#now;
        this.#from[code] = from;
        this.#to[code] = to;
      }
    } while (cursor.more(BRACE_CLOSE));
  }

  #has(code: number): boolean {
    return this.#stamp[code] === this.#now && this.#to[code]! > this.#from[code]!;
  }

  #number(view: SpanView, code: number): number {
    if (!this.#has(code)) return 0;
    let value = 0;
    for (let i = this.#from[code]!; i < this.#to[code]!; i++) {
      const digit = view.bytes[i]! - 48;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  #text(code: number): string {
    return this.#has(code) ? this.#cursor.text(this.#from[code]!, this.#to[code]!) : "";
  }

  #status(view: SpanView): number {
    const http = this.#number(view, CODE.status);
    if (http >= 100 && http <= 599) return http;
    if (!this.#has(CODE.rpcStatus)) return 0;
    const code = this.#number(view, CODE.rpcStatus);
    if (code >= 0) return GRPC_STATUS[code] ?? 0;
    // OK is by far the most frequent one.
    const from = this.#from[CODE.rpcStatus]!;
    if (view.bytes[from] === 79 && this.#to[CODE.rpcStatus]! - from === 2) return 200;
    return GRPC_STATUS[GRPC_NAMES.indexOf(this.#text(CODE.rpcStatus))] ?? 0;
  }

  #flags(view: SpanView, role: number, status: number): number {
    const isCall = role === SpanRole.call || role === SpanRole.send;
    let flags = view.hasParent ? SpanFlag.hasParent : 0;
    if (view.kind === SpanKindCode.consumer) flags |= SpanFlag.message;
    if (view.statusCode === 2 || status >= 500 || (isCall && status >= 400)) flags |= SpanFlag.error;
    if (this.#has(CODE.error)) {
      const error = this.#text(CODE.error);
      if (error === "interrupted") flags |= SpanFlag.interrupted;
      else if (isCall && /time.?d?.?out|deadline/i.test(error)) flags |= SpanFlag.timeout;
    }
    if (isCall && this.#number(view, CODE.resends) > 0) flags |= SpanFlag.retry;
    return flags;
  }

  #operation(view: SpanView, role: number, service: number): number {
    const key = this.#key;
    key[0] = role;
    key[1] = service >> 8;
    key[2] = service & 255;
    let at = 3;
    const isRequest = role === SpanRole.request;
    const hasRoute = isRequest && this.#has(CODE.route);
    let named = false;
    for (const code of isRequest ? REQUEST_CODES : CALL_CODES) {
      if (!this.#has(code)) continue;
      if (code === CODE.path || code === CODE.url) {
        if (hasRoute) continue;
        splitUrl(view.bytes, this.#from[code]!, this.#to[code]!, this.#url);
        key[at++] = 1 + code;
        at = copy(view.bytes, this.#url.hostFrom, this.#url.hostTo, key, at);
        at = templatePath(view.bytes, this.#url.pathFrom, this.#to[code]!, key, at);
        named = true;
        if (at > KEY_BYTES_MAX - 300) break;
        continue;
      }
      if (code !== CODE.method && code !== CODE.address && code !== CODE.peer) named = true;
      key[at++] = 1 + code;
      at = copy(view.bytes, this.#from[code]!, Math.min(this.#to[code]!, this.#from[code]! + 120), key, at);
      if (at > KEY_BYTES_MAX - 300) break;
    }
    const isDatabase = !isRequest && this.#has(CODE.database);
    if (!named || isDatabase || role === SpanRole.inner) {
      key[at++] = 0;
      if (isPlainName(view.bytes, view.nameFrom, view.nameTo)) {
        at = copy(view.bytes, view.nameFrom, view.nameTo, key, at);
      } else at = encoder.encodeInto(templateName(view.name).slice(0, 100), key.subarray(at)).written + at;
    }
    const hash = hashBytes(key, at);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot]! >= 0; slot = (slot + 1) & mask) {
      const known = this.#keys[this.#slots[slot]!]!;
      if (same(known.bytes, key, at)) return known.operation;
    }
    return this.#newOperation(view, role, service, slot, at);
  }

  #newOperation(view: SpanView, role: number, service: number, slot: number, length: number): number {
    const table = this.#table;
    if (this.#keys.length >= OPERATIONS_MAX) {
      this.unnamed++;
      return table.operationOf({
        service: role === SpanRole.request || role === SpanRole.inner ? table.services[service]! : undefined,
        address: "",
        kind: "service",
        name: "others",
        system: undefined,
        topic: undefined,
      });
    }
    const operation = table.operationOf(this.#describe(view, role, service));
    this.#slots[slot] = this.#keys.push({ bytes: this.#key.slice(0, length), operation }) - 1;
    if (this.#keys.length * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
      const mask = this.#slots.length - 1;
      for (const [index, { bytes }] of this.#keys.entries()) {
        let at = hashBytes(bytes, bytes.length) & mask;
        while (this.#slots[at]! >= 0) at = (at + 1) & mask;
        this.#slots[at] = index;
      }
    }
    return operation;
  }

  #describe(view: SpanView, role: number, service: number): Operation {
    const text = (code: number): string => this.#text(code);
    const name = templateName(view.name);
    if (role === SpanRole.request || role === SpanRole.inner) {
      const messaging = text(CODE.messaging);
      const isMessage = messaging !== "" && view.kind === SpanKindCode.consumer;
      return {
        service: this.#table.services[service]!,
        address: "",
        kind: "service",
        name: this.#httpName(view, text(CODE.route)) ?? this.#rpcName(text(CODE.rpcMethod)) ??
          (messaging !== "" ? `process ${text(CODE.destination) || name}` : name || "unnamed"),
        system: undefined,
        topic: isMessage ? templateName(text(CODE.destination)) || undefined : undefined,
      };
    }
    const peer = text(CODE.peer);
    const url = this.#urlText(view);
    const address = peer !== "" ? peer : serviceOfHost(text(CODE.address) || url.host);
    const database = text(CODE.database), messaging = text(CODE.messaging);
    if (database !== "") {
      return {
        service: undefined,
        address,
        kind: CACHES.has(database) ? "cache" : "database",
        name: databaseName(name, text(CODE.dbOperation), templateName(text(CODE.dbCollection))),
        system: database,
        topic: undefined,
      };
    }
    if (messaging !== "") {
      const type = text(CODE.messagingType), topic = templateName(text(CODE.destination));
      // A consumer asks its broker as well.
      const isPublishing = !READING.test(type);
      return {
        service: undefined,
        address,
        kind: "queue",
        name: `${isPublishing ? "publish" : type} ${topic || name}`,
        system: messaging,
        topic: isPublishing && topic !== "" ? topic : undefined,
      };
    }
    return {
      service: undefined,
      address,
      kind: "service",
      name: this.#httpName(view, "") ?? this.#rpcName(text(CODE.rpcMethod)) ?? (name || "unnamed"),
      system: undefined,
      topic: undefined,
    };
  }

  #httpName(view: SpanView, route: string): string | undefined {
    const method = this.#text(CODE.method).toUpperCase();
    if (method === "") return undefined;
    const path = route !== "" ? route : this.#urlText(view).path;
    if (path !== "") return `${method} ${path.startsWith("/") ? path : `/${path}`}`;
    // Nothing but the method is known of the request.
    const [first, second] = templateName(view.name).split(" ");
    return first?.toUpperCase() === method && second?.startsWith("/") === true ? `${method} ${second}` : `${method} /`;
  }

  /** `Charge` of `shop.payment.v1.PaymentService/Charge`. */
  #rpcName(method: string): string | undefined {
    const name = method.split("/").at(-1)!;
    return name === "" ? undefined : templateName(name);
  }

  #urlText(view: SpanView): { readonly host: string; readonly path: string } {
    const code = this.#has(CODE.path) ? CODE.path : CODE.url;
    if (!this.#has(code)) return { host: "", path: "" };
    const from = this.#from[code]!, to = this.#to[code]!;
    splitUrl(view.bytes, from, to, this.#url);
    const into = new Uint8Array(400);
    const path = decoder.decode(into.subarray(0, templatePath(view.bytes, this.#url.pathFrom, to, into, 0)));
    return { host: decoder.decode(view.bytes.subarray(this.#url.hostFrom, this.#url.hostTo)), path: path || "/" };
  }
}

const REQUEST_CODES = [CODE.method, CODE.route, CODE.path, CODE.url, CODE.rpcMethod, CODE.messaging, CODE.destination];
const CALL_CODES = [
  CODE.method,
  CODE.url,
  CODE.path,
  CODE.rpcMethod,
  CODE.database,
  CODE.dbOperation,
  CODE.dbCollection,
  CODE.messaging,
  CODE.destination,
  CODE.messagingType,
  CODE.peer,
  CODE.address,
];

/** A statement is no name; what it does to which table is. */
function databaseName(name: string, operation: string, collection: string): string {
  const isName = name !== "" && name.split(" ").length <= 3 && !/[=(*]/.test(name);
  if (operation === "") return isName ? name : (name.split(" ")[0] || "query");
  if (isName && name.toLowerCase().startsWith(operation.toLowerCase())) return name;
  return collection === "" ? operation : `${operation} ${collection}`;
}

/** The words of an id of 16 hexadecimal digits. */
function wordsOf(id: string): readonly [high: number, low: number] {
  return [parseInt(id.slice(0, 8), 16) >>> 0, parseInt(id.slice(8), 16) >>> 0];
}

function roleOf(kind: number): number {
  switch (kind) {
    case SpanKindCode.server:
    case SpanKindCode.consumer:
      return SpanRole.request;
    case SpanKindCode.client:
      return SpanRole.call;
    case SpanKindCode.producer:
      return SpanRole.send;
    default:
      return SpanRole.inner;
  }
}

function codeOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length >= BY_LENGTH.length) return -1;
  candidates: for (const { bytes: wanted, code } of BY_LENGTH[length]!) {
    // They differ at their ends more often than at their beginnings.
    for (let i = length - 1; i >= 0; i--) if (bytes[from + i] !== wanted[i]) continue candidates;
    return code;
  }
  return -1;
}

function copy(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number {
  for (let i = from; i < to && at < into.length; i++) into[at++] = bytes[i]!;
  return at;
}

function hashBytes(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function same(known: Uint8Array, key: Uint8Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== key[i]) return false;
  return true;
}
