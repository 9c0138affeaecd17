// What the stack:* commands share: where compose.yaml is, which variables it reads, and the Compose that runs it.

import { visible } from "../base/diagnostics.ts";
import { Compose, composeEnvironment, type Container } from "../stack/compose.ts";
import { findEngine, StackError } from "../stack/engine.ts";
import { ALL_PARTS, type Part, partsWith, portOf, type Shipper, SHIPPERS } from "../stack/parts.ts";
import { runProgram } from "../stack/program.ts";
import type { PartState } from "../stack/readiness.ts";
import { projectPath } from "./paths.ts";
import { stackLogsFolder } from "./stack_folder.ts";

export const COMPOSE_FOLDER = projectPath("compose");

export function environment(name: string): string | undefined {
  return Deno.env.get(name);
}

/**
 * Compose for the stack of this project.
 * @throws {StackError} when nothing here runs containers, or a port's variable is no port
 */
export async function openStack(): Promise<{ readonly compose: Compose; readonly containers: "docker" | "podman" }> {
  try {
    for (const { ports } of ALL_PARTS) for (const port of ports) portOf(port, environment);
  } catch (error) {
    if (error instanceof RangeError) throw new StackError(error.message);
    throw error;
  }
  const engine = await findEngine(runProgram);
  const names = ALL_PARTS.flatMap(({ ports }) => ports.map(({ variable }) => variable));
  const env = { ...composeEnvironment(environment, names), SQUALL_LOGS: stackLogsFolder() };
  const compose = new Compose(engine, `${COMPOSE_FOLDER}/compose.yaml`, runProgram, env);
  return { compose, containers: engine.containers };
}

/** Whose container is there; Promtail when neither's is. */
export function shipperOf(containers: readonly Container[]): Shipper {
  return SHIPPERS.find((name) => containers.some(({ part, state }) => part === name && state === "running")) ??
    SHIPPERS.find((name) => containers.some(({ part }) => part === name)) ?? "promtail";
}

/** The parts that the containers make up. */
export function partsOf(containers: readonly Container[]): readonly Part[] {
  return partsWith(shipperOf(containers));
}

export function statusLine({ part, url, ready, why }: PartState): string {
  const end = ready ? url : visible(why);
  return `  ${part.name.padEnd(11)} ${ready ? "ready    " : "not ready"}  ${end}`;
}

export function statusJson(states: readonly PartState[]): string {
  const parts = states.map(({ part, url, ready, why }) => ({ part: part.name, url, ready, why: ready ? null : why }));
  return JSON.stringify({ ready: states.every(({ ready }) => ready), parts }, undefined, 2) + "\n";
}
