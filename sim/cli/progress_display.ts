// Shows a run while it goes on: a block of lines drawn again and again on a terminal, plain lines elsewhere. It writes
// to standard error, so that standard output holds the summary alone.

import { plainProgress, progressLines, type ProgressState } from "../report/progress.ts";
import { wrapped } from "../report/terminal.ts";
import type { RunListener } from "../run/run.ts";
import { colorOf, columnsOf, printError, rowsOf } from "./console.ts";

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5_000;
const FIRST_AFTER_MS = 1_000;

export class ProgressDisplay implements RunListener {
  readonly #quiet: boolean;
  readonly #color: boolean;
  readonly #terminal = Deno.stderr.isTerminal();
  #nextMs = performance.now() + FIRST_AFTER_MS;
  #drawn = 0;
  #last: readonly string[] = [];

  constructor({ quiet, color }: { readonly quiet: boolean; readonly color: boolean }) {
    this.#quiet = quiet;
    this.#color = colorOf(Deno.stderr, color);
  }

  lines(lines: readonly string[]): void {
    if (!this.#quiet) printError(lines.join("\n") + "\n");
  }

  /** Notices are shown even with --quiet: they are diagnostics. */
  notice(text: string): void {
    const note = `note: ${text}`;
    // Elsewhere it stays one line, for programs that look for it.
    const lines = this.#terminal ? wrapped(note, columnsOf(Deno.stderr)) : [note];
    printError(`${this.#erase()}${lines.join("\n")}\n`);
    if (this.#last.length > 0) this.#draw(this.#last);
  }

  progress(state: ProgressState): void {
    if (this.#quiet) return;
    const now = performance.now();
    if (now < this.#nextMs && !(this.#terminal && this.#drawn === 0)) return;
    this.#nextMs = now + (this.#terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
    if (this.#terminal) {
      const size = { columns: columnsOf(Deno.stderr), rows: rowsOf(Deno.stderr) };
      this.#draw(progressLines(state, { ...size, color: this.#color }));
    } else printError(plainProgress(state) + "\n");
  }

  /** Leaves the terminal as it is without a block. */
  end(): void {
    const erase = this.#erase();
    if (erase !== "") printError(erase);
    this.#last = [];
  }

  #draw(lines: readonly string[]): void {
    printError(this.#erase() + lines.join("\n") + "\n");
    this.#drawn = lines.length;
    this.#last = lines;
  }

  /** Moves up over the drawn block and clears to the end of the screen. */
  #erase(): string {
    if (this.#drawn === 0) return "";
    const text = `\x1b[${this.#drawn}A\r\x1b[J`;
    this.#drawn = 0;
    return text;
  }
}
