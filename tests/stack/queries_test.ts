// Every query that compose/ gives to Grafana: that its grammar takes it, and that it asks for what a run produces.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { logqlLabels, promqlGroupings, promqlSelectors, syntaxError, traceqlAttributes } from "./grammar.ts";
import { filledIn, givenQueries, panelQueries } from "./panel_queries.ts";
import { lineLabels, producedMetrics } from "./produced.ts";
import { producedAttributes } from "./produced_attributes.ts";

const ignore = needs("read", "env");

Deno.test({
  name: "the grammars refuse what is no query, so that their silence about the others says something",
  ignore: needs("env"),
  fn() {
    assert.ok(syntaxError("promql", "sum by (a (rate(x[1m]))"));
    assert.ok(syntaxError("logql", '{job="a"'));
    assert.ok(syntaxError("traceql", "{ status = }"));
    assert.ok(syntaxError("promql", ""));
  },
});

Deno.test({
  name: "Grafana's grammars take every query of every panel, variable, alert and link",
  ignore,
  fn() {
    const queries = givenQueries();
    const count = (language: string): number => queries.filter((query) => query.language === language).length;
    assert.ok(count("promql") > 50 && count("logql") > 8 && count("traceql") > 5, "queries are missing from the list");
    const wrong = queries.flatMap(({ where, language, text }) => {
      const error = syntaxError(language, filledIn(text));
      return error === undefined ? [] : [`${where}: ${error}\n  ${filledIn(text)}`];
    });
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "no query is left with a variable that nothing fills in",
  ignore,
  fn() {
    const left = givenQueries().filter(({ text }) => /\$(?!$)[\w{]/.test(filledIn(text)));
    assert.deepEqual(left, []);
  },
});

Deno.test({
  name: "every metric and label of a PromQL query is one that a run, Tempo's generator or a part of the stack has",
  ignore,
  fn() {
    const metrics = producedMetrics();
    const wrong: string[] = [];
    for (const { where, text } of givenQueries().filter(({ language }) => language === "promql")) {
      const query = filledIn(text);
      const known = new Set<string>();
      for (const { metrics: names, labels } of promqlSelectors(query)) {
        for (const name of names) {
          const has = metrics.get(name);
          if (has === undefined) wrong.push(`${where}: nothing produces ${name}`);
          for (const label of has ?? []) known.add(label);
        }
        // With several metrics, one of them has to have it: {__name__=~"http…|rpc…"} by http_route and rpc_method.
        for (const label of labels) {
          if (!names.some((name) => metrics.get(name)?.has(label))) {
            wrong.push(`${where}: ${names.join(" and ")} have no label ${label}`);
          }
        }
      }
      for (const label of promqlGroupings(query)) {
        if (!known.has(label)) wrong.push(`${where}: groups by ${label}, which nothing in it has`);
      }
    }
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "every label of a LogQL query is one that Promtail or Loki gives a line",
  ignore,
  fn() {
    const labels = lineLabels();
    const wrong = givenQueries().filter(({ language }) => language === "logql").flatMap(({ where, text }) =>
      logqlLabels(filledIn(text)).filter((label) => !labels.has(label)).map((label) => `${where}: no ${label}`)
    );
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "every attribute of a TraceQL query is one that a span of checkout.yaml or its resource has",
  ignore,
  fn() {
    const attributes = producedAttributes();
    const wrong = givenQueries().filter(({ language }) => language === "traceql").flatMap(({ where, text }) =>
      traceqlAttributes(filledIn(text)).filter((name) => !attributes.has(name)).map((name) => `${where}: no ${name}`)
    );
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "every panel that shows data asks for some",
  ignore,
  fn() {
    assert.ok(panelQueries().every(({ text }) => text.trim() !== ""));
  },
});
