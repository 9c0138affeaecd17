// What is said about the times of a workload that waits for another, whose end nobody knows beforehand.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { scenarioFolder } from "./scenarios.ts";
import { squall } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");

const CHAIN = `
name: chain
services: { web: { endpoints: { GET /: { latency: 500ms } } } }
journeys: { v: [web.GET /] }
scenarios:
  warm: { executor: shared-iterations, vus: 1, iterations: 4 }
  load: { executor: constant-arrival-rate, rate: 30, duration: 10s, preAllocatedVUs: 4, startAfter: warm }
`;

Deno.test({
  name: "a rate is over the time that the load really had, and the length is said as a bound",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(CHAIN);
    const flags = ["--pace", "max", "--traces", "none"];
    const [bare, logged] = await Promise.all([
      squall(["run", file, ...flags, "--no-logs", "--results", `${folder}/bare`]),
      squall(["run", file, ...flags, "--logs", `${folder}/logs`, "--results", `${folder}/logged`]),
    ]);
    assert.equal(bare.code, 0, bare.stderr);
    // Four VUs, each taken every 16th arrival: half a second, up to the next one.
    assert.match(bare.stderr, /load: asked for 30\/s, started 7\.6\/s on average/);
    assert.match(bare.stdout, /started 7\.6\/s of the 30\/s asked for/);
    assert.match(bare.stderr, /^chain: up to 10m40s from /m);
    assert.match(bare.stdout, /chain: 12\.?\d*s simulated/);
    for (const { stderr } of [bare, logged]) assert.doesNotMatch(stderr, /10 minutes ahead/);
  },
});

Deno.test({
  name: "what a backend would not show is said of what is sent to it",
  ignore,
  async fn() {
    const { folder, file } = scenarioFolder(
      CHAIN.replace("duration: 10s, preA", "startTime: 20m, duration: 10s, preA").replace(", startAfter: warm", ""),
    );
    const [bare, logged] = await Promise.all(
      [["--no-logs"], ["--logs", `${folder}/logs`]].map((flags, i) =>
        squall(["run", file, "--pace", "max", "--traces", "none", "--results", `${folder}/${i}`, ...flags])
      ),
    );
    assert.match(logged!.stderr, /more than 10 minutes ahead/);
    assert.doesNotMatch(bare!.stderr, /Loki/);
  },
});

Deno.test({
  name: "inspect draws a load where the one that it waits for is likely to end",
  ignore,
  async fn() {
    const { file } = scenarioFolder(CHAIN);
    const [text, json] = await Promise.all([squall(["inspect", file]), squall(["inspect", file, "--json"])]);
    assert.match(text.stdout, /12s of load, ended by 11m10s at the latest/);
    assert.match(text.stdout, /startAfter: warm {2}startTime: 0s/);
    const { scenarios } = JSON.parse(json.stdout);
    assert.equal(scenarios.load.startAfter, "warm");
    assert.deepEqual([scenarios.load.expected.startMs, scenarios.load.expected.lengthMs], [2000, 10_000]);
    assert.equal(scenarios.warm.startAfter, null);
  },
});
