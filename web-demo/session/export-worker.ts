/**
 * The export worker: rows in, a file out.
 *
 * Changes of several steps become a file for each dump, `dump=NAME/changes.…`, in one ZIP: the layout in which engines read a series of
 * tables as one.
 */

import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { tableWriter } from "page-table-monitor/export";
import { accessOfBits, EVENT_TYPES, FAULTS, PAGE_BYTES } from "../model/events.js";
import type { ExportAnswer, ExportMessage, ExportRows, ExportStart } from "./export-messages.js";

interface Scope {
  onmessage: ((event: { readonly data: ExportMessage }) => void) | null;
  postMessage(answer: ExportAnswer): void;
}
const scope = globalThis as unknown as Scope;

interface Writer {
  rows(rows: ExportRows): void;
  end(): Blob;
}

let writer: Writer | undefined;

scope.onmessage = ({ data }) => {
  try {
    if (data.type === "start") {
      writer = data.kind === "events" ? eventsWriter(data) : data.isSplit ? splitWriter(data) : changesWriter(data);
    } else if (data.type === "rows") {
      writer?.rows(data);
      scope.postMessage({ type: "taken" });
    } else if (writer !== undefined) {
      scope.postMessage({ type: "done", file: writer.end() });
      writer = undefined;
    }
  } catch (error) {
    scope.postMessage({ type: "failed", problem: error instanceof Error ? error.message : String(error) });
  }
};

function changesWriter({ format }: ExportStart): Writer {
  const pieces: BlobPart[] = [];
  const table = tableWriter("changes", format, (bytes) => pieces.push(bytes as Uint8Array<ArrayBuffer>));
  return {
    rows(rows) {
      for (let i = 0; i < rows.length; i++) table.row(changeAt(rows, i));
    },
    end() {
      table.end();
      return new Blob(pieces);
    },
  };
}

function eventsWriter({ format, root, tags, dumps }: ExportStart): Writer {
  const pieces: BlobPart[] = [];
  const table = tableWriter("events", format, (bytes) => pieces.push(bytes as Uint8Array<ArrayBuffer>));
  return {
    rows(rows) {
      for (let i = 0; i < rows.length; i++) {
        const isPageIn = rows.kind[i] === 0;
        const step = rows.step[i] as number;
        table.row({
          step,
          dump: dumps[step] ?? "",
          type: isPageIn ? "page-in" : "page-out",
          va: rows.va[i] as bigint,
          root,
          view: 0,
          pa: (isPageIn ? rows.afterPa[i] : rows.beforePa[i]) as bigint,
          pageSize: 2 ** ((isPageIn ? rows.afterSize[i] : rows.beforeSize[i]) as number),
          tag: tags[(rows.tag[i] as number) - 1] ?? "",
          fault: FAULTS[rows.fault[i] as number],
        });
      }
    },
    end() {
      table.end();
      return new Blob(pieces);
    },
  };
}

/** Rows are ascending by step: one file is open at a time. */
function splitWriter({ format, dumps }: ExportStart): Writer {
  const pieces: BlobPart[] = [];
  const zip = new Zip((error, bytes) => {
    if (error) throw error;
    pieces.push(bytes as Uint8Array<ArrayBuffer>);
  });
  const extension = format === "json" ? "jsonl" : format;
  let open: { readonly step: number; readonly table: ReturnType<typeof openTable>; close(): void } | undefined;
  const fileFor = (step: number): NonNullable<typeof open> => {
    if (open?.step === step) return open;
    open?.close();
    const name = `dump=${encodeURIComponent(dumps[step] ?? String(step))}/changes.${extension}`;
    // Parquet is compressed already.
    const file = format === "parquet" ? new ZipPassThrough(name) : new ZipDeflate(name);
    zip.add(file);
    const table = openTable(format, (bytes) => file.push(bytes));
    open = {
      step,
      table,
      close() {
        table.end();
        file.push(new Uint8Array(), true);
      },
    };
    return open;
  };
  return {
    rows(rows) {
      for (let i = 0; i < rows.length; i++) fileFor(rows.step[i] as number).table.row(changeAt(rows, i));
    },
    end() {
      open?.close();
      zip.end();
      return new Blob(pieces);
    },
  };
}

function openTable(format: ExportStart["format"], write: (bytes: Uint8Array) => void) {
  return tableWriter("changes", format, write);
}

function changeAt(rows: ExportRows, i: number) {
  const before = backing(rows.beforePa[i] as bigint, rows.beforeSize[i] as number, rows.beforeAccess[i] as number);
  const after = backing(rows.afterPa[i] as bigint, rows.afterSize[i] as number, rows.afterAccess[i] as number);
  return {
    type: EVENT_TYPES[rows.kind[i] as number] as (typeof EVENT_TYPES)[number],
    va: rows.va[i] as bigint,
    length: BigInt(rows.pages[i] as number) * PAGE_BYTES,
    ...(before && { before }),
    ...(after && { after }),
  };
}

function backing(pa: bigint, size: number, access: number) {
  return size === 0 ? undefined : { pa, pageSize: 2 ** size, access: accessOfBits(access) };
}
