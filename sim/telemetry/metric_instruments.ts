// The instruments: OpenTelemetry's conventions for what applications measure, and the names of cAdvisor and
// kube-state-metrics for what a cluster says about their containers.
// https://opentelemetry.io/docs/specs/semconv/ (version as in conventions.ts), https://github.com/kubernetes/kube-state-metrics

import type { Instrument } from "./metric_points.ts";

/** The conventions' buckets for durations of HTTP and RPC, in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Those for databases. */
const DB_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** The specification's default. */
const BYTES = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

function histogram(name: string, unit: string, bounds: readonly number[], description: string): Instrument {
  return { name, unit, description, type: "histogram", bounds };
}

function counter(name: string, unit: string, description: string): Instrument {
  return { name, unit, description, type: "counter", bounds: [] };
}

function updown(name: string, unit: string, description: string): Instrument {
  return { name, unit, description, type: "updown", bounds: [] };
}

function gauge(name: string, description: string): Instrument {
  return { name, unit: "", description, type: "gauge", bounds: [] };
}

export const INSTRUMENTS = {
  httpServer: histogram("http.server.request.duration", "s", SECONDS, "Duration of HTTP server requests."),
  httpServerRequestBody: histogram("http.server.request.body.size", "By", BYTES, "Size of HTTP server request bodies."),
  httpServerResponseBody: histogram(
    "http.server.response.body.size",
    "By",
    BYTES,
    "Size of HTTP server response bodies.",
  ),
  httpClient: histogram("http.client.request.duration", "s", SECONDS, "Duration of HTTP client requests."),
  rpcServer: histogram("rpc.server.call.duration", "s", SECONDS, "Duration of an incoming remote procedure call."),
  rpcClient: histogram("rpc.client.call.duration", "s", SECONDS, "Duration of an outgoing remote procedure call."),
  dbClient: histogram("db.client.operation.duration", "s", DB_SECONDS, "Duration of database client operations."),
  messagingClient: histogram(
    "messaging.client.operation.duration",
    "s",
    SECONDS,
    "Duration of messaging operation initiated by a producer or consumer client.",
  ),
  messagesSent: counter(
    "messaging.client.sent.messages",
    "{message}",
    "Number of messages producer attempted to send to the broker.",
  ),
  httpActive: updown("http.server.active_requests", "{request}", "Number of active HTTP server requests."),
  dbConnections: updown(
    "db.client.connection.count",
    "{connection}",
    "The number of connections that are currently in state described by the state attribute.",
  ),
  dbConnectionsMax: updown(
    "db.client.connection.max",
    "{connection}",
    "The maximum number of open connections allowed.",
  ),
  dbConnectionsPending: updown(
    "db.client.connection.pending_requests",
    "{request}",
    "The number of current pending requests for an open connection.",
  ),
  dbConnectionWait: histogram(
    "db.client.connection.wait_time",
    "s",
    DB_SECONDS,
    "The time it took to obtain an open connection from the pool.",
  ),
  dbConnectionTimeouts: counter(
    "db.client.connection.timeouts",
    "{timeout}",
    "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
  ),
  httpConnections: updown(
    "http.client.open_connections",
    "{connection}",
    "Number of outbound HTTP connections that are currently active or idle on the client.",
  ),
  // The conventions have no names for a server's queue and its pool of workers in every language.
  queueWait: histogram("server.queue.wait.duration", "s", SECONDS, "Time that accepted requests waited for a worker."),
  queueLength: updown("server.queue.length", "{request}", "Requests that wait for a worker."),
  queueLimit: updown("server.queue.limit", "{request}", "Requests that may wait; more are refused."),
  workersBusy: updown("server.workers.busy", "{worker}", "Workers that hold a request."),
  workersLimit: updown("server.workers.limit", "{worker}", "Workers that there are."),
  refused: counter(
    "server.requests.refused",
    "{request}",
    "Requests that were turned away without a worker, by reason.",
  ),

  cpuUsage: counter("container_cpu_usage_seconds_total", "", "Cumulative cpu time consumed in seconds."),
  cfsPeriods: counter("container_cpu_cfs_periods_total", "", "Number of elapsed enforcement period intervals."),
  cfsThrottledPeriods: counter(
    "container_cpu_cfs_throttled_periods_total",
    "",
    "Number of throttled period intervals.",
  ),
  cfsThrottled: counter(
    "container_cpu_cfs_throttled_seconds_total",
    "",
    "Total time duration the container has been throttled.",
  ),
  cpuQuota: gauge("container_spec_cpu_quota", "CPU quota of the container."),
  cpuPeriod: gauge("container_spec_cpu_period", "CPU period of the container."),
  memoryUsed: gauge("container_memory_working_set_bytes", "Current working set of the container in bytes."),
  memoryLimit: gauge("container_spec_memory_limit_bytes", "Memory limit for the container."),
  containerStart: gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds."),
  containerSeen: gauge("container_last_seen", "Last time a container was seen by the exporter."),

  podInfo: gauge("kube_pod_info", "Information about pod."),
  podPhase: gauge("kube_pod_status_phase", "The pods current phase."),
  podReady: gauge("kube_pod_status_ready", "Describes whether the pod is ready to serve requests."),
  podOwner: gauge("kube_pod_owner", "Information about the Pod's owner."),
  containerInfo: gauge("kube_pod_container_info", "Information about a container in a pod."),
  containerReady: gauge(
    "kube_pod_container_status_ready",
    "Describes whether the containers readiness check succeeded.",
  ),
  containerRunning: gauge(
    "kube_pod_container_status_running",
    "Describes whether the container is currently in running state.",
  ),
  containerRestarts: counter(
    "kube_pod_container_status_restarts_total",
    "",
    "The number of container restarts per container.",
  ),
  containerEndBefore: gauge(
    "kube_pod_container_status_last_terminated_reason",
    "Describes the last reason the container was in terminated state.",
  ),
  deploymentReplicas: gauge("kube_deployment_spec_replicas", "Number of desired pods for a deployment."),
  deploymentStatusReplicas: gauge("kube_deployment_status_replicas", "The number of replicas per deployment."),
  deploymentAvailable: gauge(
    "kube_deployment_status_replicas_available",
    "The number of available replicas per deployment.",
  ),
  deploymentUnavailable: gauge(
    "kube_deployment_status_replicas_unavailable",
    "The number of unavailable replicas per deployment.",
  ),
  statefulsetReplicas: gauge("kube_statefulset_replicas", "Number of desired pods for a StatefulSet."),
  statefulsetStatusReplicas: gauge("kube_statefulset_status_replicas", "The number of replicas per StatefulSet."),
  statefulsetReady: gauge("kube_statefulset_status_replicas_ready", "The number of ready replicas per StatefulSet."),
} as const satisfies Readonly<Record<string, Instrument>>;
