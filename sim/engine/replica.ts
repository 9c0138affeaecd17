// The life of one replica: whether its process runs, whether callers may choose it, and what its pod remembers.

import type { Nanos } from "../base/time.ts";

export const Phase = {
  /** There is no pod. */
  absent: 0,
  /** There is a pod, and no process in it. */
  down: 1,
  /** The process starts, and does not listen yet. */
  starting: 2,
  running: 3,
  /** SIGTERM was sent: it finishes what it has. */
  stopping: 4,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

export class Life {
  phase: Phase = Phase.running;
  /** Whether callers may choose it, as far as those know who keep the list. */
  listed = true;
  /** Rises with every change of phase: an event that carries an older one is void. */
  generation = 0;
  /** Containers that this pod has had before the present one. */
  restarts = 0;
  /** Pods that this place in the Deployment has had before the present one. */
  pods = 0;
  /** Kills in a row that the kubelet's back-off counts. */
  kills = 0;
  /** When the process began to start. */
  started = 0 as Nanos;
  /** What follows when it has stopped. */
  afterStop: "down" | "restart" | "backOff" | "absent" | "replace" = "down";
  /** Health checks that ended alike in a row: so many failures, or so many successes. */
  failures = 0;
  successes = 0;
  /** Checks in a row that this process failed. */
  hung = 0;

  /** Whether the process takes connections. One that is to stop takes what was on its way to it. */
  get listens(): boolean {
    return this.phase >= Phase.running;
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.generation = (this.generation + 1) | 0;
  }
}
