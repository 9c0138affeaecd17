// Reads the flags that say what a run writes of its metrics: --out and --summary-trend-stats.

import { InvalidArgumentError } from "commander";
import { nearest, visible } from "../base/diagnostics.ts";
import { parseTrendStatistic } from "../objectives/grammar.ts";
import { type Output, OutputError, parseOutput } from "../sinks/outputs.ts";
import { parsed } from "./command.ts";

/** For --out, which may be given several times. */
export function collectOutput(text: string, before: readonly Output[] = []): Output[] {
  try {
    return [...before, parseOutput(text)];
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    throw new InvalidArgumentError(visible(error.message));
  }
}

const STATISTICS = ["avg", "min", "med", "max", "count"];

/** A list like `avg,p(99),count`; as in k6 an empty text is an empty list. One that stands twice counts once. */
export function parseTrendStats(text: string): string[] {
  const names = text.trim() === "" ? [] : text.split(",").map((name) => name.trim());
  for (const name of names) {
    const meant = /^p\d+(?:\.\d+)?$/.test(name) ? `p(${name.slice(1)})` : nearest(name, STATISTICS)[0];
    const hint = meant === undefined ? "." : `: did you mean "${meant}"?`;
    parsed(
      parseTrendStatistic(name),
      `"${visible(name)}" is no statistic of a trend${hint} They are ${
        STATISTICS.join(", ")
      } and p(N), N from 0 to 100.`,
    );
  }
  return [...new Set(names)];
}
