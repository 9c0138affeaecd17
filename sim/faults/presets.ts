// Faults that people know by a name of their own, and that are another kind with parameters and words: data, not code.

/** `with`: defaults of the kind's own fields, as they would be written; each may still be given in the file. */
export interface Preset {
  readonly basis: string;
  readonly summary: string;
  readonly with: { readonly [field: string]: string };
  /** How many replicas it strikes if nothing is said of it. */
  readonly replicas?: number;
  readonly sample: string;
}

export const PRESETS = {
  "dns-failure": {
    basis: "outage",
    summary: "The callee's name is not found.",
    with: { trouble: "name" },
    sample: "kind: dns-failure, target: web -> payment, at: 1m, for: 2m",
  },
  "certificate-expiry": {
    basis: "outage",
    summary: "The callee's certificate has expired, and nobody trusts it.",
    with: { trouble: "certificate" },
    sample: "kind: certificate-expiry, target: payment, at: 1m",
  },
  "unreachable": {
    basis: "outage",
    summary: "There is no route to the callee's host.",
    with: { trouble: "unreachable" },
    sample: "kind: unreachable, target: checkout -> payment, at: 1m, for: 2m",
  },
  "config-push": {
    basis: "errors",
    summary: "A configuration that does not fit was pushed to all replicas at once.",
    with: { message: "invalid configuration: unknown key 'limits.max_inflight'" },
    sample: "kind: config-push, target: gateway, at: 1m",
  },
  "provider-rate-limit": {
    basis: "errors",
    summary: "A provider takes no more requests of ours: 429.",
    with: { rate: "80%", status: "429", message: "rate limit reached for requests: try again later" },
    sample: "kind: provider-rate-limit, target: llm-api, at: 1m, for: 1m, rate: 60%",
  },
  "poison-message": {
    basis: "errors",
    summary: "Some messages can never be handled, however often they are tried.",
    with: { rate: "2%", sticky: "true", message: "cannot deserialize message: unexpected end of input" },
    sample: "kind: poison-message, target: accounting.HandleOrder, at: 1m, rate: 1%",
  },
  "gc-pressure": {
    basis: "pause",
    summary: "Whole heaps are collected again and again; say for and every.",
    with: { why: "collection" },
    sample: "kind: gc-pressure, target: ad, at: 1m, for: 900ms, every: 5s",
  },
  "process-hang": {
    basis: "pause",
    summary: "The process is stopped, as by SIGSTOP, and says nothing.",
    with: { why: "stop" },
    sample: "kind: process-hang, target: cart#1, at: 1m, for: 30s",
  },
  "noisy-neighbour": {
    basis: "slow-cpu",
    summary: "Others on the node take half of its cores.",
    with: { factor: "2" },
    replicas: 1,
    sample: "kind: noisy-neighbour, target: search, at: 1m, for: 2m",
  },
  "image-slow-load": {
    basis: "latency",
    summary: "Images take five seconds more.",
    with: { add: "5s" },
    sample: "kind: image-slow-load, target: image-provider, at: 1m, for: 2m, add: 10s",
  },
  "instance-kill": {
    basis: "crash",
    summary: "One replica is killed, whichever it is.",
    with: {},
    replicas: 1,
    sample: "kind: instance-kill, target: payment, at: 1m, every: 5m, for: 1s, restart: 10s",
  },
  "readiness-failure": {
    basis: "drain",
    summary: "A replica's readiness probe fails: it is taken off its callers' lists.",
    with: {},
    replicas: 1,
    sample: "kind: readiness-failure, target: cart, at: 1m, for: 1m",
  },
  "canary-release": {
    basis: "deploy",
    summary: "A tenth of the replicas get another version.",
    with: { strategy: "canary" },
    sample: "kind: canary-release, target: cart, at: 1m, for: 5m, version: 2.5.0, errors: 10%",
  },
  "connection-leak": {
    basis: "pool-exhaustion",
    summary: "Code forgets to give connections back: a tenth of the pool is left.",
    with: { taken: "90%" },
    sample: "kind: connection-leak, target: orders -> orders-db, at: 1m, for: 1m",
  },
  "flash-crowd": {
    basis: "traffic-surge",
    summary: "Ten times as many users come.",
    with: { multiply: "10" },
    sample: "kind: flash-crowd, scenario: shoppers, at: 1m, for: 1m, ramp: 20s",
  },
  "debug-logging": {
    basis: "log-flood",
    summary: "Somebody has left debugging on.",
    with: { lines: "30", level: "debug", message: "entering {endpoint}: state dump follows" },
    sample: "kind: debug-logging, target: cart, at: 1m, for: 5m",
  },
  "inaccurate-answers": {
    basis: "log-flood",
    summary: "Answers come in time and are wrong: nothing but a check of what they say tells.",
    with: { lines: "1", level: "warn", message: "answer failed the grounding check: claims are not in the source" },
    sample: "kind: inaccurate-answers, target: llm.Complete, at: 1m, for: 2m, probability: 30%",
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
