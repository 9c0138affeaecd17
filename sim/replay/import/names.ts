// Names of a recording as a scenario takes them: each one once, and of the allowed characters.

import { httpNameHint } from "../../model/service_fields.ts";
import { publishEndpoint } from "../../model/state.ts";
import type { Observation, SeenEndpoint } from "../observation.ts";
import type { SpanTable } from "../span_table.ts";

const SERVICE_LENGTH_MAX = 63;
const ENDPOINT_LENGTH_MAX = 200;
const TOPIC_LENGTH_MAX = 180;

/** A name as a scenario's endpoint may have it: visible, without arrows and spaces around it. */
export function endpointName(name: string): string {
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ").replaceAll("->", "→").replace(/\s+/g, " ");
  const plain = visible.trim().slice(0, ENDPOINT_LENGTH_MAX).trim() || "unnamed";
  return RESERVED.has(plain) ? `${plain}()` : plain;
}

/** Words that no key of a scenario may be. */
const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

function serviceName(name: string): string {
  const plain = name.normalize("NFKD").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  const short = plain.slice(0, SERVICE_LENGTH_MAX) || "service";
  return RESERVED.has(short) ? `${short}-service` : short;
}

function topicName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, TOPIC_LENGTH_MAX) || "topic";
  return RESERVED.has(plain) ? `${plain}-topic` : plain;
}

/** GET, SELECT and DELETE are words of databases and caches as well; a service's names with them have to be METHOD /path. */
function nameIn(kind: SeenEndpoint["kind"], { name: recorded, topic }: SeenEndpoint): string {
  if (kind === "queue" && topic !== undefined) return publishEndpoint(topicName(topic));
  const name = endpointName(recorded);
  const isHttp = (kind === "service" || kind === "external") && httpNameHint(name) !== undefined;
  return isHttp ? endpointName(`span ${name}`) : name;
}

export class Names {
  readonly #services = new Map<string, string>();
  readonly #kinds = new Map<string, SeenEndpoint["kind"]>();
  readonly #endpoints: string[] = [];

  constructor({ endpoints }: Observation) {
    const taken = new Set<string>();
    const takenEndpoints = new Map<string, Set<string>>();
    for (const { service, kind, instrumented } of endpoints) {
      // A service that writes spans is one, whatever else calls to it look like.
      if (instrumented) this.#kinds.set(service, "service");
      else if (!this.#kinds.has(service)) this.#kinds.set(service, kind);
    }
    for (const endpoint of endpoints) {
      if (!this.#services.has(endpoint.service)) {
        // Names of services are told apart without regard to case.
        const name = unique(serviceName(endpoint.service), (each) => taken.has(each.toLowerCase()), SERVICE_LENGTH_MAX);
        taken.add(name.toLowerCase());
        this.#services.set(endpoint.service, name);
      }
      let names = takenEndpoints.get(endpoint.service);
      if (names === undefined) takenEndpoints.set(endpoint.service, names = new Set());
      const plain = nameIn(this.kind(endpoint.service), endpoint);
      const name = unique(plain, (each) => names.has(each), ENDPOINT_LENGTH_MAX);
      names.add(name);
      this.#endpoints[endpoint.index] = name;
    }
  }

  service(recorded: string): string {
    return this.#services.get(recorded)!;
  }

  kind(recorded: string): SeenEndpoint["kind"] {
    return this.#kinds.get(recorded)!;
  }

  /** The topic of an endpoint that takes its messages. */
  topic(endpoint: SeenEndpoint): string {
    return this.endpoint(endpoint).slice(publishEndpoint("").length);
  }

  endpoint({ index }: SeenEndpoint): string {
    return this.#endpoints[index]!;
  }

  /** `service.endpoint`. */
  reference(endpoint: SeenEndpoint): string {
    return `${this.service(endpoint.service)}.${this.endpoint(endpoint)}`;
  }

  #lives: Float64Array | undefined;

  /** The most instances of a service that were there at one time, by their first and last spans; 0 when none is known. */
  replicas(table: SpanTable, service: string): number {
    if (this.#lives === undefined) {
      this.#lives = new Float64Array(table.instances.length * 2);
      for (let i = 0; i < table.instances.length; i++) {
        this.#lives[i * 2] = Infinity;
        this.#lives[i * 2 + 1] = -Infinity;
      }
      for (let row = 0; row < table.rows; row++) {
        const at = table.instance[row]! * 2;
        if (table.start[row]! < this.#lives[at]!) this.#lives[at] = table.start[row]!;
        if (table.end[row]! > this.#lives[at + 1]!) this.#lives[at + 1] = table.end[row]!;
      }
    }
    const changes: [time: number, change: number][] = [];
    for (const [index, instance] of table.instances.entries()) {
      if (table.services[instance.service] !== service || this.#lives[index * 2] === Infinity) continue;
      changes.push([this.#lives[index * 2]!, 1], [this.#lives[index * 2 + 1]!, -1]);
    }
    changes.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let now = 0, most = 0;
    for (const [, change] of changes) most = Math.max(most, now += change);
    return most;
  }
}

function unique(name: string, isTaken: (name: string) => boolean, lengthMax: number): string {
  if (!isTaken(name)) return name;
  for (let n = 2;; n++) {
    const numbered = `${name.slice(0, lengthMax - 5)}-${n}`;
    if (!isTaken(numbered)) return numbered;
  }
}
