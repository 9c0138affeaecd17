// compose/compose.yaml: that Compose takes it, that it keeps to itself, and that sim/stack/ knows what is in it.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseDuration } from "../../sim/base/time.ts";
import { metricsIntervalOf } from "../../sim/cli/signal_flags.ts";
import { ALL_PARTS } from "../../sim/stack/parts.ts";
import { needs } from "../permissions.ts";
import { tinyLoad, tinyPlan } from "../plans.ts";
import { fromRoot } from "../root.ts";

const ignore = needs("read");
const FILE = fromRoot("compose/compose.yaml");

interface ComposeService {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly mem_limit?: string;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly security_opt?: readonly string[];
  readonly profiles?: readonly string[];
}

function services(): Readonly<Record<string, ComposeService>> {
  return (parse(Deno.readTextFileSync(FILE), { merge: true }) as { services: Record<string, ComposeService> }).services;
}

/** The Compose programs of this machine. */
function composePrograms(): string[][] {
  return [["docker", "compose"], ["docker-compose"], ["podman", "compose"]].filter(([program, ...args]) => {
    try {
      return new Deno.Command(program!, { args: [...args, "version"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  });
}

const programs = needs("run", "read") ? [] : composePrograms();

Deno.test({
  name: "Compose accepts the file with every profile",
  ignore: ignore || programs.length === 0,
  fn() {
    const profiles = ["promtail", "alloy", "generator"];
    const flags = ["--file", FILE, ...profiles.flatMap((profile) => ["--profile", profile])];
    for (const [program, ...args] of programs) {
      const { success, stdout, stderr } = new Deno.Command(program!, { args: [...args, ...flags, "config"] })
        .outputSync();
      const said = new TextDecoder().decode(stderr);
      assert.ok(success, `${program} ${args}: ${said}`);
      const { services: there } = parse(new TextDecoder().decode(stdout)) as { services: Record<string, unknown> };
      for (const part of ["grafana", "loki", "tempo", "prometheus", ...profiles]) assert.ok(there[part], part);
    }
  },
});

Deno.test({
  name: "every image has a tag that says a version",
  ignore,
  fn() {
    for (const [name, { image }] of Object.entries(services())) {
      if (name !== "generator") assert.match(image, /^[\w/-]+:v?\d+\.\d+\.\d+$/, name);
    }
    assert.match(
      Deno.readTextFileSync(fromRoot("compose/generator/Dockerfile")),
      /^FROM denoland\/deno:\d+\.\d+\.\d+$/m,
    );
  },
});

Deno.test({
  name: "every port listens on this machine only, and is the one that stack:up asks",
  ignore,
  fn() {
    for (const [name, { ports = [] }] of Object.entries(services())) {
      const part = ALL_PARTS.find((each) => each.name === name);
      assert.equal(ports.length, part?.ports.length ?? 0, name);
      for (const { variable, port } of part?.ports ?? []) {
        assert.ok(ports.includes(`127.0.0.1:\${${variable}:-${port}}:${port}`), `${name} ${variable}`);
      }
    }
  },
});

Deno.test({
  name: "no container has Docker's socket, more rights than it was given, or memory without end",
  ignore,
  fn() {
    assert.doesNotMatch(Deno.readTextFileSync(FILE), /docker\.sock|privileged|network_mode|pid:/);
    for (const [name, service] of Object.entries(services())) {
      assert.ok(service.security_opt?.includes("no-new-privileges:true"), name);
      assert.ok(service.mem_limit !== undefined, name);
      assert.ok(service.stop_grace_period !== undefined, name);
      if (name === "generator") continue;
      assert.ok(service.healthcheck !== undefined && service.restart === "unless-stopped", name);
    }
  },
});

Deno.test({
  name: "configuration and logs are mounted for reading only, and there where the programs look",
  ignore,
  fn() {
    for (const [name, { volumes = [] }] of Object.entries(services())) {
      for (const volume of volumes.filter((each) => /^[.$]/.test(each))) {
        if (name !== "generator") assert.match(volume, /:ro$/, name);
        const [from] = volume.replace("${SQUALL_LOGS:-../logs}", "../logs").split(":");
        if (!from!.startsWith("./")) continue;
        assert.ok(Deno.statSync(fromRoot(`compose/${from}`)), `${name}: ${from}`);
      }
    }
    const { promtail, alloy } = services();
    for (const shipper of [promtail, alloy]) assert.ok(shipper?.volumes?.includes("${SQUALL_LOGS:-../logs}:/logs:ro"));
  },
});

Deno.test({
  name: "one of Promtail and Alloy runs: each has a profile, and .env turns Promtail's on",
  ignore,
  fn() {
    const { promtail, alloy, generator } = services();
    assert.deepEqual([promtail, alloy, generator].map((each) => each?.profiles), [["promtail"], ["alloy"], [
      "generator",
    ]]);
    assert.match(Deno.readTextFileSync(fromRoot("compose/.env")), /^COMPOSE_PROFILES=promtail$/m);
  },
});

Deno.test({
  name: "no limit of Tempo, Loki or Prometheus throws a back-fill of a week away, or a busy minute",
  ignore,
  fn() {
    type Settings = { readonly [name: string]: Settings };
    const settings = (path: string): Settings => parse(Deno.readTextFileSync(fromRoot(`compose/${path}`)));
    const seconds = (text: unknown): number =>
      parseDuration(String(text).replace(/^(\d+)d$/, (_, d) => `${d * 24}h`))! / 1e9;
    const week = 7 * 24 * 3600;
    const { live_store, overrides, metrics_generator } = settings("tempo/tempo.yaml");
    assert.ok(seconds(live_store!["wal"]!["ingestion_time_range_slack"]) >= week);
    // Blocks of old spans are removed at each round, whether they have been written or not: rounds must be rare.
    assert.ok(seconds(live_store!["flush_op_timeout"]) >= 3600);
    assert.deepEqual(overrides!["defaults"]!["ingestion"]!["max_traces_per_user"], 0);
    assert.deepEqual(overrides!["defaults"]!["global"]!["max_bytes_per_trace"], 0);
    assert.ok(seconds(metrics_generator!["metrics_ingestion_time_range_slack"]) >= week);
    const { ingester, querier, limits_config } = settings("loki/loki.yaml");
    // A line may be older than its stream's newest by half of it.
    assert.ok(seconds(ingester!["max_chunk_age"]) >= 2 * week);
    assert.deepEqual(querier!["query_ingesters_within"], 0);
    assert.deepEqual(limits_config!["reject_old_samples"], false);
    assert.ok(seconds(settings("prometheus/prometheus.yaml")["storage"]!["tsdb"]!["out_of_order_time_window"]) >= week);
  },
});

Deno.test({
  name: "the window of the dashboards' rates holds two readings of a long run's metrics",
  ignore,
  fn() {
    const { datasources } = parse(
      Deno.readTextFileSync(fromRoot("compose/grafana/provisioning/datasources/datasources.yaml")),
    ) as { datasources: { uid: string; jsonData: { timeInterval?: string } }[] };
    const prometheus = datasources.find(({ uid }) => uid === "prometheus");
    const window = 4 * parseDuration(prometheus!.jsonData.timeInterval!)!;
    const endless = tinyPlan({ workloads: { all: { load: tinyLoad(86_400) } } });
    assert.ok(window >= 2 * metricsIntervalOf({}, endless));
    assert.ok(metricsIntervalOf({}, endless) > metricsIntervalOf({}, tinyPlan()));
  },
});
