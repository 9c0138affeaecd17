// What an endpoint is to those who call it: its address, its protocol, and its name in a call.

import type { CallSite, Plan, PlanEndpoint, PlanService } from "../plan/plan.ts";
import { pathOf, type PathPart } from "./paths.ts";
import type { CallPlace } from "./languages/language.ts";
import { languageOf } from "./languages/languages.ts";
import { type Code, codeOf, dnsLabel, rpcMethod, serviceWords } from "./names.ts";
import { databaseName, type Query, queryOf, type System, systemOf } from "./systems.ts";

/** gRPC's usual port. */
const GRPC_PORT = 50051;
const HTTPS_PORT = 443;

export interface Target {
  readonly endpoint: PlanEndpoint;
  readonly service: PlanService;
  readonly kind: "http" | "rpc" | "database" | "queue";
  /** As a scenario refers to it: `payment.Charge`. */
  readonly reference: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** The HTTP method, or gRPC's fully qualified one; a database's operation. */
  readonly method: string;
  readonly path: readonly PathPart[];
  readonly code: Code;
  /** Of kinds database and queue. */
  readonly data: { readonly system: System; readonly query: Query; readonly database: string } | undefined;
}

/** The name under which users reach the system, from its namespace; `.example` belongs to nobody (RFC 2606). */
export function publicHost(plan: Plan): string {
  return `${dnsLabel(plan.namespace, 63)}.example`;
}

export function targetOf(plan: Plan, endpoint: PlanEndpoint): Target {
  const service = plan.services[endpoint.service]!;
  const { protocol } = endpoint;
  const isExternal = service.kind === "external";
  const common = {
    endpoint,
    service,
    reference: `${service.name}.${endpoint.name}`,
    scheme: isExternal ? "https" as const : "http" as const,
    host: isExternal ? externalHost(service) : dnsLabel(service.name, 63),
    code: codeOf(service.name, plan.namespace, protocol),
    data: undefined,
  };
  if (service.kind === "database" || service.kind === "cache" || service.kind === "queue") {
    const system = systemOf(service.kind, service.system);
    const query = queryOf(system, service.kind, endpoint.name);
    return {
      ...common,
      kind: service.kind === "queue" ? "queue" : "database",
      port: system.port,
      method: query.operation,
      path: [],
      data: { system, query, database: databaseName(service.name) },
    };
  }
  const port = isExternal ? HTTPS_PORT : protocol.type === "rpc" ? GRPC_PORT : languageOf(service.language).httpPort;
  return protocol.type === "http"
    ? { ...common, kind: "http", port, method: protocol.method, path: pathOf(endpoint) }
    : {
      ...common,
      kind: "rpc",
      port,
      method: rpcMethod(service.name, isExternal ? "" : plan.namespace, protocol.method),
      path: [],
    };
}

function externalHost(service: PlanService): string {
  const named = service.attributes.get("server.address");
  return typeof named === "string" && named !== "" ? named : `api.${dnsLabel(service.name, 58)}.example`;
}

/**
 * A call as the client library of its caller sees it.
 * @param deadlineCut whether the deadline of all attempts, not the limit of one, ended it
 */
export function callPlace(target: Target, site: CallSite, deadlineCut: boolean): CallPlace {
  return {
    kind: target.kind === "http" ? "http" : target.kind === "rpc" ? "rpc" : "data",
    system: target.service.system,
    host: target.host,
    port: target.port,
    method: target.method,
    url: target.kind === "rpc" ? target.method : `${authority(target)}${routeOf(target)}`,
    timeout: deadlineCut ? site.deadline : site.timeout,
  };
}

/** `http://cart:8080`, without the port where it is the scheme's own. */
export function authority(target: Target): string {
  return `${target.scheme}://${target.host}${target.port === HTTPS_PORT ? "" : `:${target.port}`}`;
}

function routeOf(target: Target): string {
  return target.endpoint.protocol.type === "http" ? target.endpoint.protocol.route : "";
}

/** The caller's code at a call: its handler, and the client of the callee that it goes through. */
export function callerCode(plan: Plan, site: CallSite): Code {
  const caller = plan.endpoints[site.caller]!;
  const callee = plan.services[plan.endpoints[site.callee]!.service]!;
  return codeOf(
    plan.services[caller.service]!.name,
    plan.namespace,
    caller.protocol,
    serviceWords(callee.name),
  );
}
