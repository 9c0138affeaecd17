// From the text of a scenario file, and what the command line adds to it, to a Scenario.

import type { Node as YamlNode } from "yaml";
import { Diagnostics, InvalidInput } from "../base/diagnostics.ts";
import { INVALID, type Invalid } from "../base/fields.ts";
import type { Node, Source } from "../base/node.ts";
import { decodeScenario, decodeValues } from "./decode.ts";
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
}

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** The YAML text with every --set in it. Variables stand in it unexpanded, so that no secret reaches a file. */
  readonly document: string;
}

/**
 * Reads and checks a scenario.
 * @throws {InvalidInput} with everything that is wrong with it
 */
export function loadScenario({ path, text, sets, env }: ScenarioInput): LoadedScenario {
  const diagnostics = new Diagnostics();
  const source: Source = { name: path, text: text.replace(/^\ufeff/, "") };
  const origin: Origin = { source, shift: 0 };
  const overrides = sets.map((argument) => parseOverride(argument, diagnostics));
  const yaml = readYaml(source.text, origin, diagnostics);
  if (yaml === undefined) throw new InvalidInput(diagnostics.sorted());

  const { document } = yaml;
  const origins = new Map<unknown, Origin>();
  const applied = overrides.filter((override) => override !== undefined);
  if (applied.length > 0 && yaml.whole && isWithinLimits(document.contents, origin)) {
    expandAliases(document);
    for (const override of applied) applyOverride(document, override, origins, diagnostics);
  }
  const syntax = new Set(diagnostics.sorted());
  const builder = new TreeBuilder(env, origins, diagnostics);
  const root = builder.build(document.contents as YamlNode | null, origin);
  const unsure = !yaml.whole || builder.exceeded;
  const scenario = unsure ? withoutChecks(root, diagnostics) : decodeScenario(root, diagnostics);
  // Beside a syntax error what is missing or strange may be its echo.
  diagnostics.drop((each) =>
    !syntax.has(each) && each.span.source === source &&
    (yaml.damaged(each.span.line) || (unsure && each.path.length === 0))
  );
  if (scenario === INVALID) throw new InvalidInput(diagnostics.sorted());
  return { scenario, document: applied.length > 0 ? document.toString({ lineWidth: 0 }) : source.text };
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
