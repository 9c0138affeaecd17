// How often each check of a scenario held, by the name under which it is written: k6 adds up checks of one name as well.

import { checkHolds, checksOn } from "../plan/samples.ts";
import type { FactBatch } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import type { Rate } from "./rate.ts";
import type { Watch } from "./watch.ts";

export interface CheckStats {
  readonly name: string;
  passes: number;
  fails: number;
}

export class CheckTotals {
  readonly #plan: Plan;
  /** By name, in the order of the journeys. */
  readonly #byName = new Map<string, CheckStats>();

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const { checks } of plan.sites) {
      for (const { name } of checks) this.#byName.set(name, { name, passes: 0, fails: 0 });
    }
  }

  /** Whether the scenario has any. */
  get any(): boolean {
    return this.#byName.size > 0;
  }

  get all(): readonly CheckStats[] {
    return [...this.#byName.values()].map((each) => ({ ...each }));
  }

  /**
   * Makes the checks on an attempt of a journey's call.
   * @param total all checks of its workload
   * @param watches those that may take checks of the endpoint called
   */
  take(traits: number, batch: FactBatch, row: number, total: Rate, watches: readonly Watch[]): void {
    const checks = checksOn(this.#plan, traits, batch, row);
    for (let i = 0; i < checks.length; i++) {
      const check = checks[i]!;
      const holds = checkHolds(check, batch, row);
      const stats = this.#byName.get(check.name)!;
      if (holds) stats.passes++;
      else stats.fails++;
      total.add(+holds);
      for (const { matcher, into } of watches) {
        if (matcher.workloads[batch.workload[row]!] === 0 || !matcher.takesCheck(check.name)) continue;
        into.add(+holds, batch.time[row]!);
      }
    }
  }
}
