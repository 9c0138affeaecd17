// The resource of each replica: which service, version, pod and SDK its spans come from.

import type { Attributes } from "@opentelemetry/api";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { Plan, PlanService } from "../plan/plan.ts";
import { SCHEMA_URL } from "./conventions.ts";
import type { RunIdentity } from "./identity.ts";
import type { Instance } from "./instances.ts";
import { languageOf } from "./languages/languages.ts";
import { dnsLabel } from "./names.ts";

/** Attributes that the scenario gives to the service come last and win. */
export function resourceOf(plan: Plan, service: PlanService, instance: Instance, identity: RunIdentity): Resource {
  const language = languageOf(service.language);
  const given = [...(identity.resourceAttributes ?? [])].map((
    [name, value],
  ) => [name.toWellFormed(), wellFormed(value)]);
  const attributes: Attributes = {
    ...Object.fromEntries(given),
    "service.name": service.name,
    "service.namespace": plan.namespace,
    "service.version": service.version,
    "service.instance.id": instance.id,
    "deployment.environment.name": plan.environment,
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": service.language,
    "telemetry.sdk.version": language.sdkVersion,
    // Whoever finds these spans in a shared backend can tell that they were simulated.
    "telemetry.distro.name": "squall",
    "telemetry.distro.version": identity.version,
    "process.runtime.name": language.runtime.name,
    "process.runtime.version": language.runtime.version,
    "host.name": instance.pod,
    "os.type": "linux",
    "k8s.namespace.name": dnsLabel(plan.namespace, 63),
    [instance.isStateful ? "k8s.statefulset.name" : "k8s.deployment.name"]: instance.workload,
    "k8s.pod.name": instance.pod,
    "k8s.pod.uid": instance.podUid,
    "k8s.container.name": instance.workload,
    "k8s.node.name": instance.node,
    ...(instance.restarts === 0 ? {} : { "k8s.container.restart_count": instance.restarts }),
  };
  if (instance.zone !== undefined) attributes["cloud.availability_zone"] = instance.zone;
  for (const [name, value] of service.attributes) attributes[name.toWellFormed()] = wellFormed(value);
  for (const name of ["service.name", "service.namespace", "service.version", "deployment.environment.name"]) {
    attributes[name] = wellFormed(attributes[name] as string);
  }
  return resourceFromAttributes(attributes, { schemaUrl: SCHEMA_URL });
}

/** Half a surrogate pair is no text that protobuf or a backend takes. */
export function wellFormed<T>(value: T): T | string {
  return typeof value === "string" ? value.toWellFormed() : value;
}
