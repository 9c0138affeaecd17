// Who writes the telemetry: the pod, the node, the address and the instance id of each replica. All of it is a hash of the
// run's seed, the service's name and the replica, so that no other service and no order moves it.

import { hashText, mix, mixed } from "../base/draws.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import { dnsLabel } from "./names.ts";

export interface Instance {
  /** `payment-7d9f8b6c5-x2k4q`, or `orders-db-0` in a StatefulSet. */
  readonly pod: string;
  /** The Deployment's or StatefulSet's name. */
  readonly workload: string;
  /** Databases, caches and queues keep their name and disk. */
  readonly isStateful: boolean;
  /** A UUID of version 8 (RFC 9562: built from a hash of our own): service.instance.id. */
  readonly id: string;
  readonly podUid: string;
  readonly node: string;
  /** Where the scenario says of zones. */
  readonly zone: string | undefined;
  /** In 10.0.0.0/8. */
  readonly ip: string;
  /** Containers that were in the pod before: k8s.container.restart_count. */
  readonly restarts: number;
}

/** Kubernetes leaves out vowels and look-alikes, so that no words appear (apimachinery util/rand). */
const POD_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const POD_SUFFIX_LENGTH = 5;
/** Long service names are cut so that the pod's name stays within 63 characters, as Kubernetes does. */
const WORKLOAD_NAME_MAX = 46;
const NODES = 12;
/** More than a service has replicas. */
const REPLICAS_MAX = 65_536;

const PURPOSE_SUFFIX = hashText("pod suffix");
const PURPOSE_TEMPLATE = hashText("pod template hash");
const PURPOSE_ID = hashText("service instance id");
const PURPOSE_UID = hashText("pod uid");
const PURPOSE_NODE = hashText("node");
const PURPOSE_NODE_NAME = hashText("node name");
const PURPOSE_IP = hashText("pod address");

/**
 * The instance of a replica.
 * @param pods that stood in its place before: a Deployment's have names of their own, a StatefulSet's the same one
 * @param restarts of the container in this pod: a new process in the same pod is another instance of the service
 */
export function instanceOf(service: PlanService, replica: number, seed: number, pods = 0, restarts = 0): Instance {
  const place = replica + pods * REPLICAS_MAX;
  const key = hashText(service.name);
  const workload = dnsLabel(service.name, WORKLOAD_NAME_MAX);
  const isStateful = service.kind !== "service";
  let pod = `${workload}-${replica}`;
  if (!isStateful) {
    const template = letters(key ^ seed, hashText(service.version), PURPOSE_TEMPLATE, 9);
    pod = `${workload}-${template}-${letters(key ^ seed, place, PURPOSE_SUFFIX, POD_SUFFIX_LENGTH)}`;
  }
  mix(key ^ seed, place, PURPOSE_NODE);
  const node = (mixed.low >>> 0) % NODES;
  return {
    pod,
    workload,
    isStateful,
    id: uuid(key ^ seed, place, (PURPOSE_ID + restarts * 2) | 0),
    podUid: uuid(key ^ seed, place, PURPOSE_UID),
    node: nodeName(node, seed),
    zone: service.zones[replica % service.zones.length],
    ip: address(key ^ seed, place, node),
    restarts,
  };
}

/** The instances of all replicas of all services: `[service][replica]`. */
export function instancesOf(plan: Plan, seed: number): Instance[][] {
  return plan.services.map((service) =>
    Array.from({ length: service.replicasMax ?? service.replicas }, (_, replica) => instanceOf(service, replica, seed))
  );
}

function letters(high: number, low: number, purpose: number, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) {
    mix(high, low, purpose + i);
    text += POD_ALPHABET[(mixed.low >>> 0) % POD_ALPHABET.length]!;
  }
  return text;
}

function uuid(high: number, low: number, purpose: number): string {
  mix(high, low, purpose);
  let hex = word(mixed.high) + word((mixed.low & 0xffff0fff) | 0x8000);
  mix(high, low, purpose + 1);
  hex += word((mixed.high & 0x3fffffff) | 0x80000000) + word(mixed.low);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** As EKS names its nodes. */
function nodeName(node: number, seed: number): string {
  mix(seed, node, PURPOSE_NODE_NAME);
  return `ip-10-${(mixed.low >>> 0) % 4}-${(mixed.low >>> 8) & 255}-${
    2 + ((mixed.low >>> 16) & 255) % 253
  }.ec2.internal`;
}

/** A node has a range of pod addresses of its own. */
function address(high: number, low: number, node: number): string {
  mix(high, low, PURPOSE_IP);
  return `10.${128 + node}.${(mixed.low >>> 8) & 255}.${2 + (mixed.low & 255) % 253}`;
}
