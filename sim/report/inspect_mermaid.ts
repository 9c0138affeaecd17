// The call graph as a Mermaid flowchart. Names stand in quoted labels only, with entity codes for whatever could end
// them or mean something in them, so no name can break the diagram.

import { visible } from "../base/diagnostics.ts";
import { expectedCalls } from "../model/expected_calls.ts";
import type { CallStep, Service, ServiceKind, Step } from "../model/model.ts";
import { type CallGraph, handlersOf, refText } from "./inspect_means.ts";
import { callDetails } from "./inspect_tree.ts";
import { cut } from "./terminal.ts";
import { formatNumber } from "./units.ts";

const LABEL_WIDTH_MAX = 80;

/** Mermaid's maxEdges and maxTextSize, which a page may raise but a diagram may not. */
const EDGES_MAX = 500;
const TEXT_LENGTH_MAX = 50_000;

const SHAPES: Readonly<Record<ServiceKind, readonly [open: string, close: string]>> = {
  service: ["[", "]"],
  database: ["[(", ")]"],
  cache: ["[(", ")]"],
  queue: ["[[", "]]"],
  external: ["{{", "}}"],
};

/** The diagram, ending with a newline: a box a service with its endpoints, and an arrow a call. */
export function mermaidText(graph: CallGraph): string {
  const ids = new Map<string, string>();
  const lines = ["flowchart LR"];
  let journeys = 0, services = 0;
  for (const name of graph.journeys.keys()) lines.push(`  j${journeys++}(["${label(name)}"])`);
  for (const service of graph.services.values()) {
    lines.push(`  subgraph s${services++}["${label(service.name)}"]`);
    for (const endpoint of service.endpoints.keys()) {
      const id = `e${ids.size}`;
      ids.set(refText({ service: service.name, endpoint }), id);
      const [open, close] = SHAPES[service.kind];
      lines.push(`    ${id}${open}"${label(endpoint)}"${close}`);
    }
    lines.push("  end");
  }
  const edges = new Set<string>();
  let caller = 0;
  for (const steps of graph.journeys.values()) addEdges(`j${caller++}`, steps, "", ids, edges);
  for (const service of graph.services.values()) addServiceEdges(service, ids, edges);
  for (const [topic, handlers] of handlersOf(graph)) {
    for (const handler of handlers) edges.add(`  ${ids.get(topic)} -.->|"message"| ${ids.get(refText(handler))}`);
  }
  return [...lines, ...edges].join("\n") + "\n";
}

/** Why a page with Mermaid's own limits would not draw the diagram; undefined when it would. */
export function mermaidLimit(text: string): string | undefined {
  const edges = text.match(/^ {2}[ej]\d+ (?:-->|-\.->)/gm)?.length ?? 0;
  if (edges > EDGES_MAX) return `${edges} arrows: Mermaid draws ${EDGES_MAX} unless its maxEdges is raised`;
  return text.length > TEXT_LENGTH_MAX
    ? `${text.length} characters: Mermaid reads ${TEXT_LENGTH_MAX} unless its maxTextSize is raised`
    : undefined;
}

function addServiceEdges(service: Service, ids: ReadonlyMap<string, string>, edges: Set<string>): void {
  for (const endpoint of service.endpoints.values()) {
    addEdges(ids.get(refText({ service: service.name, endpoint: endpoint.name }))!, endpoint.calls, "", ids, edges);
  }
}

/** An arrow for each call: dotted where the caller goes on without it, or where it stands in for another one. */
function addEdges(
  from: string,
  steps: readonly Step[],
  mark: string,
  ids: ReadonlyMap<string, string>,
  edges: Set<string>,
): void {
  for (const { call, count } of expectedCalls(steps, undefined)) {
    const to = ids.get(refText(call.target));
    if (to === undefined || count === 0) continue;
    const text = [...mark === "" ? [] : [mark], ...edgeDetails(call, count)].join(", ");
    const arrow = call.optional || mark !== "" ? "-.->" : "-->";
    edges.add(`  ${from} ${arrow}${text === "" ? "" : `|"${label(text)}"|`} ${to}`);
    if (call.fallback !== undefined) addEdges(from, call.fallback, "if it fails", ids, edges);
  }
}

/** How often on average, and what is on the call. */
function edgeDetails(call: CallStep, count: number): string[] {
  const often = count === 1 ? [] : [count < 1 ? `${formatNumber(count * 100)}%` : `${formatNumber(count)} times`];
  return [...often, ...callDetails({ ...call, probability: 1, network: undefined })];
}

/** Besides these only what stands inside a word is written as it is: a list, as markdown sees it, begins with the others. */
const PLAIN = /[\p{L}\p{N} /:,()]/u;

/** A text for a quoted label. Mermaid reads `#35;` as the character with that number. */
function label(text: string): string {
  const shown = [...cut(visible(text), LABEL_WIDTH_MAX)];
  return shown.map((char, i) => {
    const isInWord = (char === "." || char === "-") && /[\p{L}\p{N}]/u.test(shown[i - 1] ?? "") &&
      /[\p{L}\p{N}]/u.test(shown[i + 1] ?? "");
    return PLAIN.test(char) || isInWord ? char : `#${char.codePointAt(0)};`;
  }).join("");
}
