// The two streams of a command. What it is asked for goes to standard output, everything about it to standard error.

const encoder = new TextEncoder();

type Stream = { isTerminal(): boolean };

/** Thrown when standard output takes no more: a full disk. The message says why. */
export class OutputLost extends Error {
  override name = "OutputLost";
}

function lost(error: unknown): void {
  // Whoever read has gone (`| head`): what is left of the run matters more than its words.
  if (error instanceof Deno.errors.BrokenPipe) return;
  throw new OutputLost(`cannot write to standard output: ${error instanceof Error ? error.message : error}`);
}

/** @throws {OutputLost} when it cannot be written */
export function print(text: string): void {
  let bytes: Uint8Array = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  } catch (error) {
    lost(error);
  }
}

/**
 * As `print`, but signals are heard while a reader takes its time.
 * @throws {OutputLost} when it cannot be written
 */
export async function printPatiently(text: string): Promise<void> {
  let bytes: Uint8Array = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
  } catch (error) {
    lost(error);
  }
}

/** To standard error. When that takes nothing there is nobody left to tell. */
export function printError(text: string): void {
  let bytes: Uint8Array = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch {
    // A run goes on without its words.
  }
}

/** Columns of the terminal that shows this stream; 80 where there is none or it does not say. */
export function columnsOf(stream: Stream): number {
  try {
    return stream.isTerminal() ? Deno.consoleSize().columns || 80 : 80;
  } catch {
    return 80;
  }
}

/** Rows of the terminal that shows this stream; no limit where there is none or it does not say. */
export function rowsOf(stream: Stream): number {
  try {
    return stream.isTerminal() ? Deno.consoleSize().rows || Infinity : Infinity;
  } catch {
    return Infinity;
  }
}

/** Whether to colour what goes to a stream: a terminal, and nobody said no (https://no-color.org). */
export function colorOf(stream: Stream, wanted: boolean): boolean {
  return wanted && stream.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}
