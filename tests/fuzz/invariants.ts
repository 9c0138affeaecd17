// Runs a plan and tells what of the facts cannot be so, whatever the scenario says.

import { SimulationError } from "../../sim/engine/core.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { Nanos } from "../../sim/base/time.ts";
import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { Plan } from "../../sim/plan/plan.ts";

/** Longer than any of the fuzzer's runs takes: one that is not over by then never ends. */
const STEPS_MAX = 5000;

export interface Checked {
  /** What cannot be so; empty when all is well. */
  readonly broken: readonly string[];
  /** A hash of all columns of all facts. */
  readonly digest: number;
  readonly facts: number;
  readonly requests: number;
}

interface Child {
  readonly span: string;
  readonly parent: string;
  /** The parent is the call that it answers, not one further up, as where its caller has no spans of its own. */
  readonly answers: boolean;
  readonly start: number;
  readonly time: number;
}

interface Span {
  readonly start: number;
  readonly time: number;
  readonly outcome: number;
}

/** What a station's sample says. */
interface Sample {
  readonly station: string;
  readonly time: number;
  readonly present: number;
}

/** So long nothing happens while strands wait: they wait for ever. All time-outs and all work of the fuzzer are shorter. */
const CALM_NS = 40e9;

/** @param step_ns how far each step goes: the facts must not depend on it */
export function check(plan: Plan, step_ns: number): Checked {
  const engine = new Engine(plan, 1);
  const batch = new FactBatch();
  const broken: string[] = [];
  const say = (text: string): void => void (broken.length < 5 && broken.push(text));
  const clients = new Map<string, Span>(), servers = new Map<string, Span>();
  const samples: Sample[] = [];
  /** By station: when its requests came and went. */
  const stays = new Map<string, number[]>();
  let started = 0, ended = 0, lastSign = 0, isCutOff = false, isStuck = false, isLinked = false;
  const children: Child[] = [];
  const spans = new Set<string>();
  const arrived = new Float64Array(plan.sites.length), sent = new Float64Array(plan.sites.length);
  const callsWithSpans = plan.sites.map(({ caller }) =>
    caller >= 0 && plan.services[plan.endpoints[caller]!.service]!.kind === "service"
  );
  const iterations = new Set<string>();
  let digest = 0, facts = 0, requests = 0, last = 0, steps = 0;
  for (let until = 0; !engine.done; steps++) {
    if (steps > STEPS_MAX) {
      say("the run does not end");
      break;
    }
    until += step_ns;
    for (let reached = false; !reached;) {
      batch.clear();
      try {
        reached = engine.step(until as Nanos, batch);
      } catch (error) {
        // A closed loop whose iterations take no time is told, and ends the run.
        if (!(error instanceof SimulationError)) say(String(error instanceof Error ? error.stack : error));
        return { broken, digest, facts, requests };
      }
      for (let row = 0; row < batch.length; row++) {
        facts++;
        digest = hashRow(digest, batch, row);
        const time = batch.time[row]!, start = batch.start[row]!, kind = batch.kind[row]!;
        if (time < last) say(`facts are out of order at ${time}`);
        last = time;
        if (!(start >= 0)) say(`a ${kind} starts at ${start}`);
        if (!(batch.wait[row]! >= 0)) say(`a ${kind} waits ${batch.wait[row]}`);
        const wasLinked = isLinked;
        isLinked = kind === FactKind.link;
        if (kind === FactKind.change) continue;
        if (!(batch.extra[row]! >= 0)) say(`a ${kind} has ${batch.extra[row]}`);
        if (kind === FactKind.station) {
          const station = `${batch.service[row]}#${batch.replica[row]}`;
          samples.push({ station, time, present: batch.wait[row]! + batch.extra[row]! });
        }
        if (!SIGNS_OF_LIFE.has(kind)) continue;
        if (start > time) say(`a ${kind} starts after its end`);
        const outcome = batch.outcome[row]!, site = batch.site[row]!;
        if (kind === FactKind.arrival) {
          started += batch.extra[row]!;
          continue;
        }
        if (outcome === Outcome.interrupted && kind !== FactKind.iteration) {
          if (time - lastSign > CALM_NS) isStuck = true;
        } else lastSign = time;
        if (outcome === Outcome.interrupted || outcome === Outcome.cancelled || outcome === Outcome.crashed) {
          isCutOff = true;
        }
        if (kind === FactKind.iteration) {
          const id = `${batch.workload[row]} ${batch.iteration[row]}`;
          if (iterations.has(id)) say(`iteration ${id} ends twice`);
          iterations.add(id);
          if (plan.workloads[batch.workload[row]!]!.load.type === "open") ended++;
        } else if (kind === FactKind.call) {
          sent[site]!++;
          if (batch.endpoint[row] !== plan.sites[site]!.callee) say("a call has another callee than its site");
          if ((batch.flags[row]! & FactFlag.journey) !== 0) continue;
          const span = id(batch.span, row);
          if (plan.services[batch.service[row]!]!.kind !== "service") continue;
          if (spans.has(span)) say(`span ${span} is there twice`);
          spans.add(span);
          clients.set(span, { start, time, outcome });
          children.push({ span, parent: id(batch.parent, row), answers: false, start, time });
        } else if (kind === FactKind.request) {
          requests++;
          if (((batch.flags[row]! & FactFlag.linked) !== 0) !== wasLinked) {
            say("a link without its request, or a request without");
          }
          if (!wasLinked) arrived[site]!++;
          const station = `${batch.service[row]}#${batch.replica[row]}`;
          const stay = stays.get(station);
          if (stay === undefined) stays.set(station, [start, time]);
          else stay.push(start, time);
          // A rate-limited one tells when to come again.
          if (batch.wait[row]! > time - start && outcome !== Outcome.rateLimited) {
            say("a request waited longer than it was there");
          }
          if (outcome === Outcome.ok && batch.status[row] !== 200) say(`ok with status ${batch.status[row]}`);
          if (plan.services[batch.service[row]!]!.kind !== "service") continue;
          const span = id(batch.span, row);
          if (spans.has(span)) say(`span ${span} is there twice`);
          spans.add(span);
          servers.set(span, { start, time, outcome });
          children.push({ span, parent: id(batch.parent, row), answers: callsWithSpans[site]!, start, time });
        }
      }
    }
  }
  for (const { span, parent, answers, start, time } of children) {
    if (parent === "0:0") continue;
    if (!spans.has(parent)) say(`the parent ${parent} of ${span} does not exist`);
    const server = servers.get(parent);
    if (server !== undefined && clients.has(span) && (start < server.start || time > server.time)) {
      say(`the call ${span} is not within the request that made it`);
    }
    const client = clients.get(parent);
    if (client === undefined) continue;
    if (start < client.start) say(`${span} starts before the call that made it`);
    if (answers && client.outcome === Outcome.ok && time > client.time) {
      say(`${span} ends after the call that it answered`);
    }
  }
  arrived.forEach((count, site) => {
    if (count > sent[site]!) say(`site ${site}: ${count} requests of ${sent[site]} calls`);
  });
  for (const { station, time, present } of samples) {
    const [least, most] = presentAt(stays.get(station) ?? [], time);
    if (present < least || present > most) {
      say(`${station} holds ${present} at ${time}, and ${least} to ${most} are there`);
    }
  }
  if (started !== ended) say(`${started} iterations of open loads began, and ${ended} ended`);
  if (isStuck && engine.deadlocks.length === 0) say("what waits for ever is not told");
  if (!isCutOff && engine.deadlocks.length > 0) say(`nothing is cut off, and yet: ${engine.deadlocks[0]}`);
  if (engine.done && engine.framesInUse !== 0) say(`${engine.framesInUse} frames are in use at the end`);
  if (engine.done && engine.workersInUse !== 0) say(`${engine.workersInUse} workers are held at the end`);
  return { broken, digest, facts, requests };
}

/** Facts of strands that go on. */
const SIGNS_OF_LIFE: ReadonlySet<number> = new Set([
  FactKind.request,
  FactKind.call,
  FactKind.log,
  FactKind.iteration,
  FactKind.arrival,
  FactKind.cache,
  FactKind.delivery,
  FactKind.lock,
]);

/** How many of the stays last at that time: without those that begin or end just then, and with them. */
function presentAt(stays: readonly number[], time: number): [least: number, most: number] {
  let least = 0, most = 0;
  for (let i = 0; i < stays.length; i += 2) {
    if (stays[i]! <= time && stays[i + 1]! >= time) most++;
    if (stays[i]! < time && stays[i + 1]! > time) least++;
  }
  return [least, most];
}

function id(words: Uint32Array, row: number): string {
  return `${words[row * 2]}:${words[row * 2 + 1]}`;
}

const NUMBERS = new Float64Array(1);
const WORDS = new Uint32Array(NUMBERS.buffer);

function add(digest: number, value: number): number {
  NUMBERS[0] = value;
  const mixed = Math.imul(digest ^ WORDS[0]!, 0x85ebca6b) ^ Math.imul(WORDS[1]! + 0x9e3779b9, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) | 0;
}

function hashRow(digest: number, batch: FactBatch, row: number): number {
  const { kind, outcome, causeOutcome, flags, status, attempt, workload, service, replica, peer, endpoint } = batch;
  for (
    const column of [kind, outcome, causeOutcome, flags, status, attempt, workload, service, replica, peer, endpoint]
  ) {
    digest = add(digest, column[row]!);
  }
  for (const column of [batch.site, batch.cause, batch.iteration, batch.time, batch.start, batch.wait, batch.extra]) {
    digest = add(digest, column[row]!);
  }
  for (const pair of [batch.span, batch.parent, batch.context, batch.key]) {
    digest = add(add(digest, pair[row * 2]!), pair[row * 2 + 1]!);
  }
  return digest;
}
