// What the processes of each language say when they start, listen and are told to stop, and what their client libraries
// throw when a connection dies under them.

import type { Language as LanguageName } from "../../model/model.ts";
import { type Message, msg } from "../message.ts";
import { pascal } from "../names.ts";
import { DURATION_SECONDS } from "../message.ts";
import type { CallPlace, Thrown } from "./language.ts";

/** A process, as its own lines speak of it. */
export interface ProcessWords {
  readonly service: string;
  /** The words of the service's name. */
  readonly words: readonly string[];
  readonly version: string;
  readonly isRpc: boolean;
  readonly port: number;
}

interface Lifecycle {
  starts(process: ProcessWords): Message;
  listens(process: ProcessWords): Message;
  stops(process: ProcessWords): Message;
  /** The other end closed the connection while a call was open. */
  reset(place: CallPlace): Thrown;
}

const unavailable = (detail: string): string => `14 UNAVAILABLE: ${detail}`;

const LIFECYCLES: Readonly<Record<LanguageName, Lifecycle>> = {
  go: {
    starts: (p) => msg`starting ${p.service} ${p.version}`,
    listens: (p) => p.isRpc ? msg`gRPC server listening on [::]:${p.port}` : msg`listening on :${p.port}`,
    stops: () => msg`received signal terminated, shutting down`,
    reset: (call) =>
      call.kind === "rpc"
        ? {
          type: "*status.Error",
          message: "rpc error: code = Unavailable desc = error reading from server: read tcp: connection reset by peer",
        }
        : call.kind === "http"
        ? {
          type: "*url.Error",
          message: `${pascal([call.method.toLowerCase()])} "${call.url}": read tcp: read: connection reset by peer`,
        }
        : { type: "*net.OpError", message: `read tcp ${call.host}:${call.port}: read: connection reset by peer` },
  },
  java: {
    starts: (p) => msg`Starting ${pascal(p.words)}Application v${p.version} using Java 21.0.9 with PID 1`,
    listens: (p) =>
      p.isRpc
        ? msg`gRPC Server started, listening on address: *, port: ${p.port}`
        : msg`Tomcat started on port ${p.port} (http) with context path '/', started ${
          pascal(p.words)
        }Application in ${DURATION_SECONDS} seconds`,
    stops: () => msg`Commencing graceful shutdown. Waiting for active requests to complete`,
    reset: (call) =>
      call.kind === "rpc"
        ? { type: "io.grpc.StatusRuntimeException", message: "UNAVAILABLE: Network closed for unknown reason" }
        : call.kind === "http"
        ? { type: "java.io.IOException", message: "HTTP/1.1 header parser received no bytes" }
        : { type: "java.net.SocketException", message: "Connection reset" },
  },
  nodejs: {
    starts: (p) => msg`${p.service}@${p.version} starting`,
    listens: (p) => msg`Server listening at http://0.0.0.0:${p.port}`,
    stops: () => msg`SIGTERM received, closing server`,
    reset: (call) =>
      call.kind === "rpc"
        ? { type: "Error", message: unavailable("Connection dropped") }
        : { type: "Error", message: call.kind === "http" ? "socket hang up" : "read ECONNRESET" },
  },
  python: {
    starts: () => msg`Started server process [1]`,
    listens: (p) =>
      p.isRpc ? msg`Server started, listening on ${p.port}` : msg`Uvicorn running on http://0.0.0.0:${p.port}`,
    stops: () => msg`Shutting down`,
    reset: (call) =>
      call.kind === "rpc"
        ? {
          type: "grpc._channel._InactiveRpcError",
          message: "StatusCode.UNAVAILABLE: recvmsg:Connection reset by peer",
        }
        : call.kind === "http"
        ? {
          type: "requests.exceptions.ConnectionError",
          message: "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
        }
        : { type: "ConnectionResetError", message: "[Errno 104] Connection reset by peer" },
  },
  ruby: {
    starts: () => msg`Puma starting in single mode...`,
    listens: (p) => msg`* Listening on http://0.0.0.0:${p.port}`,
    stops: () => msg`- Gracefully stopping, waiting for requests to finish`,
    reset: (call) =>
      call.kind === "rpc"
        ? { type: "GRPC::Unavailable", message: unavailable("recvmsg:Connection reset by peer") }
        : { type: "Errno::ECONNRESET", message: "Connection reset by peer" },
  },
  php: {
    starts: () => msg`fpm is running, pid 1`,
    listens: () => msg`ready to handle connections`,
    stops: () => msg`Terminating ...`,
    reset: (call) =>
      call.kind === "http"
        ? {
          type: "GuzzleHttp\\Exception\\ConnectException",
          message: `cURL error 56: Recv failure: Connection reset by peer for ${call.url}`,
        }
        : { type: "RuntimeException", message: "Connection reset by peer" },
  },
  dotnet: {
    starts: (p) => msg`Starting ${pascal(p.words)} ${p.version}`,
    listens: (p) => msg`Now listening on: http://[::]:${p.port}`,
    stops: () => msg`Application is shutting down...`,
    reset: (call) =>
      call.kind === "rpc"
        ? {
          type: "Grpc.Core.RpcException",
          message:
            'Status(StatusCode="Unavailable", Detail="Error reading next message. IOException: The response ended prematurely.")',
        }
        : call.kind === "http"
        ? {
          type: "System.Net.Http.HttpRequestException",
          message: "An error occurred while sending the request. The response ended prematurely. (ResponseEnded)",
        }
        : { type: "System.Net.Sockets.SocketException", message: "Connection reset by peer" },
  },
  rust: {
    starts: (p) => msg`starting ${p.service} ${p.version}`,
    listens: (p) => msg`listening on 0.0.0.0:${p.port}`,
    stops: () => msg`signal received, starting graceful shutdown`,
    reset: (call) =>
      call.kind === "rpc"
        ? { type: "tonic::Status", message: 'status: Unavailable, message: "connection reset by peer (os error 104)"' }
        : {
          type: call.kind === "http" ? "reqwest::Error" : "std::io::Error",
          message: "Connection reset by peer (os error 104)",
        },
  },
  cpp: {
    starts: (p) => msg`starting ${p.service} ${p.version}`,
    listens: (p) => msg`Server listening on 0.0.0.0:${p.port}`,
    stops: () => msg`caught signal 15, shutting down`,
    reset: (call) =>
      call.kind === "rpc"
        ? { type: "grpc::Status", message: unavailable("recvmsg:Connection reset by peer") }
        : { type: "std::system_error", message: "Connection reset by peer" },
  },
};

/** What a process of this language says about itself. */
export function lifecycleOf(language: LanguageName): Lifecycle {
  return LIFECYCLES[language];
}

/** What databases, caches and brokers say instead, by db.system.name or messaging.system. */
interface SystemLifecycle {
  /** @param restarted whether the process before it died */
  starts(restarted: boolean): Message;
  listens(port: number): Message;
  stops(): Message;
}

const REDIS: SystemLifecycle = {
  starts: () => msg`Redis is starting`,
  listens: () => msg`Ready to accept connections tcp`,
  stops: () => msg`Received SIGTERM scheduling shutdown...`,
};
const POSTGRESQL: SystemLifecycle = {
  starts: (restarted) =>
    restarted
      ? msg`database system was not properly shut down; automatic recovery in progress`
      : msg`starting PostgreSQL 18.1 on x86_64-pc-linux-gnu`,
  listens: () => msg`database system is ready to accept connections`,
  stops: () => msg`received smart shutdown request`,
};
const MYSQL: SystemLifecycle = {
  starts: (restarted) => restarted ? msg`Starting crash recovery.` : msg`mysqld (mysqld 8.4.7) starting as process 1`,
  listens: (port) =>
    msg`mysqld: ready for connections. Version: '8.4.7'  socket: '/var/run/mysqld/mysqld.sock'  port: ${port}`,
  stops: () => msg`Received SHUTDOWN from user <via user signal>. Shutting down mysqld (Version: 8.4.7).`,
};
const SYSTEM_LIFECYCLES: Readonly<Record<string, SystemLifecycle>> = {
  postgresql: POSTGRESQL,
  cockroachdb: POSTGRESQL,
  mysql: MYSQL,
  mariadb: MYSQL,
  redis: REDIS,
  valkey: REDIS,
  dragonfly: REDIS,
  mongodb: {
    starts: (restarted) => restarted ? msg`Detected unclean shutdown - Lock file is not empty` : msg`MongoDB starting`,
    listens: (port) => msg`Waiting for connections port=${port} ssl="off"`,
    stops: () => msg`Received signal signal="Terminated", will terminate after current command ends`,
  },
  kafka: {
    starts: () => msg`[KafkaRaftServer nodeId=1] Kafka Server starting`,
    listens: () => msg`[KafkaRaftServer nodeId=1] Kafka Server started`,
    stops: () => msg`Terminating process due to signal SIGTERM`,
  },
};
const OTHER_SYSTEM: SystemLifecycle = {
  starts: () => msg`starting`,
  listens: (port) => msg`ready, listening on port ${port}`,
  stops: () => msg`received SIGTERM, shutting down`,
};

/** What a product says about itself. */
export function systemLifecycle(system: string): SystemLifecycle {
  return SYSTEM_LIFECYCLES[system] ?? OTHER_SYSTEM;
}
