import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";
import { assertTree, jsonLines, type Line, readRun, runScenario } from "./runs.ts";
import { filesBelow, squall, start } from "./squall.ts";
import { readTraces } from "./traces.ts";

const ignore = needs("read", "write", "run", "env", "net");
const FIXED = ["--seed", "5", "--start", "2026-11-23T12:00:00.123456789Z"];

Deno.test({
  name: "with one seed and one start, a paced run and one at full speed write the same logs and the same trace file",
  ignore,
  async fn() {
    const { file } = scenarioFolder(TEN_SECONDS);
    const [paced, fast, other] = await Promise.all([
      runScenario(file, ...FIXED, "--pace", "5x"),
      runScenario(file, ...FIXED, "--pace", "max"),
      runScenario(file, "--seed", "6", "--start", "2026-11-23T12:00:00.123456789Z", "--pace", "max"),
    ]);
    assert.equal(paced.code, 0, paced.stderr);
    assert.equal(fast.code, 0, fast.stderr);
    assert.deepEqual([...paced.logs.keys()], [...fast.logs.keys()]);
    for (const [service, log] of fast.logs) assert.ok(paced.logs.get(service) === log, `the log of ${service} differs`);
    assert.ok(paced.traces === fast.traces, "the trace files differ");
    assert.ok(other.traces !== fast.traces, "another seed gives other traces");
    assert.match(paced.stderr, /buyers/, "it says how far it is");
  },
});

Deno.test({
  name: "every service that logs has its folder, external ones have none, and times are in order",
  ignore,
  async fn() {
    const { logs } = await runScenario(scenarioFolder(TEN_SECONDS).file, ...FIXED, "--pace", "max");
    assert.deepEqual([...logs.keys()].sort(), ["cart", "payment", "prices", "store", "web"]);
    for (const [service, log] of logs) {
      const times = [...log.matchAll(/(?:^|time=|"time":")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)/gm)].map((
        [, time],
      ) => time!);
      assert.ok(times.length > 50, `${service}: ${times.length} lines`);
      assert.deepEqual(times, [...times].sort(), service);
    }
  },
});

Deno.test({
  name: "checkout.yaml: the logs and the trace file tell one story, and the payment fault is seen in it",
  ignore,
  async fn() {
    const run = await runScenario(
      fromRoot("scenarios/checkout.yaml"),
      "--pace",
      "max",
      "--start",
      "2026-11-23T12:00:00Z",
    );
    assert.equal(run.code, 0, run.stderr + run.stdout);
    const spans = readTraces(`${run.folder}/run/traces.jsonl`);
    assert.ok(spans.length > 10_000, `${spans.length} spans`);
    assertTree(spans);
    const { delivery } = run.summary;
    assert.deepEqual(delivery.spans, { generated: spans.length, delivered: spans.length, rejected: 0, pending: 0 });

    const ids = new Set(spans.map((span) => span.traceId + span.spanId));
    const checkout: Line[] = [];
    for (const [service, log] of run.logs) {
      if (service === "mailer") continue;
      for (const line of jsonLines(log)) {
        assert.deepEqual(Object.keys(line).slice(0, 5), ["time", "level", "message", "service", "instance"]);
        assert.match(String(line["time"]), /^2026-11-23T12:0\d:\d\d\.\d{9}Z$/);
        assert.equal(line["service"], service);
        assert.ok(
          ids.has(`${line["trace_id"]}${line["span_id"]}`),
          `a line of ${service} names no span: ${JSON.stringify(line)}`,
        );
        if (service === "checkout") checkout.push(line);
      }
    }

    const second = (line: Line): number =>
      (Date.parse(String(line["time"])) - Date.parse("2026-11-23T12:00:00Z")) / 1000;
    const inFault = (line: Line): boolean => second(line) > 55 && second(line) < 85;
    const gaveUp = checkout.filter((line) =>
      line["level"] === "error" && /payment\.Charge.*timed out after 800ms/.test(String(line["message"]))
    );
    assert.ok(
      gaveUp.length > 5 && gaveUp.every((line) => second(line) > 50 && second(line) < 96),
      `${gaveUp.length} errors name the time-out`,
    );
    const retried = checkout.filter((line) => /timed out after 800ms.*retrying in/.test(String(line["message"])));
    assert.ok(retried.filter(inFault).length > 20, `${retried.length} lines name the retry`);

    const p95 = (window: (start: number) => boolean): number => {
      const took = spans.filter((span) => span.service === "storefront" && span.name === "POST /checkout")
        .filter((span) => window(Number(span.end - BigInt(Date.parse("2026-11-23T12:00:00Z")) * 1_000_000n) / 1e9))
        .map((span) => Number(span.end - span.start) / 1e6).sort((a, b) => a - b);
      return took[Math.floor(took.length * 0.95)]!;
    };
    const before = p95((at) => at < 48), during = p95((at) => at > 55 && at < 90), after = p95((at) => at > 135);
    assert.ok(during > 3 * before, `p95 of the checkout: ${before} ms before, ${during} ms during`);
    assert.ok(after < 1.5 * before, `p95 of the checkout: ${before} ms before, ${after} ms after`);
    const calm = await runScenario(
      fromRoot("scenarios/checkout.yaml"),
      "--pace",
      "max",
      "--set",
      "faults.0.probability=0%",
    );
    const key = "http_req_duration{endpoint:POST /checkout}";
    const slow = run.summary.metrics[key]!.values["p(95)"]!, usual = calm.summary.metrics[key]!.values["p(95)"]!;
    assert.ok(slow > 2 * usual, `the summary's p95 of the checkout: ${slow} ms, without the fault ${usual} ms`);
  },
});

Deno.test({
  name: "a failed threshold gives exit code 99, and the summary says which",
  ignore,
  async fn() {
    const run = await runScenario(scenarioFolder(TEN_SECONDS.replace("rate<0.9", "rate<0.0001")).file, "--pace", "max");
    assert.equal(run.code, 99, run.stderr);
    assert.match(run.stdout, /✗.*rate<0.0001/);
  },
});

Deno.test({
  name: "an invalid scenario gives all its problems with line and caret, exit code 104, and writes nothing",
  ignore,
  async fn() {
    const broken = TEN_SECONDS.replace("replicas: 2", "replcas: 2").replace("duration: 10s", "duration: -10s").replace(
      "cart.GetCart",
      "cart.GetCrat",
    );
    const { folder, file } = scenarioFolder(broken);
    const ended = await squall(["run", file, "--logs", `${folder}/logs`, "--results", `${folder}/run`]);
    assert.equal(ended.code, 104);
    assert.deepEqual(filesBelow(folder), ["scenario.yaml"]);
    assert.match(ended.stderr, /scenario\.yaml:8:5: unknown key "replcas"/);
    assert.match(ended.stderr, /did you mean "replicas"\?/);
    assert.match(ended.stderr, /did you mean "?cart\.GetCart"?\?/);
    assert.match(ended.stderr, /3 problems/);
    assert.equal(ended.stdout, "");
  },
});

Deno.test({
  name: "wrong flags, a missing file and a folder that holds a run give exit code 104 and a plain sentence",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS);
    Deno.mkdirSync(`${folder}/run`);
    Deno.writeTextFileSync(`${folder}/run/summary.json`, "{}");
    const cases: [string[], RegExp][] = [
      [["run"], /missing required argument/],
      [["run", file, "--pce", "max"], /unknown option '--pce'/],
      [["run", file, "--pace", "fast"], /realtime, max, or a multiple/],
      [["run", file, "--start", "yesterday"], /--start yesterday/],
      [["run", file, "--start", "now", "--end", "now"], /exclude each other/],
      [
        ["run", file, "--set", "scenarios.buyers.duration=unlimited", "--pace", "max"],
        /has no end: write duration: 24h/,
      ],
      [["run", file, "--set", "scenarios.buyers.duration=unlimited", "--end", "now"], /has no end: write --start/],
      [["run", `${folder}/none.yaml`], /there is no file/],
      [["run", file, "--results", `${folder}/run`], /holds a run already/],
      [["run", file, "-e", "X"], /NAME=VALUE/],
      [["run", file, "--otlp-endpoint", "localhost:4318"], /http:\/\/localhost:4318/],
    ];
    for (
      const [args, message] of await Promise.all(
        cases.map(async ([args, message]) =>
          [await squall([...args, ...(args.includes("--results") ? [] : ["--no-logs"])]), message] as const
        ),
      )
    ) {
      assert.equal(args.code, 104, args.stderr);
      assert.match(args.stderr, message);
    }
    assert.equal(Deno.readTextFileSync(`${folder}/run/summary.json`), "{}");
  },
});

Deno.test({
  name: "--json prints the summary alone, --quiet prints nothing, and paths are those of the user's folder",
  ignore,
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS);
    const json = await squall([
      "run",
      "scenario.yaml",
      "--pace",
      "max",
      "--logs",
      "my/logs",
      "--results",
      "my/run",
      "--json",
    ], { cwd: folder });
    assert.equal(json.code, 0, json.stderr);
    assert.equal(json.stdout, Deno.readTextFileSync(`${folder}/my/run/summary.json`));
    assert.ok(filesBelow(`${folder}/my/logs`).some((path) => path.startsWith("web/web-")));
    const quiet = await squall(
      ["run", "scenario.yaml", "--pace", "max", "--no-logs", "--results", "quiet", "--quiet"],
      { cwd: folder },
    );
    assert.deepEqual(quiet, { code: 0, stdout: "", stderr: "" });
  },
});

Deno.test({
  name: "Ctrl-C ends a run gracefully: exit code 105, the summary, every span in a tree, the account",
  ignore: ignore || Deno.build.os === "windows",
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS.replace("duration: 10s", "duration: 10m"));
    const run = start([
      "run",
      file,
      "--logs",
      `${folder}/logs`,
      "--results",
      `${folder}/run`,
      "--traces",
      "file",
      "--pace",
      "20x",
    ]);
    await run.said("buyers");
    run.process.kill("SIGINT");
    run.process.kill("SIGINT");
    const ended = await run.ended();
    assert.equal(ended.code, 105, ended.stderr);
    assert.match(ended.stdout, /spans: generated ([\d,]+) = delivered \1 \+ rejected 0 \+ pending 0/);
    assertTree(readTraces(`${folder}/run/traces.jsonl`));
    const { summary } = readRun(folder);
    assert.ok(summary.metrics["iterations"]!.values["count"]! > 100);
  },
});

Deno.test({
  name: "a second Ctrl-C, later than 500 ms, ends at once",
  ignore: ignore || Deno.build.os === "windows",
  async fn() {
    // A collector that never answers keeps the run from ending by itself.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connections: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of listener) connections.push(connection);
    })();
    const { folder, file } = scenarioFolder(TEN_SECONDS.replace("duration: 10s", "duration: 10m"));
    const endpoint = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
    const run = start([
      "run",
      file,
      "--no-logs",
      "--results",
      `${folder}/run`,
      "--traces",
      "otlp",
      "--otlp-endpoint",
      endpoint,
      "--pace",
      "realtime",
    ], { env: { OTEL_EXPORTER_OTLP_TIMEOUT: "600000" } });
    await run.said("buyers");
    run.process.kill("SIGINT");
    await run.said("interrupted");
    await new Promise((resolve) => setTimeout(resolve, 600));
    run.process.kill("SIGINT");
    assert.equal((await run.ended()).code, 105);
    listener.close();
    await accepting;
    for (const connection of connections) connection.close();
  },
});

Deno.test({
  name: "adding a service, or a fault of one that it never meets, changes no byte of a service's log",
  ignore,
  async fn() {
    const other = `
  aside: { endpoints: { Get: { latency: { p50: 5ms, p99: 90ms }, errors: 10% } } }
journeys:
  aside: [aside.Get]`;
    const added = TEN_SECONDS.replace("\njourneys:", other).replace(
      "\nfaults:",
      "\n  asides: { executor: constant-vus, vus: 3, duration: 7s, exec: aside }\nfaults:",
    )
      .replace("buyers: { executor", "buyers: { exec: buy, executor")
      .replace(
        "\nthresholds:",
        "\n  - { name: aside slow, kind: latency, target: aside, at: 2s, add: 30ms }\nthresholds:",
      );
    const [alone, beside] = await Promise.all([
      runScenario(scenarioFolder(TEN_SECONDS).file, ...FIXED, "--pace", "max"),
      runScenario(scenarioFolder(added).file, ...FIXED, "--pace", "max"),
    ]);
    assert.equal(beside.code, 0, beside.stderr);
    assert.ok(beside.logs.get("aside")!.length > 1000);
    for (const [service, log] of alone.logs) {
      assert.ok(beside.logs.get(service) === log, `the log of ${service} changed`);
    }
  },
});

Deno.test({
  name: "a slow step later in the journey changes no byte of the log of the service before it",
  ignore,
  async fn() {
    const two = `
name: two
services: { a: { endpoints: { GET /: 5ms } }, b: { endpoints: { GET /: 5ms } } }
journeys: { v: [a.GET /, b.GET /] }
scenarios: { l: { executor: constant-arrival-rate, rate: 20, duration: 5s, preAllocatedVUs: unlimited } }
`;
    const slow = `${two}faults: [{ name: f, kind: latency, target: b, at: 1s, for: 2s, add: 300ms }]\n`;
    const [calm, disturbed] = await Promise.all(
      [two, slow].map((text) => runScenario(scenarioFolder(text).file, ...FIXED, "--pace", "max")),
    );
    assert.ok(disturbed!.logs.get("a") === calm!.logs.get("a"), "the log of a changed");
    assert.ok(disturbed!.logs.get("b") !== calm!.logs.get("b"), "the fault did something");
  },
});

Deno.test({
  name: "logs that cannot be written give exit code 104 and a plain sentence, and leave nothing behind",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(TEN_SECONDS);
    const ended = await squall(["run", file, "--logs", file, "--results", `${folder}/run`, "--pace", "max"]);
    assert.equal(ended.code, 104, ended.stderr);
    assert.match(ended.stderr, /^error: cannot write logs in .*scenario\.yaml/m);
    assert.deepEqual(filesBelow(folder), ["scenario.yaml"]);
  },
});
