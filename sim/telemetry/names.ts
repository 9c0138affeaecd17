// Names as a developer would have derived them from a service's and an endpoint's name: classes, handlers, packages.

import { hashText } from "../base/draws.ts";
import type { EndpointProtocol } from "../model/model.ts";

/** The words of a name in lower case: `GetCart` and `get-cart` are both get, cart. Letters and digits of ASCII only. */
export function wordsOf(name: string): string[] {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/).filter((word) => word !== "").map((word) => word.toLowerCase());
  // An identifier does not begin with a digit.
  return words.length > 0 && /^[0-9]/.test(words[0]!) ? [`v${words[0]}`, ...words.slice(1)] : words;
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export const pascal = (words: readonly string[]): string => words.map(capital).join("");
export const camel = (words: readonly string[]): string =>
  words.map((word, i) => i === 0 ? word : capital(word)).join("");
export const snake = (words: readonly string[]): string => words.join("_");

/** English plurals that end in s; good enough for the nouns of routes and tables. */
export function singular(word: string): string {
  if (/(ss|us|is)$/.test(word) || word.length < 4) return word;
  if (/ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(x|ch|sh|ss)es$/.test(word)) return word.slice(0, -2);
  return word.endsWith("s") ? word.slice(0, -1) : word;
}

/** The parts of a route: `/cart/{id}` is `/cart/` and the parameter `id`. Understands `{id}`, `:id` and `<int:id>`. */
export interface RoutePart {
  readonly text: string;
  readonly isParameter: boolean;
}

const ROUTE_PARAMETER = /\{([^{}/]+)\}|(?<=\/):([A-Za-z_][A-Za-z0-9_]*)|<(?:[a-z]+:)?([A-Za-z_][A-Za-z0-9_]*)>/g;

export function routeParts(route: string): RoutePart[] {
  const parts: RoutePart[] = [];
  let end = 0;
  for (const match of route.matchAll(ROUTE_PARAMETER)) {
    if (match.index > end) parts.push({ text: route.slice(end, match.index), isParameter: false });
    // The constraint of ASP.NET (`id:int`) and the star of a catch-all are no part of the name.
    const name = (match[1] ?? match[2] ?? match[3]!).replace(/^\*+/, "").split(":")[0]!;
    parts.push({ text: name, isParameter: true });
    end = match.index + match[0].length;
  }
  if (end < route.length) parts.push({ text: route.slice(end), isParameter: false });
  return parts;
}

/** What the code that handles an endpoint is called. */
export interface HandlerNames {
  /** What the handler does: get, cart. */
  readonly handler: readonly string[];
  /** What it is about: cart. */
  readonly noun: readonly string[];
}

export function handlerNames(protocol: EndpointProtocol): HandlerNames {
  if (protocol.type === "rpc") {
    const method = protocol.method.split("/").at(-1)!;
    const handler = wordsOf(method);
    if (handler.length === 0) return { handler: ["handle", "request"], noun: ["request"] };
    const noun = handler.length > 1 ? handler.slice(1).map(singular) : handler;
    return { handler, noun };
  }
  const parts = routeParts(protocol.route);
  const segments = parts.filter((part) => !part.isParameter).flatMap((part) => part.text.split("/"))
    .map(wordsOf).filter((words) => words.length > 0 && !/^(api|v\d+)$/.test(words.join("")));
  const last = segments.at(-1);
  if (last === undefined) return { handler: ["index"], noun: ["page"] };
  const noun = last.map((word, i) => i === last.length - 1 ? singular(word) : word);
  const isPlural = noun.at(-1) !== last.at(-1);
  const isOne = parts.at(-1)!.isParameter;
  switch (protocol.method) {
    case "GET":
    case "HEAD":
      return { handler: isPlural && !isOne ? ["list", ...last] : ["get", ...noun], noun };
    case "POST":
      return { handler: isPlural && !isOne ? ["create", ...noun] : noun, noun };
    case "PUT":
    case "PATCH":
      return { handler: ["update", ...noun], noun };
    case "DELETE":
      return { handler: ["delete", ...noun], noun };
    default:
      return { handler: [protocol.method.toLowerCase(), ...noun], noun };
  }
}

/** Where in a service's made-up source code a request is handled. */
export interface Code {
  /** Words of the service's name without `service`: payment. */
  readonly service: readonly string[];
  /** Words of the scenario's namespace: shop. */
  readonly namespace: readonly string[];
  readonly handler: readonly string[];
  readonly noun: readonly string[];
  readonly protocol: EndpointProtocol;
  /** `POST /checkout` or `PaymentService/Charge`. */
  readonly target: string;
  /** Words of what it calls in another service, when the exception comes from there; else those of the noun. */
  readonly callee: readonly string[];
  /** A line number that stays the same for one place of one service. */
  line(place: string, least: number, most: number): number;
}

/** The words of a service's name that are not just "service". */
export function serviceWords(name: string): string[] {
  const words = wordsOf(name);
  const own = words.filter((word) => word !== "service" && word !== "svc");
  return own.length > 0 ? own : words.length > 0 ? words : ["app"];
}

export function codeOf(
  service: string,
  namespace: string,
  protocol: EndpointProtocol,
  callee: readonly string[] = [],
): Code {
  const { handler, noun } = handlerNames(protocol);
  const target = protocol.type === "http"
    ? `${protocol.method} ${protocol.route}`
    : rpcMethod(service, namespace, protocol.method).split(".").at(-1)!;
  return {
    service: serviceWords(service),
    namespace: wordsOf(namespace),
    handler,
    noun,
    protocol,
    target,
    callee: callee.length > 0 ? callee : noun,
    line(place, least, most) {
      // The client of one callee is a file of its own.
      const where = place === "client" ? `${place} ${callee.join("-")}` : place;
      return least + hashText(`${service} ${target} ${where}`) % (most - least + 1);
    },
  };
}

/**
 * The fully qualified name of a gRPC method, `shop.payment.v1.PaymentService/Charge`: the package as Google's API design
 * guide names it. A method that the scenario names in full stays as it is.
 */
export function rpcMethod(service: string, namespace: string, method: string): string {
  if (method.includes("/")) return method.replace(/^\/+/, "");
  const words = serviceWords(service);
  const packages = [...wordsOf(namespace).slice(0, 3).join("_").split(" "), words.join("_"), "v1"];
  return `${packages.filter((part) => part !== "").join(".")}.${pascal(words)}Service/${method}`;
}

/** A name for the parts of Kubernetes: RFC 1123 labels of at most `most` characters. */
export function dnsLabel(name: string, most: number): string {
  const label = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, most).replace(/^-+|-+$/g, "");
  return label === "" ? "app" : label;
}
