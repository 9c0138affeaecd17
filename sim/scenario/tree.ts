// YAML's tree to nodes with positions: aliases expanded, variables replaced, keys checked.

import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node as YamlNode,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { Diagnostics } from "../base/diagnostics.ts";
import { type Entry, lineText, type Node, type Path, type ScalarNode, type Span, spanAt } from "../base/node.ts";
import { ALIASES_MAX, DEPTH_HINT, DEPTH_MAX, NODES_MAX, VARIABLE_LENGTH_MAX } from "./limits.ts";
import { expandVariables, plainValue } from "./variables.ts";
import type { Origin } from "./yaml.ts";

const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const ONE_VARIABLE = /^\$\{[^}]*\}$/;

interface Place {
  readonly path: Path;
  readonly depth: number;
  readonly origin: Origin;
  /** The key that the value belongs to. */
  readonly key: Span | undefined;
}

/** Builds the tree of one document. Whatever cannot be used stands in it as a node that is diagnosed already. */
export class TreeBuilder {
  readonly #variables: ReadonlyMap<string, string>;
  readonly #origins: ReadonlyMap<unknown, Origin>;
  readonly #diagnostics: Diagnostics;
  readonly #anchors = new Map<string, YamlNode>();
  /** Anchored values that are being built: an alias inside itself. */
  readonly #open = new Set<YamlNode>();
  #nodes = 0;
  #aliases = 0;
  /** Whether a limit was passed, so that parts are missing. */
  exceeded = false;

  /** @param origins of the values that come from somewhere else than what they stand in */
  constructor(
    variables: ReadonlyMap<string, string>,
    origins: ReadonlyMap<unknown, Origin>,
    diagnostics: Diagnostics,
  ) {
    this.#variables = variables;
    this.#origins = origins;
    this.#diagnostics = diagnostics;
  }

  build(root: YamlNode | null, origin: Origin): Node {
    return this.#build(root, { path: [], depth: 0, origin, key: undefined });
  }

  #build(node: YamlNode | null, place: Place): Node {
    const origin = this.#origins.get(node) ?? place.origin;
    const here: Place = origin === place.origin ? place : { ...place, origin };
    if (node === null) return this.#scalar(null, here);
    if (isAlias(node)) return this.#alias(node, here);
    if (++this.#nodes > NODES_MAX) {
      return this.#refuse(node, here, `more than ${NODES_MAX} values, aliases expanded`, undefined, true);
    }
    if (node.tag !== undefined) this.#diagnoseTag(node, here);
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isScalar(node)) return this.#scalar(node, here);
    if (here.depth >= DEPTH_MAX) {
      const message = `more than ${DEPTH_MAX} levels of lists and maps inside each other`;
      return this.#refuse(node, here, message, DEPTH_HINT, true);
    }
    this.#open.add(node);
    const built = isMap(node) ? this.#map(node, here) : isSeq(node) ? this.#list(node.items, node, here) : undefined;
    this.#open.delete(node);
    return built ?? this.#refuse(node, here, "this is neither a value, a list nor a map");
  }

  #alias(node: Alias, place: Place): Node {
    if (++this.#aliases > ALIASES_MAX) {
      return this.#refuse(node, place, `more than ${ALIASES_MAX} aliases, expanded`, "write the values out", true);
    }
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      const known = [...this.#anchors.keys()].map((name) => `*${name}`).join(", ");
      const hint = known === "" ? `quote it if it is a text: "*${node.source}"` : `there is ${known}`;
      return this.#refuse(node, place, `no value before this has the anchor &${node.source}`, hint);
    }
    if (this.#open.has(target)) return this.#refuse(node, place, `*${node.source} stands inside itself`);
    return this.#build(target, place);
  }

  #list(items: readonly unknown[], node: YamlNode, place: Place): Node {
    const built: Node[] = [];
    for (const [index, item] of items.entries()) {
      if (this.exceeded) break;
      built.push(this.#build(item as YamlNode | null, {
        ...place,
        path: [...place.path, index],
        depth: place.depth + 1,
        key: undefined,
      }));
    }
    return { type: "list", span: this.#collectionSpan(node, place), path: place.path, items: built };
  }

  #map(node: YAMLMap, place: Place): Node {
    const entries: Entry[] = [];
    const seen = new Map<string, Span>();
    for (const pair of node.items as Pair<YamlNode, YamlNode | null>[]) {
      if (this.exceeded) break;
      const key = this.#key(pair.key, place, seen);
      if (key === undefined) continue;
      const value = this.#build(pair.value, {
        ...place,
        path: [...place.path, key.text],
        depth: place.depth + 1,
        key: key.span,
      });
      entries.push({ key: key.text, span: key.span, value });
    }
    return { type: "map", span: this.#collectionSpan(node, place, entries[0]?.span), path: place.path, entries };
  }

  #key(key: YamlNode | null, place: Place, seen: Map<string, Span>): { text: string; span: Span } | undefined {
    const origin = this.#origins.get(key) ?? place.origin;
    const here = { ...place, origin };
    const refuse = (message: string, hint?: string): undefined => {
      const span = this.#span(key, here);
      this.#diagnostics.add(span, place.path, message, hint);
    };
    if (!isScalar(key)) {
      if (key === null) return refuse("a key is missing before the colon");
      return refuse("a key is a text", isAlias(key) ? "write the key out" : `quote it: "${this.#written(key, here)}"`);
    }
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, key);
    const text = typeof key.value === "string" ? key.value : key.source ?? String(key.value);
    const span = this.#span(key, here);
    if (text === "" && key.type === "PLAIN") return refuse("a key is missing before the colon");
    if (text === "<<" && key.type === "PLAIN") return refuse("merging with << is not supported", "write the keys out");
    if (FORBIDDEN_KEYS.has(text)) return refuse(`"${text}" cannot be a key`, "choose another name");
    const before = seen.get(text);
    if (before !== undefined) {
      const path = [...place.path, text];
      this.#diagnostics.add(span, path, `the key "${text}" stands twice`, `it is on line ${before.line} already`);
      return undefined;
    }
    seen.set(text, span);
    return { text, span };
  }

  #scalar(node: Scalar | null, place: Place): ScalarNode {
    const source = node?.source ?? "";
    const quoted = node !== null && node.type !== "PLAIN" && node.type !== undefined;
    const isEmpty = node === null || (node.value === null && source === "");
    const span = isEmpty && place.key !== undefined ? place.key : this.#span(node, place);
    const base = { type: "scalar", span, path: place.path, ...(quoted ? { quoted: true as const } : {}) } as const;
    if (node === null) return { ...base, value: null, text: "" };
    const raw = quoted || typeof node.value === "string" ? String(node.value) : source;
    if (raw.includes("${")) return this.#expanded(node, raw, base, place);
    const value = quoted ? raw : plainValue(raw);
    return this.#checked({ ...base, value, text: raw }, quoted);
  }

  #expanded(
    node: Scalar,
    written: string,
    base: Pick<ScalarNode, "type" | "span" | "path" | "quoted">,
    place: Place,
  ): ScalarNode {
    const { text, expanded, problems, values } = expandVariables(written, this.#variables);
    for (const each of values) this.#diagnostics.conceal(each.value, each.written);
    let from = 0;
    for (const problem of problems) {
      const span = this.#spanInside(node, problem.written, from, place) ?? base.span;
      from = span.column - base.span.column + 1;
      this.#diagnostics.add(span, base.path, problem.message, problem.hint);
    }
    if (text.length > VARIABLE_LENGTH_MAX && problems.length === 0) {
      const message = `the value of ${written} is longer than ${VARIABLE_LENGTH_MAX} characters`;
      this.#diagnostics.add(base.span, base.path, message);
      return { ...base, value: null, text: written, diagnosed: true };
    }
    if (problems.length > 0) return { ...base, value: null, text: written, diagnosed: true };
    // Flow style needs quotes around a variable, so they do not make a text of a value that is one variable alone.
    const isText = base.quoted === true && !ONE_VARIABLE.test(written);
    const value = isText ? text : plainValue(text);
    const scalar: ScalarNode = { ...base, value, text: written, ...(expanded ? { expanded: text } : {}) };
    return this.#checked(scalar, isText);
  }

  /** Numbers are finite and exact, and mean the same in YAML 1.1 and 1.2. */
  #checked(node: ScalarNode, quoted: boolean): ScalarNode {
    if (quoted || typeof node.value !== "number") return node;
    const refuse = (message: string, hint: string): ScalarNode => {
      this.#diagnostics.add(node.span, node.path, message, hint);
      return { ...node, value: null, diagnosed: true };
    };
    const { value, text } = node;
    if (!Number.isFinite(value)) {
      return refuse(`${text} is not a finite number`, `if it is a text, quote it: "${text}"`);
    }
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return refuse(`${text} is too large to be exact`, `if it is a text, quote it: "${text}"`);
    }
    if (/^[-+]?0\d/.test(text)) {
      return refuse(`${text} begins with a 0`, `write ${value}, or quote it if it is a text: "${text}"`);
    }
    return node;
  }

  #diagnoseTag(node: YamlNode, place: Place): void {
    const { source, shift } = place.origin;
    const at = shift + (node.range?.[0] ?? 0);
    const tag = /!\S*(?=[^!]*$)/.exec(source.text.slice(Math.max(0, at - 200), at));
    const span = tag === null
      ? this.#span(node, place)
      : spanAt(source, Math.max(0, at - 200) + tag.index, Math.max(0, at - 200) + tag.index + tag[0].length);
    const hint = "leave it out; to keep a text a text, quote it";
    this.#diagnostics.add(span, place.path, `YAML tags such as ${tag?.[0] ?? node.tag} are not supported`, hint);
  }

  #refuse(node: YamlNode, place: Place, message: string, hint?: string, exceeded = false): ScalarNode {
    const span = this.#span(node, place);
    // A limit is passed once; the places that follow say nothing new.
    if (!(exceeded && this.exceeded)) this.#diagnostics.add(span, place.path, message, hint);
    if (exceeded) this.exceeded = true;
    return { type: "scalar", span, path: place.path, value: null, text: "", diagnosed: true };
  }

  #span(node: YamlNode | null, { origin, key }: Place): Span {
    if (!node?.range) return key ?? spanAt(origin.source, origin.shift, origin.shift + 1);
    return spanAt(origin.source, origin.shift + node.range[0], origin.shift + node.range[1]);
  }

  /** In block style a list or map is shown at the key that it belongs to, since it has no beginning of its own. */
  #collectionSpan(node: YamlNode, place: Place, firstKey?: Span): Span {
    const { flow } = node as { flow?: boolean };
    if (flow) return this.#span(node, place);
    return place.key ?? firstKey ?? this.#span(node, place);
  }

  #spanInside(node: Scalar, written: string, from: number, { origin }: Place): Span | undefined {
    if (!node.range) return undefined;
    const start = origin.shift + node.range[0];
    const at = origin.source.text.indexOf(written, start + from);
    return at === -1 || at >= origin.shift + node.range[1] ? undefined : spanAt(origin.source, at, at + written.length);
  }

  #written(node: YamlNode, place: Place): string {
    const span = this.#span(node, place);
    return lineText(span.source, span.line).slice(span.column - 1, span.column - 1 + span.length);
  }
}
