import assert from "node:assert/strict";
import { FactBatch, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";
import { LogFiles } from "../../sim/sinks/log_files.ts";
import { MemorySink } from "../../sim/sinks/memory.ts";
import { needs } from "../permissions.ts";
import { everyKind, failing } from "../telemetry/facts.ts";
import { addRow, IDENTITY, shop, siteOf } from "../telemetry/plan.ts";
import { type Disk, disk } from "./failing_file.ts";

interface Bench {
  readonly sink: LogFiles;
  readonly notices: string[];
  readonly folders: string[];
  readonly removed: string[];
}

function bench(plan: Plan, { files, open }: Disk, bufferBytes = 1024): Bench {
  const notices: string[] = [], folders: string[] = [], removed: string[] = [];
  const sink = new LogFiles({
    plan,
    identity: IDENTITY,
    directory: "logs",
    runId: "run1",
    onNotice: (text) => notices.push(text),
    bufferBytes,
    open,
    makeFolder: (path) => folders.push(path),
    remove: (path) => {
      removed.push(path);
      files.delete(path);
    },
  });
  return { sink, notices, folders, removed };
}

/** So many completed requests of web. */
function requests(plan: Plan, count: number, status = 200): FactBatch {
  const site = siteOf(plan, "web.POST /checkout", "journey");
  const batch = new FactBatch();
  const outcome = status < 400 ? Outcome.ok : Outcome.error;
  for (let i = 0; i < count; i++) {
    addRow(batch, FactKind.request, {
      time: i * 1e6,
      endpoint: site.callee,
      site: site.index,
      status,
      outcome,
      span: [1, i],
    });
  }
  return batch;
}

const WEB = "logs/web/web-run1.log";

Deno.test("every service that logs has a folder and a file from the start, an external one has none", async () => {
  const { open, files } = disk();
  const { sink, folders } = bench(shop(), { open, files, writes: 0 });
  assert.deepEqual(
    folders,
    ["web", "payment", "cart", "orders-db", "sessions", "events"].map((name) => `logs/${name}`),
  );
  assert.deepEqual([...files.keys()], sink.paths);
  assert.equal(sink.paths[0], WEB);
  await sink.close();
  assert.ok([...files.values()].every((file) => file.closed));
});

Deno.test("the bytes do not depend on the buffer's size, on flushes or on how facts are cut into batches", async () => {
  const plan = failing(shop("java", "plain"));
  const whole = everyKind(plan);
  const expected = new MemorySink(plan, IDENTITY);
  expected.take(whole);
  for (const bufferBytes of [1, 700, 1 << 20]) {
    const made = disk();
    const { sink } = bench(plan, made, bufferBytes);
    for (let row = 0; row < whole.length; row++) {
      const one = new FactBatch(1);
      for (const name of Object.keys(whole) as (keyof FactBatch)[]) {
        const column = whole[name];
        if (typeof column !== "object") continue;
        const width = column.length / whole.kind.length;
        (one[name] as Float64Array).set((column as Float64Array).subarray(row * width, row * width + width));
      }
      one.length = 1;
      sink.take(one);
      if (row % 3 === 0) sink.flush();
    }
    await sink.close();
    for (const service of ["web", "payment", "orders-db"]) {
      assert.equal(made.files.get(`logs/${service}/${service}-run1.log`)!.text, expected.log(service));
    }
    assert.deepEqual(sink.delivery, expected.logDelivery);
  }
});

Deno.test("a file that takes seven bytes at a time still gets them all", async () => {
  const plan = shop();
  const made = disk({ bytesAtOnce: 7 });
  const { sink } = bench(plan, made);
  sink.take(requests(plan, 20));
  await sink.close();
  const lines = made.files.get(WEB)!.text.trimEnd().split("\n");
  assert.equal(lines.length, 20);
  for (const line of lines) JSON.parse(line);
  assert.deepEqual(sink.delivery, { generated: 20, delivered: 20, rejected: 0, pending: 0 });
});

Deno.test("on a full disk only whole lines stay, the others are pending, and it is told once", async () => {
  const plan = shop();
  const made = disk({ capacity: 2500, bytesAtOnce: 100 });
  const { sink, notices } = bench(plan, made);
  sink.take(requests(plan, 20));
  sink.take(requests(plan, 20));
  await sink.close();
  const { text } = made.files.get(WEB)!;
  assert.ok(text.endsWith("}\n"));
  const lines = text.trimEnd().split("\n");
  for (const line of lines) JSON.parse(line);
  assert.ok(lines.length > 0 && lines.length < 20);
  assert.deepEqual(sink.delivery, {
    generated: 40,
    delivered: lines.length,
    rejected: 0,
    pending: 40 - lines.length,
  });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /logs\/web\/web-run1\.log: No space left on device/);
  assert.equal(sink.errors.length, 1);
});

Deno.test("a plain record with its stack trace is one record, and is kept whole or not at all", async () => {
  const plan = shop("java", "plain");
  const batch = requests(plan, 10, 500);
  const full = disk();
  const unlimited = bench(plan, full).sink;
  unlimited.take(batch);
  await unlimited.close();
  assert.equal(unlimited.delivery.generated, 10);
  const record = full.files.get(WEB)!.text.length / 10;

  const made = disk({ capacity: Math.floor(record * 3.5) });
  const { sink } = bench(plan, made, 1 << 20);
  sink.take(batch);
  await sink.close();
  assert.equal(sink.delivery.delivered, 3);
  assert.equal(made.files.get(WEB)!.text, full.files.get(WEB)!.text.slice(0, record * 3));
});

Deno.test("the account holds while lines are buffered", () => {
  const plan = shop();
  const { sink } = bench(plan, disk(), 1 << 20);
  sink.take(requests(plan, 5));
  assert.deepEqual(sink.delivery, { generated: 5, delivered: 0, rejected: 0, pending: 5 });
  sink.flush();
  assert.deepEqual(sink.delivery, { generated: 5, delivered: 5, rejected: 0, pending: 0 });
});

Deno.test("a failing log of one service does not hold back the others", async () => {
  const plan = failing(shop());
  const made = disk();
  const { sink, notices } = bench(plan, {
    ...made,
    open: (path) => path === WEB ? disk({ capacity: 0 }).open(path) : made.open(path),
  });
  sink.take(everyKind(plan));
  await sink.close();
  assert.equal(notices.length, 1);
  assert.notEqual(made.files.get("logs/payment/payment-run1.log")!.text, "");
  const { generated, delivered, pending } = sink.delivery;
  assert.equal(generated, delivered + pending);
  assert.ok(delivered > 0 && pending > 0);
});

Deno.test("a file of that name is an error in clear words, and what was created before it is taken away", () => {
  const made = disk();
  made.open("logs/cart/cart-run1.log");
  const files = made.files;
  assert.throws(() => bench(shop(), made), /logs\/cart\/cart-run1\.log exists already, and a run never writes/);
  assert.deepEqual([...files.keys()], ["logs/cart/cart-run1.log"]);
});

Deno.test({
  name: "on a disk: folders are made, files have mode 0644, an earlier run's files stay as they are",
  ignore: needs("read", "write") || Deno.build.os === "windows",
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const plan = shop();
      const settings = { plan, identity: IDENTITY, directory: `${directory}/deep/logs`, onNotice: () => {} };
      for (const runId of ["a", "b"]) {
        const sink = new LogFiles({ ...settings, runId });
        sink.take(requests(plan, 3));
        await sink.close();
      }
      const path = `${directory}/deep/logs/web/web-a.log`;
      assert.equal(Deno.statSync(path).mode! & 0o777 & ~0o022, 0o644 & ~0o022);
      assert.equal(Deno.readTextFileSync(path), Deno.readTextFileSync(path.replace("-a", "-b")));
      assert.throws(() => new LogFiles({ ...settings, runId: "a" }), /exists already/);
      assert.equal(Deno.readTextFileSync(path).trimEnd().split("\n").length, 3);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
