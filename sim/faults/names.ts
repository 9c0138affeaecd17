// Fields of faults that name something else in the file: a service, a fault, an entry of scenarios.

import type { Mark } from "../base/diagnostics.ts";
import { type Field, marked, text } from "../base/fields.ts";

/** What they name, by the nodes of the names. */
export const SERVICE_NAMES: Mark<string> = { name: "services that faults name" };
export const FAULT_REFERENCES: Mark<string> = { name: "faults that faults name" };
export const WORKLOAD_NAMES: Mark<string> = { name: "scenarios that faults name" };

export const serviceName: Field<string> = marked(SERVICE_NAMES, text("the name of a service"));
export const faultReference: Field<string> = marked(FAULT_REFERENCES, text("the name of a fault"));
export const workloadName: Field<string> = marked(WORKLOAD_NAMES, text("the name of a scenario"));
