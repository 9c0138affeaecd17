// Metrics and logs of whole runs, over OTLP to a real server and in an OpenMetrics file.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { runScenario, type Summary } from "./runs.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";
import { squall } from "./squall.ts";

const ignore = needs("read", "write", "net", "run", "env");

type Body = Record<string, unknown>;

/** Answers every export with a success (or as told), and keeps what came by path. */
class Otlp implements AsyncDisposable {
  readonly bodies = new Map<string, Body[]>();
  answer: (path: string) => Response = () => Response.json({});
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const answer = this.answer(pathname);
    const body = await request.json() as Body;
    if (answer.ok) this.bodies.set(pathname, [...this.bodies.get(pathname) ?? [], body]);
    return answer;
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.addr as Deno.NetAddr).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** All lists of this name, wherever they stand. */
function all(of: unknown, name: string): Body[] {
  if (typeof of !== "object" || of === null) return [];
  return Object.entries(of).flatMap(([key, value]) => [
    ...(key === name ? value as Body[] : []),
    ...all(value, name),
  ]);
}

async function run(
  ...flags: string[]
): Promise<{ code: number; stderr: string; summary: Summary; folder: string }> {
  const { folder, file } = scenarioFolder(TEN_SECONDS);
  const logs = flags.includes("--logs-to") ? [] : ["--logs", `${folder}/logs`];
  const ended = await squall(
    ["run", file, "--pace", "max", "--results", `${folder}/run`, "--traces", "none", ...logs, ...flags],
    // A receiver that is away is given up sooner.
    { env: { OTEL_EXPORTER_OTLP_TIMEOUT: "1000" } },
  );
  return {
    ...ended,
    folder,
    summary: JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`)) as Summary,
  };
}

Deno.test({
  name:
    "metrics arrive over OTLP at intervals of simulated time, as many points as the account says, and equal the summary",
  ignore,
  async fn() {
    await using otlp = new Otlp();
    const { code, summary, stderr } = await run(
      "--metrics",
      "otlp",
      "--metrics-endpoint",
      otlp.url,
      "--metrics-interval",
      "5s",
    );
    assert.equal(code, 0, stderr);
    const bodies = otlp.bodies.get("/v1/metrics")!;
    const points = all(bodies, "dataPoints");
    const { metrics } = summary.delivery as unknown as { metrics: { generated: number; delivered: number } };
    assert.equal(points.length, metrics.generated);
    assert.equal(metrics.delivered, metrics.generated);
    const durations = all(bodies, "metrics").filter(({ name }) => name === "http.server.request.duration");
    const times = new Set(all(durations, "dataPoints").map(({ timeUnixNano }) => timeUnixNano));
    assert.ok(times.size >= 3, "at 5 s, at 10 s, at the end");
    const newest = [...times].sort().at(-2);
    const requests = all(durations, "dataPoints").filter((point) => point["timeUnixNano"] === newest)
      .reduce((sum, { count }) => sum + Number(count), 0);
    assert.equal(requests, summary.services["web"]!["requests"]);
  },
});

Deno.test({
  name:
    "a metrics receiver that refuses is told, counted, and gives 110; one that is away leaves the points in the run's folder",
  ignore,
  async fn() {
    await using otlp = new Otlp();
    otlp.answer = () => new Response("no OTLP here", { status: 404, headers: { "content-type": "text/plain" } });
    const refused = await run("--metrics", "otlp", "--metrics-endpoint", otlp.url);
    assert.equal(refused.code, 110);
    assert.match(refused.stderr, /refuses data points for good: it answered 404: no OTLP here/);
    const { metrics } = refused.summary.delivery as unknown as { metrics: { generated: number; rejected: number } };
    assert.equal(metrics.rejected, metrics.generated);
    const away = await run("--metrics", "otlp", "--metrics-endpoint", "http://127.0.0.1:9");
    assert.equal(away.code, 110);
    const kept = Deno.readTextFileSync(`${away.folder}/run/metrics.jsonl`).trim().split("\n").flatMap((line) =>
      all(JSON.parse(line), "dataPoints")
    );
    const account = (away.summary.delivery as unknown as { metrics: { generated: number; pending: number } }).metrics;
    assert.equal(account.pending, account.generated);
    assert.equal(kept.length, account.pending);
  },
});

Deno.test({
  name: "log records over OTLP are the lines of the log files, with their ids, levels and attributes",
  ignore,
  async fn() {
    await using otlp = new Otlp();
    const { code, summary, stderr } = await run("--logs-to", "otlp", "--logs-endpoint", `${otlp.url}/otlp`);
    assert.equal(code, 0, stderr);
    const records = all(otlp.bodies.get("/otlp/v1/logs"), "logRecords");
    assert.equal(records.length, summary.delivery.logs.generated);
    assert.equal(summary.delivery.logs.delivered, records.length);
    assert.ok(
      records.every(({ body, severityNumber }) =>
        (body as { stringValue: string }).stringValue !== "" && Number(severityNumber) > 0
      ),
    );
    const withIds = records.filter(({ traceId }) => /^[0-9a-f]{32}$/.test(String(traceId)));
    assert.ok(withIds.length > records.length / 2);
    const files = await runScenario(scenarioFolder(TEN_SECONDS).file, "--pace", "max");
    assert.equal(files.summary.delivery.logs.generated, records.length);
  },
});

Deno.test({
  name: "the OpenMetrics file has each family once, each series in order of time, and ends",
  ignore,
  async fn() {
    const { code, folder, summary } = await run("--metrics", "file", "--metrics-interval", "2s");
    assert.equal(code, 0);
    const lines = Deno.readTextFileSync(`${folder}/run/metrics.openmetrics`).split("\n");
    assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
    const families = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]);
    assert.equal(new Set(families).size, families.length);
    const newest = new Map<string, number>();
    let samples = 0;
    for (const line of lines) {
      const match =
        /^([a-z_]+\{[^}]*\}) (\S+) (\d+\.\d{3})(?: # \{trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"\} \S+ \S+)?$/
          .exec(line);
      if (match === null) {
        assert.ok(line === "" || line.startsWith("# "), line);
        continue;
      }
      const [, series, value, time] = match;
      assert.ok(Number.isFinite(Number(value)), line);
      assert.ok(Number(time) > (newest.get(series!) ?? 0), `${series} goes back in time`);
      newest.set(series!, Number(time));
      samples++;
    }
    assert.ok(samples > 0);
    const { metrics } = summary.delivery as unknown as { metrics: { generated: number; delivered: number } };
    assert.equal(metrics.delivered, metrics.generated);
  },
});

Deno.test({
  name: "flags that exclude each other are refused before anything runs",
  ignore,
  async fn() {
    const { file } = scenarioFolder(TEN_SECONDS);
    for (
      const [flags, said] of [
        [["--logs-to", "otlp", "--logs", "x"], /--logs and --logs-to otlp exclude each other/],
        [["--logs-to", "otlp", "--no-logs"], /exclude each other/],
        [["--metrics-endpoint", "http://localhost:9"], /is for --metrics otlp/],
        [["--metrics", "otlp", "--metrics-endpoint", "localhost:9"], /did you mean http:\/\/localhost:9\?/],
        [["--metrics-interval", "10"], /It is a duration of at least 1s/],
      ] as const
    ) {
      const { code, stderr } = await squall(["run", file, ...flags]);
      assert.equal(code, 104, flags.join(" "));
      assert.match(stderr, said);
    }
  },
});
