// The incidents at their true length: each takes its known course, does not without its root, and its what-if holds.

import { needs } from "../permissions.ts";
import { assertHolds, assertRootMatters, incident, incidentNames } from "../incidents/incidents.ts";

const ignore = needs("read", "env");

for (const name of ignore ? [] : incidentNames()) {
  Deno.test({ name: `${name} takes its known course`, ignore, fn: () => assertHolds(incident(name)) });
  Deno.test({ name: `${name} does not happen without its root`, ignore, fn: () => assertRootMatters(incident(name)) });
  Deno.test({ name: `${name}: the what-if holds`, ignore, fn: () => assertHolds(incident(`${name}.what-if`)) });
}
