// One export at a time through OpenTelemetry's exporter, with everything that its callback does not tell: what the
// collector rejected, what it refused and why, and whether its answer was one.

import { ExportResultCode } from "@opentelemetry/core";
import {
  createOtlpNetworkExportDelegate,
  ExporterMetrics,
  OTLPExporterBase,
  OTLPExporterError,
} from "@opentelemetry/otlp-exporter-base";
import {
  type IExportTraceServiceResponse,
  type ISerializer,
  JsonTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { parseExportResponse, partialSuccess } from "./otlp_answer.ts";
import { type CollectorLink, RetryingTransport } from "./otlp_transport.ts";

/** What became of one export. */
export type Verdict =
  /** The collector answered: it took all but `rejectedSpans`. */
  | { readonly kind: "accepted"; readonly rejectedSpans: number; readonly message: string }
  /** 413, or (`sent` false) the body is over our own limit. */
  | { readonly kind: "tooLarge"; readonly sent: boolean }
  /** Final: the same body is not to be sent again. */
  | { readonly kind: "refused"; readonly words: string }
  /** Nobody knows whether the collector has it. */
  | { readonly kind: "unanswered"; readonly words: string };

const STATUS_TOO_LARGE = 413;
/** The exporter frees a place a moment after its callback, so one is not enough for one export at a time. */
const PLACES = 8;

/** Writes spans as the body of a request: OTLP JSON. Undefined when that cannot be done. */
export type SerializeSpans<Span> = (spans: Span[]) => Uint8Array | undefined;

export function serializeReadableSpans(spans: ReadableSpan[]): Uint8Array | undefined {
  return JsonTraceSerializer.serializeRequest(spans);
}

/** An exporter and what it needs to know of its only export in flight. */
export class ExportSlot<Span = ReadableSpan> {
  readonly #exporter: OTLPExporterBase<Span[]>;
  readonly #write: SerializeSpans<Span>;
  #bodyBytes = 0;
  #response: IExportTraceServiceResponse | undefined;

  constructor(link: CollectorLink, timeoutMs: number, readonly bodyBytesMax: number, write: SerializeSpans<Span>) {
    this.#write = write;
    const serializer: ISerializer<Span[], IExportTraceServiceResponse> = {
      serializeRequest: (spans) => this.#serialize(spans),
      deserializeResponse: (data) => (this.#response = parseExportResponse(data)) ?? {},
    };
    this.#exporter = new OTLPExporterBase(createOtlpNetworkExportDelegate(
      { timeoutMillis: timeoutMs, concurrencyLimit: PLACES, compression: link.gzip ? "gzip" : "none" },
      serializer,
      new ExporterMetrics({
        componentType: "otlp_http_json_span_exporter",
        metricsHelper: { name: "span", countItems: (spans: Span[]) => spans.length },
        url: link.http.target.url,
        meterProvider: undefined,
        responseAttributesFromError: () => ({}),
      }),
      new RetryingTransport(link),
    ));
  }

  /** Of the export last begun, before compression; 0 when it had nothing to send. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Serialises at once; resolves, whatever happens to the collector. */
  async export(spans: Span[]): Promise<Verdict> {
    this.#bodyBytes = 0;
    this.#response = undefined;
    const { code, error } = await new Promise<{ code: ExportResultCode; error?: Error }>((resolve) =>
      this.#exporter.export(spans, resolve)
    );
    if (this.#bodyBytes > this.bodyBytesMax) return { kind: "tooLarge", sent: false };
    if (code === ExportResultCode.SUCCESS) {
      if (this.#response === undefined) return { kind: "unanswered", words: "its answer is not OTLP JSON" };
      return { kind: "accepted", ...partialSuccess(this.#response, spans.length) };
    }
    const words = error?.message ?? "it gave no reason";
    if (!(error instanceof OTLPExporterError)) return { kind: "unanswered", words };
    return error.code === STATUS_TOO_LARGE ? { kind: "tooLarge", sent: true } : { kind: "refused", words };
  }

  async close(): Promise<void> {
    await this.#exporter.shutdown();
  }

  /** Undefined, which the exporter takes for nothing to send, when the body is over the limit. */
  #serialize(spans: Span[]): Uint8Array | undefined {
    const body = this.#write(spans);
    this.#bodyBytes = body?.length ?? 0;
    return this.#bodyBytes > this.bodyBytesMax ? undefined : body;
  }
}
