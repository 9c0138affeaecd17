// Names that hold ids or words of users are too many for a scenario, which is a file that a person reads and 1 MiB at most:
// the rarest become one of each service.

import type { SpanTable } from "../span_table.ts";

/** A scenario has 1,000 workloads at most, one for each operation that users ask for; each takes some 600 bytes. */
const OPERATIONS_MAX = 900;

/** Takes the rarest operations of a table together. @returns how many spans they were of */
export function lumpRare(table: SpanTable): number {
  const { operations, operation, rows } = table;
  const count = operations.length;
  if (count <= OPERATIONS_MAX) return 0;
  const spans = new Float64Array(count);
  for (let row = 0; row < rows; row++) spans[operation[row]!]!++;
  const order = Uint32Array.from(spans.keys()).sort((a, b) => spans[b]! - spans[a]! || a - b);
  const becomes = Uint32Array.from(spans.keys());
  let lumped = 0;
  for (const index of order.subarray(OPERATIONS_MAX)) {
    becomes[index] = table.operationOf({ ...operations[index]!, name: "others", topic: undefined });
    lumped += spans[index]!;
  }
  for (let row = 0; row < rows; row++) operation[row] = becomes[operation[row]!]!;
  return lumped;
}
