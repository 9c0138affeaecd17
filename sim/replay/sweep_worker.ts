// A worker of a sweep: takes jobs, one at a time, and answers each with its result.

import { runJob, type SweepJob } from "./sweep_run.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<SweepJob>) => void;
  postMessage(message: unknown): void;
};
scope.onmessage = async ({ data }) => scope.postMessage(await runJob(data));
