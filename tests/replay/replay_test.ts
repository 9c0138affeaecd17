// Replays of small recordings, with a clock of the tests' own: which records are sent, when, with which times and ids.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { IdPermutation } from "../../sim/replay/ids.ts";
import { Outgoing } from "../../sim/replay/outgoing.ts";
import { Patches, PatchKind } from "../../sim/replay/records.ts";
import { ReorderWindow } from "../../sim/replay/reorder_window.ts";
import { uniform } from "../../sim/base/draws.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { findRecording, serviceOf } from "../../sim/replay/recording.ts";
import { Redaction } from "../../sim/replay/redaction.ts";
import { Replay, type ReplayResult, type ReplaySettings } from "../../sim/replay/replay.ts";
import type { WaitClock } from "../../sim/replay/wall_clock.ts";
import { otlpRequest, otlpSpan } from "./recordings.ts";

const ignore = needs("read", "write");
const SECOND = 1_000_000_000n;
/** When the recordings of these tests begin. */
const RECORDED = 1_700_000_000n * SECOND;
const START = 1_800_000_000n * SECOND + 250_000_000n;

const test = (name: string, fn: () => Promise<void>): void => Deno.test({ name, ignore, fn });

/** Goes forward only when somebody waits for it, and then a little too far, as timers do. */
class VirtualClock implements WaitClock {
  #ms = 0;
  now(): number {
    return this.#ms;
  }
  until(ms: number): Promise<void> {
    this.#ms = Math.max(this.#ms, ms + (ms * 7919 % 1) * 0.4);
    return Promise.resolve();
  }
  turn(): Promise<void> {
    return Promise.resolve();
  }
  wake(): void {
    // It never waits.
  }
}

interface Sent {
  readonly atMs: number;
  readonly service: string;
  readonly text: string;
}

/** What a replay of files with these contents sends. */
async function replayOf(
  files: Readonly<Record<string, string>>,
  changes: Partial<ReplaySettings> = {},
): Promise<{ sent: Sent[]; result: ReplayResult }> {
  const folder = Deno.makeTempDirSync();
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  try {
    const parts = Object.entries(files).map(([name, text]) => {
      const path = `${folder}/${name}`;
      Deno.writeTextFileSync(path, text);
      return { path, service: serviceOf(path), bytes: text.length };
    });
    const nothing = { generated: 0, delivered: 0, rejected: 0, pending: 0 };
    const result = await new Replay({
      parts,
      filter: { services: new Set(), redaction: undefined },
      pace: Infinity,
      startEpochNs: START,
      passes: 1,
      keepIds: true,
      idKey: Uint32Array.of(1, 2, 3, 4),
      clock,
      showPath: (path) => path,
      sinks: {
        take: (batch: Outgoing) => {
          for (let row = 0; row < batch.length; row++) {
            const text = new TextDecoder().decode(batch.row(row));
            const service = batch.serviceOfLine(row) ?? batch.build(row)!.resource.service;
            sent.push({ atMs: clock.now(), service, text });
          }
          return Promise.resolve();
        },
        evaluate: () => Promise.resolve(),
        flush: () => Promise.resolve(),
        close: () => Promise.resolve(),
        delivery: { spans: nothing, logs: nothing },
      },
      ...changes,
    }).execute();
    return { sent, result };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** A span of the recording, from `at` for `length` milliseconds. */
function span(at: number, length: number, id: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const time = (ms: number): string => String(RECORDED + BigInt(Math.round(ms * 1e6)));
  return otlpSpan({
    spanId: id.toString(16).padStart(16, "a"),
    startTimeUnixNano: time(at),
    endTimeUnixNano: time(at + length),
    events: [{ timeUnixNano: time(at + length), name: "e", attributes: [] }],
    ...changes,
  });
}

function line(at: number, message: string): string {
  const time = new Date(Number(RECORDED / 1_000_000n) + at).toISOString();
  return `${time} ${message}`;
}

const spanTime = (sent: Sent): bigint => BigInt((JSON.parse(sent.text) as { endTimeUnixNano: string }).endTimeUnixNano);

test("at 10x, all intervals of emission are a tenth within 1 ms", async () => {
  const ends: number[] = [];
  for (let i = 0, at = 0; i < 2000; i++, at += i % 50 === 0 ? 900 : (i * 7919 % 1000) / 20) ends.push(at);
  const text = ends.map((at, i) => JSON.stringify(otlpRequest([span(at, 5, i)]))).join("\n");
  const { sent } = await replayOf({ "traces.jsonl": text }, { pace: 10 });
  assert.equal(sent.length, ends.length);
  for (let i = 1; i < sent.length; i++) {
    const recorded = Number(spanTime(sent[i]!) - spanTime(sent[i - 1]!)) / 1e6;
    const wall = sent[i]!.atMs - sent[i - 1]!.atMs;
    assert.ok(Math.abs(wall - recorded / 10) <= 1, `interval ${i}: ${wall} ms of ${recorded} ms`);
  }
});

test("spans and lines are sent in step, in the order of their times, whatever their files", async () => {
  const { sent, result } = await replayOf({
    "traces.jsonl": [
      JSON.stringify(otlpRequest([span(0, 30, 1), span(0, 10, 2)])),
      JSON.stringify(otlpRequest([span(5, 15, 3)])),
    ].join("\n"),
    "a.log": [line(5, "a5"), line(25, "a25")].join("\n"),
    "b.log": [line(21, "b21"), line(1, "b1")].join("\n"),
  });
  const what = sent.map(({ text }) => text.startsWith("{") ? text.slice(57, 75).match(/a(\d)"/)?.[1] : text.slice(25));
  assert.deepEqual(what, ["b1", "a5", "2", "3", "b21", "a25", "1"]);
  assert.deepEqual(result.account, { otherServices: 0, late: 0, lateNs: 0 });
  assert.deepEqual(sent.slice(0, 2).map(({ service }) => service), ["b", "a"]);
});

test("all times are shifted by the same whole seconds: spans', events', and lines' with their digits and zones", async () => {
  const lines = [
    '{"time":"2023-11-14T22:13:20.000000001Z","n":1}',
    "time=2023-11-14T23:13:20.5+01:00 msg=x",
    '1.2.3.4 - - [14/Nov/2023:22:13:21 +0000] "GET / HTTP/1.1" 200 5',
    '{"ts":1700000002.125,"msg":"x"}',
    '{"msg":"x","timestamp":1700000003125}',
  ];
  const { sent, result } = await replayOf({
    "app.log": lines.join("\n"),
    "t.jsonl": JSON.stringify(otlpRequest([span(0, 10, 1)])),
  });
  assert.equal(result.shiftSeconds, 100_000_000);
  assert.deepEqual(sent.filter(({ service }) => service === "app").map(({ text }) => text), [
    '{"time":"2027-01-15T08:00:00.000000001Z","n":1}',
    "time=2027-01-15T09:00:00.5+01:00 msg=x",
    '1.2.3.4 - - [15/Jan/2027:08:00:01 +0000] "GET / HTTP/1.1" 200 5',
    '{"ts":1800000002.125,"msg":"x"}',
    '{"msg":"x","timestamp":1800000003125}',
  ]);
  const sentSpan = JSON.parse(sent.find(({ service }) => service === "cart")!.text);
  assert.deepEqual(
    [sentSpan.startTimeUnixNano, sentSpan.endTimeUnixNano, sentSpan.events[0].timeUnixNano],
    ["1800000000000000000", "1800000000010000000", "1800000000010000000"],
  );
});

test("ids are replaced consistently in spans, parents, links and lines, by others at each time", async () => {
  const trace = "0af7651916cd43dd8448eb211c80319c", id = "b7ad6b7169203331";
  const files = {
    "t.jsonl": JSON.stringify(otlpRequest([
      span(0, 1, 1, { traceId: trace, spanId: id, parentSpanId: "" }),
      span(0, 2, 2, { traceId: trace, parentSpanId: id, links: [{ traceId: trace, spanId: id, attributes: [] }] }),
    ])),
    "a.log": [
      line(3, `traceparent=00-${trace}-${id}-01 and [${trace} ${id}], 0123456789012345 is no id`),
      line(4, JSON.stringify({ spanId: id, traceID: trace.slice(16) })),
    ].join("\n"),
  };
  const { sent } = await replayOf(files, { keepIds: false, passes: 2 });
  const seen = new Set<string>();
  for (const pass of [sent.slice(0, 4), sent.slice(4)]) {
    const [first, second] = pass.slice(0, 2).map(({ text }) => JSON.parse(text));
    assert.ok(![trace, undefined].includes(first.traceId) && /^[0-9a-f]{32}$/.test(first.traceId));
    assert.equal(second.traceId, first.traceId);
    assert.equal(second.parentSpanId, first.spanId);
    assert.deepEqual([second.links[0].traceId, second.links[0].spanId], [first.traceId, first.spanId]);
    assert.equal(
      pass[2]!.text.slice(25),
      `traceparent=00-${first.traceId}-${first.spanId}-01 and [${first.traceId} ${first.spanId}], 0123456789012345 is no id`,
    );
    assert.equal(JSON.parse(pass[3]!.text.slice(25)).spanId, first.spanId);
    seen.add(first.traceId);
  }
  assert.equal(seen.size, 2);
});

Deno.test("a permutation of ids maps different ids to different ones", () => {
  const ids = new IdPermutation(Uint32Array.of(7, 8, 9, 10));
  for (const length of [2, 4]) {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const words = new Uint32Array(length);
      words[i % length] = i + 1;
      ids.replace(words);
      seen.add(words.join());
    }
    assert.equal(seen.size, 20_000);
  }
});

test("loops come one after the other, a whole number of seconds apart", async () => {
  const { sent, result } = await replayOf(
    { "a.log": [line(0, "x"), line(2500, "y")].join("\n") },
    { passes: 3, pace: 100 },
  );
  const seconds = sent.map(({ text }) => (Date.parse(text.slice(0, 24)) - 1_800_000_000_000) / 1000);
  assert.deepEqual(seconds, [0, 2.5, 3, 5.5, 6, 8.5]);
  assert.equal(result.passes, 3);
  sent.forEach(({ atMs }, i) => assert.ok(Math.abs(atMs - seconds[i]! * 10) < 1));
});

test("--from and --to cut by the recording's own times, and --only by services", async () => {
  const files = {
    "a.log": [0, 1000, 2000, 3000].map((at) => line(at, String(at))).join("\n"),
    "b.log": line(1500, "b"),
  };
  const bound = (ms: number) => ({ kind: "relative", after: ms * 1e6 as never }) as const;
  const cut = await replayOf(files, { from: bound(1000), to: bound(3000) });
  assert.deepEqual(cut.sent.map(({ text }) => text.slice(25)), ["1000", "b", "2000"]);
  // What is sent first happens at the start.
  assert.match(cut.sent[0]!.text, /^2027-01-15T08:00:00/);
  assert.equal(cut.result.outside, 2);
  const absolute = { kind: "absolute", epochNs: RECORDED + 2n * SECOND } as const;
  assert.equal((await replayOf(files, { from: absolute })).sent.length, 2);
  const only = await replayOf(files, { filter: { services: new Set(["b"]), redaction: undefined } });
  assert.deepEqual(only.sent.map(({ text }) => text.slice(25)), ["b"]);
  assert.equal(only.result.account.otherServices, 4);
});

test("what is redacted is hidden wherever it stands, and the rest stays as it is", async () => {
  const attributes = [
    { key: "user.email", value: { stringValue: "bob@example.com" } },
    { key: "note", value: { arrayValue: { values: [{ stringValue: "card 4111111111111111!" }] } } },
    { key: "http.route", value: { stringValue: "/cart" } },
  ];
  const redaction = new Redaction(["user.*", "/\\b\\d{16}\\b/"]);
  const { sent } = await replayOf({
    "t.jsonl": JSON.stringify(otlpRequest([span(0, 1, 1, { name: "pay 4111111111111111", attributes })])),
    "a.log": [
      line(2, 'user.id=7 x="4111111111111111" super.user=8'),
      `{"time":"${line(3, "").trim()}","user.name":"B \\"o\\" b","n":1.50,"message":"4111111111111111"}`,
    ].join("\n"),
  }, { filter: { services: new Set(), redaction } });
  const [first, second, third] = sent;
  const read = JSON.parse(first!.text);
  assert.equal(read.name, "pay [redacted]");
  assert.deepEqual(read.attributes, [
    { key: "user.email", value: { stringValue: "[redacted]" } },
    { key: "note", value: { arrayValue: { values: [{ stringValue: "card [redacted]!" }] } } },
    { key: "http.route", value: { stringValue: "/cart" } },
  ]);
  assert.equal(second!.text.slice(25), 'user.id=[redacted] x="[redacted]" super.user=8');
  assert.match(third!.text, /"user\.name":"\[redacted\]","n":1\.50,"message":"\[redacted\]"\}$/);
});

test("records that come later than the window holds are sent all the same, and counted", async () => {
  const many = Array.from({ length: 60_000 }, (_, i) => line(i, "x"));
  const { sent, result } = await replayOf({ "a.log": [...many, line(3, "late")].join("\n") });
  assert.equal(sent.length, many.length + 1);
  assert.equal(result.account.late, 1);
  assert.ok(result.account.lateNs > 1e9);
  assert.equal(sent.filter(({ text }) => text.endsWith("late")).length, 1);
});

Deno.test("the window gives records by their times, with their bytes, whatever comes and goes", () => {
  const window = new ReorderWindow({ records: 400, bytes: 1 << 20 });
  const header = { resource: undefined, scope: undefined, service: "s" };
  const patches = new Patches();
  const held = new Map<string, number>();
  let pushed = 0;
  const take = (): void => {
    assert.equal(window.nextTime, Math.min(...held.values()));
    assert.ok(window.take());
    const text = new TextDecoder().decode(window.bytes.subarray(window.from, window.to));
    assert.equal(held.get(text), window.time);
    assert.deepEqual([...window.patches.subarray(window.patchesFrom, window.patchesTo)], [text.length, 5 * 16]);
    held.delete(text);
  };
  for (let i = 0; i < 4000; i++) {
    // Every tenth stays until the end, while the others come and go.
    const time = (i % 10 === 0 ? 1e9 : 0) + uniform(i, 1, 2) * 1000;
    const text = `${i} ${"x".repeat(Math.floor(uniform(i, 3, 4) * 6000))}`;
    const bytes = new TextEncoder().encode(`..${text}..`);
    patches.count = 0;
    patches.add(text.length, PatchKind.traceId, 5);
    window.push(time as Nanos, header, bytes, 2, bytes.length - 2, patches);
    held.set(text, time);
    pushed++;
    while (window.isFull) take();
  }
  assert.ok(pushed - held.size > 3000);
  while (window.size > 0) take();
  assert.equal(held.size, 0);
});

test("records of clocks that are years off are sent with all others, and hold nothing up", async () => {
  const lines = Array.from({ length: 60 }, (_, i) => line(i * 100, String(i)));
  const wrong = ["1971-01-01T00:00:00Z past", "2099-01-01T00:00:00Z future"];
  const { sent, result } = await replayOf({ "a.log": [...lines, ...wrong].join("\n") }, { pace: 10 });
  assert.equal(sent.length, 62);
  assert.equal(result.leaps, 1);
  assert.deepEqual([sent[0]!.text.slice(21), sent.at(-1)!.text.slice(21)], ["past", "future"]);
  // The others happen when they should.
  assert.match(sent[1]!.text, /^2027-01-15T08:00:00/);
  sent.slice(1, -1).forEach(({ atMs }, i) => assert.ok(Math.abs(atMs - i * 10) < 1));
  assert.ok(sent.at(-1)!.atMs < 1000);
});

test("a replay that is interrupted ends, and what was sent is handed on", async () => {
  let interrupt = (): void => {};
  const clock = new class extends VirtualClock {
    override until(ms: number): Promise<void> {
      if (ms > 1500) interrupt();
      return super.until(ms);
    }
  }();
  const settings: Partial<ReplaySettings> = { pace: 1, clock };
  const original = Replay.prototype.execute;
  Replay.prototype.execute = function (): Promise<ReplayResult> {
    interrupt = () => this.interrupt();
    return original.call(this);
  };
  try {
    const files = { "a.log": [0, 1000, 2000, 3000].map((at) => line(at, String(at))).join("\n") };
    const { sent, result } = await replayOf(files, settings);
    assert.deepEqual([result.ended, sent.length], ["interrupted", 2]);
  } finally {
    Replay.prototype.execute = original;
  }
});

test("a run's or a replay's folder leads to its spans, to the records that no collector took, and to its logs wherever they are", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const write = (path: string, text = ""): void => {
      Deno.mkdirSync(`${folder}/${path}`.replace(/[/][^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(`${folder}/${path}`, text);
    };
    const manifest = (to: string, logs?: string): string =>
      JSON.stringify({
        manifest: 1,
        id: "id-1",
        start: "",
        elapsed_ns: 0,
        logs: { to, files: [], ...(logs === undefined ? {} : { folder: logs }) },
        traces: { delivery: { delivered: 0 } },
      });
    for (const run of ["a", "b", "c", "d"]) write(`${run}/traces.jsonl`);
    for (const run of ["a", "b"]) write(`${run}/summary.json`, JSON.stringify({ run: { id: "id-1" } }));
    write("a/manifest.json", manifest("files", "../elsewhere"));
    write("elsewhere/web/web-id-1.log");
    write("elsewhere/web/web-id-2.log");
    write("b/manifest.json", manifest("otlp"));
    write("b/logs.jsonl");
    write("d/summary.json", JSON.stringify({ replay: { id: "id-4" } }));
    write("logs/web/web-id-4.log");
    const found = (run: string): unknown => {
      const { parts, notices } = findRecording(
        [`${folder}/${run}`],
        `${folder}/logs`,
        (path) => path.slice(folder.length),
      );
      return [parts.map(({ path }) => path.slice(folder.length + 1)), notices];
    };
    assert.deepEqual(found("a"), [["a/traces.jsonl", "elsewhere/web/web-id-1.log"], []]);
    assert.deepEqual(found("b"), [["b/traces.jsonl", "b/logs.jsonl"], [
      "/b has no log files: its lines went to a collector, but for those that it did not acknowledge",
    ]]);
    assert.deepEqual(found("c"), [["c/traces.jsonl"], [
      "/c has no log files in /logs: name the folder that holds them, if there is one",
    ]]);
    assert.deepEqual(found("d"), [["d/traces.jsonl", "logs/web/web-id-4.log"], []]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  return Promise.resolve();
});
