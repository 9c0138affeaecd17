// What an import costs: memory for five million spans, and time in relation to reading the same file.

import assert from "node:assert/strict";
import { importRecording } from "../../sim/replay/import/import_recording.ts";
import { importTraffic } from "../../sim/replay/import/importer.ts";
import { Observation } from "../../sim/replay/observation.ts";
import { RecordedFile } from "../../sim/replay/recorded_file.ts";
import { SpanFlag, SpanRole, SpanTable } from "../../sim/replay/span_table.ts";
import { Tally } from "../../sim/replay/tally.ts";
import { needs } from "../permissions.ts";
import { randomScenario } from "../replay/random_scenarios.ts";
import { record, scenarioOf } from "../replay/round_trip.ts";

const SPANS = 5_000_000, SPANS_A_TRACE = 10;
const MEMORY_MAX = 1.5e9;

Deno.test({
  name: "five million spans are imported within 1.5 GB",
  ignore: needs("read", "env"),
  fn() {
    const table = new SpanTable();
    table.baseSeconds = 0;
    const services = [0, 1, 2, 3, 4].map((n) => `s${n}`);
    const instances = services.map((name) =>
      table.instanceOf({ service: table.serviceOf(name), id: "1", language: "go", version: "1" })
    );
    const operations = services.map((service) =>
      table.operationOf({ service, address: "", kind: "service", name: "Do", system: undefined, topic: undefined })
    );
    // Chains of five services: each request calls the next one.
    for (let trace = 0; trace * SPANS_A_TRACE < SPANS; trace++) {
      for (let n = 0; n < SPANS_A_TRACE; n++) {
        const at = table.append(), service = n >> 1, isCall = n % 2 === 1;
        table.trace[at] = table.traceOf(1, trace, Math.imul(trace, 0x9e3779b1), Math.imul(trace, 0x85ebca6b));
        table.spanHigh[at] = table.parentHigh[at] = trace;
        table.spanLow[at] = n + 1;
        table.parentLow[at] = n;
        table.start[at] = trace * 1e6 + n * 1000;
        table.end[at] = trace * 1e6 + 900_000 - n * 20_000 - trace % 13;
        table.operation[at] = operations[isCall ? Math.min(4, service + 1) : service]!;
        table.instance[at] = instances[service]!;
        table.role[at] = isCall ? SpanRole.call : SpanRole.request;
        table.flags[at] = n === 0 ? 0 : SpanFlag.hasParent;
        table.status[at] = 200;
      }
    }
    const { services: imported } = importTraffic(new Observation(table));
    assert.equal(imported.length, 5);
    const { rss } = Deno.memoryUsage();
    assert.ok(rss < MEMORY_MAX, `${Math.round(rss / 1e6)} MB`);
  },
});

Deno.test({
  name: "an import takes at most three times as long as reading the file alone",
  ignore: needs("read", "write", "env"),
  async fn() {
    const path = `${Deno.makeTempDirSync()}/traces.jsonl`;
    await record(scenarioOf(randomScenario(9, { rate: 60, length_s: 90 })), path);
    const read = async (): Promise<number> => {
      const started = performance.now();
      const file = await RecordedFile.open(path, { name: path, service: "", tally: new Tally() });
      while (await file.next({ span: () => {}, line: () => {} }));
      file.close();
      return performance.now() - started;
    };
    const run = async (): Promise<number> => {
      const started = performance.now();
      await importRecording({
        recording: { parts: [{ path, service: "", bytes: 0 }], notices: [] },
        shown: (each) => each,
        name: "cost",
        attributes: false,
        messages: false,
      });
      return performance.now() - started;
    };
    // The least of several: what else the machine does only adds.
    const reads: number[] = [], imports: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      reads.push(await read());
      imports.push(await run());
    }
    const ratio = Math.min(...imports) / Math.min(...reads);
    assert.ok(ratio <= 3, `${ratio.toFixed(2)} times`);
  },
});
