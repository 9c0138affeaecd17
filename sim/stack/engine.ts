// Finds what runs containers on this machine: docker compose, docker-compose or podman compose, with a daemon that answers.

import type { Ended, RunProgram } from "./program.ts";

/** Thrown when the stack cannot do what it was asked for; the message says why, and what to do. */
export class StackError extends Error {
  override name = "StackError";
}

export interface Engine {
  /** The words that begin each command of Compose: `docker compose`. */
  readonly compose: readonly string[];
  /** The program that knows the containers. */
  readonly containers: "docker" | "podman";
}

const INSTALL = "install Docker (Desktop, or Engine with the Compose plugin) or Podman with podman-compose";

/**
 * The first of `docker compose`, `docker-compose` and `podman compose` that is there and whose daemon answers.
 * @throws {StackError} when there is none, with what is missing
 */
export async function findEngine(run: RunProgram): Promise<Engine> {
  const hasDocker = (await run(["docker", "--version"])).code === 0;
  const candidates: Engine[] = [];
  let hasLoneCompose = false;
  if ((await run(["docker", "compose", "version"])).code === 0) {
    candidates.push({ compose: ["docker", "compose"], containers: "docker" });
  } else if ((await run(["docker-compose", "version"])).code === 0) {
    // Without docker nobody can be asked for the containers.
    if (hasDocker) candidates.push({ compose: ["docker-compose"], containers: "docker" });
    else hasLoneCompose = true;
  }
  const hasPodman = (await run(["podman", "--version"])).code === 0;
  if (hasPodman && (await run(["podman", "compose", "version"])).code === 0) {
    candidates.push({ compose: ["podman", "compose"], containers: "podman" });
  }
  const why: string[] = [];
  for (const engine of candidates) {
    const answer = await run(
      engine.containers === "podman" ? ["podman", "info"] : ["docker", "info", "--format", "{{.ID}}"],
    );
    // `docker info` ends well and says on standard error that no daemon answered, in some versions.
    if (answer.code === 0 && !DAEMON_SILENT.test(answer.stderr)) return engine;
    why.push(explainDaemon(engine, answer));
  }
  if (why.length > 0) throw new StackError(why.join("; "));
  if (hasDocker) {
    throw new StackError(
      "Docker is here, but Compose is not: install the docker-compose-plugin package, or docker-compose",
    );
  }
  if (hasLoneCompose) {
    throw new StackError(`docker-compose is here, but docker, which knows the containers, is not: ${INSTALL}`);
  }
  if (hasPodman) throw new StackError("Podman is here, but `podman compose` is not: install podman-compose");
  throw new StackError(`there is neither Docker nor Podman on the PATH: ${INSTALL}`);
}

const DAEMON_SILENT =
  /cannot connect to the docker daemon|failed to connect to the docker api|is the docker daemon running/i;
const NOT_ALLOWED = /permission denied/i;

function explainDaemon({ containers }: Engine, { stderr }: Ended): string {
  if (containers === "podman") return `Podman does not answer (${lastLine(stderr)}): try podman machine start`;
  if (NOT_ALLOWED.test(stderr)) {
    return "Docker's daemon is there, but you may not use its socket: add yourself to the group docker " +
      "(sudo usermod -aG docker $USER, then sign in again)";
  }
  const start = "start Docker Desktop, or sudo systemctl start docker";
  if (DAEMON_SILENT.test(stderr)) return `Docker is installed, but its daemon does not answer: ${start}`;
  return `Docker does not answer (${lastLine(stderr)}): ${start}`;
}

/** The last thing that a program said. */
export function lastLine(text: string): string {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1) ?? "it said nothing";
}
