// Holds Loki to the lines of a run: each that is expected is found once, at its time, and the run's files have no other.

import { eachLine, type Expected, type ExpectedLog, hashAt } from "./expected.ts";
import { hashBytes } from "./line_table.ts";
import { type LokiEntry, LokiReader } from "./loki_reader.ts";
import type { Backend } from "./backend.ts";
import type { RecordedRun } from "./recorded_run.ts";

export interface LogFindings {
  readonly service: string;
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  readonly duplicate: number;
  /** In a stream of the run's own file, and yet not a line of it. */
  readonly unexpected: number;
  /** Found, at another time than the line's own. */
  readonly wrongTime: number;
  /** A few of the lines that are missing, or unexpected. */
  readonly examples: readonly string[];
}

export interface LogVerification {
  readonly findings: readonly LogFindings[];
  readonly missing: number;
}

const EXAMPLES_MAX = 3;
const SECOND_NS = 1_000_000_000n;
const encoder = new TextEncoder();

interface Reading {
  duplicate: number;
  unexpected: number;
  wrongTime: number;
  examples: string[];
}

export class LogVerifier {
  readonly #run: RecordedRun;
  readonly #expected: Expected;
  readonly #reader: LokiReader;
  readonly #label: string;
  readonly #readings = new Map<string, Reading>();

  /** @param label that holds the service's name: `job` as the shippers of the stack set it */
  constructor(run: RecordedRun, expected: Expected, loki: Backend, label: string) {
    this.#run = run;
    this.#expected = expected;
    this.#reader = new LokiReader(loki);
    this.#label = label;
  }

  /**
   * Reads the lines of each service that is not whole yet.
   * @param wide also at times at which no line of the run should be, up to now
   * @returns how many lines are missing
   */
  async read(wide: boolean): Promise<number> {
    let missing = 0;
    for (const log of this.#expected.logs) {
      if (this.#readings.has(log.service) && log.table.tally().missing === 0) continue;
      await this.#readLog(log, wide);
      missing += log.table.tally().missing;
    }
    return missing;
  }

  async findings(): Promise<LogFindings[]> {
    const examples = await this.#missingExamples();
    return this.#expected.logs.map(({ service, table }) => {
      const { unexpected, wrongTime, examples: strange } = this.#readings.get(service)!;
      const { found, missing, duplicate } = table.tally();
      return {
        service,
        expected: table.lines,
        found,
        missing,
        duplicate,
        unexpected,
        wrongTime,
        examples: [...(examples.get(service) ?? []), ...strange],
      };
    });
  }

  async #readLog(log: ExpectedLog, wide: boolean): Promise<void> {
    const { startEpochNs, manifest } = this.#run;
    const reading: Reading = { duplicate: 0, unexpected: 0, wrongTime: 0, examples: [] };
    this.#readings.set(log.service, reading);
    log.table.forget();
    const end = startEpochNs + BigInt(Math.ceil(manifest.elapsed_ns));
    const now = BigInt(Date.now()) * 1_000_000n + 3600n * SECOND_NS;
    const until = wide && now > end ? now : end + SECOND_NS;
    await this.#reader.read(
      this.#query(log),
      startEpochNs - SECOND_NS,
      until,
      (entry) => this.#take(log, reading, entry),
    );
  }

  /** Lines of a file that says its name, and lines that do not say which file they are from. */
  #query({ service, file }: ExpectedLog): string {
    const selector = `{${this.#label}=${JSON.stringify(service)}}`;
    if (file === undefined) return selector;
    return `${selector} | filename=~${JSON.stringify(`(.*/)?${escapeRegex(file.name)}|`)}`;
  }

  #take(log: ExpectedLog, reading: Reading, entry: LokiEntry): void {
    const time = Number(entry.time - this.#run.startEpochNs);
    const bytes = encoder.encode(entry.line);
    if (log.file === undefined) hashAt(bytes, time);
    else hashBytes(bytes, 0, bytes.length);
    const slot = log.table.find();
    if (slot === -1) {
      // Without a file's name it may be anybody's line.
      if (log.file === undefined || entry.labels["filename"] === undefined) return;
      reading.unexpected++;
      if (reading.examples.length < EXAMPLES_MAX) reading.examples.push(`unexpected: ${entry.line}`);
      return;
    }
    log.table.count(slot);
    if (log.table.timeOf(slot) === time) return;
    reading.wrongTime++;
    if (reading.examples.length < EXAMPLES_MAX) reading.examples.push(`at ${entry.time} instead: ${entry.line}`);
  }

  /** The run is simulated once more for them, since only the hashes of its lines were kept. */
  async #missingExamples(): Promise<Map<string, string[]>> {
    const examples = new Map<string, string[]>();
    const incomplete = this.#expected.logs.filter(({ table }) => table.tally().missing > 0);
    if (incomplete.length === 0) return examples;
    const { services } = this.#run.plan;
    const byIndex = services.map(({ name }) => incomplete.find(({ service }) => service === name));
    const decoder = new TextDecoder();
    await eachLine(this.#run, (service, text, time) => {
      const log = byIndex[service];
      if (log === undefined) return;
      const known = examples.get(log.service) ?? [];
      if (known.length >= EXAMPLES_MAX) return;
      if (log.file === undefined) hashAt(text, time);
      else hashBytes(text, 0, text.length);
      const slot = log.table.find();
      if (slot === -1 || !log.table.isMissing(slot)) return;
      examples.set(log.service, [...known, `missing: ${decoder.decode(text)}`]);
    });
    return examples;
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "[$&]");
}
