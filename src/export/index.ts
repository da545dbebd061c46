/**
 * page-table-monitor/export: what the library finds, as tables for other programs. For Node and browsers.
 */

export type { TableEvent, TableFormat, TableKind, TableRows, TableWriter, WriteBytes } from "./kinds.js";
export { tableWriter } from "./table-writer.js";
export type { EventTableWriter, SeenIn, WriterOf } from "./text-table.js";
