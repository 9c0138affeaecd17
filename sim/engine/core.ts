// What the parts of the engine share: the clock, the events, the frames, the stations, and each other.

import { EventQueue } from "../base/event_queue.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import { workloadKey } from "../plan/draws.ts";
import type { Condition } from "../plan/condition.ts";
import { FactKind, Outcome } from "../plan/facts.ts";
import type { Plan } from "../plan/plan.ts";
import { Caches } from "./caches.ts";
import { Calls } from "./calls.ts";
import { Contention } from "./contention.ts";
import { canDeadlock } from "./deadlock.ts";
import type { Event } from "./event.ts";
import { FactWriter } from "./fact_writer.ts";
import { FaultKnobs } from "./fault_knobs.ts";
import { Faults } from "./faults.ts";
import { FaultActs } from "./fault_acts.ts";
import { Fleet } from "./fleet.ts";
import { type Frame, FramePool } from "./frame.ts";
import { Health } from "./health.ts";
import { Hedges } from "./hedges.ts";
import { Interruptions } from "./interruptions.ts";
import { Locks } from "./locks.ts";
import { MemoryUse } from "./memory.ts";
import { MessageQueues } from "./message_queues.ts";
import { OwnWork } from "./own_work.ts";
import { Pauses } from "./pauses.ts";
import { Policies } from "./policies.ts";
import { Phase } from "./replica.ts";
import { Autoscaling } from "./scaling.ts";
import { Servers } from "./servers.ts";
import { needsCpu } from "./station.ts";
import { Strands } from "./strands.ts";
import { Surges } from "./surges.ts";
import { Taint } from "./taint.ts";
import { Replicas } from "./world.ts";
import { type Vu, WorkloadState } from "./workload.ts";
import { Workloads } from "./workloads.ts";

/** Events at one instant after which time is taken to stand still: a million VUs may start at once, with ten events each. */
export const EVENTS_AT_ONE_INSTANT_MAX = 10_000_000;

/** Thrown when the simulation cannot go on; the message says which part of the scenario is to blame. */
export class SimulationError extends Error {
  override name = "SimulationError";
}

export class Core {
  readonly plan: Plan;
  readonly startSalt: number;
  readonly events = new EventQueue();
  readonly pool = new FramePool();
  readonly fleet: Fleet;
  readonly states: WorkloadState[] = [];
  readonly vus: Vu[] = [];
  readonly faults: Faults;
  readonly knobs: FaultKnobs;
  readonly facts = new FactWriter(this);
  /** Undefined without faults. */
  readonly taint: Taint | undefined;
  readonly canDeadlock: boolean;
  /** Own work of some service is more than time that passes. */
  readonly hasCpus: boolean;
  /** Some service is slower after a start. */
  readonly hasWarmUps: boolean;
  now = 0 as Nanos;
  eventsNow = 0;
  workloadsLeft: number;

  readonly workloads: Workloads;
  readonly strands: Strands;
  readonly calls: Calls;
  readonly hedges: Hedges;
  readonly policies: Policies;
  readonly servers: Servers;
  readonly interruptions: Interruptions;
  readonly ownWork: OwnWork;
  readonly pauses: Pauses;
  readonly world: Replicas;
  readonly caches: Caches;
  readonly locks: Locks;
  readonly queues: MessageQueues;
  readonly health: Health;
  readonly memory: MemoryUse;
  readonly scaling: Autoscaling;
  readonly surges: Surges;
  readonly contention: Contention;
  readonly faultWorld: FaultActs;

  /** @param startSalt a hash of the run's start time */
  constructor(plan: Plan, startSalt: number) {
    this.plan = plan;
    this.startSalt = startSalt;
    this.faults = new Faults(this);
    this.knobs = new FaultKnobs(this, this.faults.live);
    this.taint = plan.faults.length === 0 ? undefined : new Taint(this);
    this.canDeadlock = canDeadlock(plan);
    this.hasWarmUps = plan.services.some(({ capacity }) => capacity.warmUp !== undefined);
    this.hasCpus = plan.services.some(needsCpu);
    this.fleet = new Fleet(plan, this.pool.frames);
    for (const workload of plan.workloads) {
      this.states.push(new WorkloadState(workload, workloadKey(plan.seed, workload.salt)));
    }
    this.workloadsLeft = plan.workloads.length;
    this.workloads = new Workloads(this);
    this.strands = new Strands(this);
    this.calls = new Calls(this);
    this.hedges = new Hedges(this);
    this.policies = new Policies(this);
    this.servers = new Servers(this);
    this.interruptions = new Interruptions(this);
    this.ownWork = new OwnWork(this);
    this.pauses = new Pauses(this);
    for (const station of this.fleet.stations) if (station.life.phase !== Phase.absent) this.pauses.begin(station);
    this.world = new Replicas(this);
    this.caches = new Caches(this);
    this.locks = new Locks(this);
    this.queues = new MessageQueues(this);
    this.health = new Health(this);
    this.memory = new MemoryUse(this);
    this.scaling = new Autoscaling(this);
    this.surges = new Surges(this);
    this.contention = new Contention(this);
    this.faultWorld = new FaultActs(this);
  }

  /** Whether the context of a strand's iteration is as it has to be. */
  matches(where: Condition, { workload, root }: Frame): boolean {
    return where.holds(this.plan.workloads[workload]!.context, root.contextHigh, root.contextLow);
  }

  schedule(time: Nanos, kind: Event, subject: number, generation: number): void {
    this.events.schedule(time, kind, subject, generation);
  }

  /** Says why no time passes: iterations take none, as they are or because what they call turns them away. */
  stalled(): SimulationError {
    const names = this.states.filter((state) => !state.ended).map((state) => state.plan.name).join(", ");
    const refusing = this.#refusedNow();
    return new SimulationError(
      `no simulated time passes at ${formatDuration(this.now)} (scenarios: ${names}). ` +
        (refusing === undefined
          ? "A closed loop whose iterations take no time never ends: give the journey a think time or its endpoints a latency"
          : `${refusing} turns requests away at once, and a closed loop comes back at once: give the journey a think time, ` +
            "its retries a backoff, or the service room (concurrency, queue)"),
    );
  }

  /** An endpoint that turned a request away at this instant, if the facts that are not handed on yet have one. */
  #refusedNow(): string | undefined {
    const { batch } = this.facts;
    for (let row = batch.length - 1; row >= 0 && batch.time[row] === this.now; row--) {
      if (batch.kind[row] !== FactKind.call || batch.outcome[row] !== Outcome.refused) continue;
      const { service, name } = this.plan.endpoints[batch.endpoint[row]!]!;
      return `${this.plan.services[service]!.name}.${name}`;
    }
    return undefined;
  }
}
