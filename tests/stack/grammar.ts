// Parses queries with Grafana's own grammars, and lists what a query names.

import type { SyntaxNode, Tree } from "@lezer/common";
import { needs } from "../permissions.ts";
import type { Language } from "./panel_queries.ts";

interface Parser {
  parse(text: string): Tree;
}

/** The grammars' library reads a variable as it is loaded: without that permission a test that needs them is ignored. */
const PARSERS: Readonly<Record<Language, Parser>> | undefined = needs("env") ? undefined : {
  promql: (await import("@prometheus-io/lezer-promql")).parser,
  logql: (await import("@grafana/lezer-logql")).parser,
  traceql: (await import("@grafana/lezer-traceql")).parser,
};

function parse(language: Language, text: string): Tree {
  if (PARSERS === undefined) throw new Error("the grammars need --allow-env");
  return PARSERS[language].parse(text);
}

/** Tempo looks up a trace whose id is all of the query; Grafana asks for it before it parses. */
const TRACE_ID = /^[0-9a-f]{16,32}$/;

/** What is wrong with a query by its language's grammar; undefined when nothing is. */
export function syntaxError(language: Language, text: string): string | undefined {
  if (language === "traceql" && TRACE_ID.test(text)) return undefined;
  if (text.trim() === "") return "it is empty";
  const wrong: string[] = [];
  parse(language, text).iterate({
    enter({ type, from }) {
      if (type.isError) wrong.push(`at ${from}: …${text.slice(from, from + 30)}`);
    },
  });
  return wrong.length === 0 ? undefined : wrong[0];
}

/** All nodes of a name, in the order of the text. */
function nodesOf(language: Language, text: string, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  parse(language, text).iterate({
    enter(node) {
      if (node.name === name) found.push(node.node);
    },
  });
  return found;
}

export interface Selector {
  readonly metrics: readonly string[];
  /** Of its matchers. */
  readonly labels: readonly string[];
}

/** The selectors of a PromQL query; `{__name__=~"a|b"}` selects both a and b. */
export function promqlSelectors(text: string): Selector[] {
  return nodesOf("promql", text, "VectorSelector").map((selector) => {
    const written = (node: SyntaxNode): string => text.slice(node.from, node.to);
    const identifier = selector.getChild("Identifier");
    const metrics: string[] = identifier === null ? [] : [written(identifier)];
    const labels: string[] = [];
    for (const matcher of selector.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []) {
      const name = written(matcher.getChild("LabelName")!);
      if (name !== "__name__") labels.push(name);
      else metrics.push(...written(matcher.getChild("StringLiteral")!).slice(1, -1).split("|"));
    }
    return { metrics, labels };
  });
}

/** Labels that a PromQL query groups and matches by. */
export function promqlGroupings(text: string): string[] {
  return nodesOf("promql", text, "GroupingLabels").flatMap((node) =>
    node.getChildren("LabelName").map(({ from, to }) => text.slice(from, to))
  );
}

/** Labels and structured metadata that a LogQL query names: in matchers, in filters and in groupings. */
export function logqlLabels(text: string): string[] {
  const ofMatchers = nodesOf("logql", text, "Matcher").flatMap((node) => node.getChildren("Identifier"));
  const ofGroupings = nodesOf("logql", text, "Labels").flatMap((node) => node.getChildren("Identifier"));
  return [...ofMatchers, ...ofGroupings].map(({ from, to }) => text.slice(from, to));
}

/** Attributes that a TraceQL query names, with their scope: `resource.service.name`. */
export function traceqlAttributes(text: string): string[] {
  return nodesOf("traceql", text, "AttributeField").map(({ from, to }) => text.slice(from, to));
}
