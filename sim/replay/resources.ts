// Resources and scopes of spans, one object for all that are alike: what a file says again and again is kept once.

import { type AttributeMap, attributeMap, type Resource, type Scope } from "./records.ts";
import { isObject, keyValues, listOf } from "./otlp_values.ts";

/** When so many different ones have come, the table starts anew: what is still needed stays alive by itself. */
const KNOWN_MAX = 4096;
/** A longer one is no description of a process. */
export const RESOURCE_BYTES_MAX = 256 << 10;
/** What tells one replica from another, in the order of preference. */
const INSTANCE_KEYS = ["service.instance.id", "k8s.pod.name", "container.id", "host.name", "ip", "hostname"];
export const UNKNOWN_SERVICE = "unknown_service";

const encoder = new TextEncoder();

export class Resources {
  readonly #resources = new Map<string, Resource>();
  readonly #scopes = new Map<string, Scope>();

  /** @param text of a JSON object: OTLP's Resource */
  resource(text: string): Resource {
    return known(this.#resources, text, makeResource);
  }

  scope(text: string): Scope {
    return known(this.#scopes, text, makeScope);
  }

  /** Enters the schema of a resource, which stands behind its spans. */
  resourceSchema(text: string, resource: Resource, schemaUrl: string): void {
    enterSchema(this.#resources, text, resource, schemaUrl);
  }

  scopeSchema(text: string, scope: Scope, schemaUrl: string): void {
    enterSchema(this.#scopes, text, scope, schemaUrl);
  }
}

function enterSchema<T extends Resource | Scope>(table: Map<string, T>, text: string, of: T, schemaUrl: string): void {
  if (schemaUrl === '""' || of.schemaUrl === schemaUrl) return;
  if (of.schemaUrl === undefined) of.schemaUrl = schemaUrl;
  // Two schemas for one resource: what comes next gets an object of its own.
  else table.set(text, { ...of, schemaUrl });
}

function known<T>(table: Map<string, T>, text: string, make: (text: string) => T): T {
  let found = table.get(text);
  if (found === undefined) {
    if (table.size >= KNOWN_MAX) table.clear();
    found = make(text);
    table.set(text, found);
  }
  return found;
}

function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** What receivers take: attributes in OTLP's own form, and counts. */
function makeResource(text: string): Resource {
  const { droppedAttributesCount, attributes } = parsedObject(text);
  const list = safeKeyValues(attributes);
  const map = attributeMap(list);
  const dropped = typeof droppedAttributesCount === "number" && droppedAttributesCount > 0;
  const service = map.get("service.name");
  return {
    service: typeof service === "string" && service !== "" ? service : UNKNOWN_SERVICE,
    instance: instanceOf(map),
    attributes: map,
    json: encoder.encode(JSON.stringify({ attributes: list, ...(dropped ? { droppedAttributesCount } : {}) })),
    schemaUrl: undefined,
  };
}

function makeScope(text: string): Scope {
  const { name, version, attributes } = parsedObject(text);
  const list = safeKeyValues(attributes);
  const scope = {
    name: typeof name === "string" ? name : "",
    version: typeof version === "string" ? version : "",
  };
  return {
    ...scope,
    json: encoder.encode(JSON.stringify({ ...scope, ...(list.length > 0 ? { attributes: list } : {}) })),
    schemaUrl: undefined,
  };
}

/** Without what is nested too deep. */
function safeKeyValues(list: unknown): Readonly<Record<string, unknown>>[] {
  return listOf(list).flatMap((each) => {
    try {
      return keyValues([each], 0);
    } catch {
      return [];
    }
  });
}

function instanceOf(attributes: AttributeMap): string | undefined {
  for (const key of INSTANCE_KEYS) {
    const value = attributes.get(key);
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}
