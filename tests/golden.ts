// Golden files: what the code wrote when somebody last read it with care. `GOLDEN=write deno test --allow-all` writes
// them anew; a changed one is committed with its reason.

import assert from "node:assert/strict";

const FOLDER = new URL("./golden/", import.meta.url);

/** Compares with tests/golden/`name`. Needs the permission to read. */
export function assertGolden(name: string, actual: string): void {
  const file = new URL(name, FOLDER);
  if (Deno.permissions.querySync({ name: "env" }).state === "granted" && Deno.env.get("GOLDEN") === "write") {
    Deno.mkdirSync(new URL(".", file), { recursive: true });
    Deno.writeTextFileSync(file, actual);
  }
  assert.equal(actual, Deno.readTextFileSync(file), `differs from tests/golden/${name}`);
}
