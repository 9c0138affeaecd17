// Messages: topics of partitions, consumer groups that read them in order, what is tried again and what is given up.

import { hashText, mix, mixed, uniform } from "../base/draws.ts";
import type { Nanos } from "../base/time.ts";
import { Change, Outcome } from "../plan/facts.ts";
import { drawKey, spread } from "../plan/keys.ts";
import type { PlanSubscription } from "../plan/state.ts";
import type { Core } from "./core.ts";
import type { Taint } from "./taint.ts";
import { Event } from "./event.ts";
import { type Frame, FrameKind } from "./frame.ts";
import { Phase } from "./replica.ts";
import type { Station } from "./station.ts";
import type { WorkloadState } from "./workload.ts";

const SALT_PARTITION = hashText("partition");
const SALT_COPY = hashText("copy of a message");
const SALT_DELIVERY = hashText("delivery");
const SALT_TRACE_HIGH = hashText("trace id, high half");
const SALT_TRACE_LOW = hashText("trace id, low half");
const SALT_SERVER = hashText("server span");

/** What became of a message's delivery: the outcome of a `delivery` fact. */
export const Delivered = { done: 0, again: 1, deadLettered: 2, skipped: 3 } as const;
export type Delivered = (typeof Delivered)[keyof typeof Delivered];

/** A message as one consumer group has it. */
class Message {
  time = 0;
  workload = 0;
  vu = 0;
  iteration = 0;
  keyHigh = 0;
  keyLow = 0;
  askedHigh = 0;
  askedLow = 0;
  contextHigh = 0;
  contextLow = 0;
  /** Of the span that sent it. */
  trace0 = 0;
  trace1 = 0;
  trace2 = 0;
  trace3 = 0;
  spanHigh = 0;
  spanLow = 0;
  /** Its number within the partition. */
  offset = 0;
  deliveries = 0;
  failures = 0;
  /** The fault, + 1, without which it, or its next delivery, would not be; 0 for none. */
  extraBy = 0;
  /** How late it was sent, in nanoseconds, and the fault, + 1, that made it so. */
  late = 0;
  lateBy = 0;
}

/** A partition, as one consumer group reads it. */
class Partition {
  /** Messages that wait, the next first: from `head` on. */
  messages: Message[] = [];
  head = 0;
  /** Messages that are being handled. */
  busy = 0;
  offset = 0;
  /** No message before this time: one that failed is to be tried again then. */
  notBefore = 0;
  /** The replica that reads it; -1 for none. */
  owner = -1;
  /** When a message had been handled last, how late that was, and the fault, + 1, that made it so. */
  freedAt = -1;
  freedLate = 0;
  freedBy = 0;
  /** The fault, + 1, for which nobody reads it, until a message comes that does not have to wait. */
  heldBy = 0;

  constructor(readonly group: Group, readonly index: number, readonly number: number) {}

  get waiting(): number {
    return this.messages.length - this.head;
  }

  push(message: Message): void {
    this.messages.push(message);
  }

  putBack(message: Message): void {
    if (this.head > 0) this.messages[--this.head] = message;
    else this.messages.unshift(message);
  }

  take(): Message {
    const message = this.messages[this.head++]!;
    // The room of what has been taken is given back now and then.
    if (this.head > 1024 && this.head * 2 > this.messages.length) {
      this.messages = this.messages.slice(this.head);
      this.head = 0;
    }
    return message;
  }
}

/** A consumer group: one subscription of one service. */
class Group {
  readonly partitions: Partition[] = [];
  /** Replicas that take part, those included whose death has not been noticed, by number. */
  members: number[] = [];

  constructor(readonly plan: PlanSubscription) {}
}

export class MessageQueues {
  readonly #core: Core;
  readonly #groups: Group[] = [];
  readonly #partitions: Partition[] = [];
  /** By index of the topic's endpoint: the groups that read it. */
  readonly #readers = new Map<number, Group[]>();
  /** By slot of the delivery's frame. */
  readonly #deliveries: ({ readonly partition: Partition; readonly message: Message } | undefined)[] = [];
  readonly #free: Message[] = [];

  constructor(core: Core) {
    this.#core = core;
    const { topics = [], subscriptions = [], services } = core.plan;
    for (const plan of subscriptions) {
      const topic = topics[plan.topic]!;
      const group = new Group(plan);
      for (let number = 0; number < topic.partitions; number++) {
        const partition = new Partition(group, this.#partitions.length, number);
        group.partitions.push(partition);
        this.#partitions.push(partition);
      }
      group.members = Array.from({ length: services[plan.service]!.replicas }, (_, replica) => replica);
      this.#share(group);
      this.#groups.push(group);
      const readers = this.#readers.get(topic.endpoint);
      if (readers === undefined) this.#readers.set(topic.endpoint, [group]);
      else readers.push(group);
    }
  }

  /** Whether the requests of an endpoint are messages that somebody reads. */
  get any(): boolean {
    return this.#groups.length > 0;
  }

  /** Messages that no consumer of a group has finished: its lag, all partitions together. */
  lag(subscription: number): number {
    let lag = 0;
    for (const partition of this.#groups[subscription]!.partitions) lag += partition.waiting + partition.busy;
    return lag;
  }

  // ---- sending -------------------------------------------------------------------------------------------------------

  /** The broker has taken a message: each group that reads the topic gets it. */
  append(request: Frame): void {
    const readers = this.#readers.get(request.endpoint);
    if (readers === undefined) return;
    const draw = this.#draw(request);
    this.#send(readers, request, draw, this.#core.taint?.extraBy(request) ?? 0);
    const { faults } = this.#core.plan.endpoints[request.endpoint]!;
    if (faults.length === 0) return;
    const { knobs } = this.#core;
    knobs.turn(faults, request.replica, request.keyHigh, request.keyLow, request);
    for (let copy = knobs.knobs.copies; copy > 0; copy--) {
      // Each is handled by draws of its own, and without a message's key it goes to a partition of its own.
      const { keyHigh, keyLow } = request;
      mix(keyHigh, keyLow, (SALT_COPY + copy) | 0);
      request.keyHigh = mixed.high;
      request.keyLow = mixed.low;
      this.#send(readers, request, this.#draw(request), knobs.touchedBy);
      request.keyHigh = keyHigh;
      request.keyLow = keyLow;
    }
  }

  #send(readers: readonly Group[], request: Frame, draw: number, extraBy: number): void {
    for (const group of readers) {
      const message = this.#free.pop() ?? new Message();
      message.workload = request.workload;
      message.vu = request.vu;
      message.iteration = request.iteration;
      message.keyHigh = request.keyHigh;
      message.keyLow = request.keyLow;
      message.askedHigh = request.askedHigh;
      message.askedLow = request.askedLow;
      message.contextHigh = request.contextHigh;
      message.contextLow = request.contextLow;
      message.trace0 = request.trace0;
      message.trace1 = request.trace1;
      message.trace2 = request.trace2;
      message.trace3 = request.trace3;
      message.spanHigh = request.spanHigh;
      message.spanLow = request.spanLow;
      message.deliveries = message.failures = 0;
      message.extraBy = extraBy;
      message.late = extraBy === 0 ? this.#core.taint?.lateness(request) ?? 0 : 0;
      message.lateBy = message.late === 0 ? 0 : this.#core.taint!.faultOf(request);
      this.#put(group, message, draw);
    }
  }

  /** A number by which a message's partition is chosen: by its key, or by chance. */
  #draw(request: Frame): number {
    const site = this.#core.plan.sites[request.site]!;
    if (site.messageKey === undefined) {
      return Math.floor(uniform(request.keyHigh, request.keyLow, SALT_PARTITION) * 2 ** 52);
    }
    const { context } = this.#core.plan.workloads[request.workload]!;
    return spread(drawKey(site.messageKey, context, request, request.askedHigh, request.askedLow), SALT_PARTITION);
  }

  #put(group: Group, message: Message, draw: number): void {
    const partition = group.partitions[draw % group.partitions.length]!;
    message.time = this.#core.now;
    message.offset = partition.offset++;
    // The workload has not ended before its messages are through.
    this.#core.states[message.workload]!.alive++;
    partition.push(message);
    this.#deliverSoon(partition);
  }

  // ---- delivering ----------------------------------------------------------------------------------------------------

  #deliverSoon(partition: Partition): void {
    this.#core.schedule(this.#core.now, Event.deliver, partition.index, 0);
  }

  /** Hands messages of a partition to its consumer, as many as may be worked on at once. */
  deliver(index: number): void {
    const partition = this.#partitions[index]!;
    const { plan } = partition.group;
    while (partition.busy < plan.concurrency && partition.waiting > 0 && this.#core.now >= partition.notBefore) {
      if (partition.owner < 0) return this.#isHeld(partition, undefined);
      const station = this.#core.fleet.replicasOf(plan.service)[partition.owner]!;
      if (station.life.phase !== Phase.running) return this.#isHeld(partition, station);
      const { service: broker } = this.#core.plan.topics![plan.topic]!;
      if (this.#core.world.partitions.separates(broker, plan.service)) {
        partition.heldBy = this.#core.world.partitions.separatedBy(broker, plan.service);
        return;
      }
      this.#handOver(partition, partition.take(), station);
    }
  }

  /** Nobody reads a partition for the time being. @param owner the replica that should */
  #isHeld(partition: Partition, owner: Station | undefined): void {
    const by = this.#core.taint?.downBy(partition.group.plan.service, owner) ?? 0;
    if (by !== 0) partition.heldBy = by;
  }

  #handOver(partition: Partition, message: Message, station: Station): void {
    const { plan } = partition.group;
    const core = this.#core;
    const delivery = core.pool.take(FrameKind.delivery, []);
    const state = core.states[message.workload]!;
    partition.busy++;
    message.deliveries++;
    state.alive++;
    this.#deliveries[delivery.slot] = { partition, message };
    delivery.workload = message.workload;
    delivery.vu = message.vu;
    delivery.iteration = message.iteration;
    delivery.depth = 0;
    delivery.start = core.now;
    delivery.endpoint = -1;
    delivery.service = core.plan.topics![plan.topic]!.service;
    delivery.replica = partition.number % core.fleet.replicasOf(delivery.service).length;
    delivery.trace0 = message.trace0;
    delivery.trace1 = message.trace1;
    delivery.trace2 = message.trace2;
    delivery.trace3 = message.trace3;
    delivery.spanHigh = message.spanHigh;
    delivery.spanLow = message.spanLow;
    // What the span says of the message.
    delivery.attempt = partition.number;
    delivery.turns.push(message.offset);

    const { endpoint, service } = plan;
    mix(message.keyHigh, message.keyLow, plan.salt);
    mix(mixed.high, mixed.low, (SALT_DELIVERY + message.deliveries) | 0);
    const high = mixed.high, low = mixed.low;
    const request = core.pool.take(FrameKind.request, core.plan.endpoints[endpoint]!.program);
    state.alive++;
    request.parent = delivery.slot;
    request.parentGeneration = delivery.generation;
    request.link = delivery;
    request.workload = message.workload;
    request.vu = message.vu;
    request.iteration = message.iteration;
    request.depth = 1;
    request.endpoint = endpoint;
    request.service = service;
    request.replica = station.replica;
    request.callerReplica = delivery.replica;
    request.site = plan.site;
    request.attempt = Math.min(message.failures + 1, 65_535);
    request.keyHigh = high;
    request.keyLow = low;
    request.askedHigh = message.askedHigh;
    request.askedLow = message.askedLow;
    request.contextHigh = message.contextHigh;
    request.contextLow = message.contextLow;
    request.parentSpanHigh = 0;
    request.parentSpanLow = 0;
    mix(high, low, SALT_TRACE_HIGH ^ core.startSalt);
    request.trace0 = mixed.high;
    request.trace1 = mixed.low;
    mix(high, low, SALT_TRACE_LOW ^ core.startSalt);
    request.trace2 = mixed.high;
    request.trace3 = mixed.low;
    mix(high, low, SALT_SERVER ^ core.startSalt);
    request.spanHigh = mixed.high;
    request.spanLow = mixed.low;
    if (core.taint !== undefined) this.#tellTaint(core.taint, request, partition, message, delivery.service);
    core.servers.enter(request);
  }

  /** A message comes late that was sent late, or that waited for one that took longer, or for a reader, because of a fault. */
  #tellTaint(taint: Taint, request: Frame, partition: Partition, message: Message, broker: number): void {
    const { now } = this.#core;
    let { late, lateBy } = message;
    if (partition.freedAt === now && partition.freedLate > late && message.time < now) {
      late = now - Math.max(message.time - late, now - partition.freedLate);
      lateBy = partition.freedBy;
    } else if (message.time === now) partition.heldBy = 0;
    else if (partition.heldBy !== 0 && partition.freedAt !== now) {
      late += now - message.time;
      lateBy = partition.heldBy;
    }
    taint.delivered(request, message.extraBy, broker, late, lateBy);
  }

  /** A message's handler has answered. */
  handled(request: Frame, delivery: Frame, outcome: number): void {
    const { partition, message } = this.#deliveries[delivery.slot]!;
    if (this.#core.taint !== undefined) {
      partition.freedAt = this.#core.now;
      partition.freedLate = this.#core.taint.lateness(request);
      partition.freedBy = this.#core.taint.faultOf(request);
    }
    const { plan } = partition.group;
    const { now, facts } = this.#core;
    this.#end(partition, delivery);
    if (outcome !== Outcome.ok && message.extraBy === 0) message.extraBy = this.#core.taint?.changedBy(request) ?? 0;
    if (outcome === Outcome.ok) {
      facts.delivery(request, plan, Delivered.done, message.time);
      this.#forget(message);
    } else if (outcome === Outcome.reset || outcome === Outcome.aborted) {
      // Its consumer died: nothing was committed, and whoever reads the partition next begins with it.
      facts.delivery(request, plan, Delivered.again, message.time);
      partition.putBack(message);
    } else if (++message.failures < plan.attempts) {
      facts.delivery(request, plan, Delivered.again, message.time);
      partition.putBack(message);
      partition.notBefore = now + plan.retryAfter;
      this.#core.schedule(partition.notBefore as Nanos, Event.deliver, partition.index, 0);
      return;
    } else this.#giveUp(request, partition, message);
    this.#deliverSoon(partition);
  }

  #giveUp(request: Frame, { group }: Partition, message: Message): void {
    const { facts } = this.#core;
    const { plan } = group;
    const dead = plan.deadLetter;
    facts.delivery(request, plan, dead < 0 ? Delivered.skipped : Delivered.deadLettered, message.time);
    const row = facts.replicaChange(Change.messageGivenUp, plan.service, request.replica, dead, message.failures);
    facts.traceOf(row, request);
    facts.batch.site[row] = plan.index;
    if (dead >= 0) {
      for (const reader of this.#readers.get(this.#core.plan.topics![dead]!.endpoint) ?? []) {
        const copy = Object.assign(this.#free.pop() ?? new Message(), message, { deliveries: 0, failures: 0 });
        // What gave it up is what its next handler's span links to.
        copy.trace0 = request.trace0;
        copy.trace1 = request.trace1;
        copy.trace2 = request.trace2;
        copy.trace3 = request.trace3;
        copy.spanHigh = request.spanHigh;
        copy.spanLow = request.spanLow;
        this.#put(reader, copy, Math.floor(uniform(message.keyHigh, message.keyLow, SALT_PARTITION) * 2 ** 52));
      }
    }
    this.#forget(message);
  }

  #end(partition: Partition, delivery: Frame): void {
    this.#deliveries[delivery.slot] = undefined;
    partition.busy--;
    this.#core.workloads.release(delivery);
  }

  #forget(message: Message): void {
    this.#free.push(message);
    const state = this.#core.states[message.workload]!;
    state.alive--;
    if (state.alive === 0) this.#core.workloads.endIfIdle(state);
  }

  // ---- what ends -----------------------------------------------------------------------------------------------------

  /** A delivery ends with its workload. */
  cutOff(delivery: Frame): void {
    const { partition, message } = this.#deliveries[delivery.slot]!;
    this.#deliveries[delivery.slot] = undefined;
    partition.busy--;
    this.#core.states[message.workload]!.alive--;
    this.#free.push(message);
    this.#deliverSoon(partition);
  }

  /** The messages of a workload that has ended are no longer there. */
  forget({ plan: { index } }: WorkloadState): void {
    for (const partition of this.#partitions) {
      const left: Message[] = [];
      for (let i = partition.head; i < partition.messages.length; i++) {
        const message = partition.messages[i]!;
        if (message.workload === index) this.#core.states[index]!.alive--;
        else left.push(message);
      }
      partition.messages = left;
      partition.head = 0;
    }
  }

  // ---- who reads -----------------------------------------------------------------------------------------------------

  /** A replica's process listens: it takes part, or takes part again. */
  join({ service, replica }: Station): void {
    for (const group of this.#groups) {
      if (group.plan.service !== service) continue;
      if (!group.members.includes(replica)) {
        group.members = [...group.members, replica].sort((a, b) => a - b);
        this.#rebalance(group);
      }
      for (const partition of group.partitions) if (partition.owner === replica) this.#deliverSoon(partition);
    }
  }

  /** A replica leaves: at once when it says so, after the session's timeout when it died. */
  leave({ service, replica }: Station): void {
    for (const group of this.#groups) {
      if (group.plan.service !== service || !group.members.includes(replica)) continue;
      group.members = group.members.filter((member) => member !== replica);
      this.#rebalance(group);
    }
  }

  /** How long the groups of a service wait for a consumer that died; undefined when it reads nothing. */
  sessionTimeout(service: number): Nanos | undefined {
    const own = this.#groups.filter(({ plan }) => plan.service === service);
    return own.length === 0 ? undefined : Math.min(...own.map(({ plan }) => plan.sessionTimeout)) as Nanos;
  }

  /** What came to a halt by a partition of the network goes on. */
  goOn(): void {
    for (const partition of this.#partitions) this.#deliverSoon(partition);
  }

  #rebalance(group: Group): void {
    const before = group.partitions.map(({ owner }) => owner);
    this.#share(group);
    for (const replica of group.members) {
      const own = group.partitions.filter(({ owner }) => owner === replica);
      const isSame = own.length === before.filter((owner) => owner === replica).length &&
        own.every(({ number }) => before[number] === replica);
      if (isSame) continue;
      const { service, index } = group.plan;
      const row = this.#core.facts.replicaChange(
        Change.partitionsAssigned,
        service,
        replica,
        own.length,
        own[0]?.number ?? 0,
      );
      this.#core.facts.batch.site[row] = index;
    }
    for (const partition of group.partitions) this.#deliverSoon(partition);
  }

  /** Kafka's range assignor: neighbouring partitions to each member, one more to the first ones where it does not divide. */
  #share({ partitions, members }: Group): void {
    const each = Math.floor(partitions.length / members.length), more = partitions.length % members.length;
    let next = 0;
    for (const partition of partitions) partition.owner = -1;
    members.forEach((member, i) => {
      for (let n = each + (i < more ? 1 : 0); n > 0; n--) partitions[next++]!.owner = member;
    });
  }
}
