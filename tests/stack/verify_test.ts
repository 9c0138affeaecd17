// verify against stand-ins for Loki and Tempo: what is missing, there twice, strange or at another time is found, by number.

import assert from "node:assert/strict";
import { Backend } from "../../sim/stack/verify/backend.ts";
import { readRun, RecordedRunError } from "../../sim/stack/verify/recorded_run.ts";
import { type Verification, verify } from "../../sim/stack/verify/verify.ts";
import { TEN_SECONDS } from "../cli/scenarios.ts";
import { squall, start } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { Receiver } from "../receiver.ts";
import { Backends } from "./backends.ts";

const ignore = needs("read", "write", "net", "run", "env");

interface Recorded {
  readonly folder: string;
  readonly backends: Backends;
  readonly logs: ReadonlyMap<string, string>;
  readonly id: string;
}

/** Runs the scenario with a collector, and gives its folder and backends that have everything. */
async function recorded(...flags: string[]): Promise<Recorded> {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  Deno.writeTextFileSync(`${folder}/scenario.yaml`, TEN_SECONDS);
  await using receiver = new Receiver();
  const ended = await squall([
    "run",
    `${folder}/scenario.yaml`,
    "--pace",
    "max",
    "--logs",
    `${folder}/logs`,
    "--results",
    `${folder}/run`,
    "--traces",
    "otlp",
    "--otlp-endpoint",
    receiver.endpoint,
    "--quiet",
    ...flags,
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  const { manifest } = readRun(`${folder}/run`, new Map());
  const logs = new Map(
    manifest.logs.files.map((
      { service, name },
    ) => [service, Deno.readTextFileSync(`${folder}/logs/${service}/${name}`)]),
  );
  const backends = new Backends();
  backends.ship(logs, manifest.id);
  backends.takeSpans(receiver);
  return { folder, backends, logs, id: manifest.id };
}

function check({ folder, backends }: Pick<Recorded, "folder" | "backends">, waitMs = 0): Promise<Verification> {
  const backend = (name: string): Backend => new Backend(name, backends.url, `--${name.toLowerCase()}`);
  return verify({
    run: readRun(`${folder}/run`, new Map()),
    loki: backend("Loki"),
    tempo: backend("Tempo"),
    prometheus: undefined,
    grafana: undefined,
    promtail: undefined,
    label: "job",
    waitMs,
    compare: Infinity,
    alerts: [],
    onWait: () => {},
  });
}

function totals({ logs }: Verification) {
  const sum = { expected: 0, found: 0, missing: 0, duplicate: 0, unexpected: 0, wrongTime: 0 };
  for (const each of logs) for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += each[name];
  return sum;
}

Deno.test({
  name: "verify finds each loss in the lines and traces of a run, and nothing where there is none",
  ignore,
  async fn(t) {
    const run = await recorded();
    await using backends = run.backends;
    const whole = { lines: backends.lines.map((each) => ({ ...each })), traces: structuredClone(backends.traces) };
    const restore = (): void => {
      backends.lines = whole.lines.map((each) => ({ ...each }));
      backends.traces = structuredClone(whole.traces);
    };
    const spans = [...whole.traces.values()].reduce((sum, { spanIds }) => sum + spanIds.length, 0);

    await t.step("everything is there, in every format, though Loki gives small pages", async () => {
      backends.maxEntries = 5000;
      const result = await check(run);
      assert.equal(result.ok, true);
      const { expected, found } = totals(result);
      assert.equal(expected, backends.lines.length);
      assert.equal(found, expected);
      assert.deepEqual(result.logs.map(({ service }) => service).sort(), ["cart", "payment", "prices", "store", "web"]);
      assert.equal(result.traces!.found, whole.traces.size);
      assert.equal(result.traces!.spansExpected, spans);
      assert.equal(result.traces!.spansMissing, 0);
    });

    await t.step(
      "many traces are compared by search, and only those that it does not find whole are asked for by id",
      async () => {
        const [longest] = [...backends.traces.values()].sort((a, b) => b.spanIds.length - a.spanIds.length);
        // Search gives at most 100 spans of a trace.
        backends.spansMax = longest!.spanIds.length - 1;
        backends.traceQuestions = 0;
        const { traces, ok } = await check(run);
        assert.equal(ok, true);
        assert.equal(traces!.spansExpected, spans);
        const long = [...backends.traces.values()].filter(({ spanIds }) => spanIds.length === longest!.spanIds.length);
        assert.equal(backends.traceQuestions, long.length);
        backends.spansMax = 100;
      },
    );

    await t.step("lines and traces of other runs beside it are nobody's loss", async () => {
      backends.lines.push({ ...whole.lines[0]!, line: "another", filename: "/logs/web/web-another.log" });
      backends.lines.push({ ...whole.lines[1]!, line: "nobody knows whose", filename: undefined });
      backends.traces.set("f".repeat(32), [...whole.traces.values()][0]!);
      assert.equal((await check(run)).ok, true);
      restore();
    });

    await t.step("a missing, a doubled, a strange and a shifted line are told apart, with their text", async () => {
      const [missing, doubled, strange, shifted] = backends.lines;
      backends.lines = backends.lines.slice(1);
      backends.lines.push({ ...doubled! });
      backends.lines.push({ ...strange!, line: "strange" });
      shifted!.time += 1n;
      const result = await check(run);
      assert.equal(result.ok, false);
      const { missing: lost, duplicate, unexpected, wrongTime } = totals(result);
      assert.deepEqual({ lost, duplicate, unexpected, wrongTime }, {
        lost: 1,
        duplicate: 1,
        unexpected: 1,
        wrongTime: 1,
      });
      const examples = result.logs.flatMap((each) => each.examples);
      assert.ok(examples.includes(`missing: ${missing!.line}`), examples.join("\n"));
      assert.ok(examples.includes("unexpected: strange"));
      restore();
    });

    await t.step("a line that bears the time at which it came is found outside the run's time", async () => {
      backends.lines[5]!.time = BigInt(Date.now()) * 1_000_000n;
      const result = await check(run);
      assert.equal(totals(result).missing, 0);
      assert.equal(totals(result).wrongTime, 1);
      assert.equal(result.ok, false);
      restore();
    });

    await t.step("a missing trace, a missing span and a doubled one are told apart", async () => {
      const [gone, thinned, doubled] = [...backends.traces.keys()];
      backends.traces.delete(gone!);
      const lost = backends.traces.get(thinned!)!.spanIds.pop();
      const { spanIds } = backends.traces.get(doubled!)!;
      spanIds.push(spanIds[0]!);
      const { traces, ok } = await check(run);
      assert.equal(ok, false);
      assert.equal(traces!.missing, 1);
      assert.ok(lost !== undefined);
      assert.equal(traces!.spansMissing, 1);
      assert.equal(traces!.spansDuplicate, 1);
      assert.ok(traces!.examples.some((text) => text.includes(gone!)));
      restore();
    });

    await t.step("a trace that only its id finds is no loss, and said", async () => {
      backends.unsearchable.add([...backends.traces.keys()][3]!);
      const { traces, ok } = await check(run);
      assert.equal(ok, true);
      assert.equal(traces!.notSearchable, 1);
      backends.unsearchable.clear();
    });

    await t.step("what comes late is waited for", async () => {
      const late = backends.lines.splice(10, 5);
      let questions = 0;
      backends.onQuestion = () => {
        if (++questions === 8) backends.lines.push(...late);
      };
      const result = await check(run, 20_000);
      backends.onQuestion = () => {};
      assert.equal(result.ok, true);
      assert.equal(totals(result).duplicate, 0);
      restore();
    });

    await t.step("counters of what was thrown away are given as they stand", async () => {
      backends.metrics =
        '# TYPE tempo_discarded_spans_total counter\ntempo_discarded_spans_total{reason="live_traces_exceeded"} 12\n' +
        "tempo_receiver_refused_spans 0\n";
      const { discards } = await check(run);
      assert.deepEqual(discards, [
        { backend: "Tempo", metric: "tempo_discarded_spans_total", labels: 'reason="live_traces_exceeded"', count: 12 },
      ]);
      backends.metrics = "";
    });

    await t.step("the command says it and exits with 110 on a loss, 0 without", async () => {
      const flags = ["verify", `${run.folder}/run`, "--loki", backends.url, "--tempo", backends.url, "--wait", "0s"];
      const good = await squall(flags);
      assert.equal(good.code, 0, good.stdout + good.stderr);
      assert.match(good.stdout, /✓ all that the run claims to have delivered is there/);
      backends.lines.pop();
      const bad = await squall([...flags, "--json"]);
      assert.equal(bad.code, 110, bad.stderr);
      assert.equal((JSON.parse(bad.stdout) as { ok: boolean }).ok, false);
      restore();
    });

    await t.step("a scenario that was changed afterwards is another run, and refused", async () => {
      const path = `${run.folder}/run/scenario.yaml`;
      const text = Deno.readTextFileSync(path);
      Deno.writeTextFileSync(path, text.replace("p50: 4ms", "p50: 5ms"));
      await assert.rejects(() => check(run), RecordedRunError);
      Deno.writeTextFileSync(path, text);
    });
  },
});

Deno.test({
  name: "verify finds samples that Prometheus has lost or has otherwise, and the requests that it counts too few",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    Deno.writeTextFileSync(`${folder}/scenario.yaml`, TEN_SECONDS);
    await using backends = new Backends();
    const ended = await squall([
      "run",
      `${folder}/scenario.yaml`,
      "--pace",
      "max",
      "--no-logs",
      "--results",
      `${folder}/run`,
      "--traces",
      "none",
      "--metrics",
      "otlp",
      "--metrics-interval",
      "3s",
      "--metrics-endpoint",
      backends.url,
      "--quiet",
    ]);
    assert.equal(ended.code, 0, ended.stderr);
    const asked = async (): Promise<Verification> =>
      await verify({
        run: readRun(`${folder}/run`, new Map()),
        loki: undefined,
        tempo: undefined,
        prometheus: new Backend("Prometheus", backends.url, "--prometheus"),
        grafana: undefined,
        promtail: undefined,
        label: "job",
        waitMs: 0,
        compare: 0,
        alerts: [],
        onWait: () => {},
      });
    const sums = ({ metrics }: Verification) =>
      metrics.reduce(
        (sum, { expected, found, missing, different, requests = 0, requestsFound = 0 }) => ({
          samples: sum.samples + expected,
          found: sum.found + found,
          missing: sum.missing + missing,
          different: sum.different + different,
          unseen: sum.unseen + requests - requestsFound,
        }),
        { samples: 0, found: 0, missing: 0, different: 0, unseen: 0 },
      );
    // Samples at other times are another run's.
    for (const { values } of backends.series) values.push([values[0]![0] + 1, 0]);
    const whole = await asked();
    const samples = backends.series.reduce((sum, { values }) => sum + values.length - 1, 0);
    assert.deepEqual(sums(whole), { samples, found: samples, missing: 0, different: 0, unseen: 0 });
    assert.equal(whole.ok, true);
    const busy = backends.series.filter(({ metric }) =>
      metric["__name__"] === "http_server_request_duration_seconds_count"
    ).sort((a, b) => b.values.at(-2)![1] - a.values.at(-2)![1])[0]!;
    busy.values.splice(-3, 2);
    const workers = backends.series.find(({ metric }) => metric["__name__"] === "server_workers_busy")!;
    const [at, value] = workers.values[0]!;
    workers.values[0] = [at, value + 1];
    const holed = await asked();
    assert.equal(holed.ok, false);
    const { missing, different, unseen } = sums(holed);
    assert.deepEqual([missing, different], [2, 1]);
    assert.ok(unseen > 0);
    assert.match(holed.metrics.flatMap(({ examples }) => examples).join(), /missing: http_server_request_duration/);
  },
});

Deno.test({
  name: "a run that Ctrl-C ended is simulated again to the same instant",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    Deno.writeTextFileSync(`${folder}/scenario.yaml`, TEN_SECONDS.replace("duration: 10s", "duration: 1h"));
    const run = start([
      "run",
      `${folder}/scenario.yaml`,
      "--pace",
      "50x",
      "--logs",
      `${folder}/logs`,
      "--results",
      `${folder}/run`,
      "--traces",
      "none",
    ]);
    await run.said("logs");
    // At least one evaluation, so that there is something to compare.
    while (
      !Deno.readDirSync(`${folder}/logs/web`).some(({ name }) => Deno.statSync(`${folder}/logs/web/${name}`).size > 0)
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    run.process.kill("SIGINT");
    assert.equal((await run.ended()).code, 105);
    const { manifest } = readRun(`${folder}/run`, new Map());
    assert.equal(manifest.ended, "interrupted");
    await using backends = new Backends();
    const logs = new Map(
      manifest.logs.files.map((
        { service, name },
      ) => [service, Deno.readTextFileSync(`${folder}/logs/${service}/${name}`)]),
    );
    backends.ship(logs, manifest.id);
    const result = await check({ folder, backends });
    assert.equal(result.ok, true);
    assert.ok(totals(result).found > 0);
  },
});

Deno.test({
  name: "verify says what is wrong with a folder, an address and a backend, with exit code 104",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    const none = await squall(["verify", folder]);
    assert.equal(none.code, 104);
    assert.match(none.stderr, /holds no run: give the folder that has its manifest\.json/);
    const address = await squall(["verify", folder, "--loki", "localhost:3100"]);
    assert.equal(address.code, 104);
    assert.match(address.stderr, /It is an address like http:/);
    Deno.writeTextFileSync(`${folder}/scenario.yaml`, TEN_SECONDS);
    assert.match((await squall(["verify", folder])).stderr, /it was cut off, or is still going on/);
    Deno.writeTextFileSync(`${folder}/manifest.json`, '{"manifest": 2}');
    assert.match((await squall(["verify", folder])).stderr, /written by a later version/);
  },
});
