// Reads recordings into columns, for compare and import.

import { RecordedFile } from "./recorded_file.ts";
import { RecordedSpans } from "./recorded_spans.ts";
import type { Recording } from "./recording.ts";
import type { LineView, SpanView } from "./records.ts";
import { SpanTable } from "./span_table.ts";
import { Tally } from "./tally.ts";

export interface RecordedTraffic {
  readonly table: SpanTable;
  readonly tally: Tally;
  /** Spans of operations that were too many to be told apart. */
  readonly unnamed: number;
}

export interface ReadSettings {
  readonly recording: Recording;
  readonly shown: (path: string) => string;
  /** Also sees every span and line. */
  readonly span?: (view: SpanView) => void;
  readonly line?: (view: LineView) => void;
}

export async function readTraffic({ recording, shown, span, line }: ReadSettings): Promise<RecordedTraffic> {
  const table = new SpanTable(), tally = new Tally();
  const spans = new RecordedSpans(table);
  const sink = {
    span(view: SpanView): void {
      spans.add(view);
      span?.(view);
    },
    line(view: LineView): void {
      line?.(view);
    },
  };
  for (const part of recording.parts) {
    const file = await RecordedFile.open(part.path, { name: shown(part.path), service: part.service, tally });
    try {
      while (await file.next(sink));
    } finally {
      file.close();
    }
  }
  return { table, tally, unnamed: spans.unnamed };
}
