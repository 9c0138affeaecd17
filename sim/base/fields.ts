// Field descriptions: each knows how to decode a node with a diagnostic for whatever is wrong, and how to describe
// itself as JSON Schema. The scenario language, its schema and its documents all come from these.

import { Diagnostics, type Mark, nearest } from "./diagnostics.ts";
import { describeNode, type Entry, type MapNode, type Node, type ScalarNode } from "./node.ts";
import { formatDuration, type Nanos, nanos, parseDuration } from "./time.ts";

export type JsonSchema = { readonly [key: string]: unknown };

/** What `decode` gives for a node that it has diagnosed. */
export const INVALID: unique symbol = Symbol("invalid");
export type Invalid = typeof INVALID;

/** Describes one value of the language. `T` is what it decodes to. */
export interface Field<T> {
  /** What a person may write here, in a few words, for messages: `a duration like 30ms`. */
  readonly expects: string;
  /** Adds to `diagnostics` and gives INVALID when the node is not such a value. */
  decode(node: Node, diagnostics: Diagnostics): T | Invalid;
  schema(): JsonSchema;
  /** The value as it would stand in a file, where that is not the value itself: `30s`, `5%`. */
  write?(value: T): unknown;
}

/** A key of a record: its field, what it means, and what its absence means. */
export interface Property<T> {
  readonly field: Field<unknown>;
  readonly summary: string;
  readonly presence: "required" | "optional" | "default";
  readonly fallback?: T;
  /** The default in words, where it is not a plain value. */
  readonly fallbackText?: string;
  /** What to write, for the hint when it is missing. */
  readonly example?: string;
  /** Only carries the type. */
  readonly type?: T;
}

/** `example` is what to write when it is missing, as the hint shows it. */
export function required<T>(field: Field<T>, summary: string, example?: string): Property<T> {
  return { field, summary, presence: "required", ...(example === undefined ? {} : { example }) };
}

export function optional<T>(field: Field<T>, summary: string): Property<T | undefined> {
  return { field, summary, presence: "optional" };
}

/** `text` is the default as a person would write it in the file. */
export function withDefault<T>(field: Field<T>, fallback: NoInfer<T>, summary: string, text?: string): Property<T> {
  return { field, summary, presence: "default", fallback, ...(text === undefined ? {} : { fallbackText: text }) };
}

export type Properties = { readonly [key: string]: Property<unknown> };
export type TypeOf<P> = P extends Property<infer T> ? T : P extends Field<infer T> ? T : never;
export type Decoded<P extends Properties> = { readonly [K in keyof P]: TypeOf<P[K]> };

export interface RecordField<P extends Properties> extends Field<Decoded<P>> {
  readonly properties: P;
}

export interface RecordHints {
  /** What the map is, for messages, where `expects` says more: `a step`. */
  readonly noun?: string;
  /** What to write instead of a value that is no map. */
  readonly instead?: (node: Node) => string | undefined;
  /** What to do about a key that is not known, before the nearest one is offered. */
  readonly unknown?: (key: string, node: MapNode) => string | undefined;
}

/** A map with known keys. Unknown keys are diagnosed with the nearest known one. */
export function record<P extends Properties>(
  expects: string,
  properties: P,
  hints: RecordHints = {},
): RecordField<P> {
  const names = Object.keys(properties);
  return {
    expects,
    properties,
    decode(node, diagnostics) {
      if (node.type !== "map") {
        return wrongType(node, expects, diagnostics, hints.instead?.(node) ?? keysHint(properties));
      }
      let valid = true;
      const decoded: Record<string, unknown> = {};
      for (const entry of node.entries) {
        if (Object.hasOwn(properties, entry.key)) continue;
        valid = false;
        if (diagnostics.full) break;
        const hint = hints.unknown?.(entry.key, node) ?? nearKeyHint(entry, names) ?? keysHint(properties);
        diagnostics.add(entry.span, [...node.path, entry.key], `unknown key "${entry.key}" in ${expects}`, hint);
      }
      for (const name of names) {
        const property = properties[name]!;
        const entry = node.entries.find((candidate) => candidate.key === name);
        if (entry !== undefined) {
          const value = property.field.decode(entry.value, diagnostics);
          if (value === INVALID) valid = false;
          else decoded[name] = value;
        } else if (property.presence === "required") {
          valid = false;
          // A misspelt key has been diagnosed, and says what is missing.
          if (
            !diagnostics.full &&
            node.entries.some(({ key }) => !Object.hasOwn(properties, key) && isNear(key, name, names))
          ) {
            continue;
          }
          const hint = property.example ?? `${name}: ${property.summary}`;
          diagnostics.add(node.span, node.path, `"${name}" is missing in ${expects}`, hint);
        } else {
          decoded[name] = property.fallback;
        }
      }
      return valid ? decoded as Decoded<P> : INVALID;
    },
    schema() {
      return recordSchema(properties, expects);
    },
    write: (value) => Object.fromEntries(names.map((name) => [name, writeValue(properties[name]!.field, value[name])])),
  };
}

/** A decoded value as it would stand in a file; null for what is not there. */
export function writeValue(field: Field<unknown>, value: unknown): unknown {
  if (value === undefined) return null;
  if (field.write !== undefined) return field.write(value);
  if (value === Infinity) return "unlimited";
  const isNamed = typeof value === "object" && value !== null && "text" in value;
  return isNamed ? value.text : value;
}

function isNear(key: string, name: string, names: readonly string[]): boolean {
  return nearest(key, names)[0] === name;
}

function nearKeyHint(entry: Entry, names: readonly string[]): string | undefined {
  const joined = /^([\w-]+):(.+)$/.exec(entry.key);
  if (joined !== null && names.includes(joined[1]!)) return `a space goes after the colon: ${joined[1]}: ${joined[2]}`;
  const [near] = nearest(entry.key, names);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** @param title what an editor calls the whole when it offers its required keys */
function recordSchema(properties: Properties, title: string): JsonSchema {
  const described: Record<string, JsonSchema> = {};
  const requiredNames: string[] = [];
  for (const [name, property] of Object.entries(properties)) {
    const fallback = property.fallbackText ?? plainDefault(property.fallback);
    described[name] = {
      ...property.field.schema(),
      description: fallback === undefined ? property.summary : `${property.summary} Default: ${fallback}.`,
      ...schemaDefault(property),
    };
    if (property.presence === "required") requiredNames.push(name);
  }
  return {
    title,
    type: "object",
    properties: described,
    ...(requiredNames.length > 0 ? { required: requiredNames } : {}),
    additionalProperties: false,
  };
}

/** The default as a value that an editor may fill in; none where the text says it in words. */
function schemaDefault({ field, fallback, fallbackText }: Property<unknown>): { default?: unknown } {
  if (fallbackText === undefined) return plainDefault(fallback) === undefined ? {} : { default: fallback };
  const source = { name: "default", text: fallbackText };
  const span = { source, line: 1, column: 1, length: 1 };
  const node: ScalarNode = { type: "scalar", span, path: [], value: fallbackText, text: fallbackText };
  return field.decode(node, new Diagnostics()) === fallback ? { default: fallbackText } : {};
}

function plainDefault(value: unknown): string | undefined {
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function keysHint(properties: Properties): string {
  return `its keys are ${Object.keys(properties).join(", ")}`;
}

const EMPTY_HINT = "put something in, or leave the key out";

/** Diagnoses a node of the wrong type and gives INVALID. Without a hint of its own it says what to write. */
export function wrongType(node: Node, expects: string, diagnostics: Diagnostics, hint?: string): Invalid {
  if (isDiagnosed(node)) return INVALID;
  const isEmpty = node.type === "scalar" && node.value === null;
  const wanted = expects.startsWith("one of ") ? "one of these" : expects;
  const said = hint ?? (isEmpty ? `write ${expects}, or leave the key out` : `write ${wanted}`);
  diagnostics.add(node.span, node.path, `expected ${expects}, found ${describeNode(node)}`, said);
  return INVALID;
}

/** Diagnoses a node with a message of its own and gives INVALID. */
export function wrong(node: Node, message: string, diagnostics: Diagnostics, hint?: string): Invalid {
  if (!isDiagnosed(node)) diagnostics.add(node.span, node.path, message, hint);
  return INVALID;
}

function isDiagnosed(node: Node): boolean {
  return node.type === "scalar" && node.diagnosed === true;
}

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
  /** Excludes `min` itself. */
  readonly above?: number;
}

function limitsText({ min, max, above }: NumberLimits): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (above !== undefined) return ` above ${above}${max === undefined ? "" : ` and at most ${max}`}`;
  if (min !== undefined) return min === 0 ? ", zero or more" : `, ${min} or more`;
  return max === undefined ? "" : `, at most ${max}`;
}

function within(value: number, { min, max, above }: NumberLimits): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max) &&
    (above === undefined || value > above);
}

/** A finite number within limits; `whole` wants a safe integer. */
export function number(limits: NumberLimits = {}, whole = false): Field<number> {
  const expects = `${whole ? "a whole number" : "a number"}${limitsText(limits)}`;
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "scalar" || typeof node.value !== "number") {
        return wrongType(node, expects, diagnostics, numberHint(node));
      }
      const { value } = node;
      if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
        return wrong(node, `the number ${node.text} is too large to be exact`, diagnostics, `write ${expects}`);
      }
      if (whole && !Number.isInteger(value)) {
        return wrongType(node, expects, diagnostics, "write it without a fraction");
      }
      if (!within(value, limits)) return wrongType(node, expects, diagnostics, limitHint(value, limits));
      return value;
    },
    schema: () => ({
      type: whole ? "integer" : "number",
      ...(limits.min === undefined ? {} : { minimum: limits.min }),
      ...(limits.max === undefined ? {} : { maximum: limits.max }),
      ...(limits.above === undefined ? {} : { exclusiveMinimum: limits.above }),
    }),
  };
}

function limitHint(value: number, { min, max, above }: NumberLimits): string | undefined {
  if (max !== undefined && value > max) return `the largest is ${max}`;
  return above === undefined ? `the smallest is ${min}` : `it has to be above ${above}`;
}

function numberHint(node: Node): string | undefined {
  if (node.type !== "scalar" || node.expanded !== undefined) return undefined;
  if (typeof node.value !== "string") return "write it in digits";
  const plain = node.value.replaceAll(/[_,' ]/g, "");
  if (!/^[-+]?\d+(\.\d+)?$/.test(plain)) return "write it in digits, without a unit";
  return node.quoted ? `write ${plain} without quotes` : `write ${plain}`;
}

export function integer(limits: NumberLimits = {}): Field<number> {
  return number(limits, true);
}

/** `true` or `false`. */
export const flag: Field<boolean> = {
  expects: "true or false",
  decode: (node, diagnostics) =>
    node.type === "scalar" && typeof node.value === "boolean"
      ? node.value
      : wrongType(node, "true or false", diagnostics, flagHint(node)),
  schema: () => ({ type: "boolean" }),
};

/** What other notations call true and false. */
function flagHint(node: Node): string | undefined {
  if (node.type !== "scalar" || node.expanded !== undefined) return undefined;
  const said = String(node.value).trim();
  if (/^(true|yes|y|on|1)$/i.test(said)) return "write true";
  return /^(false|no|n|off|0)$/i.test(said) ? "write false" : undefined;
}

interface TextLimits {
  readonly pattern?: RegExp;
  readonly lengthMax?: number;
}

/** A text. A number or a word that YAML reads as something else is refused, with the advice to quote it. */
export function text(expects = "a text", { pattern, lengthMax = 4096 }: TextLimits = {}): Field<string> {
  return {
    expects,
    decode(node, diagnostics) {
      // What a variable holds is a text, whatever it looks like.
      const value = node.type === "scalar" && !node.diagnosed ? node.expanded ?? node.value : undefined;
      if (typeof value !== "string") {
        const hint = node.type === "scalar" && node.value !== null ? `quote it: "${node.text}"` : undefined;
        return wrongType(node, expects, diagnostics, hint);
      }
      if (value.length > lengthMax) {
        return wrong(node, `a text of ${value.length} characters is too long`, diagnostics, `at most ${lengthMax}`);
      }
      if (pattern !== undefined && !pattern.test(value)) return wrongType(node, expects, diagnostics);
      return value;
    },
    schema: () => ({ type: "string", ...(pattern === undefined ? {} : { pattern: pattern.source }) }),
  };
}

/** One word of a closed list. `synonyms` are words of others, with the one that is meant. */
export function word<const W extends string>(
  words: readonly W[],
  what = "one of",
  synonyms: { readonly [written: string]: NoInfer<W> } = {},
): Field<W> {
  const expects = `${what} ${words.join(", ")}`;
  return {
    expects,
    decode(node, diagnostics) {
      const written = node.type === "scalar" ? String(node.value) : undefined;
      const found = words.find((candidate) => candidate === written);
      if (found !== undefined) return found;
      if (written !== undefined && Object.hasOwn(synonyms, written.toLowerCase())) {
        return wrongType(node, expects, diagnostics, `write ${synonyms[written.toLowerCase()]}`);
      }
      const [near] = written === undefined ? [] : nearest(written, words);
      return wrongType(node, expects, diagnostics, near === undefined ? undefined : `did you mean "${near}"?`);
    },
    schema: () => ({ enum: words }),
  };
}

export interface DurationLimits {
  readonly min?: Nanos;
  readonly max?: Nanos;
  /** k6's own fields take a bare number as milliseconds. */
  readonly bareMilliseconds?: boolean;
}

const DURATION_PATTERN = "^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$";

/** A duration with its units, zero or longer: `30ms`, `2m30s`. */
export function duration({ min = 0 as Nanos, max, bareMilliseconds = false }: DurationLimits = {}): Field<Nanos> {
  const expects = "a duration like 250ms, 30s or 2m30s";
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "scalar") return wrongType(node, expects, diagnostics);
      let value: Nanos | undefined;
      if (typeof node.value === "string") {
        value = parseDuration(node.value);
        if (value === undefined) return wrongType(node, expects, diagnostics, durationHint(node));
      } else if (typeof node.value === "number") {
        if (node.value < 0) {
          return wrong(node, `the duration ${node.text} is negative`, diagnostics, "a duration is 0s or more");
        }
        if (!bareMilliseconds && node.value !== 0) {
          return wrong(
            node,
            `the duration ${node.text} has no unit`,
            diagnostics,
            `write ${node.text}ms or ${node.text}s`,
          );
        }
        value = nanos(node.value * 1e6);
      } else return wrongType(node, expects, diagnostics);
      if (value < min || !Number.isFinite(value)) {
        return wrong(node, `${node.text} is too short`, diagnostics, `at least ${formatDuration(min)}`);
      }
      if (max !== undefined && value > max) {
        return wrong(node, `${node.text} is too long`, diagnostics, `at most ${formatDuration(max)}`);
      }
      return value;
    },
    schema: () =>
      bareMilliseconds
        ? { type: ["string", "number"] }
        : { anyOf: [{ type: "string", pattern: DURATION_PATTERN }, { const: 0 }] },
    write: writeDuration,
  };
}

/** Writes a duration as it would stand in a file, exactly: `2m30s`, `90500ms`. */
export function writeDuration(value: Nanos): string {
  const short = formatDuration(value);
  if (value === 0) return "0s";
  if (value === Infinity || parseDuration(short) === value) return short;
  return value % 1e6 === 0 ? `${value / 1e6}ms` : `${value}ns`;
}

function durationHint({ text: written, expanded }: ScalarNode): string | undefined {
  if (expanded !== undefined) return "the variable must hold a duration with its unit";
  if (/^-/.test(written)) return "a duration cannot be negative";
  if (/^\d+(\.\d+)?$/.test(written)) return `write ${written}ms or ${written}s`;
  if (parseDuration(written.replaceAll(/\s+/g, "")) !== undefined) {
    return `write ${written.replaceAll(/\s+/g, "")}, without a space`;
  }

  return durationUnits;
}

const durationUnits = "the units are ns, us, ms, s, m, h and d, as in 250ms or 2m30s";

/** A share from 0 to 1, written `30%`; 0 needs no unit. */
export function share(max = 1): Field<number> {
  const expects = `a share like 0.5%${max === 1 ? ", at most 100%" : ""}`;
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "scalar") return wrongType(node, expects, diagnostics);
      const written = String(node.value);
      if (node.value === 0) return 0;
      if (/^\d+(\.\d+)?$/.test(written)) {
        const value = Number(written);
        const whole = value <= max ? ` or ${Number((value * 100).toPrecision(12))}%` : "";
        return wrong(node, `the share ${node.text} has no unit`, diagnostics, `write ${node.text}%${whole}`);
      }
      if (!/^-?\d+(\.\d+)?%$/.test(written)) return wrongType(node, expects, diagnostics);
      const value = Number(written.slice(0, -1)) / 100;
      if (value >= 0 && value <= max) return value;
      return wrong(node, `${node.text} is not between 0% and ${max * 100}%`, diagnostics, `write ${expects}`);
    },
    schema: () => ({
      anyOf: [{ type: "string", pattern: "^[0-9]+(\\.[0-9]+)?%$" }, { const: 0 }],
    }),
    write: (value) => `${Number((value * 100).toPrecision(12))}%`,
  };
}

const BYTES_OF: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const SIZE_PATTERN = `^([0-9]+(?:\\.[0-9]+)?)(${Object.keys(BYTES_OF).join("|")})$`;
/** No body is larger, and the sum over a run stays an exact integer. */
const SIZE_MAX = 1024 * 2 ** 30;

/** An amount of data, in whole bytes: `512B`, `20KiB`, `1.5MB`. kB, MB and GB are powers of 1000; KiB, MiB and GiB of 1024. */
export const dataSize: Field<number> = {
  expects: "a size like 512B, 20KiB or 1.5MB",
  decode(node, diagnostics) {
    if (node.type !== "scalar") return wrongType(node, this.expects, diagnostics);
    if (node.value === 0) return 0;
    if (typeof node.value === "number") {
      return wrong(node, `the size ${node.text} has no unit`, diagnostics, `write ${node.text}B or ${node.text}KiB`);
    }
    const match = typeof node.value === "string" ? new RegExp(SIZE_PATTERN).exec(node.value) : null;
    if (match === null) return wrongType(node, this.expects, diagnostics, sizeHint(node));
    const bytes = Math.round(Number(match[1]) * BYTES_OF[match[2]!]!);
    return bytes <= SIZE_MAX ? bytes : wrong(node, `${node.text} is too large`, diagnostics, "at most 1024GiB");
  },
  schema: () => ({ anyOf: [{ type: "string", pattern: SIZE_PATTERN }, { const: 0 }] }),
  write: (bytes) => {
    const unit = (["GiB", "MiB", "KiB"] as const).find((each) => bytes > 0 && bytes % BYTES_OF[each]! === 0) ?? "B";
    return `${bytes / BYTES_OF[unit]!}${unit}`;
  },
};

function sizeHint({ text: written, expanded }: ScalarNode): string {
  const units = Object.keys(BYTES_OF);
  if (expanded !== undefined) return `the variable must hold a size with one of the units ${units.join(", ")}`;
  const match = /^([0-9.]+)\s*([a-z]+)$/i.exec(written);
  const [, amount = "", unit = ""] = match ?? [];
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const meant = units.find((each) => same(each, unit) || same(each[0] ?? "", unit));
  return meant === undefined ? `the units are ${units.join(", ")}` : `did you mean ${amount}${meant}?`;
}

/** A list of such values. */
export function listOf<T>(
  item: Field<T>,
  expects = `a list of ${item.expects}`,
  { min = 0, sizeMax = 10_000, example }: { min?: number; sizeMax?: number; example?: string } = {},
): Field<readonly T[]> {
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "list") {
        const single = node.type === "scalar" && node.value !== null ? `, as in "- ${node.text}"` : "";
        return wrongType(node, expects, diagnostics, `begin each item with "- " on a line of its own${single}`);
      }
      if (node.items.length < min) {
        return wrong(node, `${expects} needs at least ${min}`, diagnostics, example ?? EMPTY_HINT);
      }
      if (node.items.length > sizeMax) {
        return wrong(node, `${expects} is too long`, diagnostics, `at most ${sizeMax} items`);
      }
      const values: T[] = [];
      let valid = true;
      for (const child of node.items) {
        const value = item.decode(child, diagnostics);
        if (value === INVALID) valid = false;
        else values.push(value);
      }
      return valid ? values : INVALID;
    },
    schema: () => ({ type: "array", items: item.schema(), ...(min > 0 ? { minItems: min } : {}) }),
    write: (values) => values.map((value) => writeValue(item, value)),
  };
}

interface MapLimits {
  readonly key?: RegExp;
  /** What a key is, for messages: `a service name`. */
  readonly keyExpects?: string;
  readonly keyHint?: string;
  /** What to write instead of a value that is no map. */
  readonly example?: string;
  readonly min?: number;
  readonly sizeMax?: number;
}

/** A map from names that the user chooses to such values, in the order of the file. */
export function mapOf<T>(
  value: Field<T>,
  expects: string,
  { key, keyExpects = "a name", keyHint, example, min = 0, sizeMax = 10_000 }: MapLimits = {},
): Field<ReadonlyMap<string, T>> {
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "map") return wrongType(node, expects, diagnostics, example);
      if (node.entries.length < min) {
        return wrong(node, `${expects} needs at least ${min}`, diagnostics, example ?? EMPTY_HINT);
      }
      if (node.entries.length > sizeMax) {
        return wrong(node, `${expects} is too large`, diagnostics, `at most ${sizeMax} entries`);
      }
      const values = new Map<string, T>();
      let valid = true;
      for (const entry of node.entries) {
        if (key !== undefined && !key.test(entry.key)) {
          valid = false;
          diagnostics.add(entry.span, [...node.path, entry.key], `"${entry.key}" is not ${keyExpects}`, keyHint);
        }
        const decoded = value.decode(entry.value, diagnostics);
        if (decoded === INVALID) valid = false;
        else values.set(entry.key, decoded);
      }
      return valid ? values : INVALID;
    },
    schema: () => ({
      type: "object",
      additionalProperties: value.schema(),
      ...(key === undefined ? {} : { propertyNames: { pattern: key.source } }),
      ...(min > 0 ? { minProperties: min } : {}),
    }),
  };
}

/** Changes the decoded value; `convert` may diagnose the node and give INVALID. */
export function converted<A, B>(
  field: Field<A>,
  convert: (value: A, node: Node, diagnostics: Diagnostics) => B | Invalid,
): Field<B> {
  return {
    expects: field.expects,
    decode(node, diagnostics) {
      const value = field.decode(node, diagnostics);
      return value === INVALID ? INVALID : convert(value, node, diagnostics);
    },
    schema: () => field.schema(),
  };
}

/** One form or another, told apart by looking at the node, so that its errors are those of the form that was meant. */
export function either<A, B>(
  expects: string,
  isFirst: (node: Node) => boolean,
  first: Field<A>,
  second: Field<B>,
): Field<A | B> {
  return {
    expects,
    decode: (node, diagnostics) => (isFirst(node) ? first.decode(node, diagnostics) : second.decode(node, diagnostics)),
    schema: () => ({ anyOf: [first.schema(), second.schema()] }),
  };
}

export function isScalar(node: Node): boolean {
  return node.type === "scalar";
}

export function isMap(node: Node): node is MapNode {
  return node.type === "map";
}

/** A variant of a registry: its kind is its key there. */
export interface Variant<P extends Properties> {
  /** One line for lists and hover texts. */
  readonly summary: string;
  readonly fields: P;
}

/**
 * A map whose `tag` key names a variant of a registry and whose other keys are the fields of that variant and of the
 * `common` ones. Decodes to `{ kind, config, common }`.
 */
export function tagged<R extends { readonly [kind: string]: Variant<Properties> }, C extends Properties>(
  expects: string,
  tag: string,
  registry: R,
  common: C,
  hints: RecordHints = {},
): Field<TaggedValue<R, C>> {
  const kinds = Object.keys(registry);
  const tagWord = word(kinds);
  const fieldsOf = (kind: string): Properties => ({ ...common, ...registry[kind]?.fields });
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "map") {
        const hint = hints.instead?.(node) ?? `a map with "${tag}" and what that takes`;
        return wrongType(node, expects, diagnostics, hint);
      }
      const entry = node.entries.find((candidate) => candidate.key === tag);
      const kind = entry === undefined ? INVALID : tagWord.decode(entry.value, diagnostics);
      if (entry === undefined) {
        const misspelt = node.entries.find((candidate) => isNear(candidate.key, tag, [tag, ...Object.keys(common)]));
        if (misspelt === undefined) {
          diagnostics.add(node.span, node.path, `"${tag}" is missing in ${expects}`, `${tag}: ${tagWord.expects}`);
        } else {
          const path = [...node.path, misspelt.key];
          diagnostics.add(misspelt.span, path, `unknown key "${misspelt.key}" in ${expects}`, `did you mean "${tag}"?`);
        }
      }
      if (kind === INVALID) {
        // What is wrong with the rest is said too: all of it where a kind was nearly named, else the common keys.
        const written = entry?.value.type === "scalar" ? String(entry.value.value) : "";
        const known = fieldsOf(nearest(written, kinds)[0] ?? "");
        for (const { key, value } of node.entries) {
          if (Object.hasOwn(known, key)) known[key]!.field.decode(value, diagnostics);
        }
        return INVALID;
      }
      const rest: MapNode = { ...node, entries: node.entries.filter((candidate) => candidate.key !== tag) };
      const all = record(`${expects} of ${tag} ${kind}`, fieldsOf(kind), {
        ...hints,
        unknown: (key) => hints.unknown?.(key, node),
      }).decode(rest, diagnostics);
      if (all === INVALID) return INVALID;
      const pick = (properties: Properties): Record<string, unknown> =>
        Object.fromEntries(Object.keys(properties).map((name) => [name, all[name]]));
      return { kind, config: pick(registry[kind]!.fields), common: pick(common) } as TaggedValue<R, C>;
    },
    schema: () => ({
      title: expects,
      type: "object",
      required: [tag],
      properties: {
        [tag]: { enum: kinds, description: kinds.map((kind) => `${kind}: ${registry[kind]!.summary}`).join("\n") },
      },
      allOf: kinds.map((kind) => {
        const schema = recordSchema(fieldsOf(kind), kind) as { properties: object; required?: string[] };
        return {
          if: { properties: { [tag]: { const: kind } }, required: [tag] },
          then: { ...schema, properties: { [tag]: { description: registry[kind]!.summary }, ...schema.properties } },
        };
      }),
    }),
  };
}

export type TaggedValue<R extends { readonly [kind: string]: Variant<Properties> }, C extends Properties> = {
  readonly [K in keyof R & string]: {
    readonly kind: K;
    readonly config: Decoded<R[K]["fields"]>;
    readonly common: Decoded<C>;
  };
}[keyof R & string];

/**
 * A map told apart by which of the registry's keys it has: `{normal: [20ms, 5ms]}`. Each variant's fields contain its own
 * key. Decodes to `{ kind, config }`.
 */
export function keyed<R extends { readonly [key: string]: Variant<Properties> }>(
  expects: string,
  registry: R,
  hints: RecordHints = {},
): Field<KeyedValue<R>> {
  const kinds = Object.keys(registry);
  const noun = hints.noun ?? expects;
  return {
    expects,
    decode(node, diagnostics) {
      if (node.type !== "map") {
        return wrongType(node, expects, diagnostics, hints.instead?.(node) ?? `its key is one of ${kinds.join(", ")}`);
      }
      const [first, second] = node.entries.filter((entry) => kinds.includes(entry.key));
      if (first === undefined) return diagnoseWithoutKind(node, noun, registry, hints, diagnostics);
      if (second !== undefined && !Object.hasOwn(registry[first.key]!.fields, second.key)) {
        const message = `"${first.key}" and "${second.key}" stand together in ${noun}`;
        diagnostics.add(second.span, [...node.path, second.key], message, "one of them only");
        return INVALID;
      }
      const { fields } = registry[first.key]!;
      const config = record(noun, fields, hints).decode(node, diagnostics);
      return config === INVALID ? INVALID : { kind: first.key, config } as KeyedValue<R>;
    },
    schema: () => keyedSchema(registry),
  };
}

export type KeyedValue<R extends { readonly [key: string]: Variant<Properties> }> = {
  readonly [K in keyof R & string]: { readonly kind: K; readonly config: Decoded<R[K]["fields"]> };
}[keyof R & string];

function diagnoseWithoutKind(
  node: MapNode,
  noun: string,
  registry: { readonly [key: string]: Variant<Properties> },
  hints: RecordHints,
  diagnostics: Diagnostics,
): Invalid {
  const kinds = Object.keys(registry);
  const all = `its key is one of ${kinds.join(", ")}`;
  const ownerOf = (key: string): string | undefined => kinds.find((kind) => Object.hasOwn(registry[kind]!.fields, key));
  const unknown = node.entries.find(({ key }) => ownerOf(key) === undefined && nearest(key, kinds).length > 0) ??
    node.entries.find(({ key }) => ownerOf(key) === undefined);
  const owner = node.entries.map(({ key }) => ownerOf(key)).find((found) => found !== undefined);
  if (unknown === undefined) {
    const message = owner === undefined ? `${noun} is empty` : `"${owner}" is missing in ${noun}`;
    return wrong(node, message, diagnostics, all);
  }
  const hint = hints.unknown?.(unknown.key, node) ?? nearKeyHint(unknown, kinds) ?? all;
  diagnostics.add(unknown.span, [...node.path, unknown.key], `unknown key "${unknown.key}" in ${noun}`, hint);
  return INVALID;
}

/** The keys are offered first; once one stands there, an editor knows the rest, and offers no other. */
function keyedSchema(registry: { readonly [key: string]: Variant<Properties> }): JsonSchema {
  const kinds = Object.entries(registry);
  const some = { anyOf: kinds.map(([kind]) => ({ required: [kind] })) };
  const keys = Object.fromEntries(kinds.map(([kind, { summary }]) => [kind, { description: summary }]));
  return {
    type: "object",
    if: some,
    else: { properties: keys, ...some },
    allOf: kinds.map(([kind, { fields }]) => ({
      if: { type: "object", required: [kind] },
      then: recordSchema(fields, kind),
    })),
  };
}

/** A field with a name of its own in the schema, so that it may contain itself. */
export interface DefinedField<T> extends Field<T> {
  readonly name: string;
  /** What `#/definitions/<name>` says. */
  definition(): JsonSchema;
}

/** Gives a field a name in the schema. `field` is asked for when it is first needed. */
export function defined<T>(name: string, expects: string, field: () => Field<T>): DefinedField<T> {
  let found: Field<T> | undefined;
  const inner = (): Field<T> => found ??= field();
  return {
    name,
    expects,
    decode: (node, diagnostics) => inner().decode(node, diagnostics),
    schema: () => ({ $ref: `#/definitions/${name}` }),
    definition: () => inner().schema(),
  };
}

/** Marks what the field decodes, for checks over the whole. */
export function marked<T>(mark: Mark<T>, field: Field<T>): Field<T> {
  return converted(field, (value, node, diagnostics) => {
    diagnostics.mark(mark, node, value);
    return value;
  });
}

/** Describes a field for an editor: examples to choose from. */
export function withExamples<T>(field: Field<T>, ...examples: readonly unknown[]): Field<T> {
  return { ...field, schema: () => ({ ...field.schema(), examples }) };
}
