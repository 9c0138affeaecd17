// A run's facts as spans, without the way over telemetry: what its trace file would hold, with the names that the scenario
// gives.

import { type FactBatch, FactFlag, FactKind, Outcome } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { SpanFlag, SpanRole, type SpanTable } from "./span_table.ts";

export class FactSpans {
  readonly #plan: Plan;
  readonly #table: SpanTable;
  readonly #operations: Int32Array;
  readonly #instances: (number | undefined)[][];
  readonly #until: number;
  /** By the dense number of a trace: two words in one number, as far as it goes. Attempts of one step share a trace. */
  readonly asked = new Map<number, number>();

  /** @param until later facts are left out: nanoseconds since the run's start */
  constructor(plan: Plan, table: SpanTable, until = Infinity) {
    this.#plan = plan;
    this.#table = table;
    this.#until = until;
    table.baseSeconds = 0;
    this.#operations = new Int32Array(plan.endpoints.length).fill(-1);
    this.#instances = plan.services.map(() => []);
  }

  take(batch: FactBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const kind = batch.kind[row]!;
      if (kind !== FactKind.request && kind !== FactKind.call) continue;
      if (batch.time[row]! > this.#until) continue;
      if (kind === FactKind.call && (batch.flags[row]! & FactFlag.journey) !== 0) continue;
      if (this.#plan.services[batch.service[row]!]!.kind !== "service") continue;
      this.#add(batch, row, kind === FactKind.call);
    }
  }

  #add(batch: FactBatch, row: number, isCall: boolean): void {
    const table = this.#table;
    const at = table.append();
    table.trace[at] = table.traceOf(
      batch.trace[row * 4]!,
      batch.trace[row * 4 + 1]!,
      batch.trace[row * 4 + 2]!,
      batch.trace[row * 4 + 3]!,
    );
    table.spanHigh[at] = batch.span[row * 2]!;
    table.spanLow[at] = batch.span[row * 2 + 1]!;
    const parentHigh = batch.parent[row * 2]!, parentLow = batch.parent[row * 2 + 1]!;
    table.parentHigh[at] = parentHigh;
    table.parentLow[at] = parentLow;
    table.start[at] = batch.start[row]!;
    table.end[at] = batch.time[row]!;
    if (!isCall && (parentHigh | parentLow) === 0) {
      this.asked.set(table.trace[at]!, batch.key[row * 2]! * 2 ** 21 + (batch.key[row * 2 + 1]! >>> 11));
    }
    const outcome = batch.outcome[row]!, status = batch.status[row]!;
    const endpoint = isCall ? this.#plan.sites[batch.site[row]!]!.callee : batch.endpoint[row]!;
    table.operation[at] = this.#operation(endpoint);
    table.instance[at] = this.#instance(batch.service[row]!, batch.replica[row]!);
    table.role[at] = !isCall
      ? SpanRole.request
      : table.operations[table.operation[at]!]!.kind === "queue"
      ? SpanRole.send
      : SpanRole.call;
    table.status[at] = status;
    const failed = isCall ? outcome !== Outcome.ok : status >= 500 || outcome === Outcome.interrupted;
    table.flags[at] = (failed ? SpanFlag.error : 0) |
      (outcome === Outcome.timeout ? SpanFlag.timeout : 0) |
      (outcome === Outcome.interrupted ? SpanFlag.interrupted : 0) |
      ((parentHigh | parentLow) !== 0 ? SpanFlag.hasParent : 0) |
      (isCall && batch.attempt[row]! > 1 ? SpanFlag.retry : 0);
  }

  #operation(endpoint: number): number {
    let index = this.#operations[endpoint]!;
    if (index < 0) {
      const { service, name } = this.#plan.endpoints[endpoint]!;
      const { name: serviceName, kind, system } = this.#plan.services[service]!;
      index = this.#table.operationOf({ service: serviceName, address: "", kind, name, system, topic: undefined });
      this.#operations[endpoint] = index;
    }
    return index;
  }

  #instance(service: number, replica: number): number {
    return this.#instances[service]![replica] ??= this.#table.instanceOf({
      service: this.#table.serviceOf(this.#plan.services[service]!.name),
      id: String(replica),
      language: this.#plan.services[service]!.language,
      version: this.#plan.services[service]!.version,
    });
  }
}
