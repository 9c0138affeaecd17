// manifest.json: what a run claims to have written and where, so that `verify` can hold the backends to it. The lines and
// spans themselves do not stand in it: they follow from the scenario, the seed and the start.

import type { Delivery } from "../sinks/sink.ts";

export interface ManifestFile {
  readonly service: string;
  /** Without its folder: what a shipper's `filename` ends with. */
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  /** Of the file's bytes. */
  readonly crc32: number;
}

/** Where one kind of telemetry went. `url` has no secrets in it. */
export interface Destination {
  readonly to: "files" | "file" | "otlp" | "none";
  readonly url?: string;
}

export interface Manifest {
  /** Of this layout. */
  readonly manifest: 1;
  /** Squall's own version. */
  readonly version: string;
  readonly id: string;
  readonly seed: number;
  /** RFC 3339, up to nanoseconds. */
  readonly start: string;
  readonly ended: "completed" | "aborted" | "interrupted";
  /** Simulated time at the end. */
  readonly elapsed_ns: number;
  /** `folder` of the files, from the run's own. */
  readonly logs: Destination & {
    readonly folder?: string;
    readonly files: readonly ManifestFile[];
    readonly delivery: Delivery;
  };
  readonly traces: Destination & { readonly delivery: Delivery };
  /** `interval_ns`: of simulated time, between two readings. */
  readonly metrics: Destination & { readonly interval_ns?: number; readonly delivery: Delivery };
}

/** Thrown when a manifest cannot be read; the message says why. */
export class ManifestError extends Error {
  override name = "ManifestError";
}

/**
 * Reads a manifest's text.
 * @throws {ManifestError} when it is none, or of a later layout
 */
export function parseManifest(text: string): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ManifestError("it is not JSON: was the run cut off?");
  }
  const manifest = parsed as Partial<Manifest> | null;
  if (typeof manifest !== "object" || manifest === null || manifest.manifest === undefined) {
    throw new ManifestError("it is no manifest of a run");
  }
  if (manifest.manifest !== 1) throw new ManifestError("it was written by a later version of Squall");
  const whole = typeof manifest.id === "string" && typeof manifest.start === "string" &&
    typeof manifest.elapsed_ns === "number" && Array.isArray(manifest.logs?.files) &&
    typeof manifest.traces?.delivery?.delivered === "number";
  if (!whole) throw new ManifestError("parts of it are missing");
  return manifest as Manifest;
}
