// What a process says of a pause that stopped all of it: the line that its garbage collector writes where its log is
// turned on, in the collector's own form. Products without a collector, or whose log says nothing of pauses, write none.

import type { Language, LogLevel } from "../model/model.ts";
import {
  ATTEMPT,
  DURATION_SECONDS,
  type Message,
  msg,
  PAUSE_MS,
  type SlotPiece,
  TIME,
  UPTIME_SECONDS,
} from "./message.ts";

/** Drawn for each pause: megabytes of the heap. */
export interface Heap {
  readonly before: SlotPiece;
  readonly after: SlotPiece;
}

export interface PauseMessage {
  readonly level: LogLevel;
  readonly message: Message;
  /** The line as the runtime writes it to the console. */
  readonly plain: Message;
}

/** From this length on a pause is that of a whole heap. */
export const FULL_PAUSE_NS = 5e8;

/** Unified logging of OpenJDK with G1, -Xlog:gc. */
function jvm(isFull: boolean, { before, after }: Heap): PauseMessage {
  const kind = isFull ? "Pause Full (G1 Compaction Pause)" : "Pause Young (Normal) (G1 Evacuation Pause)";
  const message = msg`GC(${ATTEMPT}) ${kind} ${before}M->${after}M(1024M) ${PAUSE_MS}ms`;
  return { level: "info", message, plain: msg`[${TIME}][info][gc] ${message}` };
}

/** The line itself is also the console's. */
function bare(message: Message, level: LogLevel = "info"): PauseMessage {
  return { level, message, plain: msg`${TIME} ${message}` };
}

const LANGUAGES: Readonly<Record<Language, (isFull: boolean, heap: Heap) => PauseMessage>> = {
  java: jvm,
  // GODEBUG=gctrace=1
  go: (_, { before, after }) =>
    bare(
      msg`gc ${ATTEMPT} @${UPTIME_SECONDS}s 3%: ${PAUSE_MS}+1.9+0.021 ms clock, 0.14+0.42/1.6/0.30+0.17 ms cpu, ${before}->${before}->${after} MB, 1024 MB goal, 0 MB stacks, 0 MB globals, 8 P`,
    ),
  // --trace-gc
  nodejs: (isFull, { before, after }) =>
    bare(
      msg`[1:0x5f3c2d0] ${
        isFull ? "Mark-Compact" : "Scavenge"
      } ${before}.0 (1024.0) -> ${after}.0 (1024.0) MB, ${PAUSE_MS} / 0.00 ms  (average mu = 0.971, current mu = 0.968) allocation failure; ${
        isFull ? "GC in old space requested" : ""
      }`,
    ),
  // gc.set_debug(gc.DEBUG_STATS)
  python: (_, { before }) => bare(msg`gc: done, ${before}0 unreachable, 0 uncollectable, ${DURATION_SECONDS}s elapsed`),
  ruby: (isFull, { before, after }) =>
    bare(msg`GC #${ATTEMPT} ${isFull ? "major" : "minor"}: ${PAUSE_MS} ms, heap ${before} MB -> ${after} MB`),
  php: (_, { before }) => bare(msg`gc_collect_cycles() run ${ATTEMPT} collected ${before}0 cycles in ${PAUSE_MS} ms`),
  dotnet: (isFull, { before, after }) =>
    bare(
      msg`GC #${ATTEMPT} gen${isFull ? 2 : 0} blocking pause ${PAUSE_MS} ms, heap ${before} MB -> ${after} MB`,
    ),
  // No collector: what a watchdog says of a process that was stopped.
  rust: () => bare(msg`runtime stalled: no task was polled for ${PAUSE_MS}ms`, "warn"),
  cpp: () => bare(msg`watchdog_miss: main thread made no progress for ${PAUSE_MS} ms`, "warn"),
};

/** Products that run on a JVM. */
const JVM_SYSTEMS = new Set(["kafka", "cassandra", "elasticsearch", "opensearch"]);

/** What a service says of a pause of its own; undefined when it says nothing. */
export function pauseMessage(
  service: { readonly language: Language; readonly system: string | undefined },
  isFull: boolean,
  heap: Heap,
): PauseMessage | undefined {
  if (service.system === undefined) return LANGUAGES[service.language](isFull, heap);
  return JVM_SYSTEMS.has(service.system) ? jvm(isFull, heap) : undefined;
}
