// What client libraries say when a call gets no connection for another reason than that nobody listens: the name is not
// found, the certificate has expired, or there is no route. In the words of each language's resolver, TLS and sockets.

import type { ConnectionTrouble, Language } from "../model/model.ts";
import type { CallPlace } from "./languages/language.ts";

/** `type`: only where it differs from that of a refused connection. */
interface Said {
  readonly type?: string;
  readonly message: string;
}

type Troubles = Readonly<Record<Exclude<ConnectionTrouble, "refused">, (call: CallPlace) => Said>>;

/** As the runtimes say it of a plain socket. */
const WORDS: Readonly<Record<Language, Troubles>> = {
  go: {
    name: (c) => ({ message: `dial tcp: lookup ${c.host} on 10.96.0.10:53: no such host` }),
    certificate: () => ({
      message: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
    }),
    unreachable: (c) => ({ message: `dial tcp ${c.host}:${c.port}: connect: no route to host` }),
  },
  java: {
    name: (c) => ({ type: "java.net.UnknownHostException", message: `${c.host}: Name or service not known` }),
    certificate: () => ({
      type: "javax.net.ssl.SSLHandshakeException",
      message: "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
    }),
    unreachable: () => ({ type: "java.net.NoRouteToHostException", message: "No route to host" }),
  },
  nodejs: {
    name: (c) => ({ type: "Error", message: `getaddrinfo ENOTFOUND ${c.host}` }),
    certificate: () => ({ type: "Error", message: "certificate has expired" }),
    unreachable: (c) => ({ type: "Error", message: `connect EHOSTUNREACH ${c.host}:${c.port}` }),
  },
  python: {
    name: (c) => ({ message: `Failed to resolve '${c.host}' ([Errno -2] Name or service not known)` }),
    certificate: () => ({
      type: "requests.exceptions.SSLError",
      message: "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1032)",
    }),
    unreachable: () => ({ message: "[Errno 113] No route to host" }),
  },
  ruby: {
    name: (c) => ({
      type: "Socket::ResolutionError",
      message: `Failed to open TCP connection to ${c.host}:${c.port} (getaddrinfo: Name or service not known)`,
    }),
    certificate: () => ({
      type: "OpenSSL::SSL::SSLError",
      message: "SSL_connect returned=1 errno=0 state=error: certificate verify failed (certificate has expired)",
    }),
    unreachable: (c) => ({
      type: "Errno::EHOSTUNREACH",
      message: `Failed to open TCP connection to ${c.host}:${c.port} (No route to host)`,
    }),
  },
  php: {
    name: (c) => ({ message: `cURL error 6: Could not resolve host: ${c.host}` }),
    certificate: () => ({ message: "cURL error 60: SSL certificate problem: certificate has expired" }),
    unreachable: (c) => ({ message: `cURL error 7: Failed to connect to ${c.host} port ${c.port}: No route to host` }),
  },
  dotnet: {
    name: (c) => ({ message: `Name or service not known (${c.host}:${c.port})` }),
    certificate: () => ({
      message: "The SSL connection could not be established: the remote certificate is invalid (NotTimeValid)",
    }),
    unreachable: (c) => ({ message: `No route to host (${c.host}:${c.port})` }),
  },
  rust: {
    name: () => ({
      message: "dns error: failed to lookup address information: Name or service not known",
    }),
    certificate: () => ({ message: "invalid peer certificate: Expired" }),
    unreachable: () => ({ message: "tcp connect error: No route to host (os error 113)" }),
  },
  cpp: {
    name: (c) => ({ message: `DNS resolution failed for ${c.host}:${c.port}: Domain name not found` }),
    certificate: () => ({ message: "Ssl handshake failed: certificate verify failed: certificate has expired" }),
    unreachable: (c) => ({ message: `failed to connect to ${c.host}:${c.port}: No route to host` }),
  },
};

/** gRPC wraps whatever it is in its UNAVAILABLE, in the form of each language. */
const GRPC: Partial<Readonly<Record<Language, (detail: string) => string>>> = {
  go: (detail) => `rpc error: code = Unavailable desc = connection error: desc = "transport: ${detail}"`,
  java: (detail) => `UNAVAILABLE: io exception: ${detail}`,
  dotnet: (detail) => `Status(StatusCode="Unavailable", Detail="Error connecting to subchannel. ${detail}")`,
  rust: (detail) => `status: Unavailable, message: "${detail}"`,
};

/** What the client library says; undefined for a connection that is just refused. */
export function troubleOf(
  language: Language,
  trouble: ConnectionTrouble | undefined,
  place: CallPlace,
): Said | undefined {
  if (trouble === undefined || trouble === "refused") return undefined;
  const said = WORDS[language][trouble](place);
  if (place.kind !== "rpc") return said;
  const wrapped = GRPC[language] ?? ((detail: string) => `14 UNAVAILABLE: ${detail}`);
  return { message: wrapped(said.message) };
}
