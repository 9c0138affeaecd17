// The file of --expect-alerts: which alerts shall fire after which fault, how soon, and how soon they shall clear.

import { windowOf } from "../../plan/fault_windows.ts";
import { Diagnostics, InvalidInput } from "../../base/diagnostics.ts";
import {
  type Decoded,
  duration,
  INVALID,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
  withDefault,
} from "../../base/fields.ts";
import { entryOf, type Node, type Source } from "../../base/node.ts";
import { formatDuration, type Nanos } from "../../base/time.ts";
import { nearest } from "../../base/diagnostics.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Node as YamlNode } from "yaml";
import { TreeBuilder } from "../../scenario/tree.ts";
import { readYaml } from "../../scenario/yaml.ts";

const ALERT = {
  alert: required(text("an alert's name"), "Name of the alert rule", "CheckoutErrors"),
  labels: withDefault(
    mapOf(text("a label's value"), "labels of the alert"),
    new Map<string, string>(),
    "Labels that the alert has",
    "none",
  ),
  fault: optional(
    text("a fault's name"),
    "Fault of the scenario after whose start it fires and after whose end it clears",
  ),
  at: optional(duration(), "Instead of a fault: time since the run's start"),
  until: optional(duration(), "With `at`: when what causes it is over"),
  within: required(duration({ min: 1 as Nanos }), "How soon after the start it fires", "2m"),
  clears: optional(duration({ min: 1 as Nanos }), "How soon after the end it is no longer firing"),
};
const FILE = record("a file of expected alerts", {
  alerts: required(listOf(record("an alert", ALERT), "a list of alerts"), "Alerts that shall fire"),
});

export interface AlertExpectation {
  readonly alert: string;
  readonly labels: ReadonlyMap<string, string>;
  /** For people: the fault's name, or a time. */
  readonly cause: string;
  /** Since the run's start: when it begins, and when it is over (Infinity: never). */
  readonly from: Nanos;
  readonly until: Nanos;
  readonly within: Nanos;
  /** Undefined: that it clears is not asked for. */
  readonly clears: Nanos | undefined;
}

/**
 * Reads a file of expected alerts.
 * @throws {InvalidInput} with everything that is wrong with it
 */
export function readExpectations(path: string, content: string, plan: Plan): AlertExpectation[] {
  const diagnostics = new Diagnostics();
  const source: Source = { name: path, text: content.replace(/^\ufeff/, "") };
  const yaml = readYaml(source.text, { source, shift: 0 }, diagnostics);
  if (yaml === undefined) throw new InvalidInput(diagnostics.sorted());
  const tree = new TreeBuilder(new Map(), new Map(), diagnostics);
  const root = tree.build(yaml.document.contents as YamlNode | null, { source, shift: 0 });
  const file = FILE.decode(root, diagnostics);
  const nodes = root.type === "map" ? entryOf(root, "alerts")?.value : undefined;
  const expectations = file === INVALID
    ? []
    : file.alerts.map((alert, i) => resolve(alert, nodes?.type === "list" ? nodes.items[i]! : root, plan, diagnostics));
  if (diagnostics.count > 0) throw new InvalidInput(diagnostics.sorted());
  return expectations.filter((each) => each !== undefined);
}

function resolve(
  alert: Decoded<typeof ALERT>,
  node: Node,
  plan: Plan,
  diagnostics: Diagnostics,
): AlertExpectation | undefined {
  const { alert: name, labels, within, clears } = alert;
  const fail = (message: string, hint: string): undefined => {
    diagnostics.add(node.span, node.path, message, hint);
  };
  if ((alert.fault === undefined) === (alert.at === undefined)) {
    return fail(`${name} needs a cause`, "write fault: with a fault's name, or at: with a time");
  }
  if (alert.fault === undefined) {
    const from = alert.at!, until = alert.until ?? Infinity as Nanos;
    if (clears !== undefined && until === Infinity) {
      return fail(`${name} shall clear, but nothing says after what`, "write until: beside at:");
    }
    return { alert: name, labels, cause: formatDuration(from), from, until, within, clears };
  }
  const fault = plan.faults.find((each) => each.name === alert.fault);
  if (fault === undefined) {
    const [near] = nearest(alert.fault, plan.faults.map((each) => each.name));
    return fail(
      `the run has no fault "${alert.fault}"`,
      near === undefined
        ? `its faults: ${plan.faults.map((each) => each.name).join(", ") || "none"}`
        : `did you mean "${near}"?`,
    );
  }
  const window = windowOf(plan.seed, fault, 0);
  if (window === undefined) {
    return fail(`nobody knows beforehand when "${fault.name}" begins: it waits for something`, "write at: and until:");
  }
  return { alert: name, labels, cause: fault.name, ...window, within, clears };
}
