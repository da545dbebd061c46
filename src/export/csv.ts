/**
 * CSV by RFC 4180, lines ended by a line feed: names first, then a row a line.
 *
 * Addresses and lengths are `0x…`, since spreadsheets keep only 53 bits of a number. No value is an empty field, and an
 * empty text is `""`. The members of a list stand in one field: addresses with blanks between them, texts with `; `.
 */

import { hex } from "../model/hex.js";
import type { ColumnValue, Schema } from "./schemas.js";

const NEEDS_QUOTES = /[",\r\n]|^\s|\s$|^$/;

/** The line of names. */
export function csvHead(schema: Schema<never>): string {
  return `${schema.map(({ name }) => name).join()}\n`;
}

/** Makes the line of a row, with its end. */
export function csvLineOf<Row>(schema: Schema<Row>): (row: Row) => string {
  return (row) => {
    let line = "";
    for (const [i, { get }] of schema.entries()) {
      line += i === 0 ? csvField(get(row)) : `,${csvField(get(row))}`;
    }
    return `${line}\n`;
  };
}

export function csvField(value: ColumnValue): string {
  switch (typeof value) {
    case "undefined":
      return "";
    case "bigint":
      return hex(value);
    case "string":
      return quoted(value);
    case "object":
      return quoted(listText(value));
    default:
      return `${value}`;
  }
}

function listText(values: readonly bigint[] | readonly string[]): string {
  return values.map((value) => (typeof value === "bigint" ? hex(value) : value)).join(typeof values[0] === "bigint" ? " " : "; ");
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
