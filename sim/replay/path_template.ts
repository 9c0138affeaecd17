// Paths and names without what is different in every request: /cart/8d3f1a77 is /cart/{id}.

const SLASH = 47, QUESTION = 63, HASH = 35, PERCENT = 37, AT = 64, SPACE = 32, COLON = 58, EQUALS = 61, DASH = 45;
const ID = new TextEncoder().encode("{id}");
/** A part longer than this is no word. */
const WORD_LENGTH_MAX = 40;
/** With so many digits a part of a path is an id; v2 and oauth2 are words. */
const DIGITS_MIN = 3;
/** Names hold ids less often than paths, and tables more often digits. */
const NAME_DIGITS_MIN = 6;

/**
 * Copies a path with its ids replaced, up to its query.
 * @returns where in `into` it ends
 */
export function templatePath(
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Uint8Array,
  at: number,
  digitsMin = DIGITS_MIN,
): number {
  for (let start = from; start <= to;) {
    let end = start, digits = 0, odd = false;
    for (; end < to; end++) {
      const byte = bytes[end]!;
      if (byte === SLASH || byte === QUESTION || byte === HASH) break;
      if (byte >= 48 && byte <= 57) digits++;
      else if (byte === PERCENT || byte === AT || byte === EQUALS) odd = true;
    }
    const length = end - start;
    const isId = length > 0 && (odd || digits >= digitsMin || digits === length || length > WORD_LENGTH_MAX);
    if (isId && bytes[start] !== 123 && bytes[start] !== COLON) {
      if (at + ID.length > into.length) return at;
      into.set(ID, at);
      at += ID.length;
    } else {
      for (let i = start; i < end && at < into.length; i++) into[at++] = bytes[i]!;
    }
    if (end >= to || bytes[end] !== SLASH) return at;
    if (at < into.length) into[at++] = SLASH;
    start = end + 1;
  }
  return at;
}

/** Where the path of a URL begins, and where its host does and ends. */
export interface UrlParts {
  hostFrom: number;
  hostTo: number;
  pathFrom: number;
}

/** Finds the parts of a URL, or of a path alone. */
export function splitUrl(bytes: Uint8Array, from: number, to: number, into: UrlParts): void {
  into.hostFrom = into.hostTo = into.pathFrom = from;
  let at = from;
  while (at < to && bytes[at] !== COLON && bytes[at] !== SLASH) at++;
  if (bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH || at + 2 >= to) return;
  at += 3;
  into.hostFrom = at;
  for (; at < to && bytes[at] !== SLASH && bytes[at] !== QUESTION; at++) {
    // Credentials are no host.
    if (bytes[at] === AT) into.hostFrom = at + 1;
  }
  into.pathFrom = at;
  into.hostTo = at;
  for (let i = into.hostFrom; i < at; i++) {
    if (bytes[i] === COLON) {
      into.hostTo = i;
      break;
    }
  }
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** The same for a text with words, as names of spans are: each word by itself. */
export function templateName(name: string): string {
  const into = new Uint8Array(400);
  return name.slice(0, 200).split(" ").filter((word) => word !== "").map((word) => {
    const bytes = encoder.encode(word);
    return decoder.decode(into.subarray(0, templatePath(bytes, 0, bytes.length, into, 0, NAME_DIGITS_MIN)));
  }).join(" ");
}

/** Whether a byte of a name may make it one of many: then it has to be looked at with care. */
export function isPlainName(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > WORD_LENGTH_MAX) return false;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const isLetter = (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
    if (!isLetter && byte !== SPACE && byte !== 46 && byte !== SLASH && byte !== 95 && byte !== DASH) return false;
  }
  return true;
}

/**
 * The name of a service from the host that calls go to: `payment` of `payment.shop.svc.cluster.local`, `stripe` of
 * `api.stripe.com`.
 */
export function serviceOfHost(host: string): string {
  if (!host.includes(".") || /^[\d.]+$/.test(host) || host.includes(":")) return host;
  const labels = host.split(".");
  if (/\.svc(?:\.|$)|\.(?:local|internal|consul|lan)$/.test(host)) return labels[0]!;
  const own = labels.slice(0, -1);
  while (own.length > 1 && (own[0] === "api" || own[0] === "www")) own.shift();
  return own.join("-");
}
