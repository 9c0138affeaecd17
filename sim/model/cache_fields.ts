// The step `cache`: looks a key up, and fetches what is missing.

import type { Diagnostics, Mark } from "../base/diagnostics.ts";
import { duration, type Field, flag, integer, optional, record, required, text, withDefault } from "../base/fields.ts";
import type { Node } from "../base/node.ts";
import { FOREVER, type Nanos, RUN_LENGTH_MAX } from "../base/time.ts";
import { KEY_DEFAULT, keyField } from "./key_fields.ts";
import type { CallStep, Step } from "./model.ts";
import { plainCall } from "./plain_call.ts";
import type { CacheStep, KeySpec } from "./state.ts";

const ENTRIES_MAX = 10_000_000;

/** Cache steps, by their nodes. */
export const CACHE_STEPS: Mark<CacheStep> = { name: "cache steps" };

/** Entries that a cache holds before the coldest goes. */
export const entriesField: Field<number> = integer({ min: 1, max: ENTRIES_MAX });

interface CacheConfig {
  readonly in: string;
  readonly key: KeySpec;
  readonly ttl: Nanos | undefined;
  readonly entries: number | undefined;
  readonly name: string | undefined;
  readonly singleflight: boolean;
  readonly timeout: Nanos | undefined;
  readonly miss: readonly Step[];
}

/** What stands under `cache`. @param steps the field of a list of steps */
export function cacheField(steps: Field<readonly Step[]>): Field<CacheConfig> {
  const properties = {
    in: required(
      text("a cache like redis or redis.product, or local", { lengthMax: 300 }),
      "The service of kind cache that holds it, called by GET and SET (redis), or GET product and SET product " +
        "(redis.product); local: each replica holds its own in memory.",
      "in: local",
    ),
    key: withDefault(
      keyField,
      KEY_DEFAULT,
      "Which entry: an attribute of the endpoint, or drawn.",
      "{ zipf: { n: 10000, s: 1.1 } }",
    ),
    ttl: optional(
      duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX }),
      "How long an entry is good for after it was put in. For ever if left out.",
    ),
    entries: optional(
      entriesField,
      "Of a local cache, for each replica: past it the coldest goes. No limit if left out.",
    ),
    name: optional(
      text("a name", { lengthMax: 100 }),
      "Of a local cache: steps of the service with the same name share it.",
    ),
    singleflight: withDefault(
      flag,
      false,
      "Whether of a replica's requests that miss the same key only the first fetches it, and the others wait.",
    ),
    timeout: optional(
      duration({ min: 1 as Nanos, max: RUN_LENGTH_MAX }),
      "How long GET and SET are waited for; after that it is a miss. For ever if left out.",
    ),
    miss: required(steps, "What fetches it.", "miss: [db.SELECT products]"),
  } as const;
  return record("a cache step", properties);
}

/** Makes the step of what was decoded. */
export function cacheStep(
  { in: place, key, ttl, entries, name, singleflight, timeout, miss }: CacheConfig,
  node: Node,
  diagnostics: Diagnostics,
): CacheStep {
  const dot = place.indexOf(".");
  const service = dot < 0 ? place : place.slice(0, dot), what = dot < 0 ? "" : ` ${place.slice(dot + 1)}`;
  const call = (verb: string): CallStep => ({
    ...plainCall({ service, endpoint: verb + what }),
    timeout,
    optional: true,
  });
  const shared = place === "local" ? undefined : { get: call("GET"), set: call("SET") };
  const step: CacheStep = {
    type: "cache",
    shared,
    name: shared === undefined ? name : what,
    key,
    ttl: ttl ?? FOREVER,
    entries: entries ?? Infinity,
    singleflight,
    miss,
  };
  diagnostics.mark(CACHE_STEPS, node, step);
  return step;
}
