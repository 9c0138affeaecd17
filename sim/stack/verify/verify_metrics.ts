// Holds Prometheus to the metrics of a run: each reading of each series is there, at its time and with its value.

import type { Backend } from "./backend.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { type ExpectedSeries, type SampleTable, seriesKey } from "./sample_table.ts";

export interface MetricFindings {
  /** Whose they are: a service, or kubelet and kube-state-metrics for all of them. */
  readonly service: string;
  /** What its servers counted at the last reading; undefined for what serves no requests of its own. */
  readonly requests: number | undefined;
  readonly requestsFound: number | undefined;
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  /** There, with another value. */
  readonly different: number;
  /** A few of those that are missing or different. */
  readonly examples: readonly string[];
}

/** Series that one question asks for. */
interface Group {
  readonly service: string;
  readonly selector: string;
  readonly series: ExpectedSeries[];
  state: Reading | undefined;
}

interface Reading {
  found: number;
  missing: number;
  different: number;
  requests: number;
  requestsFound: number;
  hasRequests: boolean;
  readonly examples: string[];
}

interface Answer {
  readonly data?: {
    readonly result?: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

const EXAMPLES_MAX = 3;
/** Samples that one answer should have at most. */
const SAMPLES_MAX = 200_000;
const REQUESTS = new Set(["http_server_request_duration_seconds_count", "rpc_server_call_duration_seconds_count"]);

export class MetricVerifier {
  readonly #run: RecordedRun;
  readonly #prometheus: Backend;
  readonly #groups = new Map<string, Group>();

  constructor(run: RecordedRun, samples: SampleTable, prometheus: Backend) {
    this.#run = run;
    this.#prometheus = prometheus;
    for (const series of samples.series.values()) {
      const matchers = ["job", "namespace"].flatMap((label) => {
        const value = series.labels.get(label);
        return value === undefined ? [] : [`${label}=${JSON.stringify(value)}`];
      });
      const selector = `{${matchers.join(", ")}, __name__!~".+_(bucket|sum)"}`;
      let group = this.#groups.get(selector);
      if (group === undefined) {
        const service = series.labels.get("service_name") ?? "";
        this.#groups.set(selector, group = { service, selector, series: [], state: undefined });
      }
      group.series.push(series);
    }
  }

  /** Reads those that are not whole yet. @returns how many samples are missing */
  async read(): Promise<number> {
    let missing = 0;
    for (const group of this.#groups.values()) {
      if (group.state?.missing !== 0) group.state = await this.#read(group);
      missing += group.state.missing;
    }
    return missing;
  }

  findings(): MetricFindings[] {
    return [...this.#groups.values()].map(({ service, series, state }) => {
      const { found, missing, different, requests, requestsFound, hasRequests, examples } = state!;
      return {
        service,
        requests: hasRequests ? requests : undefined,
        requestsFound: hasRequests ? requestsFound : undefined,
        expected: series.reduce((sum, { times }) => sum + times.length, 0),
        found,
        missing,
        different,
        examples,
      };
    });
  }

  async #read({ selector, series }: Group): Promise<Reading> {
    /** By series, then by time. */
    const there = new Map(series.map(({ key }) => [key, new Map<number, number>()]));
    const first = Math.min(...series.map(({ times }) => times[0]!));
    const last = Math.max(...series.map(({ times }) => times.at(-1)!));
    const readings = Math.max(1, Math.floor(SAMPLES_MAX / series.length));
    const stepMs = Math.ceil(readings * this.#run.manifest.metrics.interval_ns! / 1e6);
    for (let from = first - 1; from < last; from += stepMs) {
      const until = Math.min(from + stepMs, last);
      const { data } = await this.#prometheus.json("/api/v1/query", {
        // From the time before the range to its end, inclusive.
        query: `${selector}[${until - from}ms]`,
        time: (until / 1000).toFixed(3),
      }) as Answer;
      for (const { metric: { __name__: name = "", ...labels }, values = [] } of data?.result ?? []) {
        const samples = there.get(seriesKey(name, Object.entries(labels)));
        for (const [at, value] of values) samples?.set(Math.round(at * 1000), Number(value));
      }
    }
    return this.#compare(series, there);
  }

  #compare(series: readonly ExpectedSeries[], there: ReadonlyMap<string, ReadonlyMap<number, number>>): Reading {
    const reading: Reading = {
      found: 0,
      missing: 0,
      different: 0,
      requests: 0,
      requestsFound: 0,
      hasRequests: false,
      examples: [],
    };
    const tell = (text: string): void => {
      if (reading.examples.length < EXAMPLES_MAX) reading.examples.push(text);
    };
    for (const { key, name, times, values } of series) {
      const samples = there.get(key)!;
      for (const [i, at] of times.entries()) {
        const value = samples.get(at);
        if (value === undefined) {
          reading.missing++;
          tell(`missing: ${key} ${values[i]} at ${new Date(at).toISOString()}`);
        } else if (value !== values[i]) {
          reading.different++;
          tell(`${value} instead: ${key} ${values[i]} at ${new Date(at).toISOString()}`);
        } else reading.found++;
      }
      if (!REQUESTS.has(name)) continue;
      reading.hasRequests = true;
      reading.requests += increase(values);
      reading.requestsFound += increase(times.map((at) => samples.get(at)).filter((value) => value !== undefined));
    }
    return reading;
  }
}

/** What a counter has counted, its resets included. */
function increase(values: readonly number[]): number {
  let sum = 0, before = 0;
  for (const value of values) {
    sum += value < before ? value : value - before;
    before = value;
  }
  return sum;
}
