// Links into Grafana for one run: Explore with the run's own lines and traces, and the dashboards at its time.

/** Uids of the data sources and dashboards that compose/grafana/ provisions. */
export const UIDS = {
  loki: "loki",
  tempo: "tempo",
  prometheus: "prometheus",
  overview: "squall-overview",
  incident: "squall-incident",
} as const;

export interface RunInGrafana {
  /** Where Grafana answers, without a slash at its end. */
  readonly grafana: string;
  readonly runId: string;
  readonly namespace: string;
  /** The wall-clock times of the run's data: milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Link {
  readonly name: "dashboards" | "incident" | "logs" | "traces";
  readonly url: string;
}

/** So that the first and the last event do not stand on the edge of a graph. */
const MARGIN_MS = 5_000;

/** LogQL for the lines of one run: the shippers label each with the file it came from, and the run id is in its name. */
export function logsQuery(runId: string): string {
  return `{job=~".+", filename=~".+-${runId}[.]log"}`;
}

/**
 * TraceQL for the requests that users made in a run: they come in at the public port, 443. No span bears the run's id, so the
 * namespace and the link's time range tell it.
 */
export function tracesQuery(namespace: string): string {
  return `{ resource.service.namespace = ${JSON.stringify(namespace)} && kind = server && span.server.port = 443 }`;
}

/** What to open for a run, the most useful first. */
export function exploreLinks(run: RunInGrafana): Link[] {
  const from = String(Math.floor(run.fromMs - MARGIN_MS)), to = String(Math.ceil(run.untilMs + MARGIN_MS));
  const dashboard = (uid: string): string => `${run.grafana}/d/${uid}?from=${from}&to=${to}`;
  const explore = (uid: string, query: Readonly<Record<string, unknown>>): string => {
    const pane = {
      datasource: uid,
      queries: [{ refId: "A", datasource: { type: uid, uid }, ...query }],
      range: { from, to },
    };
    return `${run.grafana}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify({ run: pane }))}`;
  };
  return [
    { name: "dashboards", url: dashboard(UIDS.overview) },
    { name: "incident", url: dashboard(UIDS.incident) },
    { name: "logs", url: explore(UIDS.loki, { expr: logsQuery(run.runId), queryType: "range" }) },
    {
      name: "traces",
      url: explore(UIDS.tempo, {
        query: tracesQuery(run.namespace),
        queryType: "traceql",
        limit: 20,
        tableType: "traces",
      }),
    },
  ];
}

const PROBE_TIMEOUT_MS = 500;

/** Fetches a URL. Tests put one of their own in its place. */
type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>;

/** Whether the Grafana of compose/ answers there: any other has no such dashboard. Never throws. */
export async function hasStack(grafana: string, get: Fetch = fetch): Promise<boolean> {
  try {
    const answer = await get(`${grafana}/api/dashboards/uid/${UIDS.overview}`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
