// Wires one run: steps the engine to each evaluation time, lets the metrics take the facts, acts on what they say, and
// only then hands the facts to the sinks; so what a threshold does never depends on the speed of a sink.

import { formatDuration, type Nanos } from "../base/time.ts";
import { SimulationError } from "../engine/core.ts";
import { Engine } from "../engine/engine.ts";
import { hashText } from "../base/draws.ts";
import type { Evaluation } from "../metrics/evaluation.ts";
import { Experiment, type ExperimentReport, type FaultsNow } from "../metrics/experiment.ts";
import { GroundTruth } from "../metrics/ground_truth.ts";
import type { MetricsReport } from "../metrics/report.ts";
import { RunMetrics } from "../metrics/run_metrics.ts";
import type { GroundTruthReport } from "../metrics/truth_report.ts";
import { EVALUATE_EVERY } from "../objectives/threshold.ts";
import { FactBatch } from "../plan/facts.ts";
import { firstFaultTime } from "../plan/fault_windows.ts";
import { lengthBounds, type Plan } from "../plan/plan.ts";
import { expectedEnd, type ProgressState } from "../report/progress.ts";
import { unreachedRates } from "../report/unreached_rates.ts";
import { Pacer } from "./pacer.ts";
import type { RunSinks } from "./run_sinks.ts";

/** Longest time that the event loop is kept from timers and signals. */
const TURN_EVERY_MS = 20;

const NO_FAULTS: FaultsNow = { begun: false, open: false, recoverFrom: -Infinity };

/** What a run hands its facts to. */
export type RunOutput = Pick<RunSinks, "take" | "evaluate" | "flush" | "close" | "delivery">;

export interface RunListener {
  /** Now and then, in wall time. */
  progress(state: ProgressState): void;
  /** Something that the user should know, as one line. */
  notice(text: string): void;
}

export interface RunSettings {
  readonly plan: Plan;
  /** The wall-clock time of simulated time 0: nanoseconds since the Unix epoch. */
  readonly startEpochNs: bigint;
  /** Simulated seconds in one second of wall time; Infinity: as fast as it goes. */
  readonly pace: number;
  readonly sinks: RunOutput;
  readonly listener: RunListener;
  /** Simulates an interrupted run again: it is interrupted here, and gives the same facts. */
  readonly interruptAt?: Nanos;
}

export interface RunResult {
  readonly ended: "completed" | "aborted" | "interrupted";
  /** Why it was aborted, where no threshold did it: the simulation could not go on. */
  readonly reason?: string;
  /** At the end. */
  readonly metrics: MetricsReport;
  readonly evaluation: Evaluation;
  /** Undefined without faults. */
  readonly truth: GroundTruthReport | undefined;
  /** Undefined without a hypothesis. */
  readonly experiment: ExperimentReport | undefined;
}

/** One run of a plan. */
export class Run {
  readonly #settings: RunSettings;
  readonly #engine: Engine;
  readonly #metrics: RunMetrics;
  readonly #truth: GroundTruth | undefined;
  readonly #experiment: Experiment | undefined;
  readonly #pacer: Pacer;
  readonly #batch = new FactBatch(32_768);
  #interrupted = false;
  #lastTurnMs = performance.now();
  #deadlocksTold = 0;

  constructor(settings: RunSettings) {
    this.#settings = settings;
    this.#engine = new Engine(settings.plan, hashText(`start ${settings.startEpochNs}`));
    const { plan } = settings;
    this.#metrics = new RunMetrics(plan);
    this.#truth = plan.faults.length === 0 ? undefined : new GroundTruth(plan);
    this.#experiment = plan.hypothesis === undefined
      ? undefined
      : new Experiment(plan.hypothesis, firstFaultTime(plan), lengthBounds(plan).most);
    this.#pacer = new Pacer(settings.pace);
  }

  /** Ends the run as soon as it can: what is open is interrupted, and everything so far is written. */
  interrupt(): void {
    this.#interrupted = true;
    this.#pacer.wake();
  }

  /** Runs the plan to its end, or as far as the simulation can go, and closes the sinks, whatever happens. */
  async execute(): Promise<RunResult> {
    const { sinks } = this.#settings;
    try {
      const { ended, ...why } = await this.#simulate();
      this.#tellDeadlocks();
      const { now } = this.#engine;
      if (this.#pacer.behindMs > 1000) {
        this.#settings.listener.notice(
          `the run fell behind its pace by up to ${
            formatDuration((Math.round(this.#pacer.behindMs) * 1e6) as Nanos)
          }; no fact is lost, and their times are as planned`,
        );
      }
      const metrics = this.#metrics.report(now);
      for (const { long } of unreachedRates(metrics)) this.#settings.listener.notice(long);
      const truth = this.#truth?.report(now), experiment = this.#experiment?.report();
      return { ended, ...why, metrics, evaluation: this.#metrics.evaluate(now), truth, experiment };
    } finally {
      await sinks.close();
    }
  }

  async #simulate(): Promise<Pick<RunResult, "ended" | "reason">> {
    try {
      return { ended: await this.#loop() };
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      return { ended: await this.#end("aborted"), reason: error.message };
    }
  }

  async #loop(): Promise<RunResult["ended"]> {
    const engine = this.#engine;
    const { interruptAt = Infinity as Nanos } = this.#settings;
    let evaluationTime = EVALUATE_EVERY;
    while (!engine.done) {
      const target = Math.min(this.#pacer.sliceEnd(engine.now, evaluationTime), interruptAt) as Nanos;
      await this.#pacer.reach(target);
      await this.#stepTo(target);
      if (engine.done) break;
      if (this.#interrupted || engine.now >= interruptAt) return await this.#end("interrupted");
      if (target === evaluationTime) {
        const { abort } = this.#metrics.evaluate(engine.now);
        const triggered = this.#metrics.triggered(engine.now);
        const isUnsteady = this.#isUnsteady(
          triggered.some((fault) => !this.#settings.plan.faults[fault]!.isMitigation),
        );
        if (!isUnsteady) { for (const fault of triggered) engine.trigger(fault); }
        await this.#settings.sinks.evaluate();
        if (abort !== undefined || isUnsteady) return await this.#end("aborted");
        evaluationTime = (evaluationTime + EVALUATE_EVERY) as Nanos;
        this.#tellDeadlocks();
      }
      if (this.#pacer.pace < Infinity) await this.#settings.sinks.flush();
      this.#settings.listener.progress(this.progress());
      await this.#turn();
    }
    return "completed";
  }

  /** Whether the steady state does not hold before the first fault, so that there is nothing to try. */
  #isUnsteady(triggers: boolean): boolean {
    if (this.#experiment === undefined) return false;
    const { now } = this.#engine;
    return this.#experiment.evaluate(
      now,
      this.#metrics.steadyState(now),
      this.#truth?.faultsNow ?? NO_FAULTS,
      triggers,
    );
  }

  /** To `target`; when interrupted to the end of the instant, so that the time alone says what has happened by then. */
  async #stepTo(target: Nanos): Promise<void> {
    for (let reached = false; !reached;) {
      reached = this.#engine.step(this.#interrupted ? this.#engine.now : target, this.#batch);
      await this.#handOn();
      await this.#turn();
    }
  }

  async #handOn(): Promise<void> {
    this.#metrics.take(this.#batch);
    this.#truth?.take(this.#batch);
    await this.#settings.sinks.take(this.#batch);
    this.#batch.clear();
  }

  async #end(how: "aborted" | "interrupted"): Promise<RunResult["ended"]> {
    this.#engine.stop(this.#batch);
    await this.#handOn();
    return how;
  }

  #tellDeadlocks(): void {
    for (; this.#deadlocksTold < this.#engine.deadlocks.length; this.#deadlocksTold++) {
      this.#settings.listener.notice(this.#engine.deadlocks[this.#deadlocksTold]!);
    }
  }

  /** Lets timers, signals and answers of the network have their turn. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#lastTurnMs < TURN_EVERY_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastTurnMs = performance.now();
  }

  /** What the run would show now. */
  progress(): ProgressState {
    const { now } = this.#engine;
    const { spans, logs } = this.#settings.sinks.delivery;
    const workloads = this.#metrics.workloads(now);
    return {
      now,
      end: expectedEnd(workloads),
      spans: spans.generated,
      logs: logs.generated,
      faults: this.#engine.openFaults.map((index) => this.#settings.plan.faults[index]!.name),
      workloads,
    };
  }
}
