// What a command is: it adds itself to the program, and gives an exit code.

import { InvalidArgumentError } from "commander";
import { formatDiagnostic, InvalidInput } from "../base/diagnostics.ts";
import { printError } from "./console.ts";

/** Thrown when a command cannot begin: a flag, a file or a folder that it cannot use. Exit code 104. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Prints all diagnostics of an input and how many there are. */
export function printInvalid(error: InvalidInput): void {
  const { diagnostics } = error;
  for (const diagnostic of diagnostics) printError(formatDiagnostic(diagnostic) + "\n\n");
  printError(`${diagnostics.length} ${diagnostics.length === 1 ? "problem" : "problems"}; nothing was run\n`);
}

/** For a flag that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** A flag's value, or commander's error with the reason. */
export function parsed<T>(value: T | undefined, reason: string): T {
  if (value === undefined) throw new InvalidArgumentError(reason);
  return value;
}

/** The value of --seed. */
export function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : NaN;
  return parsed(Number.isSafeInteger(seed) ? seed : undefined, "It is a whole number from 0 to 9007199254740991.");
}

/** The value of --pace: simulated seconds in one second of wall time; Infinity for `max`. */
export function parsePace(text: string): number {
  if (text === "max") return Infinity;
  if (text === "realtime") return 1;
  const match = /^(\d+(?:\.\d+)?)x$/.exec(text);
  const pace = match === null ? NaN : Number(match[1]);
  return parsed(pace > 0 && pace <= 1e9 ? pace : undefined, "It is realtime, max, or a multiple like 10x.");
}
