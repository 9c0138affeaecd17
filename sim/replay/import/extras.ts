// What an import keeps only when it is asked to: values of attributes and messages of errors. And what it always takes
// from log lines: how they are written.

import { templateName } from "../path_template.ts";
import type { Observation } from "../observation.ts";
import type { LineView, SpanView } from "../records.ts";
import { SpanKindCode } from "../records.ts";
import type { ImportExtras } from "./importer.ts";

/** Of each endpoint. */
const ATTRIBUTES_MAX = 20;
const VALUES_MAX = 20;
const MESSAGES_MAX = 50;
const SERVICES_MAX = 5000;
/** Spans of each name that are looked at: reading all attributes costs more than all the rest. */
const SPANS_MAX = 500;
const LENGTH_MAX = 200;
/** Conventions' own attributes say what the simulation writes by itself. */
const CONVENTIONAL =
  /^(?:http|url|rpc|db|net|network|server|client|peer|messaging|error|exception|user_agent|code|thread|telemetry|otel|span)\b/;

interface Known {
  spans: number;
  readonly attributes: Map<string, Map<string, number>>;
  readonly messages: Map<string, number>;
}

export interface ExtrasSettings {
  readonly attributes: boolean;
  readonly messages: boolean;
}

export class ExtrasReader {
  readonly #settings: ExtrasSettings;
  /** By service and name of the span. */
  readonly #known = new Map<string, Known>();
  readonly #formats = new Map<string, Map<string, number>>();

  constructor(settings: ExtrasSettings) {
    this.#settings = settings;
  }

  span(view: SpanView): void {
    if (view.kind !== SpanKindCode.server && view.kind !== SpanKindCode.consumer) return;
    const known = this.#of(view.resource.service, templateName(view.name));
    if (known === undefined) return;
    if (this.#settings.messages && view.statusCode === 2 && view.statusMessage !== "") {
      count(known.messages, view.statusMessage.slice(0, LENGTH_MAX), MESSAGES_MAX);
    }
    if (!this.#settings.attributes || known.spans++ >= SPANS_MAX) return;
    for (const [key, value] of view.attributes()) {
      if (CONVENTIONAL.test(key) || (typeof value === "object" && value !== null)) continue;
      let values = known.attributes.get(key);
      if (values === undefined) {
        if (known.attributes.size >= ATTRIBUTES_MAX) continue;
        known.attributes.set(key, values = new Map());
      }
      count(values, String(value).slice(0, LENGTH_MAX), VALUES_MAX);
    }
  }

  line(view: LineView): void {
    let formats = this.#formats.get(view.service);
    if (formats === undefined) {
      if (this.#formats.size >= SERVICES_MAX) return;
      this.#formats.set(view.service, formats = new Map());
    }
    const first = view.bytes[view.from];
    const format = first === 123 ? "json" : isLogfmt(view.bytes, view.from, view.to) ? "logfmt" : "plain";
    formats.set(format, (formats.get(format) ?? 0) + 1);
  }

  /** What was kept, by the names of an observation. */
  known(observation: Observation): ImportExtras {
    const names = new Set(observation.endpoints.map(({ service, name }) => `${service}\n${name}`));
    const find = (service: string, name: string): Known | undefined => {
      const exact = this.#known.get(`${service}\n${name}`);
      if (exact !== undefined || !names.has(`${service}\n${name}`)) return exact;
      // Methods of gRPC are named in full in the span.
      const suffix = `/${name}`;
      for (const [key, known] of this.#known) if (key.startsWith(`${service}\n`) && key.endsWith(suffix)) return known;
      return undefined;
    };
    return {
      attributesOf: (service, endpoint) =>
        [...find(service, endpoint)?.attributes ?? []]
          // A value that is another in each request is an id, and says nothing.
          .filter(([name, values]) => values.size < VALUES_MAX && isName(name) && [...values.keys()].every(isName))
          .map(([name, values]) => [name, [...values].sort((a, b) => b[1] - a[1])] as const),
      messageOf: (service, endpoint) =>
        this.#settings.messages
          ? [...find(service, endpoint)?.messages ?? []].sort((a, b) => b[1] - a[1])[0]?.[0]
          : undefined,
      logFormatOf: (service) => [...this.#formats.get(service) ?? []].sort((a, b) => b[1] - a[1])[0]?.[0],
    };
  }

  #of(service: string, name: string): Known | undefined {
    const key = `${service}\n${name}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= SERVICES_MAX) return undefined;
      this.#known.set(key, known = { spans: 0, attributes: new Map(), messages: new Map() });
    }
    return known;
  }
}

/** Whether it can be a key of a scenario. */
function isName(text: string): boolean {
  return /^[^\p{Cc}\p{Cf}\p{Cs}]{1,200}$/u.test(text) && !/^(?:__proto__|constructor|prototype|<<)$/.test(text);
}

/** Counts a value, or leaves it out where there are too many different ones. */
function count(values: Map<string, number>, value: string, most: number): void {
  const known = values.get(value);
  if (known !== undefined || values.size < most) values.set(value, (known ?? 0) + 1);
}

/** `key=value` before the first space. */
function isLogfmt(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === 61) return at > from;
    const isKey = (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte === 95 || byte === 46;
    if (!isKey) return false;
  }
  return false;
}
