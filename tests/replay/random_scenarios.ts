// Random scenarios for round trips: a few services in layers, every kind of step, some errors and time-outs, and one fault.

/** Numbers from 0 to 1 of a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Size {
  /** Requests of users a second. */
  readonly rate: number;
  readonly length_s: number;
}

/** The text of the scenario of a seed. */
export function randomScenario(seed: number, { rate, length_s }: Size): string {
  const next = random(seed * 7919 + 17);
  const int = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)]!;
  const chance = (share: number): boolean => next() < share;

  const layers = int(2, 3);
  const services: { name: string; layer: number; kind: string; endpoints: string[] }[] = [];
  for (let layer = 0; layer <= layers; layer++) {
    const count = layer === 0 ? 1 : int(1, 3);
    for (let i = 0; i < count; i++) {
      const name = `s${layer}${"abc"[i]}`;
      const isLast = layer === layers;
      const kind = isLast && chance(0.5) ? "database" : "service";
      const endpoints = Array.from(
        { length: int(1, 2) },
        (_, n) =>
          kind === "database"
            ? `${pick(["SELECT", "INSERT"])} t${layer}${i}${n}`
            : chance(0.5)
            ? `GET /${name}/r${n}${chance(0.5) ? "/{id}" : ""}`
            : `Do${name.toUpperCase()}${n}`,
      );
      services.push({ name, layer, kind, endpoints });
    }
  }
  const latency = (): string => {
    const ms = 1 + Math.round(next() * 20);
    return pick([
      `{ p50: ${ms}ms, p99: ${ms * int(3, 8)}ms }`,
      `{ exponential: ${ms}ms }`,
      `{ uniform: [${ms}ms, ${ms * 3}ms] }`,
      `${ms}ms`,
      `{ mix: [{ weight: 90, latency: { p50: ${ms}ms, p99: ${ms * 3}ms } }, { weight: 10, latency: ${ms * 8}ms }] }`,
    ]);
  };
  const callable = (layer: number): string[] =>
    services.filter((each) => each.layer > layer).flatMap((each) =>
      each.endpoints.map((name) => `${each.name}.${name}`)
    );
  // An endpoint that is called from one place only keeps the graph readable in a failure's message.
  const step = (layer: number, left: string[], depth: number): string | undefined => {
    const target = left.shift();
    if (target === undefined) return undefined;
    const call = `"${target}"`;
    const kind = next();
    if (depth < 2 && kind < 0.2 && left.length > 0) {
      const branches = [
        call,
        ...Array.from({ length: Math.min(left.length, int(1, 2)) }, () => step(layer, left, depth + 1)!),
      ];
      return `{ parallel: [${branches.join(", ")}] }`;
    }
    if (depth < 2 && kind < 0.32 && left.length > 0) {
      return `{ choose: [{ weight: 3, call: ${call} }, { weight: 2, call: "${left.shift()}" }] }`;
    }
    if (kind < 0.42) return `{ repeat: ${pick(["3", "{ uniform: [1, 3] }"])}, steps: [${call}] }`;
    if (kind < 0.55) return `{ call: ${call}, probability: ${int(3, 8) * 10}% }`;
    if (kind < 0.65) return `{ call: ${call}, optional: true }`;
    if (kind < 0.78) {
      return `{ call: ${call}, timeout: ${
        int(2, 6) * 50
      }ms, retry: { attempts: 3, backoff: { base: 20ms, jitter: full } } }`;
    }
    return call;
  };
  const lines = [`name: random ${seed}`, `seed: ${seed + 1}`];
  if (chance(0.6)) lines.push("network: 300us");
  lines.push("services:");
  for (const { name, layer, kind, endpoints } of services) {
    lines.push(`  ${name}:`);
    if (kind === "service") lines.push(`    language: ${pick(["go", "java", "nodejs"])}`, `    replicas: ${int(1, 3)}`);
    else lines.push("    kind: database");
    lines.push("    endpoints:");
    for (const endpoint of endpoints) {
      const left = callable(layer).sort(() => next() - 0.5).slice(
        0,
        kind === "database" ? 0 : layer === 0 ? 5 : int(0, 3),
      );
      const steps: string[] = [];
      for (let one = step(layer, left, 0); one !== undefined; one = step(layer, left, 0)) steps.push(one);
      const errors = layer > 0 && chance(0.3) ? `errors: ${int(1, 5)}%, ` : "";
      lines.push(`      "${endpoint}": { latency: ${latency()}, ${errors}calls: [${steps.join(", ")}] }`);
    }
  }
  const edge = services[0]!;
  lines.push("journeys:");
  edge.endpoints.forEach((endpoint, n) => lines.push(`  j${n}: ["${edge.name}.${endpoint}"]`));
  lines.push("scenarios:");
  edge.endpoints.forEach((_, n) => {
    const share = rate / edge.endpoints.length;
    const common = `exec: j${n}, preAllocatedVUs: unlimited, arrival: ${pick(["poisson", "uniform"])}`;
    lines.push(
      chance(0.5)
        ? `  load${n}: { executor: constant-arrival-rate, rate: ${share}, duration: ${length_s}s, ${common} }`
        : `  load${n}: { executor: ramping-arrival-rate, startRate: ${share / 2}, ${common}, stages: [{ target: ${
          share * 1.5
        }, duration: ${length_s / 2}s }, { target: ${share}, duration: ${length_s / 2}s }] }`,
    );
  });
  // On the edge service every fault has enough requests to be seen.
  const victim = edge.endpoints[0]!;
  const at = Math.round(length_s * (0.25 + 0.3 * next())), length = Math.round(length_s * (0.15 + 0.15 * next()));
  lines.push("faults:");
  lines.push(
    chance(0.5)
      ? `  - { kind: latency, target: "${edge.name}.${victim}", at: ${at}s, for: ${length}s, add: ${
        pick(["150ms", "{ p50: 80ms, p99: 400ms }"])
      } }`
      : `  - { kind: errors, target: "${edge.name}.${victim}", at: ${at}s, for: ${length}s, rate: ${int(2, 6) * 10}% }`,
  );
  return lines.join("\n") + "\n";
}
