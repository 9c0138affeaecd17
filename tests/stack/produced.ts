// What a run, Tempo's generator and the stack's own parts produce: the metrics with their labels, and the attributes of spans
// and lines. Queries of dashboards and alerts are held against it.

import { parse } from "yaml";
import { fromRoot } from "../root.ts";

/** By metric, its labels. */
export type Metrics = ReadonlyMap<string, ReadonlySet<string>>;

/** Attributes of resources that compose/prometheus/ makes labels of every series, and the two that Prometheus adds. */
function resourceLabels(): string[] {
  const { otlp } = parse(Deno.readTextFileSync(fromRoot("compose/prometheus/prometheus.yaml"))) as {
    otlp: { promote_resource_attributes: string[] };
  };
  return ["job", "instance", ...otlp.promote_resource_attributes.map(label)];
}

function label(attribute: string): string {
  return attribute.replace(/[^A-Za-z0-9_]/g, "_");
}

const HTTP = ["http.request.method", "http.response.status_code", "error.type"];
const RPC = ["rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type"];
const PEER = ["server.address", "server.port"];
const HISTOGRAMS: Readonly<Record<string, readonly string[]>> = {
  http_server_request_duration_seconds: [...HTTP, "http.route", "url.scheme", "network.protocol.version"],
  http_client_request_duration_seconds: [...HTTP, ...PEER, "network.protocol.version"],
  rpc_server_call_duration_seconds: RPC,
  rpc_client_call_duration_seconds: [...RPC, ...PEER],
  db_client_operation_duration_seconds: [
    ...["db.system.name", "db.namespace", "db.operation.name", "db.collection.name", "db.response.status_code"],
    ...["error.type", ...PEER],
  ],
  messaging_client_operation_duration_seconds: [
    ...["messaging.system", "messaging.operation.name", "messaging.destination.name", "error.type", ...PEER],
  ],
  server_queue_wait_duration_seconds: [],
};
const CONTAINER = ["namespace", "pod", "container"];
const SCALARS: Readonly<Record<string, readonly string[]>> = {
  server_queue_length: [],
  server_queue_limit: [],
  server_workers_busy: [],
  server_workers_limit: [],
  server_requests_refused_total: [],
  db_client_connection_count: ["db.client.connection.pool.name", "db.client.connection.state"],
  db_client_connection_max: ["db.client.connection.pool.name"],
  db_client_connection_pending_requests: ["db.client.connection.pool.name"],
};
/** As cAdvisor and kube-state-metrics tell: of containers, not of services. */
const CLUSTER: Readonly<Record<string, readonly string[]>> = {
  container_cpu_usage_seconds_total: [...CONTAINER, "node"],
  container_memory_working_set_bytes: [...CONTAINER, "node"],
  container_spec_memory_limit_bytes: [...CONTAINER, "node"],
  kube_pod_container_status_restarts_total: CONTAINER,
  kube_pod_container_info: CONTAINER,
  kube_pod_container_status_ready: CONTAINER,
  kube_pod_container_status_last_terminated_reason: [...CONTAINER, "reason"],
};

/** tempo/modules/generator/processor/{spanmetrics,servicegraphs}. */
const GENERATOR: Readonly<Record<string, readonly string[]>> = {
  traces_spanmetrics_calls_total: ["service", "span_name", "span_kind", "status_code", "instance", "job"],
  traces_spanmetrics_latency_bucket: ["service", "span_name", "span_kind", "status_code", "instance", "job", "le"],
  traces_service_graph_request_total: ["client", "server", "connection_type"],
  traces_service_graph_request_failed_total: ["client", "server", "connection_type"],
};

/** What Loki, Tempo, Prometheus, Promtail and Alloy tell of themselves, as their /metrics show it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  up: [],
  process_resident_memory_bytes: [],
  tempo_discarded_spans_total: ["reason", "tenant"],
  tempo_distributor_spans_received_total: ["tenant"],
  tempo_receiver_refused_spans: ["receiver", "transport"],
  tempo_metrics_generator_spans_received_total: ["tenant"],
  tempo_metrics_generator_spans_discarded_total: ["reason", "tenant"],
  tempo_metrics_generator_processor_service_graphs_dropped_spans: ["tenant"],
  tempo_live_store_live_traces: ["tenant"],
  tempodb_blocklist_length: ["tenant"],
  loki_discarded_samples_total: ["reason", "tenant"],
  loki_distributor_lines_received_total: ["tenant"],
  promtail_read_lines_total: ["path"],
  promtail_read_bytes_total: ["path"],
  promtail_file_bytes_total: ["path"],
  promtail_sent_entries_total: ["host"],
  promtail_dropped_entries_total: ["host", "reason"],
  promtail_request_duration_seconds_count: ["host", "status_code"],
  loki_source_file_read_lines_total: ["path"],
  loki_source_file_read_bytes_total: ["path"],
  loki_source_file_file_bytes_total: ["path"],
  loki_write_sent_entries_total: ["host"],
  loki_write_dropped_entries_total: ["host", "reason"],
  prometheus_tsdb_head_samples_appended_total: ["type"],
  prometheus_tsdb_head_out_of_order_samples_appended_total: ["type"],
  prometheus_tsdb_too_old_samples_total: ["type"],
  prometheus_tsdb_out_of_bound_samples_total: ["type"],
  prometheus_remote_storage_samples_failed_total: ["remote_name", "url"],
};

/** Every metric that a query may name. */
export function producedMetrics(): Metrics {
  const all = new Map<string, ReadonlySet<string>>();
  const ofRun = resourceLabels();
  for (const [name, attributes] of Object.entries(HISTOGRAMS)) {
    const labels = [...ofRun, ...attributes.map(label)];
    all.set(`${name}_bucket`, new Set([...labels, "le"]));
    for (const suffix of ["count", "sum"]) all.set(`${name}_${suffix}`, new Set(labels));
  }
  for (const [name, attributes] of Object.entries(SCALARS)) {
    all.set(name, new Set([...ofRun, ...attributes.map(label)]));
  }
  for (const [name, labels] of Object.entries(CLUSTER)) all.set(name, new Set(["job", "instance", ...labels]));
  for (const [name, labels] of Object.entries(GENERATOR)) all.set(name, new Set([...labels, "source"]));
  for (const [name, labels] of Object.entries(PARTS)) all.set(name, new Set(["job", "instance", ...labels]));
  return all;
}

/** Labels and structured metadata that Promtail gives each line, and what Loki adds. */
export function lineLabels(): Set<string> {
  const { scrape_configs } = parse(Deno.readTextFileSync(fromRoot("compose/promtail/promtail.yaml"))) as {
    scrape_configs: { pipeline_stages: Readonly<Record<string, Readonly<Record<string, unknown>>>>[] }[];
  };
  const stages = scrape_configs.flatMap(({ pipeline_stages }) => pipeline_stages);
  const given = stages.flatMap((stage) => Object.keys({ ...stage.labels, ...stage.structured_metadata }));
  return new Set([...given, "filename", "service_name", "detected_level"]);
}
