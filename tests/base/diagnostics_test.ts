// Diagnostics as they are kept and printed.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Diagnostics, DIAGNOSTICS_MAX, formatDiagnostic, nearest, visible } from "../../sim/base/diagnostics.ts";
import { lineStarts, lineText, spanAt } from "../../sim/base/node.ts";

const SOURCE = { name: "a.yaml", text: "name: x\r\nservices:\n  wéb: 漢字 [oops]\n" };

function printed(at: string, message = "it is wrong", hint?: string): string {
  const start = SOURCE.text.indexOf(at);
  const span = spanAt(SOURCE, start, start + at.length);
  return formatDiagnostic({ span, path: [], message, ...(hint === undefined ? {} : { hint }) });
}

Deno.test("a diagnostic is the place, the message, the line, a caret below the place and the hint", () => {
  assert.equal(
    printed("services", "it is wrong", "do it right"),
    "a.yaml:2:1: it is wrong\n  2 | services:\n    | ^^^^^^^^\n    = do it right",
  );
});

Deno.test("the caret stands below its place after wide characters", () => {
  assert.equal(printed("oops").split("\n")[2], `    | ${" ".repeat("  wéb: ".length + 4 + 2)}^^^^`);
});

Deno.test("a long line is cut around the place", () => {
  const text = `${"a".repeat(500)}HERE${"b".repeat(500)}`;
  const source = { name: "s", text };
  const [, line, caret] = formatDiagnostic({ span: spanAt(source, 500, 504), path: [], message: "m" }).split("\n");
  assert.ok(line!.length < 120);
  assert.equal(line!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1), "HERE");
});

Deno.test("what could drive a terminal is shown as an escape", () => {
  assert.equal(visible("a\u001b[31m\u202eb\u200b\u{e0041}\ufeff\tc"), "a\\u001b[31m\\u202eb\\u200b\\ue0041\\ufeff c");
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      (text) => assert.doesNotMatch(visible(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u),
    ),
  );
});

Deno.test("diagnostics are kept once and sorted by their place", () => {
  const diagnostics = new Diagnostics();
  const [late, early] = [spanAt(SOURCE, 12, 13), spanAt(SOURCE, 3, 4)];
  diagnostics.add(late, [], "late");
  diagnostics.add(early, [], "early");
  diagnostics.add(early, [], "early");
  assert.deepEqual(diagnostics.sorted().map((each) => each.message), ["early", "late"]);
});

Deno.test("a hostile file cannot make diagnostics without end", () => {
  const diagnostics = new Diagnostics();
  for (let i = 0; i < 10_000; i++) diagnostics.add(spanAt(SOURCE, 0, 1), [], `problem ${i}`);
  assert.equal(diagnostics.count, DIAGNOSTICS_MAX);
});

Deno.test("a concealed value appears in no message and no hint", () => {
  const diagnostics = new Diagnostics();
  diagnostics.conceal("hunter22", "${TOKEN}");
  diagnostics.add(spanAt(SOURCE, 0, 1), [], 'there is no "hunter22"', "not hunter22, but x");
  assert.deepEqual(diagnostics.sorted().map(({ message, hint }) => [message, hint]), [[
    'there is no "${TOKEN}"',
    "not ${TOKEN}, but x",
  ]]);
});

Deno.test("the nearest word allows for a swapped, missing or strange letter, and nothing far", () => {
  const words = ["latency", "errors", "replicas", "concurrency"];
  assert.deepEqual(nearest("latnecy", words), ["latency"]);
  assert.deepEqual(nearest("Replica", words), ["replicas"]);
  assert.deepEqual(nearest("concurency", words), ["concurrency"]);
  assert.deepEqual(nearest("vus", words), []);
  assert.deepEqual(nearest("x".repeat(100_000), words), []);
});

Deno.test("every offset of a text has its line and column, whatever breaks its lines", () => {
  const text = fc.array(fc.constantFrom("a", "é", "\n", "\r\n", "\r", " "), { maxLength: 40 }).map((parts) =>
    parts.join("")
  );
  fc.assert(fc.property(text, fc.nat(50), (written, at) => {
    const source = { name: "s", text: written };
    const start = Math.min(at, written.length);
    const { line, column, length } = spanAt(source, start, start + 3);
    assert.equal(lineStarts(source)[line - 1]! + column - 1, start);
    assert.ok(length >= 1);
    assert.doesNotMatch(lineText(source, line), /[\r\n]/);
  }));
});
