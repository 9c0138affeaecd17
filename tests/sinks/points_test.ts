// Points as k6 writes them: they add up to what the summary says, in bytes that depend on nothing but the facts.

import assert from "node:assert/strict";
import { constants, gunzipSync } from "node:zlib";
import { Counter } from "../../sim/metrics/counter.ts";
import { Gauge } from "../../sim/metrics/gauge.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { RunMetrics } from "../../sim/metrics/run_metrics.ts";
import { Rate } from "../../sim/metrics/rate.ts";
import type { MetricsReport, Series } from "../../sim/metrics/report.ts";
import { Trend } from "../../sim/metrics/trend.ts";
import { METRIC_NAMES, metricSpec } from "../../sim/objectives/metrics.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import { SAMPLE_RULES } from "../../sim/plan/samples.ts";
import { CsvPoints } from "../../sim/sinks/points_csv.ts";
import { PointsFile } from "../../sim/sinks/points_file.ts";
import { JsonPoints } from "../../sim/sinks/points_json.ts";
import { OutputError, parseOutput } from "../../sim/sinks/outputs.ts";
import type { Sink } from "../../sim/sinks/sink.ts";
import { addFact, tinyPlan } from "../plans.ts";
import { threshold } from "../report/example.ts";
import { disk } from "./failing_file.ts";
import { csvRows, MemoryPoints, overloaded, type Point, readJson, runPlan, START } from "./points_support.ts";

const S = 1e9;

/** The points that a series of the summary is made of. */
function pointsOf(series: Series, points: readonly Point[], tags: ReadonlyMap<string, string>): Point[] {
  return points.filter((point) =>
    point.metric === series.metric && [...tags].every(([name, value]) => point.tags.get(name) === value)
  );
}

function assertAddUp(
  { series }: MetricsReport,
  points: readonly Point[],
  tagsOf: (text: string) => Point["tags"],
): void {
  for (const each of series) {
    const { instrument, text, metric } = each;
    const own = pointsOf(each, points, tagsOf(text));
    const values = own.map(({ value }) => value);
    if (instrument.empty) {
      assert.deepEqual(values.filter((value) => value !== 0), [], text);
      continue;
    }
    const sum = values.reduce((total, value) => total + value, 0);
    if (instrument instanceof Counter) assert.equal(sum, instrument.count, text);
    else if (instrument instanceof Rate) {
      assert.deepEqual([sum, own.length], [instrument.passes, instrument.total], text);
    } else if (instrument instanceof Trend) {
      const total_ns = values.reduce((total, value) => total + Math.round(value * 1e6), 0);
      assert.deepEqual([own.length, total_ns], [instrument.count, Math.round(instrument.sum * 1e6)], text);
      assert.equal(values.reduce((least, value) => Math.min(least, value), Infinity), instrument.min, text);
      assert.equal(values.reduce((most, value) => Math.max(most, value), -Infinity), instrument.max, text);
    } else if (instrument instanceof Gauge) {
      const samples = Map.groupBy(own, ({ time }) => time).values().flatMap((instant) => samplesOf(metric, instant));
      const all = [...samples];
      assert.deepEqual([all.at(-1), Math.min(...all), Math.max(...all)], [
        instrument.value,
        instrument.min,
        instrument.max,
      ], text);
    } else assert.fail(text);
  }
}

/** A gauge's sample is the sum over workloads, or the greatest of the services. One instant may have several samples. */
function samplesOf(metric: string, instant: readonly Point[]): number[] {
  const perTag = [...Map.groupBy(instant, ({ tags }) => JSON.stringify([...tags])).values()];
  const count = Math.max(...perTag.map(({ length }) => length));
  return Array.from({ length: count }, (_, nth) => {
    const values = perTag.flatMap((points) => points[nth] === undefined ? [] : [points[nth].value]);
    return metric.startsWith("vus") ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  });
}

for (const stopAt_s of [Infinity, 4]) {
  const how = stopAt_s === Infinity ? "to its end" : "until a threshold ends it";
  Deno.test(`in a run ${how} the points of every metric and of every part add up to what the summary says`, async () => {
    const plan = overloaded();
    const memory = new MemoryPoints(plan, new JsonPoints(plan));
    const report = await runPlan(plan, memory.file, stopAt_s);
    const points = readJson(memory.text);
    const selectors = new Map(plan.thresholds.map(({ metricText, tags }) => [metricText, tags]));
    selectors.set("http_req_duration{expected_response:true}", new Map([["expected_response", "true"]]));
    assertAddUp(report, points, (text) => selectors.get(text) ?? new Map());
    assert.deepEqual(
      [...new Set(points.map(({ metric }) => metric))].sort(),
      METRIC_NAMES.toSorted(),
      "all metrics occur",
    );
    for (const { text, instrument } of report.series) assert.ok(!instrument.empty, `${text} has samples`);
    const { generated, delivered, pending } = memory.file.delivery;
    assert.deepEqual([generated, delivered, pending], [points.length, points.length, 0]);
  });
}

Deno.test("what the gauges are told of one instant before and after an evaluation is two samples, as in the metrics", () => {
  const plan = tinyPlan();
  const memory = new MemoryPoints(plan, new JsonPoints(plan));
  const metrics = new RunMetrics(plan);
  for (const vus of [5, 3, 0]) {
    const batch = new FactBatch();
    batch.wait[addFact(batch, FactKind.vus, { at: 2000 })] = vus;
    metrics.take(batch);
    memory.file.take(batch);
    if (vus > 3) continue;
    metrics.evaluate((2 * S) as Nanos);
    memory.file.evaluate();
  }
  memory.file.flush();
  const seen = readJson(memory.text).filter(({ metric, tags }) =>
    metric === "vus" && tags.get("scenario") === "browse"
  );
  assert.deepEqual(seen.map(({ value }) => value), [3, 0], "5 was replaced before anyone asked");
  const gauge = metrics.report((2 * S) as Nanos).series.find(({ text }) => text === "vus")!.instrument;
  assert.ok(gauge instanceof Gauge && gauge.max === 3 && gauge.value === 0);
});

Deno.test("points are in the order of time, and carry the tags that selectors may ask for", async () => {
  const plan = overloaded();
  const memory = new MemoryPoints(plan, new JsonPoints(plan));
  await runPlan(plan, memory.file);
  const points = readJson(memory.text);
  for (let i = 1; i < points.length; i++) assert.ok(points[i - 1]!.time <= points[i]!.time, `point ${i}`);
  for (const { metric, tags } of points) {
    for (const tag of metricSpec(metric as (typeof METRIC_NAMES)[number]).tags) {
      if (tag !== "caller") assert.ok(tags.has(tag), `${metric} has no ${tag}`);
    }
    assert.equal(tags.get("team"), tags.get("scenario") === "closed" ? "red" : undefined, metric);
  }
});

Deno.test("metrics with one source have the same tags, since their points share them", () => {
  const bySource = Map.groupBy(METRIC_NAMES, (metric) => SAMPLE_RULES[metric].source);
  for (const [source, metrics] of bySource) {
    for (const metric of metrics) assert.deepEqual(metricSpec(metric).tags, metricSpec(metrics[0]!).tags, source);
  }
});

Deno.test("a row of CSV says what a line of JSON says", async () => {
  const plan = overloaded();
  const json = new MemoryPoints(plan, new JsonPoints(plan));
  const csv = new MemoryPoints(plan, new CsvPoints("rfc3339_nano"));
  const both: Sink = {
    take: (batch) => (json.file.take(batch), csv.file.take(batch)),
    evaluate: () => (json.file.evaluate(), csv.file.evaluate()),
    close: () => json.file.close().then(() => csv.file.close()),
  };
  await runPlan(plan, both);
  const [header, ...rows] = csvRows(csv.text);
  const points = readJson(json.text);
  assert.equal(rows.length, points.length);
  rows.forEach((row, i) => {
    assert.equal(row.length, header!.length);
    const { metric, time, value, tags } = points[i]!;
    assert.equal(row[0], metric);
    assert.equal(row[1], time.replace(/\.?0+Z$/, "Z"));
    assert.ok(Math.abs(Number(row[2]) - value) <= 5e-7, `${row[2]} for ${value}`);
    const columns = header!.slice(3, -2).flatMap((name, n) => row[n + 3] === "" ? [] : [[name, row[n + 3]!] as const]);
    const extra = row.at(-2)!.split("&").filter((pair) => pair !== "").map((pair) =>
      pair.split("=") as [string, string]
    );
    assert.deepEqual(new Map([...columns, ...extra].sort()), new Map([...tags].sort()));
    assert.equal(row.at(-1), "");
  });
});

/** One row a batch. */
function inSingleRows(batch: FactBatch, take: (one: FactBatch) => void): void {
  for (let row = 0; row < batch.length; row++) {
    const one = new FactBatch(1);
    for (const name of Object.keys(batch) as (keyof FactBatch)[]) {
      const column = batch[name];
      if (typeof column !== "object") continue;
      const width = column.length / batch.kind.length;
      (one[name] as Float64Array).set((column as Float64Array).subarray(row * width, row * width + width));
    }
    one.length = 1;
    take(one);
  }
}

Deno.test("the bytes do not depend on batches, flushes or, uncompressed, the buffer; a compressed file holds the same", async () => {
  const plan = overloaded();
  const whole = new MemoryPoints(plan, new JsonPoints(plan));
  await runPlan(plan, whole.file);
  for (const bufferBytes of [1, 3000, 1 << 20]) {
    const pieces = new MemoryPoints(plan, new JsonPoints(plan), { bufferBytes });
    const zipped = new MemoryPoints(plan, new JsonPoints(plan), { bufferBytes, gzip: true });
    const zippedWhole = new MemoryPoints(plan, new JsonPoints(plan), { bufferBytes, gzip: true });
    await runPlan(plan, {
      take: (batch) => {
        inSingleRows(batch, (one) => {
          pieces.file.take(one);
          zipped.file.take(one);
          pieces.file.flush();
          zipped.file.flush();
        });
        zippedWhole.file.take(batch);
      },
      evaluate: () => [pieces, zipped, zippedWhole].forEach(({ file }) => file.evaluate()),
      close: async () => void await Promise.all([pieces, zipped, zippedWhole].map(({ file }) => file.close())),
    });
    assert.ok(pieces.text === whole.text, `buffer of ${bufferBytes}`);
    assert.deepEqual(zipped.bytes, zippedWhole.bytes, `compressed, buffer of ${bufferBytes}`);
    assert.ok(gunzipSync(zipped.bytes).toString() === whole.text, `unpacked, buffer of ${bufferBytes}`);
    const stream = new Blob([zipped.bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    assert.ok(await new Response(stream).text() === whole.text, "a reader that takes one member reads it all");
    assert.deepEqual(zipped.file.delivery, whole.file.delivery);
  }
});

Deno.test("nothing piles up: what is written at once stays near the buffer's size", async () => {
  const plan = overloaded();
  const memory = new MemoryPoints(plan, new JsonPoints(plan), { bufferBytes: 10_000 });
  await runPlan(plan, memory.file);
  assert.ok(memory.bytes.length > 1_000_000);
  assert.ok(Math.max(...memory.chunks.map(({ length }) => length)) < 15_000);
});

/** A journey's call of 1.25 ms and one of a whole number of ms, a timeout, a refused connection, a dropped iteration. */
function someFacts(): FactBatch {
  const batch = new FactBatch();
  const journey = FactFlag.journey;
  const charged = addFact(batch, FactKind.call, { at: 1000, took: 3, status: 503, endpoint: 1, flags: journey });
  batch.outcome[charged] = Outcome.error;
  addFact(batch, FactKind.call, { at: 1000, took: 1.250001, status: 200, flags: journey });
  addFact(batch, FactKind.call, { at: 1900, took: 800, outcome: Outcome.timeout, flags: journey });
  addFact(batch, FactKind.call, { at: 2000, outcome: Outcome.aborted, endpoint: 1, flags: journey });
  addFact(batch, FactKind.call, { at: 2000, took: 1, outcome: Outcome.interrupted, flags: journey });
  const dropped = addFact(batch, FactKind.dropped, { at: 2500.000001, workload: 1 });
  batch.extra[dropped] = 3;
  addFact(batch, FactKind.iteration, { at: 3000, took: 2000, workload: 1 });
  return batch;
}

async function written(memory: MemoryPoints, batch: FactBatch): Promise<string[]> {
  memory.file.take(batch);
  await memory.file.close();
  return memory.text.trimEnd().split("\n");
}

Deno.test("JSON lines have k6's shape, order of members, codes of errors and milliseconds", async () => {
  const plan = tinyPlan({
    thresholds: [
      threshold("http_req_duration", "p(95)<800"),
      threshold("http_req_duration", "avg<250", { abortOnFail: true }),
      threshold("http_req_duration{service:web}", "max<900"),
    ],
  });
  const lines = await written(new MemoryPoints(plan, new JsonPoints(plan)), someFacts());
  const of = (metric: string): string[] => lines.filter((line) => line.includes(`"metric":"${metric}"`));
  assert.deepEqual(of("http_req_duration"), [
    '{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":["p(95)<800",' +
    '{"threshold":"avg<250","abortOnFail":true,"delayAbortEval":null}],"submetrics":[{"name":' +
    '"http_req_duration{service:web}","suffix":"service:web","tags":{"service":"web"}}]},"metric":"http_req_duration"}',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-23T10:00:01.123456789Z","value":3,"tags":' +
    '{"endpoint":"POST /checkout","error_code":"1503","expected_response":"false","method":"POST",' +
    '"name":"https://tiny.example/checkout","proto":"HTTP/1.1","scenario":"browse","service":"web","status":"503",' +
    '"url":"https://tiny.example/checkout"}}}',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-23T10:00:01.123456789Z","value":1.250001,' +
    '"tags":{"endpoint":"GET /","expected_response":"true","method":"GET","name":"https://tiny.example/",' +
    '"proto":"HTTP/1.1","scenario":"browse","service":"web","status":"200","url":"https://tiny.example/"}}}',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-23T10:00:02.023456789Z","value":800,"tags":' +
    '{"endpoint":"GET /","error":"request timeout","error_code":"1050","expected_response":"false","method":"GET",' +
    '"name":"https://tiny.example/","scenario":"browse","service":"web","status":"0","url":"https://tiny.example/"}}}',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-23T10:00:02.123456789Z","value":0,"tags":' +
    '{"endpoint":"POST /checkout","error":"dial: connection refused","error_code":"1212","expected_response":"false",' +
    '"method":"POST","name":"https://tiny.example/checkout","scenario":"browse","service":"web","status":"0",' +
    '"url":"https://tiny.example/checkout"}}}',
  ]);
  assert.deepEqual(of("dropped_iterations"), [
    '{"type":"Metric","data":{"name":"dropped_iterations","type":"counter","contains":"default","thresholds":[],' +
    '"submetrics":null},"metric":"dropped_iterations"}',
    '{"metric":"dropped_iterations","type":"Point","data":{"time":"2026-11-23T10:00:02.623456790Z","value":3,"tags":' +
    '{"scenario":"buy"}}}',
  ]);
  assert.equal(of("goodput").length, 2, "only what succeeded is a point");
  assert.equal(of("timeouts").length, 2);
});

Deno.test("CSV rows have k6's columns, seconds, six digits, and quotes where a field needs them", async () => {
  const plan = tinyPlan({
    workloads: { browse: { tags: new Map([["team", 'a "b", c'], ["x", "y"]]) }, buy: {} },
  });
  const lines = await written(new MemoryPoints(plan, new CsvPoints()), someFacts());
  assert.equal(
    lines[0],
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario," +
      "service,status,subproto,tls_version,url,extra_tags,metadata",
  );
  assert.deepEqual(lines.filter((line) => line.startsWith("http_req_waiting,")).slice(1, 3), [
    "http_req_waiting,1795428001,1.250001,,,,true,,GET,https://tiny.example/,HTTP/1.1,browse,web,200,,," +
    'https://tiny.example/,"endpoint=GET /&team=a ""b"", c&x=y",',
    "http_req_waiting,1795428002,800.000000,,request timeout,1050,false,,GET,https://tiny.example/,,browse,web,0,,," +
    'https://tiny.example/,"endpoint=GET /&team=a ""b"", c&x=y",',
  ]);
  assert.equal(lines.at(-1), "iteration_duration,1795428003,2000.000000,,,,,,,,,buy,,,,,,,");
  assert.equal(lines.at(-3), "dropped_iterations,1795428002,3.000000,,,,,,,,,buy,,,,,,,");
});

Deno.test("CSV times are written in each of k6's formats", async () => {
  const times = {
    unix: "1795428002",
    unix_milli: "1795428002623",
    unix_micro: "1795428002623456",
    unix_nano: "1795428002623456790",
    rfc3339: "2026-11-23T10:00:02Z",
    rfc3339_nano: "2026-11-23T10:00:02.62345679Z",
  } as const;
  for (const [format, text] of Object.entries(times)) {
    const plan = tinyPlan();
    const lines = await written(new MemoryPoints(plan, new CsvPoints(format as keyof typeof times)), someFacts());
    assert.equal(lines.find((line) => line.startsWith("dropped"))!.split(",")[1], text);
  }
});

Deno.test("a run without a fact leaves an empty file, or a header", async () => {
  const plan = tinyPlan();
  const json = new MemoryPoints(plan, new JsonPoints(plan)), csv = new MemoryPoints(plan, new CsvPoints());
  const zipped = new MemoryPoints(plan, new JsonPoints(plan), { gzip: true });
  for (const { file } of [json, csv, zipped]) await file.close();
  assert.equal(json.text, "");
  assert.equal(csv.text.split("\n").length, 2);
  assert.equal(gunzipSync(zipped.bytes).length, 0);
});

Deno.test("short writes are gone on with", async () => {
  const plan = overloaded();
  const whole = new MemoryPoints(plan, new JsonPoints(plan));
  await runPlan(plan, whole.file);
  const made = disk({ bytesAtOnce: 777 });
  const file = new PointsFile({
    plan,
    startEpochNs: START,
    format: new JsonPoints(plan),
    name: "points.json",
    gzip: false,
    open: made.open,
    onNotice: assert.fail,
  });
  await runPlan(plan, file);
  assert.ok(made.files.get("points.json")!.text === whole.text);
});

Deno.test("a full disk keeps whole points only; the rest is counted as pending and told once", async () => {
  const plan = overloaded();
  for (const [format, header] of [[new JsonPoints(plan), 0], [new CsvPoints(), 1]] as const) {
    const made = disk({ capacity: 100_000 });
    const notices: string[] = [];
    const file = new PointsFile({
      plan,
      startEpochNs: START,
      format,
      name: "points",
      gzip: false,
      open: made.open,
      onNotice: (text) => notices.push(text),
      bufferBytes: 5000,
    });
    await runPlan(plan, file);
    const { text, closed } = made.files.get("points")!;
    assert.ok(closed && text.length > 99_000 && text.endsWith("\n"));
    const { generated, delivered, pending, rejected } = file.delivery;
    const points = text.trimEnd().split("\n").filter((line) => !line.startsWith('{"type":"Metric"')).length - header;
    assert.equal(delivered, points);
    assert.ok(pending > 0 && rejected === 0);
    assert.equal(generated, delivered + pending);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /cannot go on writing points: No space left/);
  }
});

Deno.test("a full disk under a compressed file keeps what can be read", async () => {
  const plan = overloaded();
  const whole = new MemoryPoints(plan, new JsonPoints(plan));
  await runPlan(plan, whole.file);
  let kept = new Uint8Array(0);
  const notices: string[] = [];
  const file = new PointsFile({
    plan,
    startEpochNs: START,
    format: new JsonPoints(plan),
    name: "points.gz",
    gzip: true,
    open: () => ({
      writeSync(bytes) {
        const taken = bytes.subarray(0, 20_000 - kept.length);
        kept = Uint8Array.from([...kept, ...taken]);
        return taken.length;
      },
      truncateSync: (length) => void (kept = kept.slice(0, length)),
      close: () => {},
    }),
    onNotice: (text) => notices.push(text),
    bufferBytes: 20_000,
  });
  await runPlan(plan, file);
  const text = gunzipSync(kept, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  assert.ok(whole.text.startsWith(text) && text.endsWith("\n"));
  assert.equal(notices.length, 1);
  const { delivered, pending } = file.delivery;
  assert.equal(delivered, readJson(text).length);
  assert.ok(delivered > 0 && pending > 0);
});

Deno.test("outputs are read as k6 reads them", () => {
  const read = (text: string): readonly [string, string | undefined, boolean] => {
    const { type, file, gzip } = parseOutput(text);
    return [type, file, gzip];
  };
  assert.deepEqual(read("json=a/b.json"), ["json", "a/b.json", false]);
  assert.deepEqual(read("json=a=b.json.gz"), ["json", "a=b.json.gz", true]);
  assert.deepEqual(read("json"), ["json", undefined, false]);
  assert.deepEqual(read("json=-"), ["json", undefined, false]);
  assert.deepEqual(read("csv=-"), ["csv", undefined, false]);
  assert.deepEqual(read("csv"), ["csv", "file.csv", false]);
  assert.deepEqual(read("csv=a.csv.gz"), ["csv", "a.csv.gz", true]);
  assert.deepEqual(read("csv=fileName=a.csv,timeFormat=unix_nano"), ["csv", "a.csv", false]);
  const wrong: [string, RegExp][] = [
    ["xml=a", /there is no output "xml": it is one of json, csv/],
    ["jsn=a", /did you mean "json"\?/],
    ["points.csv.gz", /did you mean "csv=points\.csv\.gz"\?/],
    ["", /there is no output ""/],
    ["constructor=a", /there is no output "constructor"/],
    ["csv=timeFormat=iso", /no timeFormat "iso": it is one of unix, /],
    ["csv=fileNme=a", /no setting "fileNme": did you mean "fileName"\?/],
    ["csv=fileName=", /"fileName=" is not name=value/],
    ["csv=saveInterval=1s,fileName=a", /no saveInterval/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => parseOutput(text), (error) => error instanceof OutputError && message.test(error.message));
  }
});
