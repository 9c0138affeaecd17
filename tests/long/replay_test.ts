// What a replay costs: CPU as a ratio to parsing the same file with JSON.parse alone, and resident memory, of whole
// processes. SQUALL_REPLAY_SPANS sets how many spans are recorded (5,000,000 make a file of 4.8 GB).

import assert from "node:assert/strict";
import { otlpRequest, otlpSpan } from "../replay/recordings.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

const ignore = needs("read", "write", "run", "env") || Deno.build.os !== "linux";
const LINE_SPANS = 1000;
const CPU_RATIO_MAX = 3;
const RESIDENT_MIB_MAX = 300;

/** A program that parses the file line by line, and nothing else. */
const PARSE = `
const file = Deno.openSync(Deno.args[0]), piece = new Uint8Array(1 << 20), decoder = new TextDecoder();
let rest = new Uint8Array(0), spans = 0;
for (let count = file.readSync(piece); count !== null; count = file.readSync(piece)) {
  const bytes = new Uint8Array(rest.length + count);
  bytes.set(rest);
  bytes.set(piece.subarray(0, count), rest.length);
  let at = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    for (const resource of JSON.parse(decoder.decode(bytes.subarray(at, end))).resourceSpans) {
      for (const scope of resource.scopeSpans) spans += scope.spans.length;
    }
    at = end + 1;
  }
  rest = bytes.slice(at);
}
console.log(spans);
`;

/** Writes lines of 1,000 spans of about 1 KB, as a run writes them: in the order of their ends, with ids of their own. */
function record(path: string, spans: number): void {
  const attributes = Array.from({ length: 10 }, (_, i) => ({
    key: `http.attribute.${i}`,
    value: i % 3 === 0 ? { intValue: i * 1000 } : { stringValue: `a value of some length, number ${i}` },
  }));
  const file = Deno.openSync(path, { createNew: true, write: true });
  const encoder = new TextEncoder();
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  for (let first = 0; first < spans; first += LINE_SPANS) {
    const items = Array.from({ length: LINE_SPANS }, (_, i) => {
      const number = first + i + 1;
      const start = 1_700_000_000_000_000_000n + BigInt(number) * 400_000n;
      return otlpSpan({
        traceId: hex(Math.ceil(number / 10), 32),
        spanId: hex(number, 16),
        parentSpanId: number % 10 === 1 ? "" : hex(number - 1, 16),
        startTimeUnixNano: String(start),
        endTimeUnixNano: String(start + BigInt(number % 977) * 1_000_000n),
        attributes,
        events: [],
        links: [],
      });
    });
    const bytes = encoder.encode(JSON.stringify(otlpRequest(items, `service-${first / LINE_SPANS % 12}`)) + "\n");
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  }
  file.close();
}

/** Runs a process and gives its CPU in seconds and its largest resident memory in MiB, from /proc. */
async function measured(args: readonly string[]): Promise<{ cpu: number; resident: number; stdout: string }> {
  const process = new Deno.Command(Deno.execPath(), { args: [...args], stdout: "piped", stderr: "null" }).spawn();
  let cpu = 0, resident = 0, over = false;
  const watching = (async () => {
    while (!over) {
      try {
        // Fields after the name: 14 and 15 of all are user and system time in ticks of a hundredth of a second.
        const stat = Deno.readTextFileSync(`/proc/${process.pid}/stat`).split(") ")[1]!.split(" ");
        cpu = Math.max(cpu, (Number(stat[11]) + Number(stat[12])) / 100);
        const peak = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${process.pid}/status`));
        resident = Math.max(resident, Number(peak?.[1] ?? 0) / 1024);
      } catch {
        // It has just ended.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const { success, stdout } = await process.output();
  over = true;
  await watching;
  assert.ok(success);
  return { cpu, resident, stdout: new TextDecoder().decode(stdout) };
}

Deno.test({
  name: "a replay takes at most three times the CPU of JSON.parse on the same file, and 300 MiB",
  ignore,
  async fn() {
    const spans = Number(Deno.env.get("SQUALL_REPLAY_SPANS") ?? 300_000);
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    try {
      record(`${folder}/traces.jsonl`, spans);
      Deno.writeTextFileSync(`${folder}/parse.ts`, PARSE);
      const parse = await measured(["run", "--allow-read", `${folder}/parse.ts`, `${folder}/traces.jsonl`]);
      assert.equal(Number(parse.stdout), spans);
      const replay = await measured([
        ...["run", "--allow-read", "--allow-write", "--allow-env", fromRoot("main.ts"), "replay"],
        ...[`${folder}/traces.jsonl`, "--pace", "max", "--traces", "file", "--no-logs"],
        ...["--results", `${folder}/replay`, "--json"],
      ]);
      const { delivery, read } = JSON.parse(replay.stdout);
      assert.deepEqual(delivery.spans, { generated: spans, delivered: spans, rejected: 0, pending: 0 });
      assert.deepEqual([read.skipped, read.late.records], [[], 0]);
      const ratio = replay.cpu / parse.cpu;
      const figures =
        `${parse.cpu.toFixed(1)} s to parse, ${replay.cpu.toFixed(1)} s to replay (${ratio.toFixed(2)}x), ` +
        `${Math.round(replay.resident)} MiB`;
      assert.ok(ratio <= CPU_RATIO_MAX && replay.resident <= RESIDENT_MIB_MAX, figures);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
