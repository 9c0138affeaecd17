import assert from "node:assert/strict";
import { instanceOf, instancesOf } from "../../sim/telemetry/instances.ts";
import { shop } from "./plan.ts";

const plan = shop();
const web = plan.services[0]!, database = plan.services[3]!;

Deno.test("a pod is named as a Deployment's ReplicaSet names it", () => {
  const { pod, workload } = instanceOf(web, 1, 7);
  assert.match(pod, /^web-[bcdfghjklmnpqrstvwxz2456789]{9}-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.equal(workload, "web");
});

Deno.test("replicas of one version share the template hash; another version has another", () => {
  const hash = (version: string, replica: number): string =>
    instanceOf({ ...web, version }, replica, 7).pod.split("-")[1]!;
  assert.equal(hash("1.0.0", 0), hash("1.0.0", 1));
  assert.notEqual(hash("1.0.0", 0), hash("1.0.1", 0));
});

Deno.test("a database's pods are numbered as a StatefulSet numbers them", () => {
  assert.equal(instanceOf(database, 0, 7).pod, "orders-db-0");
});

Deno.test("an instance id is a UUID of version 8", () => {
  assert.match(instanceOf(web, 0, 7).id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("an address lies in 10.0.0.0/8 and every replica has an identity of its own", () => {
  const instances = instancesOf({ ...plan, services: [{ ...web, replicas: 500 }] }, 7)[0]!;
  for (const { ip } of instances) assert.match(ip, /^10\.\d+\.\d+\.\d+$/);
  assert.equal(new Set(instances.map(({ id }) => id)).size, 500);
  assert.equal(new Set(instances.map(({ pod }) => pod)).size, 500);
});

Deno.test("an instance depends on its own service and the seed, not on the others or the order", () => {
  const alone = instancesOf({ ...plan, services: [web] }, 7)[0]!;
  const last = instancesOf({ ...plan, services: [database, { ...web, index: 1 }] }, 7)[1]!;
  assert.deepEqual(alone, last);
  assert.notEqual(instanceOf(web, 0, 7).id, instanceOf(web, 0, 8).id);
});

Deno.test("a name that is no DNS label still gives a valid pod name of at most 63 characters", () => {
  const { pod } = instanceOf({ ...web, name: "Very_Long-" + "x".repeat(60) }, 0, 7);
  assert.match(pod, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  assert.ok(pod.length <= 63);
});
