// The real stack, with compose/'s configuration: what a run sends is all there, and the dashboards show it. Skipped without
// the addresses; `deno task test:stack` gives them as `deno task stack:up` has them. Promtail (or Alloy) must tail the folder
// of logs that the runs write: the project's logs/, or SQUALL_LOGS.

import assert from "node:assert/strict";
import { readRun } from "../../sim/stack/verify/recorded_run.ts";
import { squall } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { answersTo, livePanels, type Range, type Urls } from "./live_panels.ts";
import { filledIn, givenQueries } from "./panel_queries.ts";

function variable(name: string): string | undefined {
  if (needs("env")) return undefined;
  const value = Deno.env.get(name);
  return value === undefined || value === "" ? undefined : value.replace(/\/+$/, "");
}

const LOKI = variable("LOKI_URL"), TEMPO = variable("TEMPO_URL"), PROMETHEUS = variable("PROMETHEUS_URL");
const GRAFANA = variable("GRAFANA_URL");
const ignore = needs("read", "write", "net", "run", "env") || LOKI === undefined || TEMPO === undefined ||
  PROMETHEUS === undefined;
const urls = { loki: LOKI, tempo: TEMPO, prometheus: PROMETHEUS } as Urls;

/** Panels that are empty when all goes well, or that show the part of the stack that is not there. */
const MAY_BE_EMPTY =
  /refused|lost|Restarts|Memory, by replica|Connections to databases|not read yet|discarded|too old|Lines a second/i;

interface Sent {
  readonly folder: string;
  readonly range: Range;
}

/** Runs a scenario into the stack. */
async function send(file: string, ...flags: string[]): Promise<Sent> {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  const logs = variable("SQUALL_LOGS");
  const ended = await squall([
    "run",
    fromRoot(file),
    "--results",
    `${folder}/run`,
    ...(logs === undefined ? [] : ["--logs", logs]),
    "--traces",
    "otlp",
    "--otlp-endpoint",
    variable("OTLP_URL") ?? `http://${new URL(TEMPO!).hostname}:4318`,
    "--metrics",
    "otlp",
    "--metrics-endpoint",
    `${PROMETHEUS}/api/v1/otlp`,
    "--quiet",
    ...flags,
    // On a machine that the backends share with the run, and maybe with others, an answer takes longer than usual.
  ], { env: { OTEL_EXPORTER_OTLP_TIMEOUT: "60000" } });
  // A threshold may fail when the load is another one; nothing may be undelivered.
  assert.ok(ended.code === 0 || ended.code === 99, `exit code ${ended.code}: ${ended.stderr}`);
  const { startEpochNs, manifest } = readRun(`${folder}/run`, new Map());
  const from = Number(startEpochNs / 1_000_000n) / 1000;
  return { folder: `${folder}/run`, range: { from, until: from + manifest.elapsed_ns / 1e9 } };
}

/** Verifies a run with the command, and gives what it found. */
async function verified({ folder }: Sent, ...flags: string[]): Promise<void> {
  const env = { LOKI_URL: LOKI!, TEMPO_URL: TEMPO!, PROMETHEUS_URL: PROMETHEUS! };
  const { code, stdout, stderr } = await squall(["verify", folder, "--wait", "3m", ...flags], { env });
  assert.equal(code, 0, stdout + stderr);
}

async function showsPanels({ range, folder }: Sent): Promise<void> {
  const { plan } = readRun(folder, new Map());
  const traceId = await someTrace(range, plan.namespace);
  const empty: string[] = [];
  for (const panel of livePanels()) {
    let answers = 0;
    for (
      const service of panel.queries.some(({ text }) => text.includes("$service")) ? plan.services : [plan.services[0]!]
    ) {
      for (const query of panel.queries) {
        const variables = { namespace: plan.namespace, service: service.name, trace_id: traceId };
        answers += await answersTo(query, urls, range, variables);
      }
      if (answers > 0) break;
    }
    if (answers === 0 && !MAY_BE_EMPTY.test(panel.title)) empty.push(`${panel.dashboard}: ${panel.title}`);
  }
  assert.deepEqual(empty, []);
}

async function someTrace({ from, until }: Range, namespace: string): Promise<string> {
  const query = new URLSearchParams({
    q: `{ resource.service.namespace = "${namespace}" }`,
    limit: "1",
    start: String(Math.floor(from)),
    end: String(Math.ceil(until)),
  });
  const answer = await (await fetch(`${urls.tempo}/api/search?${query}`)).json() as { traces: { traceID: string }[] };
  return answer.traces[0]!.traceID.padStart(32, "0");
}

Deno.test({
  name: "checkout.yaml in real time loses nothing, and every panel shows it",
  ignore,
  async fn() {
    const sent = await send("scenarios/checkout.yaml");
    await verified(sent, "--spans-of", "all");
    await showsPanels(sent);
  },
});

Deno.test({
  name: "six hours of checkout.yaml, back-filled as fast as it goes, lose nothing, and every panel shows them",
  ignore,
  async fn() {
    // A tenth of the load for as long: about half a million spans.
    const sent = await send(
      "scenarios/checkout.yaml",
      "--pace",
      "max",
      "--start",
      "-6h",
      "--set",
      "scenarios.visitors.stages=[{ target: 0.4, duration: 1m }, { target: 0.4, duration: 5h58m }]",
      "--set",
      "scenarios.buyers.stages=[{ target: 0.3, duration: 1m }, { target: 0.3, duration: 5h58m }]",
    );
    await verified(sent, "--spans-of", "2000");
    await showsPanels(sent);
  },
});

Deno.test({
  name: "1,000 traces a second of 20 spans for a minute, with their logs, lose nothing",
  ignore,
  async fn() {
    await verified(await send("scenarios/lab/thousand-traces.yaml"), "--spans-of", "2000");
  },
});

Deno.test({
  name: "log records over OTLP lose nothing in Loki",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    const ended = await squall([
      "run",
      fromRoot("scenarios/checkout.yaml"),
      "--pace",
      "max",
      "--end",
      "now",
      "--results",
      `${folder}/run`,
      "--logs-to",
      "otlp",
      "--logs-endpoint",
      `${LOKI}/otlp`,
      "--traces",
      "none",
      "--quiet",
    ]);
    assert.equal(ended.code, 0, ended.stderr);
    await verified({ folder: `${folder}/run`, range: { from: 0, until: 0 } });
  },
});

Deno.test({
  name: "every query of dashboards, variables, alerts and links is one that its backend answers",
  ignore,
  async fn() {
    const until = Date.now() / 1000, from = until - 60;
    const kinds = { promql: "prometheus", logql: "loki", traceql: "tempo" } as const;
    for (const { where, language, text } of givenQueries()) {
      // A trace by its id is no query.
      if (text === "${trace_id}") continue;
      const query = { kind: kinds[language], text: filledIn(text) };
      await assert.doesNotReject(answersTo(query, urls, { from, until }, {}), where);
    }
  },
});

Deno.test({
  name: "Grafana has the data sources and dashboards, and reaches the backends",
  ignore: ignore || GRAFANA === undefined,
  async fn() {
    const ask = async (path: string): Promise<unknown> => {
      const response = await fetch(`${GRAFANA}${path}`);
      assert.ok(response.ok, `${response.status} to ${path}: ${await response.clone().text()}`);
      return await response.json();
    };
    for (const uid of ["loki", "tempo", "prometheus"]) await ask(`/api/datasources/uid/${uid}/health`);
    const found = await ask("/api/search?type=dash-db") as readonly { uid: string }[];
    assert.ok(found.some(({ uid }) => uid.startsWith("squall-")));
  },
});
