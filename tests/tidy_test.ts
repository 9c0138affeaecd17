// What holds for the code as a whole: who may import whom, and which rooms may look at a clock or do I/O.

import assert from "node:assert/strict";
import { needs } from "./permissions.ts";

/** Each room and the rooms that it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = (() => {
  const direct: Record<string, readonly string[]> = {
    base: [],
    distributions: ["base"],
    model: ["distributions"],
    load: ["model"],
    faults: ["model"],
    objectives: ["model"],
    plan: ["load", "faults", "objectives"],
    scenario: ["plan"],
    engine: ["plan"],
    telemetry: ["plan"],
    metrics: ["plan"],
    sinks: ["telemetry"],
    report: ["metrics"],
    run: ["scenario", "engine", "sinks", "report"],
    replay: ["run"],
    stack: ["run"],
    cli: ["replay", "stack"],
  };
  const all = (room: string): string[] => direct[room]!.flatMap((each) => [each, ...all(each)]);
  return Object.fromEntries(Object.keys(direct).map((room) => [room, [...new Set(all(room))]]));
})();

/** Rooms that may read clocks, wait and do I/O. */
const IMPURE = new Set(["sinks", "run", "replay", "stack", "cli"]);
const BANNED_EVERYWHERE = [/\bMath\.random\b/, /@ts-ignore/, /\.only\(/];
const BANNED_IN_PURE = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\.now\b/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bDeno\./,
];

const read = needs("read");
const root = new URL("../", import.meta.url);

function* sources(folder: URL): Iterable<{ path: string; text: string }> {
  for (const entry of Deno.readDirSync(folder)) {
    const url = new URL(entry.isDirectory ? `${entry.name}/` : entry.name, folder);
    if (entry.isDirectory) yield* sources(url);
    else if (entry.name.endsWith(".ts")) {
      yield { path: url.pathname.slice(root.pathname.length), text: Deno.readTextFileSync(url) };
    }
  }
}

/** A source without its comments, so that words about clocks are no clocks. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "").replace(/\s\/\/ .*$/gm, "");
}

Deno.test({
  name: "rooms of sim/ import only the rooms that the design lets them",
  ignore: read,
  fn() {
    const wrong: string[] = [];
    for (const { path, text } of sources(new URL("sim/", root))) {
      const room = path.split("/")[1]!;
      assert.ok(MAY_IMPORT[room] !== undefined, `${path}: the room ${room} is not in the design`);
      for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"((?:\.\.?)\/[^"]+)"/g)) {
        const resolved = new URL(target!, new URL(path, root)).pathname.slice(root.pathname.length);
        const [top, other] = resolved.split("/");
        if (top === "sim" && other !== room && !MAY_IMPORT[room].includes(other!)) {
          wrong.push(`${path} imports ${resolved}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "no chance but keyed draws, and no clock, timer or I/O outside sinks, run, replay and cli",
  ignore: read,
  fn() {
    const wrong: string[] = [];
    for (const { path, text } of sources(new URL("sim/", root))) {
      const banned = IMPURE.has(path.split("/")[1]!) ? BANNED_EVERYWHERE : [...BANNED_EVERYWHERE, ...BANNED_IN_PURE];
      for (const pattern of banned) if (pattern.test(code(text))) wrong.push(`${path}: ${pattern.source}`);
    }
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "every source says in its first lines what it is for, and no lint is ignored without a reason",
  ignore: read,
  fn() {
    const wrong: string[] = [];
    for (const { path, text } of sources(new URL("sim/", root))) {
      if (!/^(\/\/|\/\*\*)/.test(text)) wrong.push(`${path}: no first comment`);
      for (const [line] of text.matchAll(/^.*deno-lint-ignore.*$/gm)) {
        if (!/deno-lint-ignore(-file)? [\w/-]+ -- \S/.test(line)) wrong.push(`${path}: ${line.trim()}`);
      }
    }
    assert.deepEqual(wrong, []);
  },
});
