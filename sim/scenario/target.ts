// The target of a fault: a service, one of its endpoints or replicas, or the calls from one side to the other.

import type { Mark } from "../base/diagnostics.ts";
import { type Field, marked, wrong, wrongType } from "../base/fields.ts";
import type { FaultTarget } from "./scenario.ts";

/** Targets with their places. */
export const TARGETS: Mark<FaultTarget> = { name: "targets" };

const EXPECTS = "a target like payment, payment.Charge, payment#2 or web -> payment.Charge";
const SIDE = /^([^.#\s]+)(?:#(\d+))?(?:\.(.+))?$/;

interface Side {
  readonly service: string;
  readonly replica: number | undefined;
  readonly endpoint: string | undefined;
}

function parseSide(text: string): Side | undefined {
  const match = SIDE.exec(text.trim());
  if (match === null) return undefined;
  const [, service, replica, endpoint] = match;
  return { service: service!, replica: replica === undefined ? undefined : Number(replica) - 1, endpoint };
}

/**
 * Reads a target. The grammar, in which replicas count from 1:
 *
 * ```
 * target -> side | caller "->" callee
 * side   -> service ("#" replica)? ("." endpoint)?
 * caller -> service ("." endpoint)?
 * callee -> service ("." endpoint)?
 * ```
 */
export const targetField: Field<FaultTarget> = marked(TARGETS, {
  expects: EXPECTS,
  decode(node, diagnostics) {
    if (node.type !== "scalar" || typeof node.value !== "string") return wrongType(node, EXPECTS, diagnostics);
    const arrow = node.value.indexOf("->");
    const to = parseSide(arrow === -1 ? node.value : node.value.slice(arrow + 2));
    const from = arrow === -1 ? undefined : parseSide(node.value.slice(0, arrow));
    if (to === undefined || (arrow !== -1 && from === undefined)) {
      return wrongType(node, EXPECTS, diagnostics, "service, service.endpoint, service#2, or caller -> callee");
    }
    if (to.replica !== undefined && to.replica < 0) {
      return wrong(node, "replicas count from 1", diagnostics, `the first one is ${to.service}#1`);
    }
    if (from === undefined) return { text: node.value.trim(), ...to, caller: undefined };
    if (from.replica !== undefined || to.replica !== undefined) {
      return wrong(
        node,
        "an edge has no replicas: each replica of a caller may call each of the callee",
        diagnostics,
        "name a service or an endpoint on either side, or a replica alone",
      );
    }
    const { service, endpoint } = from;
    return {
      text: `${node.value.slice(0, arrow).trim()} -> ${node.value.slice(arrow + 2).trim()}`,
      ...to,
      caller: { service, endpoint },
    };
  },
  schema: () => ({ type: "string", minLength: 1 }),
});
