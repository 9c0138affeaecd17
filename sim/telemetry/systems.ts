// Databases, caches and brokers: how an endpoint's name becomes a query, which errors they answer with, and how their
// own logs look.

import { DURATION_MS, DURATION_SECONDS, type Message, msg, PARENT_SPAN_ID, TIME, TRACE_ID } from "./message.ts";
import type { LogLevel, ServiceKind } from "../model/model.ts";
import { LOCK_TIMEOUT_STATUS } from "../model/state.ts";
import { singular } from "./names.ts";

export interface Query {
  /** `INSERT`, `HGETALL`, `find`, `send`; empty when the endpoint's name has none. */
  readonly operation: string;
  /** The table, collection, key or topic; empty when the endpoint's name has none. */
  readonly target: string;
  /** With placeholders in place of values, as instrumentations send it. */
  readonly text: string;
}

export interface SystemError {
  /** In the system's own terms: an SQLSTATE, the first word of a Redis error. */
  readonly code: string;
  readonly message: string;
}

export interface SystemLine {
  readonly level: LogLevel;
  /** What the system itself calls the level, where that differs. */
  readonly severity: "normal" | "error" | "fatal";
  readonly message: Message;
  readonly query: Query;
  readonly database: string;
  readonly hasIds: boolean;
  /** A number of a connection or process that stays the same for one endpoint. */
  readonly process: number;
}

export interface System {
  /** db.system.name or messaging.system. */
  readonly name: string;
  readonly port: number;
  /** Whether db.namespace is the name of a database; Redis numbers them. */
  namespace(database: string): string;
  query(operation: string, target: string): string;
  /** What it answers when a request fails with that HTTP status. */
  error(status: number, query: Query): SystemError;
  /** What it answers when it takes no more clients. */
  readonly full: SystemError;
  completed(query: Query): Message;
  abandoned(query: Query): Message;
  plain(line: SystemLine): Message;
}

type Placeholder = (n: number) => string;

function sqlText(operation: string, target: string, p: Placeholder): string {
  const verb = operation.toUpperCase();
  const owner = singular(target.split(".").at(-1)!.replace(/[^A-Za-z0-9_]/g, "_"));
  switch (target === "" ? "" : verb) {
    case "SELECT":
      return `SELECT * FROM ${target} WHERE ${owner}_id = ${p(1)}`;
    case "INSERT":
      return `INSERT INTO ${target} (${owner}_id, status, payload, created_at) VALUES (${p(1)}, ${p(2)}, ${p(3)}, ${
        p(4)
      })`;
    case "UPDATE":
      return `UPDATE ${target} SET status = ${p(1)}, updated_at = ${p(2)} WHERE ${owner}_id = ${p(3)}`;
    case "DELETE":
      return `DELETE FROM ${target} WHERE ${owner}_id = ${p(1)}`;
    default:
      return [verb, target].filter((part) => part !== "").join(" ");
  }
}

function postgresError(status: number, { target }: Query): SystemError {
  switch (status) {
    case 400:
      return { code: "22P02", message: 'invalid input syntax for type uuid: ""' };
    case 401:
      return { code: "28P01", message: 'password authentication failed for user "app"' };
    case 403:
      return { code: "42501", message: `permission denied for table ${target}` };
    case 404:
      return { code: "42P01", message: `relation "${target}" does not exist` };
    case 409:
      return { code: "40001", message: "could not serialize access due to concurrent update" };
    case 422:
      return { code: "23505", message: `duplicate key value violates unique constraint "${target}_pkey"` };
    case 503:
      return { code: "57P03", message: "the database system is starting up" };
    case 504:
      return { code: "57014", message: "canceling statement due to statement timeout" };
    case LOCK_TIMEOUT_STATUS:
      return { code: "55P03", message: "canceling statement due to lock timeout" };
    case 507:
      return { code: "53100", message: `could not extend file "base/16384/24601": No space left on device` };
    default:
      return { code: "40P01", message: "deadlock detected" };
  }
}

const postgresql: System = {
  name: "postgresql",
  port: 5432,
  namespace: (database) => `${database}|public`,
  query: (operation, target) => sqlText(operation, target, (n) => `$${n}`),
  error: postgresError,
  full: { code: "53300", message: "sorry, too many clients already" },
  completed: (query) => msg`duration: ${DURATION_MS} ms  statement: ${query.text}`,
  abandoned: (query) =>
    msg`could not send data to client: Broken pipe after ${DURATION_MS} ms, statement: ${query.text}`,
  plain(line) {
    const severity = { normal: "LOG", error: "ERROR", fatal: "FATAL" }[line.severity];
    // sqlcommenter is how a statement carries its trace into PostgreSQL's log.
    const ids = line.hasIds ? msg` /*traceparent='00-${TRACE_ID}-${PARENT_SPAN_ID}-01'*/` : msg``;
    return msg`${TIME} [${line.process}] app@${line.database} ${severity}:  ${line.message}${ids}`;
  },
};

const mysql: System = {
  name: "mysql",
  port: 3306,
  namespace: (database) => database,
  query: (operation, target) => sqlText(operation, target, () => "?"),
  error(status, { target }) {
    if (status === 403) return { code: "1142", message: `command denied to user 'app'@'%' for table '${target}'` };
    if (status === 404) return { code: "1146", message: `Table '${target}' doesn't exist` };
    if (status === 422) return { code: "1062", message: `Duplicate entry for key '${target}.PRIMARY'` };
    if (status === 504) {
      return { code: "3024", message: "Query execution was interrupted, maximum statement execution time exceeded" };
    }
    if (status === 503) return { code: "1053", message: "Server shutdown in progress" };
    if (status === LOCK_TIMEOUT_STATUS) {
      return { code: "1205", message: "Lock wait timeout exceeded; try restarting transaction" };
    }
    if (status === 507) return { code: "1114", message: `The table '${target}' is full` };
    return { code: "1213", message: "Deadlock found when trying to get lock; try restarting transaction" };
  },
  full: { code: "1040", message: "Too many connections" },
  completed: (query) => msg`Query_time: ${DURATION_SECONDS}  ${query.text}`,
  abandoned: (query) =>
    msg`Aborted connection to db (Got an error writing communication packets) after ${DURATION_MS} ms: ${query.text}`,
  plain(line) {
    const severity = { normal: "Note", error: "ERROR", fatal: "ERROR" }[line.severity];
    const ids = line.hasIds ? msg` /*traceparent='00-${TRACE_ID}-${PARENT_SPAN_ID}-01'*/` : msg``;
    return msg`${TIME} ${line.process} [${severity}] [Server] ${line.message}${ids}`;
  },
};

const mongodb: System = {
  name: "mongodb",
  port: 27017,
  namespace: (database) => database,
  query: (operation, target) => `{"${operation}":"${target}","filter":{"_id":"?"}}`,
  error(status) {
    if (status === 403) return { code: "13", message: "not authorized to execute command" };
    if (status === 422) return { code: "11000", message: "E11000 duplicate key error collection" };
    if (status === 503) return { code: "10107", message: "not primary" };
    if (status === 504) return { code: "50", message: "operation exceeded time limit" };
    return { code: "112", message: "WriteConflict error: this operation conflicted with another operation" };
  },
  full: { code: "202", message: "connection refused because there are too many open connections" },
  completed: (query) => msg`Slow query: ${query.operation} ${query.target} ${DURATION_MS}ms`,
  abandoned: (query) =>
    msg`Interrupted operation as its client disconnected: ${query.operation} ${query.target} ${DURATION_MS}ms`,
  plain(line) {
    const severity = { normal: "I", error: "E", fatal: "F" }[line.severity];
    const ids = line.hasIds ? msg` comment:"traceparent=00-${TRACE_ID}-${PARENT_SPAN_ID}-01"` : msg``;
    return msg`${TIME} ${severity}  COMMAND  [conn${line.process}] ${line.message}${ids}`;
  },
};

const redis: System = {
  name: "redis",
  port: 6379,
  namespace: () => "0",
  query: (operation, target) => [operation, target === "" ? "?" : `${target}:?`].join(" "),
  error(status) {
    if (status === 401) return { code: "NOAUTH", message: "NOAUTH Authentication required." };
    if (status === 403) return { code: "NOPERM", message: "NOPERM this user has no permissions to run the command" };
    if (status === 400) {
      return { code: "WRONGTYPE", message: "WRONGTYPE Operation against a key holding the wrong kind of value" };
    }
    if (status === 503) return { code: "LOADING", message: "LOADING Redis is loading the dataset in memory" };
    if (status === 507) return { code: "OOM", message: "OOM command not allowed when used memory > 'maxmemory'." };
    if (status === 504) return { code: "BUSY", message: "BUSY Redis is busy running a script." };
    return { code: "ERR", message: "ERR internal error" };
  },
  full: { code: "ERR", message: "ERR max number of clients reached" },
  completed: (query) => msg`${query.text} ${DURATION_MS} ms`,
  abandoned: (query) =>
    msg`Error writing to client: Broken pipe, reply to ${query.text} dropped after ${DURATION_MS} ms`,
  plain(line) {
    const mark = line.level === "debug" ? "." : line.severity === "normal" && line.level === "info" ? "*" : "#";
    const ids = line.hasIds ? msg` trace_id=${TRACE_ID} span_id=${PARENT_SPAN_ID}` : msg``;
    return msg`1:M ${TIME} ${mark} ${line.message}${ids}`;
  },
};

const kafka: System = {
  name: "kafka",
  port: 9092,
  namespace: (database) => database,
  query: (operation, target) => [operation, target].filter((part) => part !== "").join(" "),
  error(status, { target }) {
    if (status === 403) {
      return { code: "TOPIC_AUTHORIZATION_FAILED", message: `Not authorized to access topics: [${target}]` };
    }
    if (status === 404) {
      return { code: "UNKNOWN_TOPIC_OR_PARTITION", message: `This server does not host topic-partition ${target}-0.` };
    }
    if (status === 413) {
      return {
        code: "MESSAGE_TOO_LARGE",
        message: "The request included a message larger than the max message size the server will accept.",
      };
    }
    if (status === 504) return { code: "REQUEST_TIMED_OUT", message: "The request timed out." };
    if (status === 503) {
      return {
        code: "NOT_LEADER_OR_FOLLOWER",
        message: `This broker is not the leader for topic-partition ${target}-0.`,
      };
    }
    return {
      code: "NOT_ENOUGH_REPLICAS",
      message: "The size of the current ISR Set(1) is insufficient to satisfy the min.isr requirement of 2",
    };
  },
  full: { code: "THROTTLING_QUOTA_EXCEEDED", message: "The throttling quota has been exceeded." },
  completed: (query) => msg`Completed request PRODUCE topic=${query.target} acks=-1 totalTimeMs=${DURATION_MS}`,
  abandoned: (query) =>
    msg`Attempting to send response via channel for which there is no open connection, PRODUCE topic=${query.target} totalTimeMs=${DURATION_MS}`,
  plain(line) {
    const severity = line.severity === "normal" ? line.level.toUpperCase() : "ERROR";
    const ids = line.hasIds ? msg` traceparent=00-${TRACE_ID}-${PARENT_SPAN_ID}-01` : msg``;
    return msg`[${TIME}] ${severity} [KafkaApi-1] ${line.message}${ids} (kafka.server.KafkaApis)`;
  },
};

/** For a product that has no entry of its own: plain words. */
function generic(name: string, port: number): System {
  return {
    name,
    port,
    namespace: (database) => database,
    query: (operation, target) => [operation, target].filter((part) => part !== "").join(" "),
    error: (status, query) => ({ code: String(status), message: `${query.text} failed with status ${status}` }),
    full: { code: "503", message: "too many connections" },
    completed: (query) => msg`${query.text} done in ${DURATION_MS} ms`,
    abandoned: (query) => msg`client disconnected, answer to ${query.text} dropped after ${DURATION_MS} ms`,
    plain(line) {
      const ids = line.hasIds ? msg` trace_id=${TRACE_ID} span_id=${PARENT_SPAN_ID}` : msg``;
      return msg`${TIME} ${line.level.toUpperCase()} ${line.message}${ids}`;
    },
  };
}

const sqlServer: System = {
  ...generic("microsoft.sql_server", 1433),
  query: (operation, target) => sqlText(operation, target, (n) => `@p${n}`),
};

/** By what people call them; the names that OpenTelemetry knows differ for a few. */
const SYSTEMS: Readonly<Record<string, System>> = {
  postgresql,
  postgres: postgresql,
  cockroachdb: { ...postgresql, name: "cockroachdb", port: 26257 },
  mysql,
  mariadb: { ...mysql, name: "mariadb" },
  "microsoft.sql_server": sqlServer,
  mssql: sqlServer,
  sqlserver: sqlServer,
  mongodb,
  mongo: mongodb,
  redis,
  valkey: { ...redis, name: "valkey" },
  dragonfly: { ...redis, name: "dragonfly" },
  memcached: generic("memcached", 11211),
  elasticsearch: generic("elasticsearch", 9200),
  opensearch: generic("opensearch", 9200),
  cassandra: generic("cassandra", 9042),
  clickhouse: generic("clickhouse", 8123),
  dynamodb: generic("aws.dynamodb", 443),
  kafka,
  redpanda: kafka,
  rabbitmq: generic("rabbitmq", 5672),
  nats: generic("nats", 4222),
};
const PORT_OF_UNKNOWN = { database: 5432, cache: 6379, queue: 9092 } as const;

/** The product behind a service; without a name the commonest of its kind. */
export function systemOf(kind: Exclude<ServiceKind, "service" | "external">, name: string | undefined): System {
  if (name === undefined) return { database: postgresql, cache: redis, queue: kafka }[kind];
  const known = SYSTEMS[name.toLowerCase()];
  return known ?? generic(name.toLowerCase(), PORT_OF_UNKNOWN[kind]);
}

const SENDING = /^(publish|send|produce|enqueue|push)$/i;

/** Reads an endpoint's name: `INSERT orders`, `HGETALL cart`, `publish orders`, or a whole SQL statement. */
export function queryOf(system: System, kind: ServiceKind, name: string): Query {
  const text = name.trim().replace(/\s+/g, " ");
  const [first = "", ...rest] = text.split(" ");
  if (kind === "queue") {
    const isVerb = SENDING.test(first) && rest.length > 0;
    const operation = isVerb ? first.toLowerCase() : "send", target = isVerb ? rest.join(" ") : text;
    return { operation, target, text: `${operation} ${target}` };
  }
  const statement = /\b(?:from|into|update|table)\s+([\w."`[\]]+)/i.exec(text);
  if (statement !== null && rest.length > 1) {
    return { operation: first.toUpperCase(), target: statement[1]!.replace(/["`[\]]/g, ""), text };
  }
  const target = rest.join(" ");
  return { operation: first, target, text: system.query(first, target) };
}

/** The database's name as its service's name suggests it: `orders-db` holds `orders`. */
export function databaseName(service: string): string {
  const base = service.toLowerCase().replace(/[-_]?(db|database|postgres(ql)?|mysql|mongo(db)?|sql|store)$/, "");
  return (base === "" ? service.toLowerCase() : base).replace(/[^a-z0-9]+/g, "_");
}
