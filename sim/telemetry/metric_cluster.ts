// What a Kubernetes cluster says about the replicas: the kubelet's cAdvisor about containers, kube-state-metrics about
// pods, Deployments and StatefulSets. Both go on telling while a process is down.

import type { Attributes } from "@opentelemetry/api";
import { SECOND } from "../base/time.ts";
import type { Plan, PlanService } from "../plan/plan.ts";
import { INSTRUMENTS } from "./metric_instruments.ts";
import type { Instrument, MetricPoint } from "./metric_points.ts";
import type { Process } from "./metric_recorder.ts";
import { dnsLabel } from "./names.ts";

const SCOPE = { name: "" };
const KUBE_STATE: Attributes = {
  "service.name": "kube-state-metrics",
  "service.instance.id": "kube-state-metrics:8080",
};
/** The kernel's default, and the kubelet's. */
const CFS_PERIOD_NS = 100e6;
/** The kubelet's words for how a container ended, by `extra` of Change.replicaDown. */
const END_REASONS = ["Completed", "OOMKilled", "Error"];
const PHASES = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];

export class ClusterMetrics {
  readonly #startEpochNs: bigint;
  readonly #namespace: string;
  /** Of the kubelet on each node. */
  readonly #kubelets = new Map<string, Attributes>();
  /** By pod, how its container before this one ended, as told last: it is a label, so another reason is another series. */
  readonly #reasons = new Map<string, string>();

  /** In bytes, by index in Plan.services; of a service without a memory, that of the fault that makes it leak. */
  readonly #memoryLimits: (number | undefined)[];

  constructor(plan: Plan, startEpochNs: bigint) {
    this.#startEpochNs = startEpochNs;
    this.#memoryLimits = plan.services.map(({ index, memory }) =>
      memory?.limit ??
        plan.faults.findLast(({ service, effect }) => service === index && effect.memoryLimit !== undefined)?.effect
          .memoryLimit
    );
    this.#namespace = dnsLabel(plan.namespace, 63);
  }

  /** @param processes `[service][replica]`; pods that are down are among them */
  collect(processes: readonly (readonly (Process | undefined)[])[], time: number, points: MetricPoint[]): void {
    this.#write(processes, time, points, (value) => value);
  }

  /**
   * Says of a process that has ended that there is no value any more, and of its pod where that is gone too.
   * @param next what stands in its place now
   */
  gone(process: Process, next: Process | undefined, time: number, points: MetricPoint[]): void {
    const isSamePod = process.hasPod && next?.instance.podUid === process.instance.podUid;
    const add = this.#adder(time, points, () => NaN);
    if (!isSamePod || !next!.alive) this.#container(process, time, add);
    if (!isSamePod) this.#pod(process, add);
  }

  /** Says of everything that there is no value any more. */
  end(processes: readonly (readonly (Process | undefined)[])[], time: number, points: MetricPoint[]): void {
    this.#write(processes, time, points, () => NaN);
  }

  #write(
    processes: readonly (readonly (Process | undefined)[])[],
    time: number,
    points: MetricPoint[],
    valueOf: (value: number) => number,
  ): void {
    const add = this.#adder(time, points, valueOf);
    for (const replicas of processes) {
      const pods = replicas.filter((process) => process !== undefined && process.hasPod) as readonly Process[];
      for (const process of pods) {
        if (process.alive) this.#container(process, time, add);
        this.#pod(process, add);
      }
      if (pods.length > 0) this.#controller(pods, add);
    }
  }

  #adder(time: number, points: MetricPoint[], valueOf: (value: number) => number): Add {
    return (instrument, value, attributes, resource = KUBE_STATE, start = 0) => {
      points.push({
        series: { instrument, resource, scope: SCOPE, attributes },
        startEpochNs: this.#startEpochNs,
        start,
        time,
        value: valueOf(value),
        histogram: undefined,
      });
    };
  }

  #container(process: Process, time: number, add: Add): void {
    const { pod, workload, node, podUid } = process.instance;
    const labels: Attributes = {
      metrics_path: "/metrics/cadvisor",
      id: `/kubepods/burstable/pod${podUid}`,
      namespace: this.#namespace,
      pod,
      container: workload,
      image: imageOf(process.service),
      node,
    };
    let kubelet = this.#kubelets.get(node);
    if (kubelet === undefined) {
      this.#kubelets.set(node, kubelet = { "service.name": "kubelet", "service.instance.id": node });
    }
    const epoch = (at: number): number => Number(this.#startEpochNs / 1_000_000n) / 1000 + at / SECOND;
    add(INSTRUMENTS.cpuUsage, process.cpu_ns / SECOND, { ...labels, cpu: "total" }, kubelet, process.started);
    const { cpuLimit } = process.service.capacity;
    if (Number.isFinite(cpuLimit)) {
      const periods = Math.floor((time - process.started) / CFS_PERIOD_NS);
      add(INSTRUMENTS.cfsPeriods, periods, labels, kubelet, process.started);
      add(INSTRUMENTS.cfsThrottledPeriods, process.throttledPeriods, labels, kubelet, process.started);
      add(INSTRUMENTS.cfsThrottled, process.throttled_ns / SECOND, labels, kubelet, process.started);
      add(INSTRUMENTS.cpuQuota, cpuLimit * CFS_PERIOD_NS / 1000, labels, kubelet);
      add(INSTRUMENTS.cpuPeriod, CFS_PERIOD_NS / 1000, labels, kubelet);
    }
    const { memory } = process.service;
    const limit = this.#memoryLimits[process.service.index];
    // What a service without a memory of its own uses is known only once a fault has it leak.
    if (memory !== undefined || process.memory > 0) add(INSTRUMENTS.memoryUsed, process.memory, labels, kubelet);
    if (limit !== undefined) add(INSTRUMENTS.memoryLimit, limit, labels, kubelet);
    add(INSTRUMENTS.containerStart, epoch(process.started), labels, kubelet);
    add(INSTRUMENTS.containerSeen, Math.floor(epoch(time)), labels, kubelet);
  }

  #pod(process: Process, add: Add): void {
    const { instance, service, alive, ready } = process;
    const pod: Attributes = { namespace: this.#namespace, pod: instance.pod, uid: instance.podUid };
    const container = { ...pod, container: instance.workload };
    const owner = {
      created_by_kind: instance.isStateful ? "StatefulSet" : "ReplicaSet",
      created_by_name: ownerOf(process),
    };
    add(INSTRUMENTS.podInfo, 1, { ...pod, pod_ip: instance.ip, node: instance.node, ...owner });
    add(INSTRUMENTS.podOwner, 1, {
      ...pod,
      owner_kind: owner.created_by_kind,
      owner_name: owner.created_by_name,
      owner_is_controller: "true",
    });
    for (const phase of PHASES) add(INSTRUMENTS.podPhase, phase === "Running" ? 1 : 0, { ...pod, phase });
    for (const condition of ["true", "false", "unknown"]) {
      add(INSTRUMENTS.podReady, condition === String(ready) ? 1 : 0, { ...pod, condition });
    }
    add(INSTRUMENTS.containerInfo, 1, { ...container, image: imageOf(service) });
    add(INSTRUMENTS.containerReady, ready ? 1 : 0, container);
    add(INSTRUMENTS.containerRunning, alive ? 1 : 0, container);
    add(INSTRUMENTS.containerRestarts, process.restarts, container);
    if (process.endBefore !== undefined) {
      this.#endBefore(END_REASONS[process.endBefore]!, container, instance.podUid, add);
    }
  }

  #endBefore(reason: string, container: Attributes, pod: string, add: Add): void {
    const told = this.#reasons.get(pod);
    if (told !== undefined && told !== reason) add(INSTRUMENTS.containerEndBefore, NaN, { ...container, reason: told });
    add(INSTRUMENTS.containerEndBefore, 1, { ...container, reason });
    this.#reasons.set(pod, reason);
  }

  #controller(pods: readonly Process[], add: Add): void {
    const { workload, isStateful } = pods[0]!.instance;
    const ready = pods.filter((pod) => pod.ready).length, desired = pods.length;
    if (isStateful) {
      const labels = { namespace: this.#namespace, statefulset: workload };
      add(INSTRUMENTS.statefulsetReplicas, desired, labels);
      add(INSTRUMENTS.statefulsetStatusReplicas, pods.length, labels);
      add(INSTRUMENTS.statefulsetReady, ready, labels);
      return;
    }
    const labels = { namespace: this.#namespace, deployment: workload };
    add(INSTRUMENTS.deploymentReplicas, desired, labels);
    add(INSTRUMENTS.deploymentStatusReplicas, pods.length, labels);
    add(INSTRUMENTS.deploymentAvailable, ready, labels);
    add(INSTRUMENTS.deploymentUnavailable, pods.length - ready, labels);
  }
}

type Add = (
  instrument: Instrument,
  value: number,
  attributes: Attributes,
  resource?: Attributes,
  start?: number,
) => void;

function imageOf(service: PlanService): string {
  return `${dnsLabel(service.name, 63)}:${service.version}`.toWellFormed();
}

/** A pod's name without its own part is its ReplicaSet's. */
function ownerOf({ instance }: Process): string {
  return instance.isStateful ? instance.workload : instance.pod.slice(0, instance.pod.lastIndexOf("-"));
}
