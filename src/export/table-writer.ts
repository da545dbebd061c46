/**
 * One writer for every kind of table and every format.
 */

import { PageTableError } from "../model/errors.js";
import type { TableFormat, TableKind, WriteBytes } from "./kinds.js";
import { parquetTableWriter } from "./parquet.js";
import { textTableWriter, type WriterOf } from "./text-table.js";

/**
 * A writer of rows of `kind` in `format`: what the library's calls answer, row by row; `write` gets the bytes, in
 * pieces, and owns them. Columns and units are in docs/tables.md. Throws PageTableError `no-such-format`.
 *
 * @example
 * const table = tableWriter("mappings", "parquet", (bytes) => file.write(bytes));
 * for (const mapping of await mappings(dump, { root })) table.row(mapping);
 * table.end();
 */
export function tableWriter<Kind extends TableKind>(kind: Kind, format: TableFormat, write: WriteBytes): WriterOf<Kind> {
  switch (format) {
    case "json":
    case "csv":
      return textTableWriter(kind, format, write);
    case "parquet":
      return parquetTableWriter(kind, write);
    default:
      throw new PageTableError("no-such-format", `there is no format ${String(format)}: json, csv and parquet`, { format });
  }
}
