// A chaos experiment as a user runs it: the hypothesis, the journal, the ground truth, and the labels.

import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { filesBelow, squall, start } from "./squall.ts";

const ignore = needs("read", "write", "run", "env", "net");
const START = "2026-11-23T12:00:00Z";

const shop = (extra: string): string => `
name: experiment
services:
  web: { endpoints: { "GET /": { latency: 5ms, calls: [{ call: cart.Get, timeout: 200ms }] } } }
  cart: { endpoints: { Get: { latency: 2ms, calls: [db.q] } } }
  db: { kind: database, system: postgresql, endpoints: { q: 1ms } }
  other: { endpoints: { Get: 2ms } }
journeys: { visit: [web.GET /, other.Get] }
scenarios: { load: { executor: constant-arrival-rate, rate: 20, duration: 60s, preAllocatedVUs: 20 } }
faults:
  - { name: broken cart, kind: errors, target: cart, at: 20s, for: 10s, rate: 60% }
${extra}`;

const hypothesis = (steady: string, rest = "recoverWithin: 20s"): string =>
  `hypothesis: { title: visitors are served, steady: { http_req_failed: '${steady}' }, ${rest} }\n`;

interface Journal {
  readonly status: string;
  readonly deviated: boolean;
  readonly start: string;
  readonly end: string;
  readonly steady_states: {
    readonly before: { readonly steady_state_met: boolean } | null;
    readonly during: readonly { readonly steady_state_met: boolean }[];
    readonly after: { readonly steady_state_met: boolean; readonly probes: readonly Record<string, unknown>[] } | null;
  };
  readonly run: readonly {
    readonly start: string;
    readonly end: string;
    readonly activity: { readonly name: string };
  }[];
}

/** Of the ground truth what the tests look at. */
interface Truth {
  readonly injections: readonly unknown[];
  readonly phases: readonly { readonly name: string; readonly from_s: number }[];
  readonly faults: readonly {
    readonly root: string;
    readonly reached: readonly {
      readonly service: string;
      readonly by: string;
      readonly path: readonly string[];
      readonly firstImpact_s: number;
      readonly lastImpact_s: number;
      readonly failed: number;
    }[];
    readonly users: { readonly failed: number };
  }[];
  readonly userVisible: boolean;
  readonly indicators: { readonly [phase in "baseline" | "incident"]: { readonly errorRate: number } };
  readonly redHerrings: readonly { readonly service: string }[];
}

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly folder: string;
  readonly journal: Journal;
  readonly truth: Truth;
}

async function run(text: string, ...flags: string[]): Promise<Run> {
  const folder = Deno.makeTempDirSync({ prefix: "squall-" });
  const file = `${folder}/scenario.yaml`;
  Deno.writeTextFileSync(file, text);
  const { code, stdout, stderr } = await squall([
    ...["run", file, "--pace", "max", "--start", START, "--traces", "file"],
    ...["--logs", `${folder}/logs`, "--results", `${folder}/run`, ...flags],
  ]);
  const read = (name: string): string | undefined => {
    try {
      return Deno.readTextFileSync(`${folder}/run/${name}`);
    } catch {
      return undefined;
    }
  };
  const journal = read("journal.json"), truth = read("ground-truth.json");
  assert.ok(code !== 104 && code !== 109, stderr);
  return {
    code,
    stdout,
    folder,
    journal: journal === undefined ? undefined as never : JSON.parse(journal) as Journal,
    truth: truth === undefined ? undefined as never : JSON.parse(truth) as Truth,
  };
}

/** Everything that a run wrote for its services, without the run id in the names. */
function telemetry({ folder }: Run): string {
  const logs = filesBelow(`${folder}/logs`).map((path) => Deno.readTextFileSync(`${folder}/logs/${path}`));
  return logs.join("") + Deno.readTextFileSync(`${folder}/run/traces.jsonl`);
}

Deno.test({
  name: "a hypothesis that holds gives exit code 0, and a journal of what was tried",
  ignore,
  async fn() {
    const { code, stdout, journal } = await run(shop(hypothesis("rate<0.05")));
    assert.equal(code, 0);
    assert.match(stdout, /visitors are served\n\s+✓ It held\./);
    assert.deepEqual([journal.status, journal.deviated], ["completed", false]);
    const { before, during, after } = journal.steady_states;
    assert.deepEqual([before?.steady_state_met, after?.steady_state_met], [true, true]);
    assert.ok(during.some((each) => !each.steady_state_met), "it failed while the cart was broken");
    assert.deepEqual(journal.run.map(({ start, end, activity }) => [start, end, activity.name]), [
      ["2026-11-23T12:00:20Z", "2026-11-23T12:00:30Z", "broken cart"],
    ]);
  },
});

Deno.test({
  name: "a hypothesis that fails gives exit code 99, a journal that deviated, and a summary for people",
  ignore,
  async fn() {
    const { code, stdout, journal, folder } = await run(shop(hypothesis("rate<0.05", "recoverWithin: 2s")));
    assert.equal(code, 99);
    assert.deepEqual([journal.status, journal.deviated], ["failed", true]);
    assert.match(
      stdout,
      /✗ It did not hold: the system was not steady \S+\s+after\s+the\s+faults'\s+end,\s+and\s+2s\s+were\s+allowed/,
    );
    for (
      const line of [
        /time to impact +\S+ until the first user was hurt/,
        /time to recovery/,
        /users hurt +\d+\.\d+% \(/,
      ]
    ) {
      assert.match(stdout, line);
    }
    for (const [title, name] of [["journal", "journal.json"], ["truth", "ground-truth.json"]]) {
      assert.match(stdout, new RegExp(`${title} +\\S+/run/${name}\\n`));
    }
    const { impact, hypothesis: said } = JSON.parse(Deno.readTextFileSync(`${folder}/run/summary.json`));
    assert.equal(said.deviated, true);
    assert.ok(impact.usersHurt > 80 && impact.usersHurt < 160 && impact.shareHurt > 0.4, JSON.stringify(impact));
  },
});

Deno.test({
  name: "a run whose steady state does not hold before the first fault says so and stops",
  ignore,
  async fn() {
    const { code, stdout, journal, truth } = await run(shop(hypothesis("rate>0.5")));
    assert.equal(code, 99);
    assert.match(stdout, /✗ It was not tried: the system was not steady before the first fault/);
    assert.match(stdout, /ended before the first fault/);
    assert.deepEqual([journal.status, journal.deviated, journal.run], ["failed", false, []]);
    assert.equal(journal.steady_states.before?.steady_state_met, false);
    assert.equal(journal.steady_states.after, null);
    assert.equal(journal.end, "2026-11-23T12:00:18Z");
    assert.deepEqual([truth.injections, truth.userVisible], [[], false]);
  },
});

Deno.test({
  name: "the ground truth is as its schema says, and names the root, the ways, the times and the users",
  ignore,
  async fn() {
    const { truth } = await run(shop(""));
    const schema = JSON.parse(Deno.readTextFileSync(fromRoot("scenarios/ground-truth.schema.json")));
    const validate = new Ajv().compile(schema);
    const isValid: boolean = validate(truth);
    assert.ok(isValid, JSON.stringify(validate.errors));
    const fault = truth.faults[0]!;
    assert.equal(fault.root, "cart");
    assert.deepEqual(
      fault.reached.map(({ service, by, path }) => [service, by, path]),
      [["cart", "fault", ["cart"]], ["web", "answer", ["cart", "web"]]],
    );
    const [cart, web] = fault.reached as [Truth["faults"][0]["reached"][0], Truth["faults"][0]["reached"][0]];
    assert.ok(cart.firstImpact_s >= 20 && web.firstImpact_s >= cart.firstImpact_s && web.lastImpact_s < 30.1);
    assert.equal(cart.failed, fault.users.failed, "each failure reached its user");
    assert.deepEqual(
      truth.phases.map(({ name, from_s }) => [name, Math.round(from_s)]),
      [["baseline", 0], ["incident", 20], ["normal", 30]],
    );
    assert.equal(truth.userVisible, true);
    assert.ok(truth.indicators.incident.errorRate > 0.2 && truth.indicators.baseline.errorRate === 0);
    // The database is not asked by a cart that fails at once.
    assert.deepEqual(truth.redHerrings.map(({ service }) => service), ["db"]);
  },
});

Deno.test({
  name: "none of the truth is in the telemetry, unless labels are asked for",
  ignore,
  async fn() {
    const [plain, labelled] = await Promise.all([run(shop("")), run(shop(""), "--label")]);
    const without = telemetry(plain!), labels = telemetry(labelled!);
    assert.doesNotMatch(without, /squall\.|broken cart/);
    assert.match(labels, /"squall\.fault":"broken cart","squall\.fault\.by":"answer"\}\n/);
    assert.match(labels, /"key":"squall\.fault","value":\{"stringValue":"broken cart"\}/);
    const stripped = labels.replaceAll(/,"squall\.fault":"broken cart","squall\.fault\.by":"\w+"/g, "")
      .replaceAll(/,\{"key":"squall\.fault(\.by)?","value":\{"stringValue":"[^"]*"\}\}/g, "");
    assert.ok(stripped === without, "nothing else differs");
  },
});

Deno.test({
  name: "a run without faults and without a hypothesis has neither journal nor ground truth",
  ignore,
  async fn() {
    const { code, stdout, journal, truth } = await run(shop("").replace(/faults:[^]*/, ""));
    assert.deepEqual([code, journal, truth], [0, undefined, undefined]);
    assert.doesNotMatch(stdout, /FAULTS|HYPOTHESIS/);
  },
});

Deno.test({
  name: "a run that is interrupted has its journal as well, with what was still there",
  ignore: ignore || Deno.build.os === "windows",
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "squall-" });
    Deno.writeTextFileSync(
      `${folder}/scenario.yaml`,
      shop("").replace("at: 20s, for: 10s", "at: 1s").replace("60s", "10m"),
    );
    const flags = ["--pace", "20x", "--no-logs", "--traces", "none", "--results", `${folder}/run`];
    const process = start(["run", `${folder}/scenario.yaml`, ...flags]);
    await process.said("broken cart");
    process.process.kill("SIGINT");
    const { code, stdout } = await process.ended();
    assert.equal(code, 105);
    assert.match(stdout, /the run ended while a fault was there/);
    const journal = JSON.parse(Deno.readTextFileSync(`${folder}/run/journal.json`)) as Journal;
    assert.equal(journal.status, "interrupted");
    assert.equal(journal.run[0]?.end, journal.end);
    const truth = JSON.parse(Deno.readTextFileSync(`${folder}/run/ground-truth.json`));
    assert.equal(truth.injections[0].endedByRun, true);
  },
});
