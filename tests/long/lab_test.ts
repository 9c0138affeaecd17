// scenarios/lab/: what stays does not without its trigger, nor with the policy; and the load for backends.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { brokenBy, labNames, readLab } from "../theory/lab.ts";

const ignore = needs("read", "env");

/** Files that stay, and what ends each: the same that the file with its name and more has. */
const ENDED_BY: Readonly<Record<string, string>> = {
  "retry-storm": 'services.web.endpoints."GET /".calls.0.breaker={ open: 5s }',
  "cold-cache-collapse": "services.db.shed={ queue: 50 }",
  "abandoned-work": 'services.web.endpoints."POST /order".calls.0.propagateDeadline=true',
  "gc-death-spiral": "services.search.queue=50",
  "thundering-herd": "services.api.shed={ queue: 4 }",
};

for (const [name, policy] of Object.entries(ENDED_BY)) {
  Deno.test({
    name: `${name} does not stay without its trigger, nor with what ends it`,
    ignore,
    fn() {
      const names = labNames();
      assert.ok(names.some((each) => each.startsWith(`${name}-`)), `no file shows what ends ${name}`);
      assert.notDeepEqual(brokenBy({ ...readLab(name), faults: [] }), [], "without its trigger");
      assert.notDeepEqual(brokenBy(readLab(name, policy)), [], `with ${policy}`);
      for (const each of names.filter((other) => other.startsWith(`${name}-`))) {
        // And the policy ends something: without the fault there is nothing to end.
        assert.notDeepEqual(brokenBy({ ...readLab(each), faults: [] }), [], `${each} without its trigger`);
      }
    },
  });
}

Deno.test({
  name: "thousand-traces.yaml does what it says",
  ignore,
  fn() {
    assert.deepEqual(brokenBy(readLab("thousand-traces")), []);
  },
});
