// What is not to be shown again: attributes by their names, and texts by regular expressions.

import { isObject, type Members } from "./otlp_values.ts";

/** Thrown for a pattern that is none. */
export class PatternError extends Error {
  override name = "PatternError";
}

const HIDDEN = "[redacted]";
/** A value of JSON or logfmt that stands behind a name. */
const VALUE = '"(?:[^"\\\\]|\\\\.)*"';
/** Names whose values place a record: without them it is none. */
const NEEDED = /^(time|timestamp|@timestamp|ts|trace_?id|span_?id|service|service\.name)$/i;

/**
 * `user.*` hides the values of the attributes and fields of that name, with * for any letters; `/\d{16}/` whatever it
 * matches in names of spans, messages, values and log lines.
 */
export class Redaction {
  readonly #names: RegExp[] = [];
  readonly #texts: RegExp[] = [];
  /** The same names where they stand in a line. */
  readonly #inLines: RegExp[] = [];
  readonly #resources = new Map<string, string>();

  /** @throws {PatternError} with what is wrong with one of them */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const expression = /^\/(.+)\/([a-z]*)$/s.exec(pattern);
      if (expression !== null) this.#texts.push(compiled(pattern, expression[1]!, expression[2]!));
      else if (pattern === "") throw new PatternError("a pattern is empty");
      else this.#addName(pattern);
    }
  }

  get isEmpty(): boolean {
    return this.#names.length === 0 && this.#texts.length === 0;
  }

  #addName(pattern: string): void {
    const name = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", '[^"=\\s]*');
    this.#names.push(new RegExp(`^${name}$`));
    this.#inLines.push(
      new RegExp(`("(${name})"\\s*:\\s*)(?:${VALUE}|[-\\d.eE+]+|true|false|null)`, "g"),
      new RegExp(`((?<![^\\s,{\\[])(${name})=)(?:${VALUE}|[^\\s"]*)`, "g"),
    );
  }

  /** A text with what is to be hidden in it hidden. */
  text(text: string): string {
    return this.#texts.reduce((hidden, pattern) => hidden.replace(pattern, HIDDEN), text);
  }

  /** The text of a log record. */
  line(text: string): string {
    const named = this.#inLines.reduce(
      (hidden, pattern) =>
        hidden.replace(
          pattern,
          (whole: string, head: string, name: string) =>
            NEEDED.test(name) ? whole : head + (head.endsWith("=") ? HIDDEN : `"${HIDDEN}"`),
        ),
      text,
    );
    return this.text(named);
  }

  /** A span of OTLP JSON. */
  span(span: Members): Members {
    const status = span["status"];
    return {
      ...span,
      ...(typeof span["name"] === "string" ? { name: this.text(span["name"]) } : {}),
      ...this.#attributes(span),
      ...this.#items(span, "events"),
      ...this.#items(span, "links"),
      ...(isObject(status) && typeof status["message"] === "string"
        ? { status: { ...status, message: this.text(status["message"]) } }
        : {}),
    };
  }

  /** The JSON of a resource or a scope. */
  described(json: string): string {
    let hidden = this.#resources.get(json);
    if (hidden === undefined) {
      const value = JSON.parse(json) as Members;
      hidden = JSON.stringify({ ...value, ...this.#attributes(value) });
      if (this.#resources.size > 4096) this.#resources.clear();
      this.#resources.set(json, hidden);
    }
    return hidden;
  }

  #items(span: Members, name: string): Members {
    const items = span[name];
    if (!Array.isArray(items)) return {};
    return {
      [name]: items.map((item: Members) => ({
        ...item,
        ...(typeof item["name"] === "string" ? { name: this.text(item["name"]) } : {}),
        ...this.#attributes(item),
      })),
    };
  }

  #attributes(of: Members): Members {
    const { attributes } = of;
    return Array.isArray(attributes) ? { attributes: attributes.map((each: Members) => this.#keyValue(each)) } : {};
  }

  #keyValue(pair: Members): Members {
    const key = String(pair["key"]);
    if (key !== "service.name" && this.#names.some((name) => name.test(key))) {
      return { ...pair, value: { stringValue: HIDDEN } };
    }
    return { ...pair, value: this.#value(pair["value"]) };
  }

  #value(value: unknown): unknown {
    if (!isObject(value)) return value;
    if (typeof value["stringValue"] === "string") return { ...value, stringValue: this.text(value["stringValue"]) };
    const array = value["arrayValue"], map = value["kvlistValue"];
    if (isObject(array) && Array.isArray(array["values"])) {
      return { ...value, arrayValue: { values: array["values"].map((each) => this.#value(each)) } };
    }
    if (isObject(map) && Array.isArray(map["values"])) {
      return { ...value, kvlistValue: { values: map["values"].map((each: Members) => this.#keyValue(each)) } };
    }
    return value;
  }
}

function compiled(pattern: string, source: string, flags: string): RegExp {
  try {
    return new RegExp(source, [...new Set(`${flags}g`)].join(""));
  } catch (error) {
    throw new PatternError(`${pattern} is no regular expression: ${error instanceof Error ? error.message : error}`);
  }
}
