// What Promtail and Alloy make of log lines: their own expressions on the golden lines of every language and format.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { LANGUAGES } from "../../sim/model/model.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";

const ignore = needs("read");

interface Stage {
  readonly match?: { readonly selector: string; readonly stages: readonly Stage[] };
  readonly multiline?: { readonly firstline: string };
  readonly regex?: { readonly expression: string; readonly source?: string };
  readonly template?: { readonly template: string };
}

function promtailStages(): Stage[] {
  const { scrape_configs } = parse(Deno.readTextFileSync(fromRoot("compose/promtail/promtail.yaml"))) as {
    scrape_configs: { pipeline_stages: Stage[] }[];
  };
  return scrape_configs[0]!.pipeline_stages;
}

/** Go's expressions differ from JavaScript's in how groups are named. */
function compiled(expression: string): RegExp {
  return new RegExp(expression.replaceAll("(?P<", "(?<"));
}

/** Each name of a level, as the template maps it. */
function levelOf(written: string, template: string): string {
  for (const [, names, level] of template.matchAll(/if or (.+?) -\}\}(\w+)/g)) {
    if (names!.includes(`(eq $l "${written.toLowerCase()}")`)) return level!;
  }
  return "info";
}

interface Record {
  readonly text: string;
  readonly level: string;
  readonly time: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/** What the stages for plain text make of a log. */
function plainRecords(log: string): Record[] {
  const stages = promtailStages().flatMap(({ match }) => match === undefined ? [] : [match]);
  const plain = stages.find(({ selector }) => selector.includes("!~"))!.stages;
  const first = compiled(plain.find(({ multiline }) => multiline !== undefined)!.multiline!.firstline);
  const expressions = plain.flatMap(({ regex }) => regex === undefined ? [] : [compiled(regex.expression)]);
  const { template } = plain.find((stage) => stage.template !== undefined)!.template!;
  const records: string[] = [];
  for (const line of log.split("\n")) {
    if (first.test(line)) records.push(line);
    else records[records.length - 1] += `\n${line}`;
  }
  return records.map((text) => {
    const found: { [name: string]: string | undefined } = {};
    for (const expression of expressions) Object.assign(found, expression.exec(text)?.groups);
    return {
      text,
      level: levelOf(found["level"] ?? "", template),
      time: found["time"] ?? "",
      traceId: found["trace_id"],
      spanId: found["span_id"],
    };
  });
}

/** The logs of a golden file by service: `==> web` stands above each. */
function goldenLogs(name: string): Map<string, string> {
  const text = Deno.readTextFileSync(fromRoot(`tests/golden/log_lines/${name}.log`));
  const parts = text.split(/^==> (.+)$/m).slice(1);
  const logs = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) logs.set(parts[i]!, parts[i + 1]!.replace(/^\n/, "").replace(/\n+$/, ""));
  return logs;
}

/** PostgreSQL's LOG and Redis' # stand for more than one level: what was lost cannot be brought back. */
function sameLevel(log: string, plain: string, json: string): boolean {
  return plain === json || (/ LOG: {2}/.test(log) && json === "warn") || (/^1:M \S+ # /.test(log) && plain === "warn");
}

for (const language of LANGUAGES) {
  Deno.test({
    name: `plain lines of ${language} have the time, the level and the ids that their JSON lines have`,
    ignore,
    fn() {
      const json = goldenLogs(`${language}.json`);
      for (const [service, log] of goldenLogs(`${language}.plain`)) {
        const truth = json.get(service)!.split("\n").map((line) => JSON.parse(line));
        const records = plainRecords(log);
        assert.equal(records.length, truth.length, service);
        for (const [i, { text, level, time, traceId, spanId }] of records.entries()) {
          assert.equal(time, truth[i].time, text);
          assert.equal(traceId, truth[i].trace_id, text);
          assert.equal(spanId, truth[i].span_id, text);
          assert.ok(sameLevel(text, level, truth[i].level), `${level}, not ${truth[i].level}: ${text}`);
        }
      }
    },
  });
}

Deno.test({
  name: "Promtail's file has no key with its value left out in braces: Promtail's reader takes the colon into the name",
  ignore,
  fn() {
    assert.doesNotMatch(Deno.readTextFileSync(fromRoot("compose/promtail/promtail.yaml")), /^[^#]*\{[^'"]*\w: ?[,}]/m);
  },
});

Deno.test({
  name: "the selectors give each format to its own stages",
  ignore,
  fn() {
    const selectors = promtailStages().flatMap(({ match }) => match === undefined ? [] : [match.selector]);
    const selects = (selector: string, line: string): boolean => {
      const [, negated, expression] = /\} (!|\|)~ "(.+)"$/.exec(selector)!;
      return compiled(expression!.replaceAll("\\\\", "\\")).test(line) === (negated === "|");
    };
    for (const [format, expected] of [["json", 0], ["logfmt", 1], ["plain", 2]] as const) {
      for (const log of goldenLogs(`go.${format}`).values()) {
        const line = log.split("\n")[0]!;
        assert.deepEqual(
          selectors.map((selector) => selects(selector, line)),
          [0, 1, 2].map((i) => i === expected),
          line,
        );
      }
    }
  },
});

Deno.test({
  name: "Alloy has the expressions, the template, the labels and the limits that Promtail has",
  ignore,
  fn() {
    const alloy = Deno.readTextFileSync(fromRoot("compose/alloy/config.alloy"));
    const strings = new Set([...alloy.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([text]) => JSON.parse(text) as string));
    const tight = (text: string): string => text.replaceAll(/\s+\{\{-/g, "{{-");
    const walk = (stages: readonly Stage[]): string[] =>
      stages.flatMap(({ match, multiline, regex, template }) => [
        ...(match === undefined ? [] : [match.selector, ...walk(match.stages)]),
        ...(multiline === undefined ? [] : [multiline.firstline]),
        ...(regex === undefined ? [] : [regex.expression]),
        ...(template === undefined ? [] : [tight(template.template)]),
      ]);
    for (const expected of walk(promtailStages())) assert.ok(strings.has(expected), expected);
    assert.match(alloy, /values = \{ job = "", level = "" \}/);
    assert.match(alloy, /values = \{ trace_id = "", span_id = "" \}/);
    assert.match(alloy, /max_backoff_retries = 0/);
  },
});
