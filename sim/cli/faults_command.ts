// deno task faults: the fault kinds, presets and mitigations, from their registry.

import { Command } from "commander";
import { nearest } from "../base/diagnostics.ts";
import { type Properties, writeValue } from "../base/fields.ts";
import type { Aim, FaultKind } from "../faults/kind.ts";
import { knownElsewhere } from "../faults/elsewhere.ts";
import { basisOf, type FaultKindName, FAULTS, isMitigation, KINDS } from "../faults/registry.ts";
import { UsageError } from "./command.ts";
import { columnsOf, print } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";

interface FaultsFlags {
  readonly kind?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  deno task faults
  deno task faults --kind deploy
`;

type Definition = FaultKind<Properties>;

/** What a target may be. */
const TARGETS: Readonly<Record<Aim, string>> = {
  requests: "service, service.endpoint, service#2, or caller -> callee",
  work: "service, service.endpoint, or service#2",
  calls: "service, service.endpoint, service#2, or caller -> callee: always on the way from caller to callee",
  replicas: "service or service#2; replicas: and zone: choose some of them",
  links: "service with all its neighbours, or caller -> callee",
  pools: "service, or caller -> callee",
  services: "service",
  zone: "none: zone says where",
  workloads: "none: scenario says whose load",
  fault: "none: fault says which",
};

export function faultsCommand(finish: (code: ExitCode) => void): Command {
  return new Command("faults")
    .summary("list the kinds of faults and mitigations")
    .description("Lists the kinds of faults, presets and mitigations, or tells the fields of one with a sample.")
    .option("--kind <name>", "tell the fields of this one, with a sample")
    .option("--json", "as JSON on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: FaultsFlags) => finish(listFaults(flags)));
}

function listFaults({ kind, json }: FaultsFlags): ExitCode {
  if (kind === undefined) {
    print(json ? jsonText(Object.keys(FAULTS).map((name) => described(name as FaultKindName))) : listText());
    return ExitCode.success;
  }
  if (!Object.hasOwn(FAULTS, kind)) {
    throw new UsageError(`there is no kind of fault "${kind}": ${hintOf(kind)}`);
  }
  const name = kind as FaultKindName;
  print(json ? jsonText(described(name)) : kindText(name));
  return ExitCode.success;
}

function hintOf(name: string): string {
  const known = knownElsewhere(name);
  if (known.length > 0) {
    return known.map(({ tool, name, kind }) => `${tool}'s ${name} is "${kind}" here`).join(", ");
  }
  const [meant] = nearest(name, Object.keys(FAULTS));
  return meant === undefined ? "deno task faults lists all" : `did you mean "${meant}"?`;
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2) + "\n";
}

function groupOf(name: FaultKindName): "faults" | "presets" | "mitigations" {
  if (!Object.hasOwn(KINDS, name)) return "presets";
  return isMitigation(name) ? "mitigations" : "faults";
}

function listText(): string {
  const columns = columnsOf(Deno.stdout);
  const names = Object.keys(FAULTS) as FaultKindName[];
  const width = Math.max(...names.map(({ length }) => length));
  const titles = { faults: "FAULTS", presets: "PRESETS", mitigations: "MITIGATIONS" };
  return (Object.keys(titles) as (keyof typeof titles)[]).map((group) => {
    const lines = names.filter((name) => groupOf(name) === group).flatMap((name) =>
      row(
        name,
        width,
        FAULTS[name].summary.replace(/^Mitigation: (.)/, (_, first: string) => first.toUpperCase()),
        columns,
      )
    );
    return [titles[group], ...lines, ""].join("\n");
  }).join("\n") + "\nMore about one of them: deno task faults --kind latency\n";
}

/** A text in lines of at most so many columns, broken between words. */
function wordLines(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A word and what is said of it, broken where the terminal ends. */
function row(word: string, width: number, text: string, columns: number): string[] {
  const lines = wordLines(text, Math.max(20, columns - width - 4));
  return lines.map((line, i) => `  ${(i === 0 ? word : "").padEnd(width)}  ${line}`);
}

function kindText(name: FaultKindName): string {
  const columns = columnsOf(Deno.stdout);
  const definition: Definition = FAULTS[name];
  const basis = basisOf(name);
  const fields = Object.entries(definition.fields);
  const width = Math.max("target".length, ...fields.map(([field]) => field.length));
  return [
    `${name}: ${definition.summary}`,
    ...basis === name ? [] : [`A preset of ${basis}.`],
    "",
    "FIELDS",
    ...row("target", width, TARGETS[definition.aim], columns),
    ...fields.flatMap(([field, { summary, presence, fallback, fallbackText, field: { expects } }]) => {
      const said = presence === "required"
        ? " Required."
        : presence === "optional"
        ? ""
        : ` Default: ${fallbackText ?? String(fallback)}.`;
      return row(field, width, `${summary}${said} (${expects})`, columns);
    }),
    ...wordLines(
      "Besides, as all kinds: name, at, for, every, times, jitter, when, reaction, probability" +
        (definition.aim === "requests" || definition.aim === "calls" ? ", ramp, where, replicas, zone." : "."),
      columns - 2,
    ).map((line) => `  ${line}`),
    "",
    "SAMPLE",
    "  faults:",
    `    - { ${definition.sample} }`,
    "",
  ].join("\n");
}

function described(name: FaultKindName): Record<string, unknown> {
  const definition: Definition = FAULTS[name];
  return {
    kind: name,
    basis: basisOf(name),
    group: groupOf(name),
    summary: definition.summary,
    strikes: definition.aim,
    fields: Object.fromEntries(
      Object.entries(definition.fields).map(([field, property]) => [field, {
        summary: property.summary,
        expects: property.field.expects,
        required: property.presence === "required",
        default: property.presence === "default"
          ? property.fallbackText ?? writeValue(property.field, property.fallback)
          : null,
      }]),
    ),
    sample: `{ ${definition.sample} }`,
  };
}
