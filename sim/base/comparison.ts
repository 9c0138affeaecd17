// How two numbers are compared, in the words of k6's thresholds.

export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=";

/** Whether a value that was seen stands in this relation to another. */
export function compares(seen: number, comparison: Comparison, value: number): boolean {
  switch (comparison) {
    case "<":
      return seen < value;
    case "<=":
      return seen <= value;
    case ">":
      return seen > value;
    case ">=":
      return seen >= value;
    case "==":
    case "===":
      return seen === value;
    case "!=":
      return seen !== value;
  }
}
