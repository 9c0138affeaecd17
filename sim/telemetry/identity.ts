// What distinguishes the telemetry of one run from that of another: when it starts and with which seed.

/** The run id is no part of it, so that the same run sent again gives the same bytes. */
export interface RunIdentity {
  /** The wall-clock time of simulated time 0: nanoseconds since the Unix epoch. */
  readonly startEpochNs: bigint;
  readonly seed: number;
  /** Squall's own version. */
  readonly version: string;
  /** OTEL_RESOURCE_ATTRIBUTES: on every resource that does not say otherwise itself. */
  readonly resourceAttributes?: ReadonlyMap<string, string>;
  /** Spans and lines say which fault had an effect on them. */
  readonly labels?: boolean;
}
