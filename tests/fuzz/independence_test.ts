// Random systems: what does not reach a service changes not one byte of its log. Draws are keyed by who asks, and state
// lives with its owner, so a new service, or a fault elsewhere, moves nothing of the others: request by request, through
// the retries, breakers, pools and balancers of a caller that they share.
// `FUZZ_FROM=123 FUZZ_COUNT=1 deno test -A tests/fuzz/independence_test.ts` repeats those of seed 123.

import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { Nanos } from "../../sim/base/time.ts";
import { Engine } from "../../sim/engine/engine.ts";
import { SimulationError } from "../../sim/engine/core.ts";
import { FactBatch } from "../../sim/plan/facts.ts";
import { compileScenario } from "../../sim/scenario/compile.ts";
import { ByteWriter } from "../../sim/telemetry/byte_writer.ts";
import { LogLines } from "../../sim/telemetry/log_lines.ts";
import { needs } from "../permissions.ts";
import { load } from "../scenario/support.ts";
import {
  CONTEXT,
  Dice,
  fault,
  latency,
  type Made,
  type Map_,
  policies,
  randomParts,
  randomSystem,
  type Value,
  workload,
} from "./generator.ts";
import { settings } from "./settings.ts";

/**
 * Ends after all else, so that the runs that are compared end at the same time: a service that pauses goes on saying so for
 * as long as the run lasts.
 */
const KEEPER = {
  services: { keeper: { endpoints: { Get: "1ms" } } },
  journeys: { keep: ["keeper.Get"] },
  scenarios: {
    keeper: { exec: "keep", executor: "constant-arrival-rate", rate: 1, duration: "5s", preAllocatedVUs: "unlimited" },
  },
};

/** Joins the parts of scenarios; those of the first stand first. */
function joined(name: string, ...parts: readonly Map_[]): Map_ {
  const all = [...parts, KEEPER] as readonly { readonly [key: string]: Map_ | undefined }[];
  const of = (key: string): Map_ => Object.assign({}, ...all.map((each) => each[key] ?? {}));
  const faults = all.flatMap((each) => (each["faults"] as unknown as Value[] | undefined) ?? []);
  return {
    name,
    seed: 5,
    context: CONTEXT,
    services: of("services"),
    journeys: of("journeys"),
    scenarios: of("scenarios"),
    ...faults.length > 0 && { faults },
  };
}

interface Logs {
  readonly byService: ReadonlyMap<string, string>;
  /** How long each was just before the time that was asked for. */
  readonly lengths: ReadonlyMap<string, number>;
}

/** The logs of a run; undefined when no time passes in it. */
function logsOf(scenario: Map_, before: number): Logs | undefined {
  const plan = compileScenario(load(stringify(scenario)).scenario);
  const engine = new Engine(plan, 1), batch = new FactBatch();
  const lines = new LogLines(plan, { startEpochNs: 1795428000_123456789n, seed: 5, version: "test" });
  const writers = plan.services.map(() => new ByteWriter(1024));
  const lengths = new Map<string, number>();
  try {
    for (let until = before - 1; !engine.done; until += 10e9) {
      for (let reached = false; !reached;) {
        reached = engine.step(until as Nanos, batch);
        for (let row = 0; row < batch.length; row++) lines.write(batch, row, writers);
        batch.clear();
      }
      if (until < before) plan.services.forEach(({ name }, n) => lengths.set(name, writers[n]!.length));
    }
  } catch (error) {
    if (error instanceof SimulationError) return undefined;
    throw error;
  }
  const text = new TextDecoder();
  return {
    lengths,
    byService: new Map(plan.services.map(({ name }, n) => {
      const { bytes, length } = writers[n]!;
      return [name, text.decode(bytes.subarray(0, length))];
    })),
  };
}

/** Says where two logs part; a whole diff of thousands of lines takes minutes. */
function assertSameLog(service: string, actual: string, expected: string, again: string): void {
  if (actual === expected) return;
  const lines = actual.split("\n"), before = expected.split("\n");
  const at = before.findIndex((line, n) => lines[n] !== line);
  const n = at < 0 ? before.length : at;
  assert.fail(`the log of ${service} parts at line ${n + 1}:\n${before[n]}\n${lines[n]}\n${again}`);
}

const { from, count } = settings(120);

/** What a seed came to: how many lines were compared, and whether the fault did something elsewhere. */
interface Compared {
  readonly lines: number;
  readonly moved: boolean;
}
const NOTHING: Compared = { lines: 0, moved: false };

function property(name: string, holds: (seed: number, again: string) => Compared): void {
  Deno.test({
    name,
    ignore: needs("env"),
    fn() {
      let lines = 0, moved = 0;
      for (let seed = from; seed < from + count; seed++) {
        const again = `FUZZ_FROM=${seed} FUZZ_COUNT=1 deno test -A tests/fuzz/independence_test.ts`;
        const compared = holds(seed, again);
        lines += compared.lines;
        if (compared.moved) moved++;
      }
      if (count < 100) return;
      assert.ok(lines > 100 * count, `only ${lines} lines were compared`);
      assert.ok(moved > count / 2, `only ${moved} of ${count} times something else was there at all`);
    },
  });
}

property("an unrelated system beside it changes not one byte of a system's logs, wherever it stands in the file", (
  seed,
  again,
) => {
  const own = randomParts(new Dice(seed), "s"), other = randomParts(new Dice(seed + 1_000_000), "t");
  const alone = logsOf(joined("fuzz", own), 1);
  const beside = logsOf(seed % 2 === 0 ? joined("fuzz", own, other) : joined("fuzz", other, own), 1);
  if (alone === undefined || beside === undefined) return NOTHING;
  let compared = 0;
  for (const [service, log] of alone.byService) {
    assertSameLog(service, beside.byService.get(service)!, log, again);
    compared += log.length / 200;
  }
  return { lines: compared, moved: [...beside.byService].some(([name, log]) => name.startsWith("t") && log !== "") };
});

/** Two systems behind one gateway, which calls each with policies of its own; users come for either, and for both. */
function behindOneGateway(
  dice: Dice,
): { readonly scenario: Map_; readonly left: readonly Made[]; readonly right: readonly Made[] } {
  const left = randomSystem(dice, "l"), right = randomSystem(dice, "r");
  const call = ({ made }: typeof left): Value => {
    const { name, endpoints } = made.at(-1)!;
    return { call: `${name}.${endpoints[0]!}`, ...policies(dice, false), ...dice.chance(0.3) && { optional: true } };
  };
  const edge = {
    replicas: dice.int(1, 3),
    logs: { format: "logfmt" },
    ...dice.chance(0.5) && { network: latency(dice, 1) },
    endpoints: {
      "GET /left": { latency: latency(dice, 2), calls: [call(left)] },
      "GET /right": { latency: latency(dice, 2), calls: [call(right)] },
    },
  };
  const both = {
    exec: "both",
    executor: "constant-arrival-rate",
    rate: 30,
    duration: "600ms",
    gracefulStop: "2s",
    preAllocatedVUs: "unlimited",
    arrival: "poisson",
  };
  return {
    left: left.made,
    right: right.made,
    scenario: joined("gateway", {
      services: { ...left.services, edge, ...right.services },
      journeys: {
        left: [{ think: "5ms" }, "edge.GET /left"],
        right: [{ think: "5ms" }, "edge.GET /right"],
        both: [{ call: "edge.GET /left", ...policies(dice, true) }, {
          call: "edge.GET /right",
          ...policies(dice, true),
        }],
      },
      scenarios: { left: workload(dice, "left"), right: workload(dice, "right"), both },
    }),
  };
}

const TRACE = /trace_id=([0-9a-f]{32})/;

/** The gateway's lines of traces that went to the left. */
function linesOfLeft(log: string): string {
  const lines = log.split("\n");
  const traces = new Set(lines.filter((line) => line.includes("/left")).map((line) => TRACE.exec(line)?.[1]));
  return lines.filter((line) => traces.has(TRACE.exec(line)?.[1])).join("\n");
}

property(
  "faults of one system change no byte of another's logs behind the same gateway, nor any line that the gateway writes of it",
  (
    seed,
    again,
  ) => {
    const dice = new Dice(seed + 2_000_000);
    const { scenario, left, right } = behindOneGateway(dice);
    const from_ms = dice.int(50, 300);
    const faults = Array.from({ length: dice.int(1, 3) }, (_, n) => ({
      ...fault(dice, right, n),
      at: `${from_ms + n * 20}ms`,
    }));
    const without = logsOf(scenario, from_ms * 1e6);
    const run = logsOf({ ...scenario, faults }, from_ms * 1e6);
    if (without === undefined || run === undefined) return NOTHING;
    let compared = 0;
    for (const { name } of left) {
      assertSameLog(name, run.byService.get(name)!, without.byService.get(name)!, again);
      compared += without.byService.get(name)!.length / 200;
    }
    const edge = linesOfLeft(without.byService.get("edge")!);
    assertSameLog("edge", linesOfLeft(run.byService.get("edge")!), edge, again);
    // Up to the first fault nobody's log differs.
    for (const [name, log] of without.byService) {
      const length: number = without.lengths.get(name)!;
      assert.equal(run.lengths.get(name), length, again);
      const bytes = new TextEncoder();
      const head = (text: string): string => new TextDecoder().decode(bytes.encode(text).subarray(0, length));
      assertSameLog(name, head(run.byService.get(name)!), head(log), again);
    }
    const moved = right.some(({ name }) => run.byService.get(name) !== without.byService.get(name));
    return { lines: compared + edge.length / 200, moved };
  },
);
