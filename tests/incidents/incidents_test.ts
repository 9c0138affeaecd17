// Each incident has its what-if, and the shortest of them holds; tests/long has all of them.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { assertHolds, assertRootMatters, incident, incidentNames } from "./incidents.ts";

const ignore = needs("read", "env");
const SHORTEST = "cloudflare-2025-12-05";

Deno.test({
  name: "each incident has a what-if that changes it, and both say what has to hold",
  ignore,
  fn() {
    const names = incidentNames();
    assert.ok(names.length >= 8, `${names.length} incidents`);
    for (const name of names) {
      const known = incident(name), whatIf = incident(`${name}.what-if`);
      assert.ok(known.faults[0]?.name.startsWith("root: "), `the first fault of ${name} is its root`);
      assert.ok(known.thresholds.length >= 5, `thresholds of ${name}`);
      assert.ok(whatIf.thresholds.length >= 1, `thresholds of ${name}.what-if`);
      assert.notEqual(whatIf.name, known.name);
      const asIfKnown = { ...whatIf, name: known.name, thresholds: known.thresholds, submetrics: known.submetrics };
      assert.notDeepEqual(asIfKnown, known, `${name}.what-if is ${name}`);
    }
  },
});

Deno.test({
  name: `the incident ${SHORTEST} holds, not without its root, and its what-if holds`,
  ignore,
  fn() {
    assertHolds(incident(SHORTEST));
    assertRootMatters(incident(SHORTEST));
    assertHolds(incident(`${SHORTEST}.what-if`));
  },
});
