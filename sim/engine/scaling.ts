// Autoscaling, as the horizontal pod autoscaler of Kubernetes does it.

import { type Nanos, SECOND } from "../base/time.ts";
import type { Scaling } from "../model/state.ts";
import { Change } from "../plan/facts.ts";
import { capacityOf, type PlanService } from "../plan/plan.ts";
import type { Core } from "./core.ts";
import { Event } from "./event.ts";
import { Phase } from "./replica.ts";
import type { Station } from "./station.ts";

/** --horizontal-pod-autoscaler-tolerance: what is nearer to the target is left alone. */
const TOLERANCE = 0.1;
/** behavior.scaleUp's default policies, each 15 s: twice as many, or four more. */
const UP_FACTOR_MAX = 2;
const UP_MORE_MAX = 4;

interface Recommendation {
  readonly time: number;
  readonly replicas: number;
}

/** One service's autoscaler. */
class Scaler {
  readonly recommendations: Recommendation[] = [];
  /** By replica: worker-nanoseconds and requests up to the last look. */
  readonly busyBefore: number[] = [];
  readonly enteredBefore: number[] = [];
  lookedAt = 0;

  constructor(readonly service: PlanService, readonly scaling: Scaling) {}
}

export class Autoscaling {
  readonly #core: Core;
  readonly #scalers: (Scaler | undefined)[] = [];

  constructor(core: Core) {
    this.#core = core;
    for (const service of core.plan.services) {
      const { index, scaling } = service;
      if (scaling === undefined) continue;
      this.#scalers[index] = new Scaler(service, scaling);
      core.schedule(scaling.every, Event.scale, index, 0);
    }
  }

  look(service: number): void {
    const scaler = this.#scalers[service]!;
    const { now } = this.#core;
    this.#core.schedule((now + scaler.scaling.every) as Nanos, Event.scale, service, 0);
    const stations = this.#core.fleet.replicasOf(service);
    const pods = stations.filter(({ life: { phase } }) => phase !== Phase.absent && phase !== Phase.stopping);
    const wanted = this.#stabilised(scaler, this.#recommended(scaler, stations, pods), pods.length);
    scaler.lookedAt = now;
    if (wanted === pods.length) return;
    this.#core.facts.replicaChange(Change.scaled, service, 0, wanted, pods.length);
    if (wanted > pods.length) this.#add(stations, wanted - pods.length, scaler.scaling.delay);
    else this.#take(pods, pods.length - wanted);
  }

  /**
   * ceil(current · metric / target), within 10 % none but the current; pods that are not ready count as idle when it would
   * be more, and as on target when it would be less (kubernetes.io, Horizontal Pod Autoscaling, "Algorithm details").
   */
  #recommended(scaler: Scaler, all: readonly Station[], pods: readonly Station[]): number {
    const { target } = scaler.scaling;
    const values = this.#measure(scaler, all);
    let sum = 0, ready = 0;
    for (const { life, replica } of pods) {
      if (life.phase !== Phase.running || !life.listed) continue;
      sum += values[replica]!;
      ready++;
    }
    const current = pods.length;
    if (ready === 0) return current;
    const ratio = sum / ready / target;
    if (Math.abs(ratio - 1) <= TOLERANCE) return current;
    if (ready === current) return Math.ceil(roundOff(ratio * ready));
    const filled = (sum + (ratio < 1 ? (current - ready) * target : 0)) / current / target;
    const isOther = Math.abs(filled - 1) <= TOLERANCE || (ratio < 1) !== (filled < 1);
    return isOther ? current : Math.ceil(roundOff(filled * current));
  }

  /** The signal of each replica since the last look. */
  #measure(scaler: Scaler, all: readonly Station[]): number[] {
    const { now } = this.#core;
    const elapsed = now - scaler.lookedAt;
    const { signal } = scaler.scaling;
    return all.map((station, i) => {
      const busy = station.busyTime(now), { entered } = station;
      const busyFor = busy - (scaler.busyBefore[i] ?? 0), came = entered - (scaler.enteredBefore[i] ?? 0);
      scaler.busyBefore[i] = busy;
      scaler.enteredBefore[i] = entered;
      if (signal === "queue") return station.queued;
      return signal === "requests" ? came / (elapsed / SECOND) : busyFor / (capacityOf(scaler.service) * elapsed);
    });
  }

  /** Within the limits, upwards in steps, and down to no less than was recommended within the cooldown. */
  #stabilised({ recommendations, scaling }: Scaler, recommended: number, current: number): number {
    const { now } = this.#core;
    const { min, max, cooldown } = scaling;
    recommendations.push({ time: now, replicas: recommended });
    while (recommendations[0]!.time < now - cooldown) recommendations.shift();
    let wanted = recommended;
    if (wanted < current) {
      const most = recommendations.reduce((greatest, { replicas }) => Math.max(greatest, replicas), 0);
      wanted = Math.min(current, Math.max(wanted, most));
    } else wanted = Math.min(wanted, Math.max(current * UP_FACTOR_MAX, current + UP_MORE_MAX));
    return Math.min(max, Math.max(min, wanted));
  }

  #add(stations: readonly Station[], count: number, delay: Nanos): void {
    for (const station of stations.filter(({ life }) => life.phase === Phase.absent).slice(0, count)) {
      this.#core.world.create(station, delay);
    }
  }

  /** Those that do not run go first, then the youngest, as the ReplicaSet chooses. */
  #take(pods: readonly Station[], count: number): void {
    const rank = ({ life }: Station): number => life.phase === Phase.running ? 1 : 0;
    const order = pods.toSorted((a, b) =>
      rank(a) - rank(b) || b.life.started - a.life.started || b.replica - a.replica
    );
    for (const station of order.slice(0, count)) this.#core.world.remove(station);
  }
}

/** Sums of shares are not exact: 3.0000000000000004 is 3. */
function roundOff(value: number): number {
  return Number(value.toPrecision(12));
}
