// Starts, stops and looks at the stack through Compose, and puts what Compose says into a sentence for the user.

import type { Engine } from "./engine.ts";
import { lastLine, StackError } from "./engine.ts";
import { type Environment, type Shipper, SHIPPERS } from "./parts.ts";
import { type Ended, runInForeground, type RunProgram } from "./program.ts";

export const PROJECT = "squall";
/** Compose acts only on services whose profile is on. */
const PROFILES = [...SHIPPERS, "generator"];

/** A container of the stack, as the engine tells of it. */
export interface Container {
  /** Its name in compose.yaml. */
  readonly part: string;
  /** `running`, `exited`, `restarting`, … */
  readonly state: string;
  /** In the engine's words: `Up 3 minutes (healthy)`. */
  readonly status: string;
}

export class Compose {
  readonly #engine: Engine;
  readonly #file: string;
  readonly #run: RunProgram;
  readonly #env: Readonly<Record<string, string>>;

  /**
   * @param file the path of compose.yaml
   * @param env what compose.yaml reads from the environment, over what this process has
   */
  constructor(engine: Engine, file: string, run: RunProgram, env: Readonly<Record<string, string>> = {}) {
    this.#engine = engine;
    this.#file = file;
    this.#run = run;
    this.#env = env;
  }

  get words(): string {
    return this.#engine.compose.join(" ");
  }

  /**
   * Starts the parts with this shipper and takes the other one away, which would send every line twice.
   * @throws {StackError} when Compose does not start them
   */
  async up(shipper: Shipper): Promise<void> {
    const others = SHIPPERS.filter((name) => name !== shipper);
    for (const other of others) await this.#run(this.#command([other], "rm", "--stop", "--force", other), this.#env);
    const ended = await this.#run(this.#command([shipper], "up", "--detach", "--remove-orphans"), this.#env);
    if (ended.code !== 0) throw new StackError(explain(ended, this.words));
  }

  /** @throws {StackError} when Compose does not stop them */
  async down(volumes: boolean): Promise<void> {
    const flags = volumes ? ["--volumes"] : [];
    const ended = await this.#run(this.#command(PROFILES, "down", "--remove-orphans", ...flags), this.#env);
    if (ended.code !== 0) throw new StackError(explain(ended, this.words));
  }

  /** Shows the parts' own logs until it is interrupted, or what there is. Gives Compose's exit code. */
  logs(parts: readonly string[], tail: number, follow: boolean): Promise<number> {
    const flags = [...(follow ? ["--follow"] : []), "--tail", String(tail)];
    return runInForeground(this.#command(PROFILES, "logs", ...flags, ...parts), this.#env);
  }

  /** The last lines that a part wrote, oldest first. */
  async lastLines(part: string, count: number): Promise<string[]> {
    const ended = await this.#run(
      this.#command(PROFILES, "logs", "--no-color", "--tail", String(count), part),
      this.#env,
    );
    return ended.stdout.split("\n").filter((line) => line.trim() !== "").slice(-count);
  }

  /** The containers of the stack, running or not. */
  async containers(): Promise<Container[]> {
    const label = "com.docker.compose";
    const format = `{{.Label "${label}.service"}}\t{{.State}}\t{{.Status}}`;
    const ended = await this.#run([
      this.#engine.containers,
      "ps",
      "--all",
      "--filter",
      `label=${label}.project=${PROJECT}`,
      "--format",
      format,
    ], this.#env);
    if (ended.code !== 0) return [];
    return ended.stdout.split("\n").flatMap((line) => {
      const [part = "", state = "", status = ""] = line.split("\t");
      return part === "" ? [] : [{ part, state, status }];
    });
  }

  #command(profiles: readonly string[], ...rest: readonly string[]): string[] {
    const flags = profiles.flatMap((profile) => ["--profile", profile]);
    return [...this.#engine.compose, "--project-name", PROJECT, "--file", this.#file, ...flags, ...rest];
  }
}

/** What Compose says when it fails, by what a user can do about it. The first that fits is taken. */
const FAILURES: readonly { readonly said: RegExp; readonly means: (match: RegExpExecArray) => string }[] = [
  {
    said: /(?:port is already allocated|address already in use|ports are not available)/i,
    means: () =>
      "a port of the stack is taken: see which with deno task stack:status, or choose another one (GRAFANA_PORT=3001)",
  },
  {
    said:
      /(?:manifest (?:for )?\S* ?(?:unknown|not found)|manifest unknown|no matching manifest|repository does not exist|pull access denied|no such image)/i,
    means: () => "an image is missing: its name or tag is not there for this machine",
  },
  {
    said:
      /(?:no such host|i\/o timeout|TLS handshake|connection refused|network is unreachable|temporary failure in name resolution|deadline exceeded|EOF)/i,
    means: () =>
      "an image could not be fetched: is there a network? Images that were loaded with `docker load` are used as they are",
  },
  {
    said: /no space left on device/i,
    means: () => "the disk is full: docker system prune frees what no container uses",
  },
  {
    said: /(?:mounts denied|not shared from the host|operation not permitted|permission denied)/i,
    means: () => "a folder of the project cannot be mounted: let Docker share it (Settings, Resources, File sharing)",
  },
];

/** A failure of Compose in one sentence, with Compose's own last words. */
export function explain({ stdout, stderr }: Ended, words: string): string {
  const text = stderr.trim() === "" ? stdout : stderr;
  const said = lastLine(
    text.split("\n").filter((line) => /error|denied|unknown|fail|cannot|not |no /i.test(line)).join("\n"),
  );
  const last = said === "it said nothing" ? lastLine(text) : said;
  for (const failure of FAILURES) {
    const match = failure.said.exec(text);
    if (match !== null) return `${failure.means(match)} (${words}: ${last})`;
  }
  return `${words} failed: ${last}`;
}

/** What compose.yaml reads from the environment: a user's settings must reach it whatever starts it. */
export function composeEnvironment(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = env(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
