/**
 * What can be exported: the kinds of table, what a row of each is made from, and the formats.
 */

import type { PageTableMonitorEvent } from "../model/event.js";
import type { Change, SharedChange } from "../space/change.js";
import type { Mapping } from "../space/mapping.js";
import type { RootCandidate } from "../space/roots/candidate.js";

/** JSON lines, CSV with a line of names (RFC 4180), Parquet. */
export type TableFormat = "json" | "csv" | "parquet";

/** An event, and where it was seen; both are left out for a guest that is alive. */
export interface TableEvent extends PageTableMonitorEvent {
  /** Index of the dump in its series: 1 for the second. */
  readonly step?: number;
  /** Name of the dump. */
  readonly dump?: string;
}

/** By kind: the library's object that makes a row. */
export interface TableRows {
  readonly mappings: Mapping;
  readonly changes: Change | SharedChange;
  readonly roots: RootCandidate;
  readonly events: TableEvent;
}

export type TableKind = keyof TableRows;

/** Takes the next bytes, which are its own from then on. */
export type WriteBytes = (bytes: Uint8Array) => void;

/** Rows in, bytes out, in pieces; what it keeps of a table does not grow with the table. */
export interface TableWriter<Row> {
  row(value: Row): void;
  /** Writes the rows that are kept, where the format lets a piece end anywhere (JSON lines, CSV). */
  flush(): void;
  /** Writes what is left. Nothing may follow. */
  end(): void;
}
