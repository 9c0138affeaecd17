// Asks each part of the stack whether it can do its work, once or until all can.

import type { Container } from "./compose.ts";
import { type Environment, type Part, urlOf } from "./parts.ts";

export interface PartState {
  readonly part: Part;
  readonly url: string;
  readonly ready: boolean;
  /** Why it is not: what it answered, or what became of its container. */
  readonly why: string;
}

const ASK_TIMEOUT_MS = 2_000;
const ASK_EVERY_MS = 1_000;

/** Fetches a URL. Tests put one of their own in its place. */
export type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>;

/** Asks all parts at the same time. */
export function askParts(
  parts: readonly Part[],
  containers: readonly Container[],
  env: Environment,
  get: Fetch = fetch,
): Promise<PartState[]> {
  return Promise.all(
    parts.map((part) => askPart(part, containers.find(({ part: name }) => name === part.name), env, get)),
  );
}

async function askPart(
  part: Part,
  container: Container | undefined,
  env: Environment,
  get: Fetch,
): Promise<PartState> {
  const url = urlOf(part, env);
  // What else answers on this port is no part of the stack.
  if (container === undefined) return { part, url, ready: false, why: "not started" };
  if (container.state !== "running") return { part, url, ready: false, why: container.status || container.state };
  try {
    const answer = await get(url + part.readyPath, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const text = (await answer.text()).split("\n")[0]!.slice(0, 120);
    return answer.ok
      ? { part, url, ready: true, why: "" }
      : { part, url, ready: false, why: `answers ${answer.status}: ${text}` };
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    return { part, url, ready: false, why: late ? "does not answer in time" : "does not answer yet" };
  }
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly ask: () => Promise<PartState[]>;
  /** Once for each part, when it becomes ready. */
  readonly onReady: (state: PartState) => void;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly now?: () => number;
}

/** Asks until all parts are ready, one has ended, or the time is over; gives what it saw last. */
export async function waitUntilReady(options: WaitOptions): Promise<PartState[]> {
  const { sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)), now = () => performance.now() } = options;
  const deadline = now() + options.timeoutMs;
  const told = new Set<string>();
  while (true) {
    const states = await options.ask();
    for (const state of states) {
      if (!state.ready || told.has(state.part.name)) continue;
      told.add(state.part.name);
      options.onReady(state);
    }
    if (
      states.every(({ ready }) => ready) || states.some(({ why }) => /^exited|^dead/i.test(why)) || now() >= deadline
    ) {
      return states;
    }
    await sleep(ASK_EVERY_MS);
  }
}
