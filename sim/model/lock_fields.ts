// The step `lock`: steps that are taken while a row of a database is locked.

import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import { duration, type Field, optional, record, required, text } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { keyField } from "./key_fields.ts";
import type { Step } from "./model.ts";
import type { KeySpec, LockStep } from "./state.ts";

/** Lock steps, by their nodes. */
export const LOCK_STEPS: Mark<LockStep> = { name: "lock steps" };

interface LockConfig {
  readonly in: string;
  readonly row: KeySpec;
  readonly table: string | undefined;
  readonly timeout: Nanos | undefined;
  readonly steps: readonly Step[];
}

/** What stands under `lock`. @param steps the field of a list of steps */
export function lockField(steps: Field<readonly Step[]>): Field<LockConfig> {
  return record("a lock", {
    in: required(
      text("a database", { lengthMax: 100 }),
      "The service of kind database whose row it is.",
      "in: orders-db",
    ),
    row: required(
      keyField,
      "Which row: an attribute of the endpoint, { zipf: … }, or any other name for one row that all share.",
      "row: stock",
    ),
    table: optional(text("a table", { lengthMax: 100 }), "The row's table; else the row's own name, or rows."),
    timeout: optional(
      duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX }),
      "How long the row is waited for before the statement fails. For ever if left out.",
    ),
    steps: required(steps, "What is done while the row is locked.", "steps: [orders-db.UPDATE stock]"),
  });
}

export function lockStep(
  { in: service, row, table, timeout, steps }: LockConfig,
  node: Node,
  diagnostics: Diagnostics,
): LockStep {
  const step: LockStep = {
    type: "lock",
    service,
    row,
    table: table ?? (row.type === "attribute" ? row.name : "rows"),
    timeout: timeout ?? FOREVER,
    steps,
  };
  diagnostics.mark(LOCK_STEPS, node, step);
  return step;
}
