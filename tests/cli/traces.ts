// Reads a file of OTLP JSON lines as what a backend would see.

export interface FileSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP's: 2 is SERVER, 3 CLIENT, 4 PRODUCER. */
  readonly kind: number;
  readonly service: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly status: number;
  readonly attributes: ReadonlyMap<string, unknown>;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly [type: string]: unknown };
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly status: { readonly code?: number };
        readonly attributes: readonly OtlpAttribute[];
      }[];
    }[];
  }[];
}

const attributesOf = (list: readonly OtlpAttribute[]): Map<string, unknown> =>
  new Map(list.map(({ key, value }) => [key, Object.values(value)[0]]));

/** All spans of the file. */
export function readTraces(path: string): FileSpan[] {
  const lines = Deno.readTextFileSync(path).split("\n");
  if (lines.pop() !== "") throw new Error(`${path} does not end with a line end`);
  return lines.flatMap((line) =>
    (JSON.parse(line) as OtlpRequest).resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const service = String(attributesOf(resource.attributes).get("service.name"));
      return scopeSpans.flatMap(({ spans }) =>
        spans.map((span): FileSpan => ({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? "",
          name: span.name,
          kind: span.kind,
          service,
          start: BigInt(span.startTimeUnixNano),
          end: BigInt(span.endTimeUnixNano),
          status: span.status.code ?? 0,
          attributes: attributesOf(span.attributes),
        }))
      );
    })
  );
}
