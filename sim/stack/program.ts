// Runs other programs: what they print is kept, and that one is not there is an answer like any other.

export interface Ended {
  /** Undefined: there is no such program. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Tests put one of their own in its place. */
export type RunProgram = (
  command: readonly string[],
  environment?: Readonly<Record<string, string>>,
) => Promise<Ended>;

const decoder = new TextDecoder();

export async function runProgram(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program!, { args, env, stdin: "null" }).output();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    // Deno says NotCapable for a program that was not on the PATH when it started.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return { code: undefined, stdout: "", stderr: "" };
    }
    throw error;
  }
}

/** Runs a program that talks to the user itself, and gives its exit code. */
export async function runInForeground(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  return (await new Deno.Command(program!, { args, env }).spawn().status).code;
}
