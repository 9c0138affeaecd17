// deno task test:theory: the table of what theory says and what the simulation gives. Exit code 1 when a line does not hold.
// `--short` is what the tests run, `--markdown` the README's form, and a word picks the systems whose name has it.

import { SYSTEMS } from "./cases.ts";
import { examine, LONG, REPLICATIONS, SHORT, type Unit, type Verdict } from "./estimate.ts";

const COLUMNS = [
  "quantity",
  "formula",
  "expected",
  "simulated",
  "95 % interval",
  "4 s.e.",
  "at most",
  "z",
  "",
] as const;

/** Four digits, times in milliseconds. */
function written(value: number, unit: Unit): string {
  const digits = (shown: number): string =>
    shown !== 0 && Math.abs(shown) < 1e-3 ? shown.toExponential(2) : shown.toPrecision(4);
  switch (unit) {
    case "time":
      return `${digits(value * 1e3)} ms`;
    case "rate":
      return `${digits(value)}/s`;
    case "share":
      return `${digits(value * 100)} %`;
    case "number":
      return digits(value);
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

function cells({ question, simulated, standardError, halfWidth, tolerance, z, holds }: Verdict): string[] {
  const { unit, expected } = question;
  return [
    question.quantity,
    question.formula,
    written(expected, unit),
    written(simulated, unit),
    `± ${written(halfWidth, unit)}`,
    percent(4 * standardError / expected),
    percent(tolerance),
    Number.isFinite(z) ? z.toFixed(1) : "-",
    holds ? "holds" : "FAILS",
  ];
}

/** The table is the program's purpose. */
function print(text: string): void {
  // deno-lint-ignore no-console -- see above
  console.log(text);
}

const WIDTHS = [31, 39, 11, 11, 13, 8, 7, 5, 5];

function printLine(texts: readonly string[]): void {
  print(texts.map((text, n) => n < 2 ? text.padEnd(WIDTHS[n]!) : text.padStart(WIDTHS[n]!)).join("  ").trimEnd());
}

const markdown = Deno.args.includes("--markdown");
const effort = Deno.args.includes("--short") ? SHORT : LONG;
const wanted = Deno.args.find((argument) => !argument.startsWith("--"))?.toLowerCase();

const begun = performance.now();
let lines = 0, failed = 0, furthest = 0;
if (markdown) {
  print(`| system | ${COLUMNS.slice(0, -1).join(" | ")} | verdict |`);
  print(`|---|---|---|---:|---:|---:|---:|---:|---:|---|`);
} else printLine(COLUMNS);
for (const system of SYSTEMS) {
  if (wanted !== undefined && !system.name.toLowerCase().includes(wanted)) continue;
  const verdicts = examine(system, effort);
  if (!markdown) print(`\n${system.name}`);
  for (const [n, verdict] of verdicts.entries()) {
    lines++;
    if (!verdict.holds) failed++;
    if (Number.isFinite(verdict.z)) furthest = Math.max(furthest, Math.abs(verdict.z));
    if (markdown) print(`| ${n === 0 ? system.name : ""} | ${cells(verdict).join(" | ")} |`);
    else printLine(cells(verdict));
  }
}
print(
  `\n${lines} lines, ${lines - failed} hold, ${failed} fail; the furthest is ${
    furthest.toFixed(1)
  } standard errors off. ` +
    `${REPLICATIONS} independent replications each, ${((performance.now() - begun) / 1000).toFixed(0)} s.`,
);
Deno.exit(failed === 0 ? 0 : 1);
