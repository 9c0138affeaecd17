// Runs the command line as a user does: in a process of its own, with the permissions of its task.

import { fromRoot } from "../root.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface TaskFile {
  readonly tasks: { readonly [name: string]: { readonly command: string } };
}

/** The arguments to deno of a task, from deno.json, so that tests run with its permissions and no others. */
function taskArguments(task: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(fromRoot("deno.json"))) as TaskFile;
  const [program, ...rest] = tasks[task]!.command.split(" ");
  if (program !== "deno") throw new Error(`the task ${task} does not begin with deno`);
  return rest.map((argument) => argument === "main.ts" ? fromRoot("main.ts") : argument);
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** A file that standard output goes to. */
  readonly stdoutTo?: string;
}

function command(args: readonly string[], options: Surroundings): Deno.Command {
  const [task, ...rest] = args;
  const line = [Deno.execPath(), ...taskArguments(task!), ...rest];
  const [program, ...words] = options.stdoutTo === undefined
    ? line
    : ["sh", "-c", 'exec "$@" > "$0"', options.stdoutTo, ...line];
  return new Deno.Command(program!, {
    args: words,
    cwd: options.cwd ?? fromRoot("."),
    env: {
      NO_COLOR: "1",
      INIT_CWD: options.cwd ?? fromRoot("."),
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a task with arguments to its end. */
export async function squall(
  args: readonly string[],
  options: Surroundings = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await command(args, options).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Starts a task; `said` resolves when its standard error has said the text. */
export function start(args: readonly string[], options: Surroundings & { readonly unread?: boolean } = {}): {
  readonly process: Deno.ChildProcess;
  said(text: string): Promise<void>;
  ended(): Promise<Ended>;
} {
  const process = command(args, options).spawn();
  const decoder = new TextDecoder();
  let stderr = "";
  let over = false;
  const waiting: { text: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  const silent = (text: string): Error => new Error(`it ended without saying "${text}": ${stderr}`);
  const reading = (async () => {
    for await (const chunk of process.stderr) {
      stderr += decoder.decode(chunk, { stream: true });
      for (const each of waiting) if (stderr.includes(each.text)) each.resolve();
    }
    over = true;
    for (const each of waiting) each.reject(silent(each.text));
  })();
  const output = options.unread === true ? undefined : new Response(process.stdout).text();
  return {
    process,
    said: (text) =>
      new Promise((resolve, reject) => {
        if (stderr.includes(text)) resolve();
        else if (over) reject(silent(text));
        else waiting.push({ text, resolve, reject });
      }),
    async ended() {
      const { code } = await process.status;
      await reading;
      if (output === undefined) await process.stdout.cancel();
      return { code, stdout: await output ?? "", stderr };
    },
  };
}

/** The files below a folder, as paths relative to it, sorted. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const walk = (inner: string): void => {
    for (const entry of Deno.readDirSync(`${folder}/${inner}`)) {
      const path = inner === "" ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else found.push(path);
    }
  };
  walk("");
  return found.sort();
}
