/**
 * One schema a kind: the columns of a table in their order, with the type of each, and where a row has its value.
 *
 * A column is named as the member of the library's object that it holds; of a member inside another the name is drawn together:
 * `access.write` is `write`, `before.pa` is `beforePa`. docs/tables.md says what each means.
 */

import type { Access } from "../space/access.js";
import type { Backing, Change, SharedChange } from "../space/change.js";
import type { Mapping } from "../space/mapping.js";
import type { RootCandidate } from "../space/roots/candidate.js";
import type { TableEvent, TableKind, TableRows } from "./kinds.js";

export type ColumnType = "UINT64" | "INT64" | "INT32" | "DOUBLE" | "BOOLEAN" | "STRING" | "LIST<UINT64>" | "LIST<STRING>";

/** Undefined: the row has none. */
export type ColumnValue = bigint | number | boolean | string | readonly bigint[] | readonly string[] | undefined;

/** How values of a column follow each other: what Parquet packs them by. */
export type ColumnTrend = "few-values" | "ascending" | "any";

export interface Column<Row> {
  readonly name: string;
  readonly type: ColumnType;
  /** Some rows may have no value. */
  readonly isOptional: boolean;
  readonly trend: ColumnTrend;
  readonly get: (row: Row) => ColumnValue;
}

export type Schema<Row> = readonly Column<Row>[];

const MAPPINGS: Schema<Mapping> = [
  always("va", "UINT64", "ascending", ({ va }) => va),
  always("length", "UINT64", "any", ({ length }) => length),
  always("pa", "UINT64", "any", ({ pa }) => pa),
  always("pageSize", "INT64", "few-values", ({ pageSize }) => pageSize),
  ...accessColumns<Mapping>(["read", "write", "execute", "user"], ({ access }) => access, always),
  always("global", "INT64", "few-values", ({ details }) => details.global),
  always("accessed", "INT64", "few-values", ({ details }) => details.accessed),
  always("dirty", "INT64", "few-values", ({ details }) => details.dirty),
];

const CHANGES: Schema<Change | SharedChange> = [
  always("type", "STRING", "few-values", ({ type }) => type),
  always("va", "UINT64", "ascending", ({ va }) => va),
  always("length", "UINT64", "any", ({ length }) => length),
  ...backingColumns("before", ({ before }) => before),
  ...backingColumns("after", ({ after }) => after),
  maybe("roots", "LIST<UINT64>", "few-values", (change) => ("roots" in change ? change.roots : undefined)),
];

const ROOTS: Schema<RootCandidate> = [
  always("root", "UINT64", "any", ({ root }) => root),
  always("arch", "STRING", "few-values", ({ arch }) => arch.name),
  always("score", "DOUBLE", "any", ({ score }) => score),
  always("reasons", "LIST<STRING>", "any", ({ reasons }) => reasons),
  maybe("isolationRole", "STRING", "few-values", ({ isolation }) => isolation?.role),
  maybe("isolationPartner", "UINT64", "any", ({ isolation }) => isolation?.partner),
];

const EVENTS: Schema<TableEvent> = [
  maybe("step", "INT32", "few-values", ({ step }) => step),
  maybe("dump", "STRING", "few-values", ({ dump }) => dump),
  always("type", "STRING", "few-values", ({ type }) => type),
  always("va", "UINT64", "ascending", ({ va }) => va),
  always("root", "UINT64", "few-values", ({ root }) => root),
  always("view", "INT32", "few-values", ({ view }) => view),
  always("pa", "UINT64", "any", ({ pa }) => pa),
  always("pageSize", "INT64", "few-values", ({ pageSize }) => pageSize),
  always("tag", "STRING", "few-values", ({ tag }) => tag),
  maybe("fault", "STRING", "few-values", ({ fault }) => fault),
];

const SCHEMAS: { readonly [Kind in TableKind]: Schema<TableRows[Kind]> } = {
  mappings: MAPPINGS,
  changes: CHANGES,
  roots: ROOTS,
  events: EVENTS,
};

export function schemaOf<Kind extends TableKind>(kind: Kind): Schema<TableRows[Kind]> {
  return SCHEMAS[kind];
}

type MakeColumn = <Row>(name: string, type: ColumnType, trend: ColumnTrend, get: Column<Row>["get"]) => Column<Row>;

function always<Row>(name: string, type: ColumnType, trend: ColumnTrend, get: Column<Row>["get"]): Column<Row> {
  return { name, type, isOptional: false, trend, get };
}

function maybe<Row>(name: string, type: ColumnType, trend: ColumnTrend, get: Column<Row>["get"]): Column<Row> {
  return { name, type, isOptional: true, trend, get };
}

function backingColumns(side: "before" | "after", backingOf: (change: Change) => Backing | undefined): Schema<Change> {
  return [
    maybe(`${side}Pa`, "UINT64", "any", (change) => backingOf(change)?.pa),
    maybe(`${side}PageSize`, "INT64", "few-values", (change) => backingOf(change)?.pageSize),
    ...accessColumns<Change>(
      [`${side}Read`, `${side}Write`, `${side}Execute`, `${side}User`],
      (change) => backingOf(change)?.access,
      maybe,
    ),
  ];
}

function accessColumns<Row>(
  [read, write, execute, user]: readonly [string, string, string, string],
  accessOf: (row: Row) => Access | undefined,
  make: MakeColumn,
): Schema<Row> {
  return [
    make(read, "BOOLEAN", "few-values", (row: Row) => accessOf(row)?.read),
    make(write, "BOOLEAN", "few-values", (row: Row) => accessOf(row)?.write),
    make(execute, "BOOLEAN", "few-values", (row: Row) => accessOf(row)?.execute),
    make(user, "BOOLEAN", "few-values", (row: Row) => accessOf(row)?.user),
  ];
}
