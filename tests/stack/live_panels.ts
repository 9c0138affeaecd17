// The queries of the dashboards' panels, with Grafana's variables filled in, and what a backend answers to them.

import { fromRoot } from "../root.ts";

export interface LivePanel {
  readonly dashboard: string;
  readonly title: string;
  readonly queries: readonly { readonly kind: "prometheus" | "loki" | "tempo"; readonly text: string }[];
}

interface Target {
  readonly datasource?: { readonly uid: string };
  readonly expr?: string;
  readonly query?: string;
}

interface PanelJson {
  readonly title?: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly panels?: readonly PanelJson[];
}

const FOLDER = fromRoot("compose/grafana/dashboards");

/** All panels that ask something; empty when there are no dashboards. */
export function livePanels(): LivePanel[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const { panels } = JSON.parse(Deno.readTextFileSync(`${FOLDER}/${name}`)) as { panels: PanelJson[] };
    return panels.flatMap((panel) => [panel, ...panel.panels ?? []]).flatMap((panel) => {
      const queries = (panel.targets ?? []).flatMap((target) => {
        const text = target.expr ?? target.query, kind = (target.datasource ?? panel.datasource)?.uid;
        return text === undefined || text === "" || (kind !== "prometheus" && kind !== "loki" && kind !== "tempo")
          ? []
          : [{ kind, text }] as const;
      });
      return queries.length === 0 ? [] : [{ dashboard: name, title: panel.title ?? "", queries }];
    });
  });
}

export interface Range {
  /** Seconds since the Unix epoch. */
  readonly from: number;
  readonly until: number;
}

export interface Urls {
  readonly loki: string;
  readonly tempo: string;
  readonly prometheus: string;
}

/** How many series, lines or traces a query gives in a range. */
export async function answersTo(
  { kind, text }: LivePanel["queries"][number],
  urls: Urls,
  range: Range,
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const step = Math.max(15, Math.ceil((range.until - range.from) / 200));
  const filled = fill(text, {
    ...variables,
    __rate_interval: `${Math.max(60, step + 15)}s`,
    __interval: `${step}s`,
    __auto: `${step}s`,
    __range: `${Math.ceil(range.until - range.from)}s`,
  });
  const times = { start: String(range.from), end: String(range.until) };
  if (kind === "tempo" && /^[0-9a-f]{32}$/.test(filled)) {
    const { batches } = await ask(`${urls.tempo}/api/traces/${filled}`) as { batches: unknown[] };
    return batches.length;
  }
  if (kind === "tempo") {
    const query = new URLSearchParams({
      q: filled,
      limit: "20",
      start: String(Math.floor(range.from)),
      end: String(Math.ceil(range.until)),
    });
    return (await ask(`${urls.tempo}/api/search?${query}`) as { traces?: unknown[] }).traces?.length ?? 0;
  }
  const query = new URLSearchParams({ query: filled, step: String(step), ...times });
  const path = kind === "prometheus" ? "/api/v1/query_range" : "/loki/api/v1/query_range";
  const answer = await ask(`${urls[kind]}${path}?${query}`) as { data: { result: unknown[] } };
  return answer.data.result.length;
}

function fill(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$\{(\w+)(?::\w+)?\}|\$(\w+)/g,
    (whole, braced?: string, bare?: string) => variables[braced ?? bare!] ?? whole,
  );
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.status} to ${decodeURIComponent(url)}: ${body.slice(0, 300)}`);
  return JSON.parse(body);
}
