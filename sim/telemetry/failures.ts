// What the telemetry says about something that failed: the exception in the service's language, from what the scenario
// says of the failure and, where it says nothing, in the words usual for its status.

import { visible } from "../base/diagnostics.ts";
import type { Language as LanguageName } from "../model/model.ts";
import { formatDuration, type Nanos } from "../base/time.ts";
import { CALL_DEPTH_MAX, Outcome } from "../plan/facts.ts";
import type { CallSite, Failure } from "../plan/plan.ts";
import { grpcCode, statusText } from "./conventions.ts";
import { troubleOf } from "./connection_troubles.ts";
import type { CallPlace, Language, Thrown } from "./languages/language.ts";
import { lifecycleOf } from "./languages/lifecycle.ts";
import { usualMessage } from "./languages/language.ts";
import { type Message, msg, type SlotPiece } from "./message.ts";
import type { Code } from "./names.ts";
import type { Target } from "./targets.ts";

/** The exception of a request that failed of its own accord. */
export function ownException(language: Language, failure: Failure | undefined, status: number, code: Code): Thrown {
  if (failure?.exception === undefined && failure?.message === undefined) return language.ownError(status, code);
  return {
    type: failure.exception ?? language.errorType(status, code),
    message: failure.message ?? usualMessage(status, code),
  };
}

/** The exception that a client library throws for a call without an answer; undefined for calls that got one. */
export function callException(
  language: Language,
  languageName: LanguageName,
  target: Target,
  place: CallPlace,
  code: Code,
  outcome: number,
  status: number,
  failure?: Failure,
): Thrown | undefined {
  if (outcome === Outcome.timeout || outcome === Outcome.unreachable) return language.timedOut(place, code);
  if (outcome === Outcome.reset) return lifecycleOf(languageName).reset(place);
  if (outcome === Outcome.aborted && status === 0) {
    const refused = language.connectionRefused(place, code);
    const said = troubleOf(languageName, failure?.trouble, place);
    return said === undefined ? refused : { type: said.type ?? refused.type, message: said.message };
  }
  if (outcome === Outcome.refused && target.data !== undefined) {
    return { type: language.connectionRefused(place, code).type, message: target.data.system.full.message };
  }
  return undefined;
}

/** A stack trace whose first line cannot pass for several: the message's own line breaks are shown as escapes. */
export function stackTraceOf(language: Language, thrown: Thrown, code: Code, call: CallPlace | undefined): string {
  return language.stackTrace({ type: oneLine(thrown.type), message: oneLine(thrown.message) }, code, call)
    .toWellFormed();
}

/** Shows control characters, line breaks among them, as escapes. */
export function oneLine(text: string): string {
  return visible(text.toWellFormed());
}

/** How a call failed, in the past tense; `duration` is how long it took. */
export function howItFailed(
  target: Target,
  site: CallSite,
  outcome: number,
  status: number,
  failure: Failure | undefined,
  duration: string | SlotPiece,
  deadlineCut: boolean,
): Message {
  const said = failure?.message === undefined ? "" : `: ${failure.message}`;
  if (outcome === Outcome.timeout) {
    return deadlineCut && site.deadline === Infinity
      ? msg`ran out of the time that its caller's deadline had left, ${duration} into this attempt`
      : deadlineCut
      ? msg`hit its deadline of ${formatDuration(site.deadline)}, ${duration} into this attempt`
      : msg`timed out after ${formatDuration(site.timeout)}`;
  }
  if (outcome === Outcome.tooDeep) return msg`was cut off: the chain of calls is deeper than ${CALL_DEPTH_MAX}`;
  if (outcome === Outcome.reset) {
    return msg`failed after ${duration}: connection to ${target.host}:${target.port} reset by peer`;
  }
  if (outcome === Outcome.cancelled) return msg`was cancelled after ${duration}`;
  if (outcome === Outcome.reset) {
    return msg`failed after ${duration}: connection to ${target.host}:${target.port} reset by peer`;
  }
  if (outcome === Outcome.unreachable) {
    return msg`failed: connect to ${target.host}:${target.port}: connection timed out`;
  }
  if (outcome === Outcome.interrupted) return msg`was interrupted after ${duration}`;
  if (outcome === Outcome.aborted && status === 0) {
    switch (failure?.trouble) {
      case "name":
        return msg`failed: host name ${target.host} not found${said}`;
      case "certificate":
        return msg`failed: certificate of ${target.host} has expired${said}`;
      case "unreachable":
        return msg`failed: no route to ${target.host}:${target.port}${said}`;
      default:
        return msg`failed: connection to ${target.host}:${target.port} refused${said}`;
    }
  }
  if (target.data !== undefined) {
    const { system, query } = target.data;
    const error = outcome === Outcome.refused ? system.full : system.error(status, query);
    const words = failure?.message ?? error.message;
    return words.startsWith(error.code) ? msg`failed: ${words}` : msg`failed: ${words} (${error.code})`;
  }
  if (outcome === Outcome.refused) {
    return target.kind === "rpc"
      ? msg`was refused by ${target.service.name}: ${grpcCode(status)}`
      : msg`was refused by ${target.service.name}: ${statusText(status)}`;
  }
  return target.kind === "rpc"
    ? msg`failed with ${grpcCode(status)}${said}`
    : msg`answered ${statusText(status)}${said}`;
}

/** Whether a time-out came from the call's deadline rather than from the attempt's own limit. */
export function isDeadlineCut(site: CallSite, duration: Nanos): boolean {
  return duration < site.timeout;
}
