// What the tests of scenario files share. The YAML library reads the environment, so they need that permission.

import { formatDiagnostic, InvalidInput } from "../../sim/base/diagnostics.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { LoadedScenario } from "../../sim/scenario/load.ts";
import { needs } from "../permissions.ts";

/** A test that reads scenarios; ignored where the environment may not be read. */
export function scenarioTest(name: string, fn: () => void): void {
  Deno.test({ name, ignore: needs("env"), fn });
}

export interface Given {
  readonly sets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Loads a text as the file scenario.yaml. */
export function load(text: string, { sets = [], env = {} }: Given = {}): LoadedScenario {
  return loadScenario({ path: "scenario.yaml", text, sets, env: new Map(Object.entries(env)) });
}

/** Everything that is wrong with a text, as it is printed; empty when it is well. */
export function problems(text: string, given: Given = {}): string[] {
  try {
    load(text, given);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics.map(formatDiagnostic);
  }
}

/** A small scenario with some of its parts replaced. */
export function scenario(parts: { readonly [key: string]: string } = {}): string {
  const all: Record<string, string> = {
    name: "shop",
    services:
      '\n  web: { endpoints: { "GET /": { latency: 5ms, calls: [cart.Get] } } }\n  cart: { endpoints: { Get: 1ms } }',
    journeys: "{ visit: [web.GET /] }",
    scenarios: "{ load: { executor: constant-vus, vus: 1, duration: 10s } }",
    ...parts,
  };
  return Object.entries(all).map(([key, value]) => `${key}: ${value}\n`).join("");
}

/** A scenario with these calls in its one endpoint `web.GET /`, beside a service `db` with the endpoint `q`. */
export function withCalls(calls: string, endpoint = "latency: 5ms"): string {
  return scenario({
    services: `\n  web: { endpoints: { "GET /": { ${endpoint}, calls: ${calls} } } }\n  db: { endpoints: { q: 1ms } }`,
  });
}
