// The bytes of a whole run, as their hashes: a change of what a seed generates does not go unseen.

import { assertGolden } from "../golden.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { runScenario } from "./runs.ts";

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test({
  name: "checkout.yaml with a fixed seed and start writes the bytes that it wrote before",
  ignore: needs("read", "write", "run", "env", "net"),
  async fn() {
    const run = await runScenario(
      fromRoot("scenarios/checkout.yaml"),
      ...["--pace", "max", "--seed", "7", "--start", "2026-11-23T12:00:00Z"],
    );
    const files: Record<string, { readonly lines: number; readonly sha256: string }> = {};
    for (const [name, text] of [...run.logs, ["traces.jsonl", run.traces] as const]) {
      files[name] = { lines: text.split("\n").length - 1, sha256: await sha256(text) };
    }
    const { spans, logs } = run.summary.delivery;
    assertGolden(
      "checkout.json",
      JSON.stringify({ spans: spans.generated, logs: logs.generated, files }, undefined, 2) + "\n",
    );
  },
});
