// Faults as they come and go: which window of each is open, whom it strikes, and what those ask of the world that act on
// more than single requests.

import { hashText, mixed, uniform } from "../base/draws.ts";
import { FOREVER, type Nanos } from "../base/time.ts";
import type { FaultEffect, FaultTarget } from "../faults/fault.ts";
import { windowFrom, windowKey, windowNow, windowOf } from "../plan/fault_windows.ts";
import type { PlanFault } from "../plan/plan.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";

const SALT_REPLICAS = hashText("fault replicas");
const SALT_COMES = hashText("fault comes");

/** A fault in the run. */
export class LiveFault {
  /** Window that is open, or was last; Infinity before the first. */
  from = FOREVER;
  until = FOREVER;
  /** Its window has begun and not ended. */
  open = false;
  /** Windows begun, or asked for, so far. */
  turns = 0;
  /** It has been ended for good. */
  isOver = false;
  /** Its window is over, and the replicas that it struck go back one by one. */
  isRollingBack = false;
  /** By replica: 1 for those that it strikes now; undefined: all of them. */
  struck: Uint8Array | undefined;
  target: FaultTarget | undefined;

  constructor(readonly plan: PlanFault) {}
}

export class Faults {
  readonly live: readonly LiveFault[];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.live = core.plan.faults.map((fault) => new LiveFault(fault));
  }

  /** Schedules the first window of each fault that begins by itself. */
  start(): void {
    for (const live of this.live) this.#scheduleNext(live);
  }

  /** What a fault waits for has come about: it begins when its reaction time is over, unless it has had its turns. */
  trigger(index: number): void {
    const live = this.live[index]!;
    const { plan } = live;
    const { now } = this.#core;
    const isOpen = live.turns > 0 && now < live.until;
    if (
      live.isOver || isOpen || now < plan.at || live.turns >= plan.times ||
      (live.turns > 0 && now < live.from + plan.every)
    ) return;
    const from = (now + plan.reaction) as Nanos;
    live.turns++;
    // Asked for and not yet begun: `from` lies ahead, so that it neither strikes nor is asked for again.
    ({ from: live.from, until: live.until } = windowFrom(plan, from));
    this.#core.events.scheduleUrgent(from, Event.faultBegin, plan.index, live.turns);
  }

  /** Takes the events of faults. */
  handle(kind: Event, index: number, turn: number): void {
    const live = this.live[index]!;
    if (live.isOver) return;
    if (kind === Event.faultBegin) this.#begin(live, turn);
    else if (turn === live.turns) this.#end(live);
  }

  /** Ends a fault at once and for good. */
  stop(index: number): void {
    const live = this.live[index]!;
    const { now } = this.#core;
    if (live.isOver) return;
    live.isOver = true;
    if (now >= live.from && now < live.until) {
      live.until = now;
      this.#end(live);
    }
    // Asked for and not yet begun: it never does.
    if (live.from > now) live.from = live.until = FOREVER;
  }

  /** The run is over: windows that end with it have ended. */
  runEnds(): void {
    const { now } = this.#core;
    for (const live of this.live) if (live.open && live.until <= now) this.#end(live);
  }

  #scheduleNext(live: LiveFault): void {
    const window = windowOf(this.#core.plan.seed, live.plan, live.turns);
    if (window === undefined) return;
    live.turns++;
    // Back to back with the one before: nothing of this instant comes in between.
    if (live.turns > 1 && window.from <= this.#core.now) return this.#begin(live, live.turns);
    this.#core.events.scheduleUrgent(window.from, Event.faultBegin, live.plan.index, live.turns);
  }

  #begin(live: LiveFault, turn: number): void {
    const { plan } = live;
    const { now } = this.#core;
    ({ from: live.from, until: live.until } = windowNow(this.#core.plan.seed, plan, turn - 1, now));
    live.isRollingBack = false;
    if (plan.probability === 0 || (plan.isWhole && plan.probability < 1 && !this.#comes(plan, turn))) {
      // As if the window were over: the next one comes when it would have.
      const { until } = live;
      live.from = live.until = now;
      live.target = undefined;
      if (until < FOREVER) this.#core.events.scheduleUrgent(until, Event.faultEnd, plan.index, turn);
      return;
    }
    live.open = true;
    this.#choose(live, turn);
    this.#core.facts.fault(plan.index, true);
    this.#act(live, plan.effect.begin);
    if (live.until < FOREVER) this.#core.events.scheduleUrgent(live.until, Event.faultEnd, plan.index, turn);
  }

  #end(live: LiveFault): void {
    if (live.open) {
      live.open = false;
      this.#act(live, live.plan.effect.end);
      this.#core.facts.fault(live.plan.index, false);
    }
    if (live.plan.when.length === 0 && !live.isOver) this.#scheduleNext(live);
  }

  /** Lets a fault act on the world; what comes of it is put down to it. */
  #act({ plan, target }: LiveFault, act: FaultEffect["begin"]): void {
    if (act === undefined) return;
    const { taint, faultWorld } = this.#core, before = taint!.acting;
    taint!.acting = plan.index + 1;
    act.call(plan.effect, faultWorld, target!);
    taint!.acting = before;
  }

  /** Whether a fault that strikes a whole comes this time. */
  #comes(plan: PlanFault, turn: number): boolean {
    windowKey(this.#core.plan.seed, plan, turn);
    return uniform(mixed.high, mixed.low, SALT_COMES) < plan.probability;
  }

  /** Which replicas this window strikes. */
  #choose(live: LiveFault, turn: number): void {
    const { plan } = live;
    const { seed, services } = this.#core.plan;
    windowKey(seed, plan, turn);
    const { high, low } = mixed;
    live.struck = undefined;
    let chosen: number[] = [];
    if (plan.service >= 0) {
      const all = this.#core.world.replicas(plan.service);
      chosen = all;
      if (plan.replica >= 0) chosen = chosen.filter((replica) => replica === plan.replica);
      if (plan.zone !== undefined) {
        const { zones } = services[plan.service]!;
        chosen = chosen.filter((replica) => zones[replica % zones.length] === plan.zone);
      }
      if (plan.replicas !== undefined) {
        const count = "share" in plan.replicas
          ? Math.ceil(plan.replicas.share * chosen.length - 1e-9)
          : plan.replicas.count;
        const rank = (replica: number): number => uniform(high, low, SALT_REPLICAS + replica);
        chosen = [...chosen].sort((a, b) => rank(a) - rank(b)).slice(0, count).sort((a, b) => a - b);
      }
      if (plan.replica >= 0 || plan.zone !== undefined || plan.replicas !== undefined) {
        live.struck = new Uint8Array(Math.max(0, ...all) + 1);
        for (const replica of chosen) live.struck[replica] = 1;
      }
    }
    live.target = {
      fault: plan.index,
      service: plan.service,
      replicas: chosen,
      endpoints: plan.endpoints,
      caller: plan.caller,
      zone: plan.zone,
      toService: plan.toService,
      ofFault: plan.ofFault,
      workloads: plan.workloads,
      until: live.until,
      draw: (n) => uniform(high, low, n | 0),
    };
  }
}
