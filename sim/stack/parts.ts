// What the stack of compose/ is made of: its parts, the ports that each has on this machine, and how to ask whether it is
// ready. tests/stack/ holds this against compose.yaml.

/** Who reads the log files: Promtail, or Alloy in its place. */
export const SHIPPERS = ["promtail", "alloy"] as const;
export type Shipper = (typeof SHIPPERS)[number];

export interface PublishedPort {
  /** The variable that puts the part on another port. */
  readonly variable: string;
  readonly port: number;
}

export interface Part {
  /** Its name in compose.yaml. */
  readonly name: "grafana" | "loki" | "tempo" | "prometheus" | Shipper;
  readonly what: string;
  /** The first is the one that answers `readyPath`. */
  readonly ports: readonly [PublishedPort, ...PublishedPort[]];
  /** Answers 200 when the part can do its work. */
  readonly readyPath: string;
}

const GRAFANA: Part = {
  name: "grafana",
  what: "dashboards and Explore",
  ports: [{ variable: "GRAFANA_PORT", port: 3000 }],
  readyPath: "/api/health",
};

const BACKENDS: readonly Part[] = [
  { name: "loki", what: "logs", ports: [{ variable: "LOKI_PORT", port: 3100 }], readyPath: "/ready" },
  {
    name: "tempo",
    what: "traces",
    ports: [
      { variable: "TEMPO_PORT", port: 3200 },
      { variable: "OTLP_GRPC_PORT", port: 4317 },
      { variable: "OTLP_HTTP_PORT", port: 4318 },
    ],
    readyPath: "/ready",
  },
  {
    name: "prometheus",
    what: "metrics",
    ports: [{ variable: "PROMETHEUS_PORT", port: 9090 }],
    readyPath: "/-/ready",
  },
];

const SHIPPER_PARTS: Readonly<Record<Shipper, Part>> = {
  // Its own /ready fails until there is a file to tail.
  promtail: {
    name: "promtail",
    what: "reads the log files",
    ports: [{ variable: "PROMTAIL_PORT", port: 9080 }],
    readyPath: "/metrics",
  },
  alloy: {
    name: "alloy",
    what: "reads the log files",
    ports: [{ variable: "ALLOY_PORT", port: 12345 }],
    readyPath: "/-/ready",
  },
};

/** The parts that run with this shipper, the one to open first. */
export function partsWith(shipper: Shipper): readonly Part[] {
  return [GRAFANA, ...BACKENDS, SHIPPER_PARTS[shipper]];
}

/** Every part that compose.yaml knows, but the generator. */
export const ALL_PARTS: readonly Part[] = [GRAFANA, ...BACKENDS, ...SHIPPERS.map((name) => SHIPPER_PARTS[name])];

/** Reads a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/**
 * The number of a port on this machine: the variable's, as compose.yaml reads it, else the usual one.
 * @throws {RangeError} when the variable is no port's number
 */
export function portOf({ variable, port }: PublishedPort, env: Environment): number {
  const text = env(variable);
  if (text === undefined || text === "") return port;
  const given = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (given < 1 || given > 65535) throw new RangeError(`${variable}=${text} is no number of a port (1 to 65535)`);
  return given;
}

/** Where a part answers on this machine. */
export function urlOf(part: Part, env: Environment): string {
  return `http://localhost:${portOf(part.ports[0], env)}`;
}
