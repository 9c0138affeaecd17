// What other tools call their faults, and which kind or preset of ours does that. Names as those tools' users write them.

import type { FaultKindName } from "./registry.ts";

interface Elsewhere {
  readonly tool: string;
  /** As the tool's own documents have it; what follows a space tells it from others of the same name. */
  readonly name: string;
  readonly kind: FaultKindName;
  /** How it is written here, where the name alone does not say. */
  readonly how?: string;
}

export const ELSEWHERE: readonly Elsewhere[] = [
  { tool: "Toxiproxy", name: "latency", kind: "latency", how: "`add`, `jitter`; toxicity is `probability`" },
  { tool: "Toxiproxy", name: "down", kind: "outage" },
  { tool: "Toxiproxy", name: "bandwidth", kind: "bandwidth" },
  { tool: "Toxiproxy", name: "slow_close", kind: "latency", how: "on the calls: `web -> payment`" },
  { tool: "Toxiproxy", name: "timeout", kind: "blackhole" },
  { tool: "Toxiproxy", name: "reset_peer", kind: "reset" },
  { tool: "Toxiproxy", name: "slicer", kind: "bandwidth" },
  { tool: "Toxiproxy", name: "limit_data", kind: "reset" },
  { tool: "Chaos Mesh", name: "NetworkChaos delay", kind: "latency", how: "on the calls: `web -> payment`" },
  { tool: "Chaos Mesh", name: "NetworkChaos loss", kind: "packet-loss" },
  { tool: "Chaos Mesh", name: "NetworkChaos corrupt", kind: "packet-loss", how: "TCP sends anew what is corrupt" },
  { tool: "Chaos Mesh", name: "NetworkChaos partition", kind: "partition", how: "`lose` for one direction" },
  { tool: "Chaos Mesh", name: "NetworkChaos bandwidth", kind: "bandwidth" },
  { tool: "Chaos Mesh", name: "PodChaos pod-kill", kind: "instance-kill" },
  { tool: "Chaos Mesh", name: "PodChaos pod-failure", kind: "outage", how: "`target: payment#1` for one pod" },
  { tool: "Chaos Mesh", name: "PodChaos container-kill", kind: "crash" },
  { tool: "Chaos Mesh", name: "StressChaos cpu", kind: "slow-cpu" },
  { tool: "Chaos Mesh", name: "StressChaos memory", kind: "memory-leak" },
  { tool: "Chaos Mesh", name: "TimeChaos", kind: "clock-skew" },
  { tool: "Chaos Mesh", name: "DNSChaos", kind: "dns-failure" },
  { tool: "Chaos Mesh", name: "HTTPChaos abort", kind: "reset" },
  { tool: "Chaos Mesh", name: "HTTPChaos delay", kind: "latency" },
  { tool: "Chaos Mesh", name: "HTTPChaos replace", kind: "errors", how: "`status`" },
  { tool: "Chaos Mesh", name: "IOChaos latency", kind: "disk-slow" },
  { tool: "Chaos Mesh", name: "IOChaos fault", kind: "disk-full" },
  { tool: "Chaos Mesh", name: "JVMChaos exception", kind: "errors", how: "`exception`" },
  { tool: "Chaos Mesh", name: "JVMChaos gc", kind: "gc-pressure" },
  { tool: "Chaos Mesh", name: "JVMChaos latency", kind: "latency" },
  { tool: "Chaos Mesh", name: "Schedule", kind: "crash", how: "`every`, `times` of any kind, or `chaos:`" },
  { tool: "Chaos Toolkit", name: "terminate_pods", kind: "instance-kill" },
  { tool: "Chaos Toolkit", name: "drain_nodes", kind: "drain" },
  { tool: "Chaos Toolkit", name: "scale_deployment", kind: "scale" },
  { tool: "Chaos Toolkit", name: "rollout_deployment", kind: "restart" },
  { tool: "Chaos Toolkit", name: "deny_all_ingress", kind: "partition" },
];

/** Letters and digits only: people write pod-kill, podKill and pod_kill. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Kinds that other tools know by this name, or by its last word; each once. */
export function knownElsewhere(name: string): Elsewhere[] {
  const asked = plain(name);
  const found = ELSEWHERE.filter(({ name }) => [name, ...name.split(" ")].some((each) => plain(each) === asked));
  return found.filter(({ kind }, i) => found.findIndex((other) => other.kind === kind) === i);
}
