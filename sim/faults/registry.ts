// All fault kinds, and the presets made of them. A new kind is a file and a line here; a new preset only data.

import { Diagnostics } from "../base/diagnostics.ts";
import { type Decoded, INVALID, type Invalid, type Properties } from "../base/fields.ts";
import type { Node, ScalarNode } from "../base/node.ts";
import { bandwidth } from "./bandwidth.ts";
import { blackhole } from "./blackhole.ts";
import { cacheFlush } from "./cache_flush.ts";
import { clockSkew } from "./clock_skew.ts";
import { crash } from "./crash.ts";
import { deploy } from "./deploy.ts";
import { diskFull } from "./disk_full.ts";
import { diskSlow } from "./disk_slow.ts";
import { drain } from "./drain.ts";
import { errors } from "./errors.ts";
import { failOver } from "./fail_over.ts";
import { flagOff } from "./flag_off.ts";
import type { CompiledFault, FaultKind } from "./kind.ts";
import { latency } from "./latency.ts";
import { lockContention } from "./lock_contention.ts";
import { logFlood } from "./log_flood.ts";
import { memoryLeak } from "./memory_leak.ts";
import { outage } from "./outage.ts";
import { packetLoss } from "./packet_loss.ts";
import { partition } from "./partition.ts";
import { pause } from "./pause.ts";
import { poolExhaustion } from "./pool_exhaustion.ts";
import { type Preset, type PresetName, PRESETS } from "./presets.ts";
import { queueFlood } from "./queue_flood.ts";
import { reset } from "./reset.ts";
import { restart } from "./restart.ts";
import { rollBack } from "./roll_back.ts";
import { scale } from "./scale.ts";
import { shed } from "./shed.ts";
import { slowConsumer } from "./slow_consumer.ts";
import { slowCpu } from "./slow_cpu.ts";
import { telemetryLoss } from "./telemetry_loss.ts";
import { trafficSurge } from "./traffic_surge.ts";
import { zoneOutage } from "./zone_outage.ts";

/** In the order in which lists show them: requests, network, machines, data, telemetry, load, mitigations. */
export const KINDS = {
  latency,
  errors,
  outage,
  blackhole,
  reset,
  "packet-loss": packetLoss,
  partition,
  bandwidth,
  "slow-cpu": slowCpu,
  pause,
  "memory-leak": memoryLeak,
  crash,
  "zone-outage": zoneOutage,
  "pool-exhaustion": poolExhaustion,
  "disk-slow": diskSlow,
  "disk-full": diskFull,
  "lock-contention": lockContention,
  "cache-flush": cacheFlush,
  "queue-flood": queueFlood,
  "slow-consumer": slowConsumer,
  "clock-skew": clockSkew,
  deploy,
  "traffic-surge": trafficSurge,
  "log-flood": logFlood,
  "telemetry-loss": telemetryLoss,
  scale,
  "roll-back": rollBack,
  "fail-over": failOver,
  shed,
  drain,
  restart,
  "flag-off": flagOff,
} as const satisfies Record<string, FaultKind<Properties>>;

/** Kinds and presets. */
export const FAULTS = { ...KINDS, ...presetKinds() };

export type FaultKindName = keyof typeof FAULTS;

/** The description of a kind or preset. */
export function kindOf(name: FaultKindName): FaultKind<Properties> {
  return FAULTS[name];
}

/** The kind that a preset is made of; a kind is its own. */
export function basisOf(name: string): string {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name as PresetName].basis : name;
}

/** Whether a kind or preset makes things better. */
export function isMitigation(name: string): boolean {
  return Object.hasOwn(FAULTS, name) && kindOf(name as FaultKindName).isMitigation === true;
}

/**
 * Makes the effect of a fault from its decoded fields, or diagnoses what does not fit together.
 * @param node the map that was decoded, for positions
 */
export function compileFault<K extends FaultKindName>(
  kind: K,
  config: Decoded<(typeof FAULTS)[K]["fields"]>,
  node: Node,
  diagnostics: Diagnostics,
): CompiledFault | Invalid {
  return kindOf(kind).compile(config, node, diagnostics);
}

function presetKinds(): Record<PresetName, FaultKind<Properties>> {
  const kinds: Readonly<Record<string, FaultKind<Properties>>> = KINDS;
  const made = Object.entries<Preset>(PRESETS).map(([name, preset]) => {
    const { summary, replicas, sample } = preset;
    // What is a remedy on purpose is a fault where it happens by itself.
    const { isMitigation: _, ...basis } = kinds[preset.basis]!;
    return [name, {
      ...basis,
      summary: `${summary.slice(0, -1)} (${preset.basis}).`,
      fields: presetFields(basis.fields, preset.with),
      sample,
      ...replicas === undefined ? {} : { replicas },
    }];
  });
  return Object.fromEntries(made);
}

/** The fields of a kind with other defaults. @throws RangeError when one is no value of its field */
function presetFields(fields: Properties, defaults: { readonly [field: string]: string }): Properties {
  const changed = Object.entries(defaults).map(([name, text]) => {
    const property = fields[name];
    const fallback = property?.field.decode(scalar(text), new Diagnostics());
    if (property === undefined || fallback === INVALID) throw new RangeError(`${name}: ${text} is no default`);
    return [name, { ...property, presence: "default", fallback, fallbackText: text }];
  });
  return { ...fields, ...Object.fromEntries(changed) };
}

/** What YAML would read. */
function scalar(text: string): ScalarNode {
  const source = { name: "preset", text };
  const span = { source, line: 1, column: 1, length: text.length };
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text === "true" ? true : text === "false" ? false : text;
  return { type: "scalar", span, path: [], value, text };
}
