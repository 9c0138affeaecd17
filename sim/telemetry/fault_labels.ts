// The truth on telemetry, for those who ask for it with --label: which fault had an effect on what a span or a line tells.

import { visible } from "../base/diagnostics.ts";
import type { LogFormat } from "../model/model.ts";
import { CauseKind, type FactBatch, hasEffect, readCause } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import type { ByteWriter } from "./byte_writer.ts";

/** The fault's name, and how its effect came there: `fault`, `answer`, `request`, `queue` or `user`. */
export const LABEL_FAULT = "squall.fault";
export const LABEL_BY = "squall.fault.by";

const BY = Object.fromEntries(Object.entries(CauseKind).map(([name, kind]) => [kind, name]));
const NEWLINE = 10;
const BRACE = 125;

export class FaultLabels {
  readonly #plan: Plan;
  readonly #texts = new Map<string, Uint8Array>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** The labels of a row; undefined where no fault had an effect. */
  of(batch: FactBatch, row: number): { readonly fault: string; readonly by: string } | undefined {
    if (!hasEffect(batch, row)) return undefined;
    const cause = readCause(batch.via[row]!);
    return {
      fault: this.#plan.faults[batch.fault[row]! - 1]!.name,
      by: cause === undefined ? "fault" : BY[cause.kind]!,
    };
  }

  /** Adds the labels of a row to the record that was written last. */
  append(batch: FactBatch, row: number, out: ByteWriter, format: LogFormat): void {
    const labels = this.of(batch, row);
    if (labels === undefined || out.bytes[out.length - 1] !== NEWLINE) return;
    const isJson = format === "json" && out.bytes[out.length - 2] === BRACE;
    const text = this.#text(labels.fault, labels.by, isJson);
    out.ensure(text.length);
    out.length -= isJson ? 2 : 1;
    out.bytes.set(text, out.length);
    out.length += text.length;
  }

  #text(fault: string, by: string, isJson: boolean): Uint8Array {
    const key = `${isJson} ${by} ${fault}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const name = JSON.stringify(isJson ? fault : visible(fault));
      const words = isJson
        ? `,"${LABEL_FAULT}":${name},"${LABEL_BY}":"${by}"}\n`
        : ` ${LABEL_FAULT}=${name} ${LABEL_BY}=${by}\n`;
      this.#texts.set(key, text = new TextEncoder().encode(words));
    }
    return text;
  }
}
