// deno task replay as a user runs it: recordings of our own runs, collectors, and what cannot be replayed.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { Receiver } from "../receiver.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";
import { filesBelow, squall, start } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");
const test = (name: string, fn: () => Promise<void>): void => Deno.test({ name, ignore, fn });

/** A run of ten simulated seconds, with its logs and its trace file. */
async function recorded(): Promise<string> {
  const { folder, file } = scenarioFolder(TEN_SECONDS);
  const run = await squall([
    "run",
    file,
    ...["--pace", "max", "--start", "2026-03-01T10:00:00.25Z", "--traces", "file"],
    ...["--logs", `${folder}/logs`, "--results", `${folder}/run`],
  ]);
  assert.equal(run.code, 0, run.stderr);
  return folder;
}

type Json = Record<string, unknown>;

/** Every span with all that is said of it, as texts in order; times moved back by `shift` seconds. */
function spansOf(path: string, shift: number): string[] {
  const back = (text: string): string =>
    text.replace(/"(\w*imeUnixNano)":"(\d+)(\d{9})"/g, (_, name, s, ns) => `"${name}":"${Number(s) - shift}${ns}"`);
  return Deno.readTextFileSync(path).trimEnd().split("\n").flatMap((line) => {
    const { resourceSpans } = JSON.parse(line) as { resourceSpans: Json[] };
    return resourceSpans.flatMap(({ resource, schemaUrl, scopeSpans }) =>
      (scopeSpans as Json[]).flatMap(({ scope, spans }) =>
        (spans as Json[]).map((span) =>
          back(JSON.stringify([(resource as Json)["attributes"], schemaUrl, (scope as Json)["name"], span]))
        )
      )
    );
  }).sort();
}

/** The lines of every service in their order; times moved back by `shift` seconds. */
function linesOf(folder: string, shift: number): Record<string, string[]> {
  const logs: Record<string, string[]> = {};
  for (const path of filesBelow(folder)) {
    const text = Deno.readTextFileSync(`${folder}/${path}`).replace(
      /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{9}Z)/g,
      (_, time, rest) => new Date(Date.parse(`${time}Z`) - shift * 1000).toISOString().slice(0, 19) + rest,
    );
    logs[path.split("/")[0]!] = text.split("\n");
  }
  return logs;
}

test("a run replayed with --keep-ids has the same spans and lines, shifted by one constant, at any pace", async () => {
  const folder = await recorded();
  const spans = spansOf(`${folder}/run/traces.jsonl`, 0);
  assert.ok(spans.length > 2000);
  const traceFiles: string[] = [];
  for (const [pace, name] of [["max", "fast"], ["40x", "paced"]] as const) {
    const again = await squall([
      "replay",
      ...[`${folder}/run`, `${folder}/logs`, "--keep-ids", "--pace", pace, "--traces", "file"],
      ...["--start", "2026-03-02T11:00:00Z", "--logs", `${folder}/${name}/logs`, "--results", `${folder}/${name}/run`],
    ]);
    assert.equal(again.code, 0, again.stderr);
    const { replay, read, delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/${name}/run/summary.json`));
    assert.ok(Math.abs(replay.shiftSeconds - 90_000) <= 1);
    assert.deepEqual([read.skipped, read.kept, read.late.records], [[], [], 0]);
    assert.deepEqual(spansOf(`${folder}/${name}/run/traces.jsonl`, replay.shiftSeconds), spans);
    assert.deepEqual(linesOf(`${folder}/${name}/logs`, replay.shiftSeconds), linesOf(`${folder}/logs`, 0));
    const count = spans.length;
    assert.deepEqual(delivery.spans, { generated: count, delivered: count, rejected: 0, pending: 0 });
    assert.match(again.stdout, new RegExp(`spans: generated ${count.toLocaleString("en")} = delivered`));
    traceFiles.push(Deno.readTextFileSync(`${folder}/${name}/run/traces.jsonl`));
  }
  assert.equal(traceFiles[0], traceFiles[1]);
  // The folder of a replay is a recording too.
  const compared = await squall(["compare", `${folder}/run`, `${folder}/fast/run`]);
  assert.equal(compared.code, 0, compared.stderr);
  assert.match(compared.stdout, /ENDPOINTS\n\n +\d+ alike/);
});

test("a collector gets every span with an id of its own, the run's lines have the same ids, and all ends with --end", async () => {
  await using receiver = new Receiver();
  const folder = await recorded();
  const again = await squall([
    "replay",
    // The run says where its logs are.
    ...[`${folder}/run`, "--pace", "max", "--otlp-endpoint", receiver.endpoint, "--end", "2026-03-02T11:00:00Z"],
    ...["--logs", `${folder}/again`, "--results", `${folder}/replay`],
  ]);
  assert.equal(again.code, 0, again.stderr);
  const { replay } = JSON.parse(Deno.readTextFileSync(`${folder}/replay/summary.json`));
  const last = Date.parse(replay.recorded) + replay.lengthMs + replay.shiftSeconds * 1000;
  const early = Date.parse("2026-03-02T11:00:00Z") - last;
  assert.ok(early > -1 && early <= 1001, `${early} ms before --end`);
  const count = spansOf(`${folder}/run/traces.jsonl`, 0).length;
  assert.equal(receiver.spans.size, count);
  const received = [...receiver.spans.values()];
  const ids = new Set(received.map(({ spanId }) => spanId));
  const text = Deno.readTextFileSync(`${folder}/run/traces.jsonl`);
  const before = new Set([...text.matchAll(/"traceId":"([0-9a-f]{32})"/g)].map(([, id]) => id!));
  assert.ok(received.every(({ traceId }) => !before.has(traceId)));
  assert.ok(received.every(({ parentSpanId }) => parentSpanId === "" || ids.has(parentSpanId)));
  const lines = Object.values(linesOf(`${folder}/again`, 0)).flat();
  const named = lines.flatMap((line) => [...line.matchAll(/span_id"?[=:]"?([0-9a-f]{16})/g)].map(([, id]) => id!));
  assert.ok(named.length > 500 && named.every((id) => ids.has(id)));
  const traces = new Set(received.map(({ traceId }) => traceId));
  const plain = lines.flatMap((line) => [...line.matchAll(/\[([0-9a-f]{32})-[0-9a-f]{16}\]/g)].map(([, id]) => id!));
  assert.ok(plain.length > 100 && plain.every((id) => traces.has(id)));
});

test("spans that a collector does not take are pending, in the replay's trace file, and the exit code says so", async () => {
  const folder = await recorded();
  const again = await squall([
    "replay",
    ...[
      `${folder}/run/traces.jsonl`,
      "--pace",
      "max",
      "--traces",
      "otlp",
      "--no-logs",
      "--results",
      `${folder}/replay`,
    ],
  ], { env: { OTEL_EXPORTER_OTLP_TIMEOUT: "300" } });
  assert.equal(again.code, 110, again.stderr);
  const count = spansOf(`${folder}/run/traces.jsonl`, 0).length;
  const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/replay/summary.json`));
  assert.deepEqual(delivery.spans, { generated: count, delivered: 0, rejected: 0, pending: count });
  assert.equal(spansOf(`${folder}/replay/traces.jsonl`, 0).length, count);
});

test("Ctrl-C ends an endless loop, and everything that was sent is accounted for", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  Deno.writeTextFileSync(`${folder}/a.log`, "2026-03-01T10:00:00Z one\n2026-03-01T10:00:01Z two\n");
  const running = start([
    "replay",
    ...[`${folder}/a.log`, "--loop", "--pace", "1000x", "--traces", "none"],
    ...["--logs", `${folder}/logs`, "--results", `${folder}/replay`],
  ]);
  await running.said("again and again");
  const log = `${folder}/logs/a`;
  for (let tries = 0; tries < 500; tries++) {
    try {
      if ([...Deno.readDirSync(log)].some(({ name }) => Deno.statSync(`${log}/${name}`).size > 100)) break;
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  running.process.kill("SIGINT");
  const { code, stdout } = await running.ended();
  assert.equal(code, 105);
  const { delivery } = JSON.parse(Deno.readTextFileSync(`${folder}/replay/summary.json`));
  const text = Deno.readTextFileSync(`${log}/${[...Deno.readDirSync(log)][0]!.name}`);
  assert.equal(delivery.logs.delivered, text.split("\n").length - 1);
  assert.match(stdout, /interrupted/);
});

test("what cannot be replayed is said in one line, with exit code 104, and leaves nothing behind", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  Deno.writeTextFileSync(`${folder}/words.txt`, "no times\nin here\n");
  Deno.writeTextFileSync(`${folder}/line.log`, "2026-03-01T10:00:00Z hello\n");
  Deno.mkdirSync(`${folder}/empty`);
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["nothing-here.jsonl"], /there is no nothing-here\.jsonl/],
    [["empty"], /empty holds no files/],
    [["words.txt"], /nothing to replay in words\.txt/],
    [["line.log", "--only", "service=nobody"], /nothing to replay in line\.log: what is there is left out by --only/],
    [["words.txt", "--only", "payment"], /service=NAME/],
    [["words.txt", "--from", "soon"], /2m30s/],
    [["words.txt", "--redact", "/(/"], /no regular expression/],
    [["words.txt", "--loop", "--keep-ids"], /exclude each other/],
    [["words.txt", "--loop", "--pace", "max"], /--loop 10/],
    [["words.txt", "--start", "soon"], /--start soon/],
    [["words.txt", "--start", "now", "--end", "now"], /--start and --end exclude each other/],
    [["words.txt", "--loop", "--end", "now"], /--end and --loop/],
    [["words.txt", "--end", "1970-01-01T00:00:00Z"], /between 1970 and 2255/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await squall(
      ["replay", ...args, "--logs", `${folder}/logs`, "--results", `${folder}/replay`],
      { cwd: folder },
    );
    assert.equal(code, 104, args.join(" "));
    assert.match(stderr, message);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["empty", "line.log", "words.txt"]);
  }
});
