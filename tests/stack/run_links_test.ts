// What a run leaves in Grafana: the links at its end, and its faults as annotations.

import assert from "node:assert/strict";
import { exploreLinks, hasStack, logsQuery, tracesQuery } from "../../sim/stack/explore_links.ts";
import { annotateFaults, FAULT_TAG } from "../../sim/stack/fault_annotations.ts";
import { squall } from "../cli/squall.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { logqlLabels, syntaxError } from "./grammar.ts";
import { lineLabels } from "./produced.ts";

const RUN = {
  grafana: "http://localhost:3000",
  runId: "20261125-120000-0a1b2c3d",
  namespace: "shop",
  fromMs: Date.parse("2026-11-25T12:00:00Z"),
  untilMs: Date.parse("2026-11-25T12:03:00Z"),
};

interface Pane {
  readonly datasource: string;
  readonly queries: readonly { expr?: string; query?: string; datasource: { uid: string } }[];
  readonly range: { readonly from: string; readonly to: string };
}

/** What Explore reads from a link. */
function paneOf(url: string): Pane {
  const panes = JSON.parse(new URL(url).searchParams.get("panes")!) as Record<string, Pane>;
  return Object.values(panes)[0]!;
}

Deno.test({
  name: "the links have the run's time range, with a margin, and queries that their grammars take",
  ignore: needs("read", "env"),
  fn() {
    const [overview, incident, logs, traces] = exploreLinks(RUN).map(({ url }) => url);
    const range = { from: String(RUN.fromMs - 5000), to: String(RUN.untilMs + 5000) };
    for (const url of [overview!, incident!]) {
      const { searchParams } = new URL(url);
      assert.deepEqual({ from: searchParams.get("from"), to: searchParams.get("to") }, range);
    }
    const ofLogs = paneOf(logs!), ofTraces = paneOf(traces!);
    assert.deepEqual([ofLogs.range, ofTraces.range], [range, range]);
    assert.deepEqual([ofLogs.datasource, ofTraces.datasource], ["loki", "tempo"]);
    assert.equal(ofLogs.queries[0]!.expr, logsQuery(RUN.runId));
    assert.equal(ofTraces.queries[0]!.query, tracesQuery("shop"));
    assert.equal(syntaxError("logql", logsQuery(RUN.runId)), undefined);
    assert.equal(syntaxError("traceql", tracesQuery('a "quoted" name')), undefined);
    const known = lineLabels();
    assert.ok(logqlLabels(logsQuery(RUN.runId)).every((label) => known.has(label)));
  },
});

Deno.test("the query for lines finds the file of the run and no other", () => {
  const [, expression] = /filename=~"(.+)"/.exec(logsQuery(RUN.runId))!;
  const matches = (name: string): boolean => new RegExp(`^(?:${expression})$`).test(name);
  assert.ok(matches(`/logs/web/web-${RUN.runId}.log`));
  assert.ok(!matches("/logs/web/web-20261125-120000-ffffffff.log"));
});

Deno.test("a Grafana without the stack's dashboards is not the stack, nor is one that hangs or is not there", async () => {
  const answering = (status: number) => () => Promise.resolve(new Response("{}", { status }));
  assert.equal(await hasStack("http://grafana", answering(200)), true);
  assert.equal(await hasStack("http://grafana", answering(404)), false);
  assert.equal(await hasStack("http://grafana", () => Promise.reject(new Error("refused"))), false);
});

Deno.test("faults become annotations with the tag that the dashboards ask for", async () => {
  const sent: unknown[] = [];
  const wrong = await annotateFaults(
    "http://grafana",
    "id",
    [{ name: "slow", fromMs: 1000.4, untilMs: 2000 }],
    (url, init) => {
      sent.push([url, JSON.parse(init.body)]);
      return Promise.resolve(new Response("{}"));
    },
  );
  assert.equal(wrong, undefined);
  assert.deepEqual(sent, [
    ["http://grafana/api/annotations", { time: 1000, timeEnd: 2000, text: "slow", tags: [FAULT_TAG, "run:id"] }],
  ]);
  const refusing = () => Promise.resolve(new Response("no", { status: 403 }));
  assert.equal(
    await annotateFaults("http://grafana", "id", [{ name: "slow", fromMs: 0, untilMs: 1 }], refusing),
    "answered 403",
  );
});

Deno.test({
  name: "a run ends with links when the stack's Grafana answers, and tells it the faults",
  ignore: needs("read", "write", "run", "env", "net"),
  async fn() {
    const annotations: { text: string; time: number; timeEnd: number }[] = [];
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      if (new URL(request.url).pathname === "/api/annotations") annotations.push(await request.json());
      return Response.json({});
    });
    const folder = Deno.makeTempDirSync();
    try {
      const run = (...more: string[]) =>
        squall([
          ...["run", fromRoot("scenarios/checkout.yaml"), "--pace", "max", "--start", "2026-11-25T12:00:00Z"],
          ...["--logs", `${folder}/logs`, "--results", `${folder}/${more.length}`, "--traces", "none", ...more],
        ], { env: { GRAFANA_URL: `http://127.0.0.1:${server.addr.port}/`, SQUALL_LOGS: `${folder}/logs` } });
      const { stdout } = await run();
      const port = server.addr.port;
      assert.match(
        stdout,
        new RegExp(`in Grafana\\n +dashboards +http://127\\.0\\.0\\.1:${port}/d/squall-overview\\?from=`),
      );
      assert.match(stdout, /\n +logs +http\S+explore\S+/);
      assert.doesNotMatch(stdout, /\n +traces +http/, "there are none");
      const start = Date.parse("2026-11-25T12:00:00Z");
      assert.deepEqual(
        annotations.map(({ text, time, timeEnd }) => [text, time - start, timeEnd - start]),
        [["card processor slow", 50_000, 90_000], ["bad deploy of the inventory", 110_000, 130_000]],
      );
      const elsewhere = await run("--no-logs");
      assert.doesNotMatch(elsewhere.stdout, /in Grafana/, "what the stack does not show has no links");
    } finally {
      await server.shutdown();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
