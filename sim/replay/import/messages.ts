// Who handles the messages that somebody publishes: topics and their subscriptions, told by destinations and by the links
// from the handling to the sending.

import { quantile } from "../comparison.ts";
import type { Observation, SeenEndpoint } from "../observation.ts";
import { SpanFlag } from "../span_table.ts";

export interface SeenSubscription {
  /** The broker's endpoint that takes the messages. */
  readonly publish: SeenEndpoint;
  readonly handler: SeenEndpoint;
  /** Deliveries, each attempt counted. */
  readonly deliveries: number;
  /** How often one message was tried at most. */
  readonly attempts: number;
  /** Nanoseconds from a failed attempt to the next; undefined without one. */
  readonly retryAfter: number | undefined;
  /** The most messages that were handled at once. */
  readonly atOnce: number;
}

export interface SeenTopic {
  readonly publish: SeenEndpoint;
  /** 0 when the spans do not say. */
  readonly partitions: number;
  readonly subscriptions: readonly SeenSubscription[];
}

/** So many of the published messages have to be handled in the recording, and no more: else somebody else has a part in it. */
const HANDLED_SHARE = { min: 0.5, max: 1.5 };
/** Handled as part of another request, messages are none that arrive by themselves. */
const ALONE_SHARE = 0.8;

/** The messages that one endpoint handled. */
class Handled {
  /** Of each: the sending span, as far as a number holds it; -1 where nothing tells it. */
  readonly sender: number[] = [];
  readonly start: number[] = [];
  readonly end: number[] = [];
  readonly failed: boolean[] = [];
}

/** Topics whose messages are published and handled in the recording. @param isBroker whether a service is nothing else */
export function seenTopics(observation: Observation, isBroker: (service: string) => boolean): SeenTopic[] {
  const { endpoints } = observation;
  const publishing = endpoints.filter(({ topic, kind, service }) =>
    topic !== undefined && kind === "queue" && isBroker(service)
  );
  const handled = handledOf(observation);
  const topics = new Map<SeenEndpoint, SeenSubscription[]>();
  for (const [handler, messages] of handled) {
    const { topic, system, samples } = endpoints[handler]!;
    if (messages.start.length < ALONE_SHARE * samples.count) continue;
    const [publish] = publishing.filter((each) => each.topic === topic)
      .sort((a, b) => Number(b.system === system) - Number(a.system === system) || b.samples.count - a.samples.count);
    if (publish === undefined) continue;
    const { attempts, retryAfter, different } = attemptsOf(messages);
    const share = different / Math.max(1, publish.samples.count);
    if (share < HANDLED_SHARE.min || share > HANDLED_SHARE.max) continue;
    let subscriptions = topics.get(publish);
    if (subscriptions === undefined) topics.set(publish, subscriptions = []);
    subscriptions.push({
      publish,
      handler: endpoints[handler]!,
      deliveries: messages.start.length,
      attempts,
      retryAfter,
      atOnce: mostAtOnce(messages),
    });
  }
  for (const publish of [...topics.keys()]) if (comesBack(observation, topics, publish)) topics.delete(publish);
  return [...topics].map(([publish, subscriptions]) => ({
    publish,
    partitions: partitionsOf(observation, publish, subscriptions),
    subscriptions,
  }));
}

/** Whether handling a message may publish another one of its topic: as a scenario, that might have no end. */
function comesBack(
  { edges }: Observation,
  topics: ReadonlyMap<SeenEndpoint, readonly SeenSubscription[]>,
  publish: SeenEndpoint,
): boolean {
  const handlersOf = new Map([...topics].map(([each, subscriptions]) => [
    each.index,
    subscriptions.map(({ handler }) => handler.index),
  ]));
  const reached = new Set(handlersOf.get(publish.index));
  for (const at of reached) {
    for (const next of handlersOf.get(at) ?? []) reached.add(next);
    for (const { caller, callee } of edges) if (caller === at) reached.add(callee);
  }
  return reached.has(publish.index);
}

function handledOf(observation: Observation): Map<number, Handled> {
  const { endpoints, table } = observation;
  const handled = new Map<number, Handled>();
  if (!endpoints.some(({ topic, instrumented }) => topic !== undefined && instrumented)) return handled;
  for (const { row, endpoint } of observation.requests()) {
    const flags = table.flags[row]!;
    if (endpoints[endpoint]!.topic === undefined || (flags & SpanFlag.message) === 0 || !observation.isRoot(row)) {
      continue;
    }
    let messages = handled.get(endpoint);
    if (messages === undefined) handled.set(endpoint, messages = new Handled());
    const high = table.sentHigh[row] ?? 0, low = table.sentLow[row] ?? 0;
    messages.sender.push((high | low) === 0 ? -1 : high * 2 ** 21 + (low >>> 11));
    messages.start.push(table.start[row]!);
    messages.end.push(table.end[row]!);
    messages.failed.push((flags & SpanFlag.error) !== 0);
  }
  return handled;
}

function attemptsOf(
  { sender, start, end, failed }: Handled,
): { readonly attempts: number; readonly retryAfter: number | undefined; readonly different: number } {
  const order = Uint32Array.from(sender.keys()).sort((a, b) => sender[a]! - sender[b]! || start[a]! - start[b]!);
  const pauses: number[] = [];
  let different = 0, most = 1, run = 0;
  for (const [i, at] of order.entries()) {
    const before = order[i - 1];
    const isAgain = before !== undefined && sender[at]! >= 0 && sender[before] === sender[at] &&
      failed[before] === true;
    // One message that several handle well, as instances of one group do not, is one delivery each.
    if (!isAgain) different++;
    run = isAgain ? run + 1 : 1;
    most = Math.max(most, run);
    if (isAgain) pauses.push(Math.max(0, start[at]! - end[before]!));
  }
  const retryAfter = pauses.length === 0 ? undefined : quantile(Float64Array.from(pauses).sort(), 0.5);
  return { attempts: most, retryAfter, different };
}

function mostAtOnce({ start, end }: Handled): number {
  const starts = Float64Array.from(start).sort(), ends = Float64Array.from(end).sort();
  let most = 1;
  for (let begun = 0, ended = 0; begun < starts.length; begun++) {
    while (ends[ended]! <= starts[begun]!) ended++;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}

function partitionsOf(
  { table }: Observation,
  publish: SeenEndpoint,
  subscriptions: readonly SeenSubscription[],
): number {
  const seen = new Set<string>();
  const services = new Set(subscriptions.map(({ handler }) => handler.service));
  for (const [index, partitions] of table.partitions) {
    const { topic, service } = table.operations[index]!;
    if (topic !== publish.topic || (service !== undefined && !services.has(service))) continue;
    for (const partition of partitions) seen.add(partition);
  }
  return seen.size;
}
