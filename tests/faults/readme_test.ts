// The tables of the README about faults say what the registry says, and name scenarios that are there.

import assert from "node:assert/strict";
import { ELSEWHERE, knownElsewhere } from "../../sim/faults/elsewhere.ts";
import { type FaultKindName, FAULTS, isMitigation, KINDS } from "../../sim/faults/registry.ts";
import { needs } from "../permissions.ts";

const ignore = needs("read");
const root = new URL("../../", import.meta.url);

/** The rows below a table's head. */
function table(readme: string, head: string): string[] {
  const lines = readme.split("\n");
  const first = lines.indexOf(head);
  assert.ok(first >= 0, `README has no table ${head}`);
  const rows = lines.slice(first + 2);
  return rows.slice(0, rows.findIndex((line) => !line.startsWith("|")));
}

function rowsOf(names: readonly string[]): string[] {
  return names.map((name) => {
    const { summary } = FAULTS[name as FaultKindName];
    return `| \`${name}\` | ${summary.replace(/^Mitigation: (.)/, (_, first: string) => first.toUpperCase())} |`;
  });
}

Deno.test({
  name: "the README lists all kinds, presets and mitigations as the registry has them",
  ignore,
  fn() {
    const readme = Deno.readTextFileSync(new URL("README.md", root));
    const own = Object.keys(KINDS);
    assert.deepEqual(table(readme, "| kind | effect |"), rowsOf(own.filter((kind) => !isMitigation(kind))));
    assert.deepEqual(table(readme, "| mitigation | effect |"), rowsOf(own.filter((kind) => isMitigation(kind))));
    const presets = Object.keys(FAULTS).filter((kind) => !Object.hasOwn(KINDS, kind));
    assert.deepEqual(table(readme, "| preset | effect |"), rowsOf(presets));
  },
});

Deno.test({
  name: "the README says what other tools call the faults",
  ignore,
  fn() {
    const readme = Deno.readTextFileSync(new URL("README.md", root));
    const rows = ELSEWHERE.map(({ tool, name, kind, how }) =>
      `| ${tool} | \`${name}\` | \`${kind}\`${how === undefined ? "" : `, ${how}`} |`
    );
    assert.deepEqual(table(readme, "| tool | there | here |"), rows);
  },
});

Deno.test("a fault is found by the name that another tool has for it, however that is written", () => {
  const kinds = (name: string): string[] => knownElsewhere(name).map(({ kind }) => kind);
  assert.deepEqual(kinds("reset_peer"), ["reset"]);
  assert.deepEqual(kinds("PodKill"), ["instance-kill"]);
  assert.deepEqual(kinds("HTTPChaos"), ["reset", "latency", "errors"]);
  assert.deepEqual(kinds("nothing"), []);
});

Deno.test({
  name: "the README has a scenario for each flag of OpenTelemetry's demo",
  ignore,
  fn() {
    const readme = Deno.readTextFileSync(new URL("README.md", root));
    const rows = table(readme, "| flag of the demo | scenario | what it shows |");
    assert.equal(rows.length, 16);
    for (const row of rows) {
      const [, name] = /`scenarios\/faults\/([\w-]+\.yaml)`/.exec(row) ?? [];
      assert.ok(name !== undefined, row);
      assert.ok(Deno.statSync(new URL(`scenarios/faults/${name}`, root)).isFile, name);
    }
  },
});
