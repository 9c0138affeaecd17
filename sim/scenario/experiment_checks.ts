// What a hypothesis and a chaos schedule say together with the rest of the file.

import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import { writeDuration } from "../base/fields.ts";
import { entryOf, type MapNode } from "../base/node.ts";
import { checkSelectors, type SelectorNames } from "../objectives/check_selectors.ts";
import { type Hypothesis, timeBefore } from "../objectives/hypothesis.ts";
import { chaosSizes } from "./compile_chaos.ts";
import type { FaultHost } from "./fault_hosts.ts";
import type { ChaosSpec } from "./scenario.ts";

/** The hypothesis and the chaos schedule of a file, by their nodes. */
export const HYPOTHESES: Mark<Hypothesis> = { name: "hypotheses" };
export const CHAOS: Mark<ChaosSpec> = { name: "chaos schedules" };

/** Each request asks every fault of its endpoint. */
export const FAULTS_MAX = 1000;

/** The tags of the steady state's metrics name what the scenario has. */
export function checkSteadySelectors(root: MapNode, names: SelectorNames, diagnostics: Diagnostics): void {
  const hypothesis = entryOf(root, "hypothesis")?.value;
  const steady = hypothesis?.type === "map" ? entryOf(hypothesis, "steady")?.value : undefined;
  if (steady !== undefined) checkSelectors(steady, names, diagnostics);
}

/**
 * There is time to see the steady state before the first fault, and the schedule does not draw from too many faults.
 * @param times when the faults begin that wait for nothing
 * @param hosts the services
 * @param end of the load; undefined: that is not known
 */
export function checkExperiment(
  diagnostics: Diagnostics,
  times: Iterable<{ readonly name: string; readonly at: number }>,
  hosts: ReadonlyMap<string, FaultHost> | undefined,
  end: number | undefined,
): void {
  const [chaos] = diagnostics.marked(CHAOS);
  if (chaos !== undefined && hosts !== undefined) {
    const sizes = chaosSizes(chaos[1], hosts), size = sizes.reduce((sum, each) => sum + each, 0);
    const idle = chaos[1].draws[sizes.indexOf(0)];
    if (idle !== undefined && hosts.size > 0) {
      diagnostics.add(
        chaos[0].span,
        chaos[0].path,
        `none of the targets can be struck by ${idle.kind}`,
        "give it targets",
      );
    }
    if (size > FAULTS_MAX) {
      const hint = `at most ${FAULTS_MAX} faults times targets`;
      diagnostics.add(chaos[0].span, chaos[0].path, `the schedule draws from ${size} faults, which is too many`, hint);
    }
  }
  for (const [node, hypothesis] of diagnostics.marked(HYPOTHESES)) {
    const needs = timeBefore(hypothesis);
    const early = [...times].filter(({ at }) => at < needs);
    const place = (node.type === "map" && entryOf(node, hypothesis.before > 0 ? "before" : "steady")?.value) || node;
    const why = `the steady state takes ${writeDuration(needs)} to be seen: its longest window` +
      (hypothesis.before > 0 ? ", and before" : "");
    if (early.length > 0) {
      const [{ name, at }] = early.sort((one, other) => one.at - other.at) as [(typeof early)[number]];
      const message = `${why}; ${JSON.stringify(name)} begins at ${writeDuration(at as never)}`;
      diagnostics.add(place.span, place.path, message, "let the first fault begin later, or take shorter windows");
    } else if (chaos !== undefined && chaos[1].from < needs) {
      const message = `${why}; chaos may begin at ${writeDuration(chaos[1].from)}`;
      diagnostics.add(place.span, place.path, message, `write from: ${writeDuration(needs)} in chaos`);
    } else if (hypothesis.before > 0 && end !== undefined && end < needs) {
      const message = `${why}; the load ends at ${writeDuration(end as never)}`;
      diagnostics.add(place.span, place.path, message, "let the load last longer, or take shorter windows");
    }
  }
}
