/**
 * Tables read back, each format into the same plain records: a column by name, a bigint for every address, undefined left out.
 */

import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import type { TableFormat, TableKind } from "../../src/export/index.js";
import { type Column, schemaOf } from "../../src/export/schemas.js";

export type Row = Readonly<Record<string, unknown>>;

export async function reread(kind: TableKind, format: TableFormat, bytes: Uint8Array): Promise<readonly Row[]> {
  const text = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  switch (format) {
    case "json":
      return rereadJson(kind, text());
    case "csv":
      return rereadCsv(kind, text());
    default:
      return await rereadParquet(bytes);
  }
}

/** The pieces of a table as one: bytes of their own, not a view of a larger buffer. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}

/** The row that a library's object makes, by the schema. */
export function rowOf<Value>(columns: readonly Column<Value>[], value: Value): Row {
  return withoutUndefined(columns.map(({ name, get }) => [name, get(value)]));
}

function rereadJson(kind: TableKind, text: string): readonly Row[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => flattened(kind, JSON.parse(line) as Record<string, unknown>));
}

/** Names are drawn together as the schema has them: `access.read` to `read`, `before.access.read` to `beforeRead`. */
function flattened(kind: TableKind, object: Record<string, unknown>): Row {
  const entries: [string, unknown][] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    const isInner = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isInner && !(kind === "roots" && path[0] === "arch")) {
      for (const [key, member] of Object.entries(value)) {
        visit(member, key === "access" || key === "details" ? path : [...path, key]);
      }
      return;
    }
    const name = path.map((part, i) => (i === 0 ? part : `${part.charAt(0).toUpperCase()}${part.slice(1)}`)).join("");
    entries.push([name, isInner ? (value as { name: unknown }).name : value]);
  };
  visit(object, []);
  const types = new Map<string, string>(schemaOf(kind).map(({ name, type }) => [name, type]));
  return Object.fromEntries(entries.map(([name, value]) => [name, typed(types.get(name) ?? "", value)]));
}

function typed(type: string, value: unknown): unknown {
  if (type === "UINT64") return BigInt(value as string);
  if (type === "LIST<UINT64>") return (value as string[]).map(BigInt);
  return value;
}

/** Fields by RFC 4180, told apart by whether they were quoted. */
export function csvRecords(text: string): readonly (readonly { readonly text: string; readonly isQuoted: boolean }[])[] {
  const records: { text: string; isQuoted: boolean }[][] = [];
  let record: { text: string; isQuoted: boolean }[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    const [, inQuotes, bare = "", end] = match;
    record.push({ text: inQuotes === undefined ? bare : inQuotes.replaceAll('""', '"'), isQuoted: inQuotes !== undefined });
    if (end === "\n") {
      records.push(record);
      record = [];
    }
  }
  return records;
}

function rereadCsv(kind: TableKind, text: string): readonly Row[] {
  const [head = [], ...rows] = csvRecords(text);
  const types = new Map<string, string>(schemaOf(kind).map(({ name, type }) => [name, type]));
  return rows.map((fields) => {
    if (fields.length !== head.length) throw new Error(`${fields.length} fields under ${head.length} names`);
    return withoutUndefined(head.map(({ text: name }, i) => [name, csvValue(types.get(name) ?? "", fields[i] as (typeof fields)[0])]));
  });
}

function csvValue(type: string, { text, isQuoted }: { readonly text: string; readonly isQuoted: boolean }): unknown {
  if (text === "" && !isQuoted) return undefined;
  switch (type) {
    case "UINT64":
      return BigInt(text);
    case "LIST<UINT64>":
      return text === "" ? [] : text.split(" ").map(BigInt);
    case "LIST<STRING>":
      return text === "" ? [] : text.split("; ");
    case "BOOLEAN":
      return text === "true";
    case "STRING":
      return text;
    default:
      return Number(text);
  }
}

async function rereadParquet(bytes: Uint8Array): Promise<readonly Row[]> {
  const file = Uint8Array.from(bytes).buffer;
  const rows = await parquetReadObjects({ file });
  const types = new Map(parquetSchema(parquetMetadata(file)).children.map(({ element }) => [element.name, element]));
  return rows.map((row) =>
    withoutUndefined(
      Object.entries(row).map(([name, value]) => {
        const element = types.get(name);
        // Counts and page sizes are small; only unsigned ones are addresses.
        const isCount = element?.type === "INT64" && element.converted_type !== "UINT_64";
        return [name, isCount && typeof value === "bigint" ? Number(value) : (value ?? undefined)];
      }),
    ),
  );
}

function withoutUndefined(entries: readonly (readonly [string, unknown])[]): Row {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
