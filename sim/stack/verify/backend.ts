// One question to a backend, and its answer; what goes wrong is said with the backend's name and address.

import { visible } from "../../base/diagnostics.ts";
import { shownUrl } from "../../sinks/otlp_options.ts";

/** Thrown when a backend does not answer as it should; the message says which, and what it answered. */
export class BackendError extends Error {
  override name = "BackendError";

  constructor(message: string, readonly status: number, readonly body: string) {
    super(message);
  }
}

/** How long one answer may take: a day of lines is read in pages, each of which is quick. */
const TIMEOUT_MS = 120_000;
/** A backend that is busy is asked again so often, after a pause that grows. */
const TRIES = 4;
const PAUSE_MS = 500;

export class Backend {
  /** @param name as users know it @param url without a slash at its end @param flag that names another address */
  constructor(readonly name: string, readonly url: string, readonly flag: string) {}

  /** @throws {BackendError} when it does not answer with JSON and a success */
  async json(path: string, query: Readonly<Record<string, string>>, headers: HeadersInit = {}): Promise<unknown> {
    const text = await this.text(`${path}?${new URLSearchParams(query)}`, { accept: "application/json", ...headers });
    try {
      return JSON.parse(text);
    } catch {
      throw new BackendError(`${this.name} at ${shownUrl(this.url)} answered ${path} not with JSON`, 200, text);
    }
  }

  /** @throws {BackendError} when it does not answer with a success */
  async text(path: string, headers: HeadersInit = {}): Promise<string> {
    for (let attempt = 1;; attempt++) {
      let status: number, body: string;
      try {
        const response = await fetch(this.url + path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
        status = response.status;
        body = await response.text();
      } catch (error) {
        if (attempt < TRIES && !isRefused(error)) {
          await pause(PAUSE_MS * attempt);
          continue;
        }
        const why = isRefused(error) ? "connection refused" : error instanceof Error ? error.message : String(error);
        throw new BackendError(
          `cannot ask ${this.name} at ${shownUrl(this.url)}: ${visible(why)} (${this.flag} gives another address)`,
          0,
          "",
        );
      }
      if (status === 200) return body;
      if ((status === 429 || status >= 500) && attempt < TRIES) {
        await pause(PAUSE_MS * attempt);
        continue;
      }
      const said = visible(body.replace(/\s+/g, " ").trim().slice(0, 200));
      throw new BackendError(
        `${this.name} at ${shownUrl(this.url)} answered ${status} to ${path.split("?")[0]}${
          said === "" ? "" : `: ${said}`
        }`,
        status,
        body,
      );
    }
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && /refused|os error 111/i.test(`${error.message} ${String(error.cause ?? "")}`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
