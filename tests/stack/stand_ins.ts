// Programs that stand in for docker, docker-compose, podman, ss and lsof: a folder of small scripts that is all of the PATH.

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
}

/** By a shell pattern for the arguments; the first that fits answers. Without one, a stand-in ends with 0 and says nothing. */
export type Answers = readonly (readonly [pattern: string, answer: Answer])[];

/** Those of a Docker whose daemon answers, with Compose and no containers. */
export const DOCKER: Answers = [
  ["--version", { stdout: "Docker version 28.2.2" }],
  ["compose version*", { stdout: "Docker Compose version v2.40.3" }],
];

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export class StandIns {
  readonly #folder = Deno.makeTempDirSync({ prefix: "squall-path-" });
  readonly calls = `${this.#folder}/calls`;

  /** @param programs by name */
  constructor(programs: Readonly<Record<string, Answers>>) {
    Deno.writeTextFileSync(this.calls, "");
    for (const [name, answers] of Object.entries(programs)) {
      const cases = answers.map(([pattern, { stdout = "", stderr = "", code = 0 }]) => {
        const pieces = pattern.split("*").map((piece) => piece === "" ? "" : quoted(piece)).join("*");
        return `${pieces}) printf %s ${quoted(stdout)}; printf %s ${quoted(stderr)} >&2; exit ${code};;`;
      });
      const script = [
        "#!/bin/sh",
        `printf '%s\\n' "${name} $*" >> ${quoted(this.calls)}`,
        'case "$*" in',
        ...cases,
        "esac",
        "",
      ].join("\n");
      Deno.writeTextFileSync(`${this.#folder}/${name}`, script, { mode: 0o755 });
    }
  }

  get path(): string {
    return this.#folder;
  }

  /** The commands that were run, each with its arguments. */
  get commands(): string[] {
    return Deno.readTextFileSync(this.calls).split("\n").filter((line) => line !== "");
  }

  remove(): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

const VARIABLES = ["GRAFANA", "LOKI", "TEMPO", "OTLP_GRPC", "OTLP_HTTP", "PROMETHEUS", "PROMTAIL", "ALLOY"];

/** Puts every part of the stack on one port. */
export function allOn(port: number): Record<string, string> {
  return Object.fromEntries(VARIABLES.map((name) => [`${name}_PORT`, String(port)]));
}

/** What `docker ps` says, as the stack asks it, of containers in these states. */
export function psLines(states: Readonly<Record<string, string>>): string {
  return Object.entries(states).map(([part, state]) => {
    const status = state === "running" ? "Up 3 seconds" : state === "exited" ? "Exited (1) 2 seconds ago" : state;
    return `${part}\t${state}\t${status}\n`;
  }).join("");
}
