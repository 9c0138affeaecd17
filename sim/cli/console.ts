// The two streams of a command. What it is asked for goes to standard output, everything about it to standard error.

const encoder = new TextEncoder();

type Stream = { writeSync(bytes: Uint8Array): number; isTerminal(): boolean };

function write(stream: Stream, text: string): void {
  let bytes: Uint8Array = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // Whoever read has gone (`| head`): what is left of the run matters more than its words.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

export function print(text: string): void {
  write(Deno.stdout, text);
}

export function printError(text: string): void {
  write(Deno.stderr, text);
}

/** Columns of the terminal that shows this stream; 80 where there is none or it does not say. */
export function columnsOf(stream: Stream): number {
  try {
    return stream.isTerminal() ? Deno.consoleSize().columns || 80 : 80;
  } catch {
    return 80;
  }
}

/** Whether to colour what goes to a stream: a terminal, and nobody said no (https://no-color.org). */
export function colorOf(stream: Stream, wanted: boolean): boolean {
  return wanted && stream.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}
