// `extends: ../checkout.yaml`: a file says only what is different from its base. Its maps are laid over the base's key by
// key, before anything is decoded; every value keeps the place where it was written.

import { type Document, isMap, isScalar, isSeq, type Node as YamlNode, type Pair, Scalar, YAMLMap } from "yaml";
import { Diagnostics, nearest } from "../base/diagnostics.ts";
import { type Path, type Source, type Span, spanAt } from "../base/node.ts";
import { DISTRIBUTIONS } from "../distributions/registry.ts";
import { BASES_MAX } from "./limits.ts";
import { expandAliases } from "./overrides.ts";
import { TreeBuilder } from "./tree.ts";
import { type Origin, readYaml } from "./yaml.ts";

/** A file that another extends. */
export interface BaseFile {
  /** The same for every way to write it. */
  readonly id: string;
  /** As shown in front of a position. */
  readonly path: string;
  readonly text: string;
}

/** Why a base cannot be read. */
export interface RefusedBase {
  readonly refused: string;
  readonly hint?: string;
}

/** Reads the base that the file with this id names. */
export type ReadBase = (id: string, written: string) => BaseFile | RefusedBase;

interface Layer {
  readonly id: string;
  readonly document: Document;
  readonly origin: Origin;
}

const KEY = "extends";

/**
 * Lays a file over the files that it extends, if it does.
 * @param origins learns where the values come from that do not stand in the lowest base
 * @returns the lowest layer with all others over it; undefined when a base cannot be used, and that is diagnosed
 */
export function withBases(
  top: Layer,
  readBase: ReadBase | undefined,
  origins: Map<unknown, Origin>,
  diagnostics: Diagnostics,
): { readonly document: Document; readonly origin: Origin; readonly bases: readonly string[] } | undefined {
  const layers = [top];
  for (let layer = top;;) {
    const written = extendsOf(layer);
    if (written === undefined) break;
    const base = baseOf(layer, written, layers, readBase, diagnostics);
    if (base === undefined) return undefined;
    layers.push(base);
    layer = base;
  }
  if (layers.length === 1) return { ...top, bases: [] };
  for (const { document, origin } of layers) {
    if (!isWithinLimits(document, origin, diagnostics)) return undefined;
    expandAliases(document);
  }
  const lowest = layers.at(-1)!;
  for (const upper of layers.slice(0, -1).reverse()) {
    const overlay = new Overlay(upper.origin, origins, diagnostics);
    overlay.map(lowest.document.contents as YAMLMap, upper.document.contents as YAMLMap, []);
  }
  return { document: lowest.document, origin: lowest.origin, bases: layers.slice(1).map(({ id }) => id) };
}

/** Whether the aliases can be expanded: few, and none inside itself. If not, that is diagnosed. */
function isWithinLimits({ contents }: Document, origin: Origin, diagnostics: Diagnostics): boolean {
  const build = (into: Diagnostics): boolean => {
    const builder = new TreeBuilder(new Map(), new Map(), into);
    builder.build(contents as YamlNode | null, origin);
    return !builder.exceeded;
  };
  return build(new Diagnostics()) || build(diagnostics);
}

/** The value of `extends`; undefined when there is none. */
function extendsOf({ document: { contents } }: Layer): Pair<Scalar, YamlNode | null> | undefined {
  if (!isMap(contents)) return undefined;
  return contents.items.find((pair) => keyText(pair.key) === KEY) as Pair<Scalar, YamlNode | null> | undefined;
}

function baseOf(
  layer: Layer,
  { key, value }: Pair<Scalar, YamlNode | null>,
  layers: readonly Layer[],
  readBase: ReadBase | undefined,
  diagnostics: Diagnostics,
): Layer | undefined {
  const say = (message: string, hint?: string): undefined => {
    diagnostics.add(spanOf(isNothing(value) ? key : value!, layer.origin), [KEY], message, hint);
  };
  if (!isScalar(value) || typeof value.value !== "string" || value.value.trim() === "") {
    return say("expected the path of a scenario file", "as in extends: ../checkout.yaml");
  }
  if (value.value.includes("${")) return say("a variable cannot stand here", "write the path out");
  if (readBase === undefined) return say("there are no files to extend here");
  const base = readBase(layer.id, value.value);
  if ("refused" in base) return say(base.refused, base.hint);
  if (layers.some(({ id }) => id === base.id)) return say(`${base.path} extends itself, in the end`);
  if (layers.length > BASES_MAX) return say(`more than ${BASES_MAX} files extend each other`);
  const source: Source = { name: base.path, text: base.text.replace(/^\ufeff/, "") };
  const origin: Origin = { source, shift: 0 };
  const yaml = readYaml(source.text, origin, diagnostics);
  // What is wrong with its syntax has been said, at its place in that file.
  if (yaml === undefined || !yaml.whole) return undefined;
  if (!isMap(yaml.document.contents)) return say(`${base.path} is not a scenario`, "a scenario begins with name: …");
  return { id: base.id, document: yaml.document, origin };
}

/** One file's values on their way over those of the files below it. */
class Overlay {
  readonly #origin: Origin;
  readonly #origins: Map<unknown, Origin>;
  readonly #diagnostics: Diagnostics;

  constructor(origin: Origin, origins: Map<unknown, Origin>, diagnostics: Diagnostics) {
    this.#origin = origin;
    this.#origins = origins;
    this.#diagnostics = diagnostics;
  }

  /** Lays a map over a map: null removes a key, maps are laid over maps, all else replaces. */
  map(base: YAMLMap, over: YAMLMap, path: Path): void {
    const seen = new Set<string>();
    for (const pair of over.items as Pair<YamlNode, YamlNode | null>[]) {
      const key = keyText(pair.key);
      if (path.length === 0 && key === KEY) continue;
      // What cannot be a key, and what stands twice, is put in as it is: building the tree says what is wrong.
      if (key === undefined || seen.has(key)) {
        this.#put(base, pair);
        continue;
      }
      seen.add(key);
      const index = base.items.findIndex((each) => keyText(each.key) === key);
      const found = base.items[index] as Pair<YamlNode, YamlNode | null> | undefined;
      if (isNothing(pair.value)) {
        if (found !== undefined) base.items.splice(index, 1);
        else this.#nothingToRemove(pair.key, key, base.items.map((each) => keyText(each.key)), path);
      } else if (found === undefined) {
        this.#put(base, pair);
      } else if (!this.#merged(found.value, pair.value!, [...path, key])) {
        this.#own(pair);
        base.items[index] = pair;
      }
    }
  }

  /** Lays a value over another inside it; false when it takes the other's place instead. */
  #merged(base: YamlNode | null, over: YamlNode, path: Path): boolean {
    if (!isMap(over) || over.tag !== undefined || base === null) return false;
    if (isSeq(base)) {
      this.#list(base.items as (YamlNode | null)[], over, path);
      return true;
    }
    if (!isMap(base) || isAnother(base, over, path)) return false;
    this.map(base, over, path);
    return true;
  }

  /** A map over a list changes items by name or number; `+` appends a list. */
  #list(items: (YamlNode | null)[], over: YAMLMap, path: Path): void {
    const before = [...items];
    const removed = new Set<YamlNode | null>();
    for (const { key, value } of over.items as Pair<YamlNode, YamlNode | null>[]) {
      const name = keyText(key);
      if (name === "+") {
        this.#append(items, value, key, path);
        continue;
      }
      const target = name === undefined ? undefined : this.#itemOf(before, name, key, path);
      if (target === undefined) continue;
      const index = items.indexOf(target.item);
      if (isNothing(value)) removed.add(target.item);
      else items[index] = this.#changed(target.item, value!, [...path, target.index]);
    }
    for (const item of removed) items.splice(items.indexOf(item), 1);
  }

  #changed(item: YamlNode | null, value: YamlNode, path: Path): YamlNode {
    this.#origins.set(value, this.#origin);
    if (!isMap(value)) return value;
    if (isMap(item) && isAnother(item, value, path)) {
      // Another kind of fault is another fault; it keeps its name.
      const name = item.items.find((pair) => keyText(pair.key) === "name");
      if (name !== undefined && !value.items.some((pair) => keyText(pair.key) === "name")) value.items.unshift(name);
      return value;
    }
    const whole = isScalar(item) ? wholeItem(item, path) : item;
    return whole !== null && this.#merged(whole, value, path) ? whole : value;
  }

  #append(items: (YamlNode | null)[], value: YamlNode | null, key: YamlNode, path: Path): void {
    if (!isSeq(value)) {
      return this.#say(value ?? key, path, 'expected a list: "+" appends its items', "as in +: [{ … }]");
    }
    for (const item of value.items as (YamlNode | null)[]) {
      if (item !== null) this.#origins.set(item, this.#origin);
      items.push(item);
    }
  }

  #itemOf(
    items: readonly (YamlNode | null)[],
    name: string,
    key: YamlNode,
    path: Path,
  ): { readonly item: YamlNode | null; readonly index: number } | undefined {
    const names = items.map(nameOf);
    const matching = names.flatMap((each, index) => each === name ? [index] : []);
    if (matching.length > 1) {
      this.#say(key, path, `${matching.length} items are called "${name}"`, `by number: ${matching.join(", ")}`);
      return undefined;
    }
    const index = matching[0] ?? (/^\d{1,6}$/.test(name) ? Number(name) : -1);
    if (index >= 0 && index < items.length) return { item: items[index]!, index };
    const known = names.filter((each) => each !== undefined);
    const [near] = nearest(name, known);
    const numbers = items.length === 0 ? "the list is empty" : `by number from 0 to ${items.length - 1}`;
    const hint = near === undefined ? `${numbers}; +: [ … ] appends` : `did you mean "${near}"?`;
    this.#say(key, path, `no item of the list is called "${name}"`, hint);
    return undefined;
  }

  #nothingToRemove(key: YamlNode, name: string, names: readonly (string | undefined)[], path: Path): void {
    const [near] = nearest(name, names.filter((each) => each !== undefined));
    const hint = near === undefined ? "a key without a value removes what the base says" : `did you mean "${near}"?`;
    this.#say(key, path, `there is no "${name}" to remove`, hint);
  }

  #put(base: YAMLMap, pair: Pair<YamlNode, YamlNode | null>): void {
    this.#own(pair);
    // An empty "{}" written on one line would keep the new keys there.
    if (base.items.length === 0) base.flow = false;
    base.items.push(pair);
  }

  #own({ key, value }: Pair<YamlNode, YamlNode | null>): void {
    this.#origins.set(key, this.#origin);
    if (value !== null) this.#origins.set(value, this.#origin);
  }

  #say(node: YamlNode, path: Path, message: string, hint: string): void {
    this.#diagnostics.add(spanOf(node, this.#origin), path, message, hint);
  }
}

/**
 * Whether a map describes another thing than the map below it, so that what that says would only be in its way: another
 * distribution, another executor, another kind of fault.
 */
function isAnother(base: YAMLMap, over: YAMLMap, path: Path): boolean {
  const differs = (key: string): boolean => {
    const written = textAt(over, key);
    return written !== undefined && written !== textAt(base, key);
  };
  if (path[0] === "scenarios" && path.length === 2) return differs("executor");
  if (path[0] === "faults" && path.length === 2) return differs("kind");
  const distribution = distributionOf(over);
  return distribution !== undefined && distributionOf(base) !== undefined && distributionOf(base) !== distribution;
}

/** The key that tells which distribution a map is; undefined when it is none. */
function distributionOf(map: YAMLMap): string | undefined {
  for (const { key, value } of map.items) {
    const name = keyText(key);
    // A service may be called "normal": then its value is a map, which only percentiles have.
    if (name === undefined || (isMap(value) && name !== "percentiles")) continue;
    if (Object.hasOwn(DISTRIBUTIONS, name)) return name;
  }
  return undefined;
}

/** What an item of a list is called: its name, what it calls, or the text that it is. */
function nameOf(item: YamlNode | null): string | undefined {
  if (isScalar(item)) return keyText(item);
  if (!isMap(item)) return undefined;
  for (const key of ["name", "call", "threshold"]) {
    const text = textAt(item, key);
    if (text !== undefined) return text;
  }
  return keyText(item.items[0]?.key);
}

/** `cart.Get` written out as `{ call: cart.Get }`, so that options can be added. */
function wholeItem(item: Scalar, path: Path): YAMLMap {
  const map = new YAMLMap();
  map.flow = true;
  const key = new Scalar(path[0] === "thresholds" ? "threshold" : "call");
  if (item.range) key.range = item.range;
  map.set(key, item);
  if (item.range) map.range = item.range;
  return map;
}

function textAt(map: YAMLMap, key: string): string | undefined {
  const value = map.items.find((pair) => keyText(pair.key) === key)?.value;
  return isScalar(value) ? keyText(value) : undefined;
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : key.source ?? String(key.value);
}

function isNothing(value: YamlNode | null): boolean {
  return value === null || (isScalar(value) && value.value === null);
}

function spanOf(node: YamlNode, { source, shift }: Origin): Span {
  const [start, end] = node.range ?? [0, 1];
  return spanAt(source, shift + start, shift + end);
}
