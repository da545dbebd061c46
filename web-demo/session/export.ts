/**
 * Export of what is filtered: the rows go to a worker of their own, batch by batch, and come back as one file.
 */

import type { EventStore } from "../model/events.js";
import { Pace } from "../model/filter.js";
import type { ExportAnswer, ExportRows, ExportStart } from "./export-messages.js";
import { scriptText, workerFromText } from "./own-worker.js";

export interface ExportRequest extends Omit<ExportStart, "type"> {
  readonly store: EventStore;
  readonly rows: Uint32Array;
}

export const EXPORT_SCRIPT = "export-worker.js";
const BATCH_ROWS = 1 << 14;

export async function exportRows(
  { store, rows, ...start }: ExportRequest,
  signal: AbortSignal,
  onRows: (done: number) => void,
): Promise<Blob> {
  const worker = workerFromText(await scriptText(EXPORT_SCRIPT));
  try {
    const next = answersOf(worker, signal);
    const pace = new Pace(signal);
    worker.postMessage({ type: "start", ...start } satisfies ExportStart);
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      await pace.breathe();
      const batch = gather(store, rows, from, Math.min(rows.length, from + BATCH_ROWS));
      worker.postMessage(batch, transferable(batch));
      await taken(next());
      onRows(Math.min(rows.length, from + BATCH_ROWS));
    }
    worker.postMessage({ type: "end" });
    const last = await next();
    if (last.type === "failed") throw new Error(last.problem);
    if (last.type !== "done") throw new Error("the export ended without a file");
    return last.file;
  } finally {
    worker.terminate();
  }
}

async function taken(answer: Promise<ExportAnswer>): Promise<void> {
  const { type, ...rest } = await answer;
  if (type === "failed" && "problem" in rest) throw new Error(rest.problem);
}

/** One answer for each question, in turn. */
function answersOf(worker: Worker, signal: AbortSignal): () => Promise<ExportAnswer> {
  return () =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<ExportAnswer>) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || "the export worker cannot be started"));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
}

function gather(store: EventStore, rows: Uint32Array, from: number, to: number): ExportRows {
  const length = to - from;
  const batch: ExportRows = {
    type: "rows",
    length,
    step: new Uint16Array(length),
    kind: new Uint8Array(length),
    va: new BigUint64Array(length),
    pages: new Float64Array(length),
    tag: new Uint32Array(length),
    beforePa: new BigUint64Array(length),
    beforeSize: new Uint8Array(length),
    beforeAccess: new Uint8Array(length),
    afterPa: new BigUint64Array(length),
    afterSize: new Uint8Array(length),
    afterAccess: new Uint8Array(length),
    fault: new Uint8Array(length),
  };
  for (let i = 0; i < length; i++) {
    const { chunk, place } = store.at(rows[from + i] as number);
    batch.step[i] = chunk.step[place] as number;
    batch.kind[i] = chunk.type[place] as number;
    batch.va[i] = chunk.va[place] as bigint;
    batch.pages[i] = chunk.pages[place] as number;
    batch.tag[i] = chunk.tag[place] as number;
    batch.beforePa[i] = chunk.beforePa[place] as bigint;
    batch.beforeSize[i] = chunk.beforeSize[place] as number;
    batch.beforeAccess[i] = chunk.beforeAccess[place] as number;
    batch.afterPa[i] = chunk.afterPa[place] as bigint;
    batch.afterSize[i] = chunk.afterSize[place] as number;
    batch.afterAccess[i] = chunk.afterAccess[place] as number;
    batch.fault[i] = chunk.fault[place] as number;
  }
  return batch;
}

function transferable(batch: ExportRows): Transferable[] {
  return Object.values(batch).flatMap((column) => (ArrayBuffer.isView(column) ? [column.buffer as ArrayBuffer] : []));
}
