// From the text of a scenario file, and what the command line adds to it, to a Scenario.

import type { Node as YamlNode } from "yaml";
import { Diagnostics, InvalidInput } from "../base/diagnostics.ts";
import { INVALID, type Invalid } from "../base/fields.ts";
import { entryOf, type Node, type Source } from "../base/node.ts";
import { decodeScenario, decodeValues } from "./decode.ts";
import { type ReadBase, withBases } from "./extends.ts";
import { applyOverride, expandAliases, parseOverride } from "./overrides.ts";
import type { Scenario } from "./scenario.ts";
import { TreeBuilder } from "./tree.ts";
import { type Origin, readYaml } from "./yaml.ts";

export interface ScenarioInput {
  /** As shown in front of a position. */
  readonly path: string;
  readonly text: string;
  /** Arguments of --set, in their order: `services.web.replicas=3`. */
  readonly sets: readonly string[];
  /** Variables given with -e. */
  readonly env: ReadonlyMap<string, string>;
  /** What tells this file from others; the path if left out. */
  readonly id?: string;
  /** Reads the file that another extends; without it none can be extended. */
  readonly readBase?: ReadBase;
}

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** The ids of the files that it extends, the nearest first. */
  readonly bases: readonly string[];
  /** The YAML text, laid over those, with every --set in it. Variables stand in it unexpanded, so that no secret reaches a file. */
  readonly document: string;
}

/**
 * Reads and checks a scenario.
 * @throws {InvalidInput} with everything that is wrong with it
 */
export function loadScenario(input: ScenarioInput): LoadedScenario {
  const { path, text, sets, env } = input;
  const diagnostics = new Diagnostics();
  const source: Source = { name: path, text: text.replace(/^\ufeff/, "") };
  const overrides = sets.map((argument) => parseOverride(argument, diagnostics));
  const yaml = readYaml(source.text, { source, shift: 0 }, diagnostics);
  if (yaml === undefined) throw new InvalidInput(diagnostics.sorted());

  const origins = new Map<unknown, Origin>();
  const top = { id: input.id ?? path, document: yaml.document, origin: { source, shift: 0 } };
  // Laid over a base, what a syntax error has spoiled would be misunderstood.
  const whole = yaml.whole ? withBases(top, input.readBase, origins, diagnostics) : { ...top, bases: [] };
  if (whole === undefined) throw new InvalidInput(diagnostics.sorted());
  const { document, origin, bases } = whole;
  const applied = overrides.filter((override) => override !== undefined);
  if (applied.length > 0 && yaml.whole && isWithinLimits(document.contents, origin)) {
    expandAliases(document);
    for (const override of applied) applyOverride(document, override, origins, diagnostics);
  }
  const syntax = new Set(diagnostics.sorted());
  const builder = new TreeBuilder(env, origins, diagnostics);
  const root = builder.build(document.contents as YamlNode | null, origin);
  const unsure = !yaml.whole || builder.exceeded;
  if (yaml.whole) checkExtendsIsGone(root, diagnostics);
  const scenario = unsure ? withoutChecks(root, diagnostics) : decodeScenario(root, diagnostics);
  // Beside a syntax error what is missing or strange may be its echo.
  diagnostics.drop((each) =>
    !syntax.has(each) && each.span.source === source &&
    (yaml.damaged(each.span.line) || (unsure && each.path.length === 0))
  );
  if (scenario === INVALID) throw new InvalidInput(diagnostics.sorted());
  const isAsWritten = applied.length === 0 && bases.length === 0;
  return { scenario, bases, document: isAsWritten ? source.text : document.toString({ lineWidth: 0 }) };
}

/** Whatever a file extends is in it by now. */
function checkExtendsIsGone(root: Node, diagnostics: Diagnostics): void {
  const entry = root.type === "map" ? entryOf(root, "extends") : undefined;
  if (entry === undefined) return;
  diagnostics.add(entry.span, ["extends"], "extends stands in the file itself, not in --set");
}

function withoutChecks(root: Node, diagnostics: Diagnostics): Invalid {
  decodeValues(root, diagnostics);
  return INVALID;
}

/** Whether the aliases can be expanded: few, and none inside itself. */
function isWithinLimits(contents: unknown, origin: Origin): boolean {
  const builder = new TreeBuilder(new Map(), new Map(), new Diagnostics());
  builder.build(contents as YamlNode | null, origin);
  return !builder.exceeded;
}
