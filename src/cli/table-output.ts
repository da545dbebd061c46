/**
 * Rows on their way out, in any format but that for people.
 */

import type { TableFormat, TableKind } from "../export/kinds.js";
import { textTableWriter, type WriterOf } from "../export/text-table.js";
import { pathFor, type RowsChoice } from "./arguments/output.js";
import { type Destination, openDestination } from "./destination.js";
import type { Session } from "./session.js";

export interface OpenTable<Kind extends TableKind> {
  readonly rows: WriterOf<Kind>;
  /** To be awaited now and then: waits where nobody takes what has been written. */
  drain(): Promise<void>;
  /** Waits until all rows that have left the writer are taken. */
  flush(): Promise<void>;
  /** The last row has been written. */
  end(): Promise<void>;
}

/** What rows are of: it says where in a folder they go. */
export interface RowsOf {
  /** Path of the dump. */
  readonly dump: string;
  readonly root?: bigint | undefined;
}

export async function openTable<Kind extends TableKind>(
  session: Session,
  kind: Kind,
  output: RowsChoice,
  { dump, root }: RowsOf,
): Promise<OpenTable<Kind>> {
  const path = pathFor(output, kind, dump, root);
  const destination = await openDestination(session, path, output.isFolder ? "to-be-made" : "present");
  const rows = await writerOf(kind, output.format, destination);
  return {
    rows,
    drain: async () => {
      rows.flush();
      await destination.drain();
    },
    flush: () => destination.flush(),
    end: async () => {
      rows.end();
      await destination.end();
    },
  };
}

async function writerOf<Kind extends TableKind>(kind: Kind, format: TableFormat, destination: Destination): Promise<WriterOf<Kind>> {
  const write = (bytes: Uint8Array) => destination.write(bytes);
  if (format !== "parquet") return textTableWriter(kind, format, write);
  // Loaded where it is wanted: it takes as long to load as a small result to make.
  const { tableWriter } = await import("../export/index.js");
  return tableWriter(kind, format, write);
}
