// Puts a run's faults into Grafana as annotations. Its dashboards have them switched off: one looks after guessing.

/** The tag that the dashboards' annotation asks for. */
export const FAULT_TAG = "squall-fault";

export interface FaultWindow {
  readonly name: string;
  /** Milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Fetches a URL. Tests put one of their own in its place. */
type Post = (
  url: string,
  init: { method: "POST"; headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<Response>;

const TIMEOUT_MS = 2_000;

/**
 * Writes an annotation for each fault.
 * @returns what Grafana answered where it did not take one; undefined when it took all
 */
export async function annotateFaults(
  grafana: string,
  runId: string,
  faults: readonly FaultWindow[],
  post: Post = fetch,
): Promise<string | undefined> {
  for (const { name, fromMs, untilMs } of faults) {
    const body = JSON.stringify({
      time: Math.round(fromMs),
      timeEnd: Math.round(untilMs),
      text: name,
      tags: [FAULT_TAG, `run:${runId}`],
    });
    try {
      const answer = await post(`${grafana}/api/annotations`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) return `answered ${answer.status}`;
    } catch (error) {
      return `failed: ${error instanceof Error ? error.message : error}`;
    }
  }
  return undefined;
}
