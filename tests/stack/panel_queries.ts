// Every query that compose/ gives to Grafana: those of panels, variables, alerts and the links between data sources.

import { parse } from "yaml";
import { fromRoot } from "../root.ts";

export type Language = "promql" | "logql" | "traceql";

export interface GivenQuery {
  /** For messages: which file, which panel. */
  readonly where: string;
  readonly language: Language;
  /** As it stands in the file, with Grafana's variables. */
  readonly text: string;
}

interface Target {
  readonly refId: string;
  readonly datasource: { readonly uid: string };
  readonly expr?: string;
  readonly query?: string;
  readonly queryType?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly datasource: { readonly uid: string } }[] };
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly datasource?: { readonly uid: string };
      readonly query: string | { readonly query: string };
    }[];
  };
}

interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly model: { expr?: string };
  }[];
}

export interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData: {
    readonly tracesToLogsV2?: { readonly datasourceUid: string; readonly query: string };
    readonly tracesToMetrics?: { readonly datasourceUid: string; readonly queries: { name: string; query: string }[] };
    readonly derivedFields?: { readonly datasourceUid: string; readonly matcherRegex: string }[];
    readonly exemplarTraceIdDestinations?: { readonly datasourceUid: string; readonly name: string }[];
    readonly serviceMap?: { readonly datasourceUid: string };
  };
}

const GRAFANA = fromRoot("compose/grafana");
const LANGUAGES: Readonly<Record<string, Language>> = { prometheus: "promql", loki: "logql", tempo: "traceql" };

/** Grafana puts values in place of $NAME in provisioned YAML, and $ in place of $$. */
function readProvisioned(path: string): unknown {
  return parse(Deno.readTextFileSync(`${GRAFANA}/provisioning/${path}`).replaceAll("$$", "$"));
}

export function dashboards(): Dashboard[] {
  const folder = `${GRAFANA}/dashboards`;
  return [...Deno.readDirSync(folder)].map(({ name }) => JSON.parse(Deno.readTextFileSync(`${folder}/${name}`)));
}

export function alertRules(): AlertRule[] {
  const { groups } = readProvisioned("alerting/rules.yaml") as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

export function dataSources(): DataSource[] {
  return (readProvisioned("datasources/datasources.yaml") as { datasources: DataSource[] }).datasources;
}

/** The queries of all panels that ask one of the three backends. */
export function panelQueries(): GivenQuery[] {
  return dashboards().flatMap((dashboard) =>
    dashboard.panels.flatMap((panel) =>
      (panel.targets ?? []).flatMap((target): GivenQuery[] => {
        const language = LANGUAGES[target.datasource.uid];
        const text = target.expr ?? target.query;
        if (language === undefined || target.queryType === "serviceMap") return [];
        const where = `${dashboard.uid}, ${panel.title || panel.type} ${target.refId}`;
        if (text === undefined) throw new Error(`${where} has no query`);
        return [{ where, language, text }];
      })
    )
  );
}

/** All queries that compose/ gives to Grafana. */
export function givenQueries(): GivenQuery[] {
  const queries = panelQueries();
  for (const { uid, templating } of dashboards()) {
    for (const { name, type, query } of templating.list) {
      if (type !== "query" || typeof query === "string") continue;
      // label_values(selector, label) is Grafana's; the selector is PromQL.
      const [, selector] = /^label_values\((.+), \w+\)$/.exec(query.query) ?? [];
      queries.push({ where: `${uid}, variable ${name}`, language: "promql", text: selector ?? query.query });
    }
  }
  for (const { uid, data } of alertRules()) {
    for (const { datasourceUid, model } of data) {
      const language = LANGUAGES[datasourceUid];
      if (language !== undefined) queries.push({ where: `alert ${uid}`, language, text: model.expr ?? "" });
    }
  }
  for (const { uid, jsonData } of dataSources()) {
    const { tracesToLogsV2, tracesToMetrics } = jsonData;
    if (tracesToLogsV2 !== undefined) {
      queries.push({ where: `${uid}, trace to logs`, language: "logql", text: tracesToLogsV2.query });
    }
    for (const { name, query } of tracesToMetrics?.queries ?? []) {
      queries.push({ where: `${uid}, trace to metrics, ${name}`, language: "promql", text: query });
    }
  }
  return queries;
}

export interface Values {
  readonly range: string;
  readonly namespace: string;
  readonly service: string;
  readonly traceId: string;
  /** What a link from a span becomes, in the language's matchers. */
  readonly tags: string;
}

const SAMPLE: Values = {
  range: "15m",
  namespace: ".*",
  service: "checkout",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  tags: 'service_name="checkout"',
};

/** A query as Grafana would send it, with values in place of its variables. */
export function filledIn(text: string, values: Partial<Values> = {}): string {
  const { range, namespace, service, traceId, tags } = { ...SAMPLE, ...values };
  return text
    .replaceAll("$__rate_interval", "1m").replaceAll("$__range", range).replaceAll("$__auto", "15s")
    .replaceAll("$namespace", namespace).replaceAll("$service", service)
    .replaceAll("${__trace.traceId}", traceId).replaceAll("${trace_id}", traceId).replaceAll("$trace_id", traceId)
    .replaceAll("${__tags}", tags).replaceAll("$__tags", tags);
}
