// Runs the jobs of a sweep on all cores: a worker takes the next job as soon as it has done its last.

import type { SweepJob, SweepResult } from "./sweep_run.ts";

export interface SweepPool {
  /** Results by the jobs' index; those that were not run are missing. Resolves when all are done, or after `stop`. */
  readonly results: Promise<readonly (SweepResult | undefined)[]>;
  /** Ends at once; what is done is kept. */
  stop(): void;
}

/** @param onResult called for each result, in the order in which they come */
export function runJobs(
  jobs: readonly SweepJob[],
  workers: number,
  onResult: (result: SweepResult) => void,
): SweepPool {
  const results: (SweepResult | undefined)[] = jobs.map(() => undefined);
  const running = new Set<Worker>();
  let next = 0, done = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => finish = resolve);

  const begin = (): void => {
    const worker = new Worker(new URL("./sweep_worker.ts", import.meta.url), { type: "module" });
    running.add(worker);
    let current: SweepJob | undefined;
    const take = (): void => {
      current = jobs[next];
      if (current === undefined) {
        worker.terminate();
        running.delete(worker);
        return;
      }
      next++;
      worker.postMessage(current);
    };
    const keep = (result: SweepResult): void => {
      results[result.index] = result;
      onResult(result);
      if (++done === jobs.length) finish();
    };
    worker.onmessage = ({ data }: MessageEvent<SweepResult>) => {
      keep(data);
      take();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      running.delete(worker);
      if (current === undefined) return;
      const { index } = current;
      keep({ index, values: {}, failed: [], thresholds: 0, ended: "failed", error: event.message });
      // A worker that has thrown does not go on: another takes its place.
      if (next < jobs.length) begin();
    };
    take();
  };
  if (jobs.length === 0) finish();
  for (let n = 0; n < Math.min(workers, jobs.length); n++) begin();

  const stop = (): void => {
    for (const worker of running) worker.terminate();
    running.clear();
    finish();
  };
  return { results: finished.then(() => results), stop };
}
