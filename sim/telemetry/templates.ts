// Lines as byte templates: what is the same in each line of a kind is encoded once, and the slots between are written
// from the row of a fact.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import type { LogFormat, Scalar } from "../model/model.ts";
import type { FactBatch } from "../plan/facts.ts";
import { chooseIndex, drawDigitGroup, drawInt, drawRank } from "../plan/attributes.ts";
import type { Plan, PlanAttribute } from "../plan/plan.ts";
import { pathValue } from "./paths.ts";
import {
  type ByteWriter,
  NUMBER_BYTES_MAX,
  writeAscii,
  writeDecimal,
  writeFixed,
  writeHex,
  writeThousandths,
} from "./byte_writer.ts";
import { EpochClock } from "./clock.ts";
import { jsonInner, jsonValue, logfmtText } from "./encoding.ts";
import { oneLine } from "./failures.ts";
import type { Instance } from "./instances.ts";
import { type Message, Slot, type SlotCode } from "./message.ts";
import { userAddresses, userAddressNumber } from "./users.ts";

const encoder = new TextEncoder();
const PURPOSE_PORT = hashText("client port");
const PURPOSE_WORKER = hashText("worker");
const EPHEMERAL_PORT_LEAST = 32768;
const EPHEMERAL_PORTS = 28232;
const DIGITS_A_DRAW = 9;
/** `2026-11-23T10:00:00` */
const SECOND_BYTES = 19;
const TIME_BYTES = SECOND_BYTES + 11;
const TRACE_ID_BYTES = 32;
const SPAN_ID_BYTES = 16;
const NO_SLOT = -1;
/** The slots of a known width, and what holds their place. */
const HOLES: ReadonlyMap<SlotCode, string> = new Map<SlotCode, string>([
  [Slot.time, ".000000000Z".padStart(TIME_BYTES, "0")],
  [Slot.traceId, "0".repeat(TRACE_ID_BYTES)],
  [Slot.spanId, "0".repeat(SPAN_ID_BYTES)],
  [Slot.parentSpanId, "0".repeat(SPAN_ID_BYTES)],
]);
/** What every slot but a drawn one fits in; a pod's name is the longest. */
const SLOT_BYTES_MAX = 64;

/** A stretch of a line: static bytes with holes of known widths at known places, and a slot of any width after it. */
interface Run {
  readonly image: Uint8Array;
  /** Where the holes are in the image; -1 for none. */
  readonly timeAt: number;
  readonly traceAt: number;
  readonly spanAt: number;
  readonly parentAt: number;
  /** The second that stands in the hole for the time, from the line before. */
  second: number;
  readonly slot: SlotCode | typeof NO_SLOT;
  readonly arg: number;
}

export interface Template {
  readonly runs: readonly Run[];
  /** The longest line that it can become. */
  readonly bytesMax: number;
}

/** The call that failed a request, kept from the call's row to the request's. */
export interface FailedCall {
  attempt: number;
  /** In nanoseconds. */
  duration: number;
}

/** An attribute with its values encoded in each way that a line may need. */
interface DrawnAttribute {
  readonly attribute: PlanAttribute;
  /** Of oneOf and constant: by choice, then for text, path, JSON and logfmt. */
  readonly choices: readonly (readonly Uint8Array[])[];
  /** Of id: what stands before the digits, likewise, and after them. */
  readonly prefix: readonly Uint8Array[];
  readonly end: readonly Uint8Array[];
  readonly bytesMax: number;
}

const Mode = { text: 0, path: 1, json: 2, logfmt: 3 } as const;

/** Compiles templates, and writes them, filled from rows, into byte buffers. */
export class TemplateWriter {
  readonly #plan: Plan;
  readonly #clock: EpochClock;
  readonly #secondText = new Uint8Array(SECOND_BYTES);
  #secondWritten = NaN;
  readonly #drawn: DrawnAttribute[] = [];
  readonly #pods: readonly Uint8Array[][];
  readonly #addresses: readonly Uint8Array[][];
  readonly #users: readonly Uint8Array[];
  failedCall: FailedCall = { attempt: 0, duration: 0 };
  /** How far the clock of the replica is ahead whose line is next, in nanoseconds. */
  ahead = 0;

  constructor(plan: Plan, instances: readonly (readonly Instance[])[], startEpochNs: bigint) {
    this.#plan = plan;
    this.#clock = new EpochClock(startEpochNs);
    this.#pods = instances.map((replicas) => replicas.map(({ pod }) => encoder.encode(pod)));
    this.#addresses = instances.map((replicas) => replicas.map(({ ip }) => encoder.encode(ip)));
    this.#users = userAddresses().map((address) => encoder.encode(address));
  }

  /** Another pod stands in the place of a replica. Templates compiled for the one before keep its name. */
  replace(service: number, replica: number, { pod, ip }: Instance): void {
    this.#pods[service]![replica] = encoder.encode(pod);
    this.#addresses[service]![replica] = encoder.encode(ip);
  }

  /** Gives the attribute a number for the slots that draw it; `format` is that of the lines in which it stands. */
  addDrawn(attribute: PlanAttribute, format: LogFormat): number {
    const { spec } = attribute;
    const inner = format === "plain" ? oneLine : jsonInner;
    const encode = (value: Scalar): Uint8Array[] =>
      [
        inner(String(value)),
        pathValue(value),
        jsonValue(value),
        typeof value === "string" ? logfmtText(value) : String(value),
      ].map((each) => encoder.encode(each));
    const values = spec.type === "oneOf"
      ? spec.values.map(({ value }) => value)
      : spec.type === "constant"
      ? [spec.value]
      : [];
    const prefix = spec.type === "id" || spec.type === "zipf" ? spec.prefix : "";
    // A rank without a prefix is a number.
    const isNumber = spec.type === "zipf" && prefix === "";
    const isQuoted = !isNumber && logfmtText(`${prefix}0`).startsWith('"');
    const before = [
      inner(prefix),
      pathValue(prefix),
      isNumber ? "" : `"${jsonInner(prefix)}`,
      isQuoted ? `"${jsonInner(prefix)}` : prefix,
    ];
    const choices = values.map(encode), beforeBytes = before.map((each) => encoder.encode(each));
    const longest = Math.max(0, ...[...choices.flat(), ...beforeBytes].map(({ length }) => length));
    this.#drawn.push({
      attribute,
      choices,
      prefix: beforeBytes,
      end: ["", "", isNumber ? "" : '"', isQuoted ? '"' : ""].map((each) => encoder.encode(each)),
      bytesMax: longest + NUMBER_BYTES_MAX + (spec.type === "id" ? spec.digits : 0),
    });
    return this.#drawn.length - 1;
  }

  /** @param replica whose lines they are, if only one replica of its service writes them */
  compile(message: Message, replica = -1): Template {
    const runs: Run[] = [];
    let bytesMax = 0;
    let run = new RunBuilder();
    const end = (slot: SlotCode | typeof NO_SLOT, arg: number): void => {
      runs.push(run.build(slot, arg));
      bytesMax += runs.at(-1)!.image.length;
      run = new RunBuilder();
    };
    for (const piece of message) {
      if (typeof piece === "string") run.text(piece);
      else if (piece.slot === Slot.instance && replica >= 0) run.bytes(this.#pods[piece.arg]![replica]!);
      else if (run.isHole(piece.slot)) {
        if (!run.hole(piece.slot)) {
          end(NO_SLOT, 0);
          run.hole(piece.slot);
        }
      } else {
        end(piece.slot, piece.arg);
        const isDrawn = piece.slot === Slot.drawnText || piece.slot === Slot.drawnPath ||
          piece.slot === Slot.drawnJson || piece.slot === Slot.drawnLogfmt;
        bytesMax += isDrawn ? this.#drawn[piece.arg]!.bytesMax : SLOT_BYTES_MAX;
      }
    }
    end(NO_SLOT, 0);
    return { runs, bytesMax };
  }

  write(template: Template, batch: FactBatch, row: number, out: ByteWriter): void {
    out.ensure(template.bytesMax);
    const { runs } = template, { bytes, view } = out;
    let at = out.length;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i]!;
      if (run.timeAt >= 0) this.#timeInto(run, batch.time[row]! + this.ahead);
      bytes.set(run.image, at);
      if (run.timeAt >= 0) writeFixed(bytes, at + run.timeAt + SECOND_BYTES + 1, this.#clock.nanos, 9);
      if (run.traceAt >= 0) {
        const hole = at + run.traceAt, words = row * 4;
        writeHex(view, hole, batch.trace[words]!);
        writeHex(view, hole + 8, batch.trace[words + 1]!);
        writeHex(view, hole + 16, batch.trace[words + 2]!);
        writeHex(view, hole + 24, batch.trace[words + 3]!);
      }
      if (run.spanAt >= 0) {
        writeHex(view, at + run.spanAt, batch.span[row * 2]!);
        writeHex(view, at + run.spanAt + 8, batch.span[row * 2 + 1]!);
      }
      if (run.parentAt >= 0) {
        writeHex(view, at + run.parentAt, batch.parent[row * 2]!);
        writeHex(view, at + run.parentAt + 8, batch.parent[row * 2 + 1]!);
      }
      at += run.image.length;
      if (run.slot !== NO_SLOT) at = this.#slot(run.slot, run.arg, batch, row, bytes, at);
    }
    out.length = at;
  }

  /** RFC 3339 in UTC: the text up to the second stays in the image from line to line. */
  #timeInto(run: Run, time: number): void {
    const clock = this.#clock;
    clock.at(time);
    if (clock.seconds === run.second) return;
    if (clock.seconds !== this.#secondWritten) {
      this.#secondWritten = clock.seconds;
      writeAscii(this.#secondText, 0, new Date(clock.seconds * 1000).toISOString().slice(0, SECOND_BYTES));
    }
    run.image.set(this.#secondText, run.timeAt);
    run.second = clock.seconds;
  }

  #slot(code: SlotCode, arg: number, batch: FactBatch, row: number, bytes: Uint8Array, at: number): number {
    switch (code) {
      case Slot.durationMs:
        return writeThousandths(bytes, at, Math.round((batch.time[row]! - batch.start[row]!) / 1e3));
      case Slot.queueMs:
      case Slot.pauseMs:
        return writeThousandths(bytes, at, Math.round(batch.wait[row]! / 1e3));
      case Slot.instance:
        return copy(this.#pods[arg]![batch.replica[row]!]!, bytes, at);
      case Slot.drawnText:
        return this.#draw(this.#drawn[arg]!, Mode.text, batch, row, bytes, at);
      case Slot.drawnPath:
        return this.#draw(this.#drawn[arg]!, Mode.path, batch, row, bytes, at);
      case Slot.drawnJson:
        return this.#draw(this.#drawn[arg]!, Mode.json, batch, row, bytes, at);
      case Slot.drawnLogfmt:
        return this.#draw(this.#drawn[arg]!, Mode.logfmt, batch, row, bytes, at);
      case Slot.clientAddress: {
        const workload = this.#plan.workloads[batch.workload[row]!]!;
        return copy(this.#users[userAddressNumber(workload, batch, row)]!, bytes, at);
      }
      default:
        return this.#rareSlot(code, arg, batch, row, bytes, at);
    }
  }

  #rareSlot(code: SlotCode, arg: number, batch: FactBatch, row: number, bytes: Uint8Array, at: number): number {
    switch (code) {
      case Slot.durationSeconds:
        return writeThousandths(bytes, at, Math.round((batch.time[row]! - batch.start[row]!) / 1e6));
      case Slot.uptimeSeconds:
        return writeThousandths(bytes, at, Math.round(batch.start[row]! / 1e6));
      case Slot.durationText:
        return writeAscii(bytes, at, formatDuration((batch.time[row]! - batch.start[row]!) as Nanos));
      case Slot.pauseText:
        return writeAscii(bytes, at, formatDuration(batch.wait[row]! as Nanos));
      case Slot.attempt:
        return writeDecimal(bytes, at, batch.attempt[row]!);
      case Slot.failedAttempt:
        return writeDecimal(bytes, at, this.failedCall.attempt);
      case Slot.failedDurationText:
        return writeAscii(bytes, at, formatDuration(this.failedCall.duration as Nanos));
      case Slot.peerInstance:
        return copy(this.#pods[arg]![batch.peer[row]!]!, bytes, at);
      case Slot.peerAddress:
        return copy(this.#addresses[arg]![batch.peer[row]!]!, bytes, at);
      case Slot.clientPort:
        mix(batch.key[row * 2]!, batch.key[row * 2 + 1]!, PURPOSE_PORT);
        return writeDecimal(bytes, at, EPHEMERAL_PORT_LEAST + (mixed.low >>> 0) % EPHEMERAL_PORTS);
      case Slot.worker:
        mix(batch.key[row * 2]!, batch.key[row * 2 + 1]!, PURPOSE_WORKER);
        return writeDecimal(bytes, at, 1 + (mixed.low >>> 0) % arg);
      default:
        return at;
    }
  }

  #draw(drawn: DrawnAttribute, mode: number, batch: FactBatch, row: number, bytes: Uint8Array, at: number): number {
    const { spec, salt, scope } = drawn.attribute;
    const key = scope === "context" ? batch.context : batch.key;
    const high = key[row * 2]!, low = key[row * 2 + 1]!;
    switch (spec.type) {
      case "constant":
        return copy(drawn.choices[0]![mode]!, bytes, at);
      case "oneOf":
        return copy(drawn.choices[chooseIndex(spec, uniform(high, low, salt))]![mode]!, bytes, at);
      case "int":
        return writeDecimal(bytes, at, drawInt(spec, salt, high, low));
      case "id":
        at = copy(drawn.prefix[mode]!, bytes, at);
        for (let done = 0; done < spec.digits; done += DIGITS_A_DRAW) {
          const count = Math.min(DIGITS_A_DRAW, spec.digits - done);
          at = writeFixed(bytes, at, drawDigitGroup(count, done, salt, high, low), count);
        }
        return copy(drawn.end[mode]!, bytes, at);
      case "zipf":
        at = copy(drawn.prefix[mode]!, bytes, at);
        at = writeDecimal(bytes, at, drawRank(spec, salt, high, low));
        return copy(drawn.end[mode]!, bytes, at);
    }
  }
}

/** Collects the image of a run. */
class RunBuilder {
  #parts: Uint8Array[] = [];
  #length = 0;
  readonly #at = new Map<SlotCode, number>();

  text(text: string): void {
    this.bytes(encoder.encode(text));
  }

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  isHole(code: SlotCode): boolean {
    return HOLES.has(code);
  }

  /** Gives false when the run has such a hole already. */
  hole(code: SlotCode): boolean {
    if (this.#at.has(code)) return false;
    this.#at.set(code, this.#length);
    this.text(HOLES.get(code)!);
    return true;
  }

  build(slot: SlotCode | typeof NO_SLOT, arg: number): Run {
    const image = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) at = copy(part, image, at);
    const where = (code: SlotCode): number => this.#at.get(code) ?? -1;
    return {
      image,
      timeAt: where(Slot.time),
      traceAt: where(Slot.traceId),
      spanAt: where(Slot.spanId),
      parentAt: where(Slot.parentSpanId),
      second: NaN,
      slot,
      arg,
    };
  }
}

function copy(from: Uint8Array, bytes: Uint8Array, at: number): number {
  bytes.set(from, at);
  return at + from.length;
}
