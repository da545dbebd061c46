/**
 * Tables without lines: columns as wide as what stands in them, the last one wrapped to what the terminal has left.
 */

import Table from "cli-table3";
import type { Terminal } from "./text.js";
import { widthOf } from "./text.js";

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

const GAP = 2;
const NARROWEST_LAST_COLUMN = 12;
const NO_LINES = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((name) => [name, ""]),
);

/** The table as lines, each behind `indent` blanks. Cells may hold colours, which take no room. */
export function renderTable(terminal: Terminal, columns: readonly Column[], rows: readonly (readonly string[])[], indent = 2): string {
  const widths = columns.map((column, i) => Math.max(...[column.head, ...rows.map((row) => row[i] ?? "")].map(widthOf)) + GAP);
  const last = columns.length - 1;
  const taken = widths.slice(0, last).reduce((sum, width) => sum + width, indent);
  widths[last] = Math.min(widths[last] ?? 0, Math.max(NARROWEST_LAST_COLUMN, terminal.width - taken) + GAP);
  const table = new Table({
    head: columns.map((column) => terminal.paint.dim(column.head)),
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
    colAligns: columns.map((column) => column.align ?? "left"),
    colWidths: widths,
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => `${" ".repeat(indent)}${line}`.trimEnd())
    .join("\n");
}
