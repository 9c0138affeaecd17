// The call graph as a tree: each journey with its steps and the calls that they lead to. What an endpoint calls is drawn
// once, where it is first met, so that the tree is no longer than the file.

import { visible } from "../base/diagnostics.ts";
import { writeDuration } from "../base/fields.ts";
import {
  type Backoff,
  type CallStep,
  conditionText,
  type Endpoint,
  type EndpointRef,
  type Step,
} from "../model/model.ts";
import type { Inspection } from "./inspect.ts";
import { type CallGraph, handlersOf, refText } from "./inspect_means.ts";
import { cut, type Paint, widthOf } from "./terminal.ts";
import { formatMilliseconds, formatNumber } from "./units.ts";

interface TreeNode {
  readonly text: string;
  /** Said behind it, and on further lines where there is no room. */
  readonly details: readonly string[];
  readonly children: readonly TreeNode[];
}

/** Levels below which an endpoint's calls go on in a tree of their own. */
const DEPTH_MAX = 12;
const TEXT_WIDTH_MIN = 24;

/** The lines of the trees, none wider than `columns`. */
export function treeLines(inspection: Inspection, columns: number, paint: Paint): string[] {
  const builder = new TreeBuilder(inspection.scenario);
  const trees: string[][] = inspection.journeys.map((journey) => {
    const means = `${formatNumber(journey.spans)} spans, ${formatMilliseconds(journey.time / 1e6)} on average`;
    const used = inspection.workloads.some((workload) => workload.journey === journey.name);
    const never = used ? "" : "  never taken";
    const name = cut(visible(journey.name), columns - widthOf(means) - widthOf(never) - 2);
    const head = `${paint.bold(name)}  ${paint.dim(means)}${paint.yellow(never)}`;
    return [head, ...childLines(builder.steps(journey.steps, 1), "", columns, paint)];
  });
  for (let next = builder.takeUp(); next !== undefined; next = builder.takeUp()) {
    trees.push([paint.bold(cut(next.text, columns)), ...childLines(next.children, "", columns, paint)]);
  }
  return trees.flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
}

function childLines(nodes: readonly TreeNode[], guide: string, columns: number, paint: Paint): string[] {
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const below = guide + (isLast ? "   " : "│  ");
    const hangs = below + (node.children.length > 0 ? "│ " : "  ");
    return [
      ...nodeLines(node, guide + (isLast ? "└─ " : "├─ "), hangs, columns, paint),
      ...childLines(node.children, below, columns, paint),
    ];
  });
}

/** The node's text with its details, which go on in further lines when the first is full. */
function nodeLines(
  { text, details }: TreeNode,
  fullGuide: string,
  fullHangs: string,
  columns: number,
  paint: Paint,
): string[] {
  const guide = inPart(fullGuide, columns), hangs = inPart(fullHangs, columns);
  const head = cut(text, columns - widthOf(guide));
  const lines: string[] = [];
  let before = paint.dim(guide) + head;
  let room = columns - widthOf(guide) - widthOf(head);
  let line = "";
  for (const detail of details.map(visible)) {
    const gap = line !== "" ? " · " : lines.length === 0 ? "  " : " ";
    if (widthOf(gap) + widthOf(detail) <= room) {
      line += gap + detail;
      room -= widthOf(gap) + widthOf(detail);
      continue;
    }
    lines.push(before + paint.dim(line));
    before = paint.dim(hangs);
    line = cut(` ${detail}`, columns - widthOf(hangs));
    room = columns - widthOf(hangs) - widthOf(line);
  }
  return [...lines, before + paint.dim(line)];
}

/** The guide of a line; of steps within steps within steps only its end, so that there is room for what they are. */
function inPart(guide: string, columns: number): string {
  const width = columns - TEXT_WIDTH_MIN;
  return guide.length <= width ? guide : `… ${guide.slice(2 - width)}`;
}

class TreeBuilder {
  readonly #graph: CallGraph;
  /** Endpoints whose calls have been drawn, or wait to be. */
  readonly #met = new Set<string>();
  readonly #waiting: { readonly text: string; readonly children: (depth: number) => TreeNode[] }[] = [];
  readonly #handlers: ReadonlyMap<string, readonly EndpointRef[]>;

  constructor(graph: CallGraph) {
    this.#graph = graph;
    this.#handlers = handlersOf(graph);
  }

  /** The next tree that was too deep for its place. */
  takeUp(): { text: string; children: TreeNode[] } | undefined {
    const next = this.#waiting.shift();
    return next && { text: visible(next.text), children: next.children(1) };
  }

  steps(steps: readonly Step[], depth: number): TreeNode[] {
    return steps.flatMap((step) => this.#step(step, depth));
  }

  #step(step: Step, depth: number): TreeNode[] {
    switch (step.type) {
      case "call":
        return [this.#call(step, depth)];
      case "parallel":
        return [node("parallel", [], step.branches.map((branch) => this.#group("", branch, depth + 1)))];
      case "choose": {
        const total = step.options.reduce((sum, option) => sum + option.weight, 0);
        return [node(
          "choose",
          [],
          step.options.map(({ weight, where, steps }) => {
            const when = where === undefined ? "" : ` where ${conditionText(where)}`;
            return this.#group(percent(weight / total) + when, steps, depth + 1);
          }),
        )];
      }
      case "repeat":
        return [node(`repeat ${step.times.text} times`, [], this.steps(step.steps, depth + 1))];
      case "cache": {
        const { shared, miss } = step;
        const place = shared === undefined ? "local cache" : `cache in ${shared.get.target.service}`;
        return [node(`${place}, a miss takes`, [], this.steps(miss, depth + 1))];
      }
      case "lock":
        return [node(`lock ${step.table} in ${step.service}`, [], this.steps(step.steps, depth + 1))];
      case "work":
        return [node(step.latency === undefined ? `work ${percent(step.share ?? 0)}` : `work ${step.latency.text}`)];
      case "think":
        return [node(`think ${step.pause.text}`)];
      case "log":
        return [];
    }
  }

  /** A branch or an option: its step where it is a single one, else a node above them. */
  #group(mark: string, steps: readonly Step[], depth: number): TreeNode {
    const nodes = this.steps(steps, steps.length === 1 ? depth : depth + 1);
    const [only] = nodes;
    if (only === undefined) return node(`${mark} nothing`.trim());
    if (nodes.length === 1) return mark === "" ? only : { ...only, text: `${mark} ${only.text}` };
    return node(mark === "" ? "one after the other" : mark, [], nodes);
  }

  #call(call: CallStep, depth: number): TreeNode {
    const { text, details, children } = this.#endpoint(call.target, callDetails(call), depth);
    const fallback = call.fallback === undefined ? [] : [node("if it fails", [], this.steps(call.fallback, depth + 2))];
    return node(text, details, [...children, ...fallback]);
  }

  /** @param said what is on the call */
  #endpoint(target: EndpointRef, said: readonly string[], depth: number): TreeNode {
    const text = refText(target);
    const endpoint = this.#graph.services.get(target.service)?.endpoints.get(target.endpoint);
    if (endpoint === undefined) return node(text);
    const handlers = this.#handlers.get(text) ?? [];
    const leadsOn = handlers.length > 0 || endpoint.calls.some((step) => step.type !== "log");
    if (this.#met.has(text)) return node(text, [...said, ...leadsOn ? ["as above"] : []]);
    this.#met.add(text);
    const details = [...endpointDetails(endpoint), ...said];
    const children = (at: number): TreeNode[] => [
      ...this.steps(endpoint.calls, at),
      ...handlers.map((handler) => this.#endpoint(handler, ["handles the message"], at)),
    ];
    if (!leadsOn || depth <= DEPTH_MAX) return node(text, details, children(depth + 1));
    this.#waiting.push({ text, children });
    return node(text, [...details, "goes on below"]);
  }
}

function node(text: string, details: readonly string[] = [], children: readonly TreeNode[] = []): TreeNode {
  return { text: visible(text), details, children };
}

/** What is on a call, in the file's words. */
export function callDetails(call: CallStep): string[] {
  const details: string[] = [];
  if (call.where !== undefined) details.push(`where ${conditionText(call.where)}`);
  if (call.probability < 1) details.push(percent(call.probability));
  if (call.timeout !== undefined) details.push(`timeout ${writeDuration(call.timeout)}`);
  if (call.deadline !== undefined) details.push(`deadline ${writeDuration(call.deadline)}`);
  if (call.retry !== undefined) {
    const { attempts, backoff } = call.retry;
    details.push(`${attempts} attempts${backoff === undefined ? "" : ` (backoff ${backoffText(backoff)})`}`);
  }
  const policies = Object.entries(call.policies).filter(([, policy]) => policy !== undefined && policy !== false);
  if (call.retry?.budget !== undefined) details.push("retry budget");
  for (const [name, policy] of policies) details.push(policy === "none" ? `no ${name}` : name);
  if (call.optional) details.push("optional");
  if (call.network !== undefined) details.push(`network ${call.network.text}`);
  return details;
}

function backoffText({ base, factor, max, jitter }: Backoff): string {
  const most = factor === 1 ? "" : ` ×${factor} up to ${writeDuration(max)}`;
  return `${writeDuration(base)}${most}${jitter === "none" ? "" : `, ${jitter} jitter`}`;
}

function endpointDetails(endpoint: Endpoint): string[] {
  return [
    ...ownDetails(endpoint),
    ...endpoint.variants.map(({ where, ...own }) => `where ${conditionText(where)}: ${ownDetails(own).join(", ")}`),
  ];
}

function ownDetails({ latency, errors }: Pick<Endpoint, "latency" | "errors">): string[] {
  const details: string[] = [];
  if (latency !== undefined) details.push(latency.text);
  if (errors !== undefined && errors.rate > 0) details.push(`${percent(errors.rate)} fail with ${errors.status}`);
  return details;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
