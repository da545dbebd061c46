/**
 * Parquet, streamed: a row group is gathered in columns, written and let go.
 *
 * Addresses are UINT64, texts UTF8, lists the three-level LIST of the format; pages are Snappy-compressed. What has few values
 * goes by a dictionary, ascending addresses as packed differences; which rows a group can hold at all stands in its statistics,
 * so that an engine passes over the others.
 */

import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import type { EventColumns } from "../model/event.js";
import { FAULTS } from "../model/translation.js";
import type { TableKind, TableRows, TableWriter, WriteBytes } from "./kinds.js";
import { type Column, type ColumnType, type ColumnValue, type Schema, schemaOf } from "./schemas.js";
import { type EventTableWriter, typeAt, type WriterOf } from "./text-table.js";

/** Rows that are kept before they are written; a group takes some hundred milliseconds. */
const GROUP_ROWS = 1 << 16;

export function parquetTableWriter<Kind extends TableKind>(kind: Kind, write: WriteBytes): WriterOf<Kind> {
  const groups = new GroupWriter<TableRows[Kind]>(kind, schemaOf(kind), write);
  const writer: TableWriter<TableRows[Kind]> & Pick<EventTableWriter, "columns"> = {
    row: (value) => groups.row(value),
    columns: (events, { step, dump } = {}, from = 0, to = events.length) => {
      const values = eventValues(events, step, dump);
      for (let i = from; i < to; i++) groups.values(values, i);
    },
    flush: () => {},
    end: () => groups.end(),
  };
  return writer as WriterOf<Kind>;
}

/** The values of events' columns at a row, in the order of the schema. */
function eventValues(events: EventColumns, step: number | undefined, dump: string | undefined): readonly ((i: number) => ColumnValue)[] {
  const { va, root, view, pa, pageSize, tagIndex, tags, fault } = events;
  return [
    () => step,
    () => dump,
    (i) => typeAt(events, i),
    (i) => va[i],
    (i) => root[i],
    (i) => view[i],
    (i) => pa[i],
    (i) => pageSize[i],
    (i) => tags[tagIndex[i]],
    (i) => FAULTS[fault[i]],
  ];
}

class GroupWriter<Row> {
  readonly #schema: Schema<Row>;
  readonly #parquet: ParquetWriter;
  #columns: Values[];
  #rows = 0;

  constructor(kind: TableKind, schema: Schema<Row>, write: WriteBytes) {
    this.#schema = schema;
    this.#columns = schema.map(emptyValues);
    this.#parquet = new ParquetWriter({
      writer: new PieceWriter(write),
      schema: [{ name: "schema", num_children: schema.length }, ...schema.flatMap(schemaElements)],
      createdBy: "page-table-monitor",
      kvMetadata: [{ key: "page-table-monitor.kind", value: kind }],
    });
  }

  row(row: Row): void {
    for (let i = 0; i < this.#schema.length; i++) this.#put(i, this.#schema[i].get(row));
    this.#rowDone();
  }

  values(valuesOf: readonly ((row: number) => ColumnValue)[], row: number): void {
    for (let i = 0; i < valuesOf.length; i++) this.#put(i, valuesOf[i](row));
    this.#rowDone();
  }

  end(): void {
    this.#writeGroup();
    this.#parquet.finish();
  }

  #put(column: number, value: ColumnValue): void {
    const is64 = this.#schema[column].type === "INT64" && value !== undefined;
    // Integers of 64 bits are bigints to the format's writer.
    this.#columns[column][this.#rows] = is64 ? BigInt(value as number) : (value as Value);
  }

  #rowDone(): void {
    this.#rows++;
    if (this.#rows === GROUP_ROWS) this.#writeGroup();
  }

  #writeGroup(): void {
    if (this.#rows === 0) return;
    const columnData = this.#schema.map((column, i) => columnSource(column, this.#columns[i].slice(0, this.#rows)));
    this.#parquet.write({ columnData, rowGroupSize: GROUP_ROWS });
    this.#columns = this.#schema.map(emptyValues);
    this.#rows = 0;
  }
}

type Value = bigint & (number | string);
/** Addresses that are always there lie in an array of their type; all else in one of any. */
type Values = BigUint64Array | (ColumnValue | bigint)[];

function emptyValues({ type, isOptional }: Column<never>): Values {
  return type === "UINT64" && !isOptional ? new BigUint64Array(GROUP_ROWS) : [];
}

function columnSource({ name, type, trend, isOptional }: Column<never>, data: Values): ColumnSource {
  const encoding = type === "UINT64" && !isOptional && trend === "ascending" ? "DELTA_BINARY_PACKED" : undefined;
  return { name, data: data as ColumnSource["data"], ...(encoding && { encoding }) };
}

const ELEMENTS: Readonly<Record<Exclude<ColumnType, `LIST<${string}>`>, Omit<SchemaElement, "name">>> = {
  UINT64: { type: "INT64", converted_type: "UINT_64" },
  INT64: { type: "INT64" },
  INT32: { type: "INT32" },
  DOUBLE: { type: "DOUBLE" },
  BOOLEAN: { type: "BOOLEAN" },
  STRING: { type: "BYTE_ARRAY", converted_type: "UTF8" },
};

function schemaElements({ name, type, isOptional }: Column<never>): readonly SchemaElement[] {
  const repetition_type = isOptional ? "OPTIONAL" : "REQUIRED";
  if (type !== "LIST<UINT64>" && type !== "LIST<STRING>") return [{ name, repetition_type, ...ELEMENTS[type] }];
  return [
    { name, repetition_type, converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", ...ELEMENTS[type === "LIST<UINT64>" ? "UINT64" : "STRING"] },
  ];
}

/** Hands on the bytes of each row group when it is whole. */
class PieceWriter extends ByteWriter {
  readonly #write: WriteBytes;

  constructor(write: WriteBytes) {
    super();
    this.#write = write;
  }

  flush(): void {
    if (this.index === 0) return;
    const bytes = this.getBytes().slice();
    this.index = 0;
    this.#write(bytes);
  }

  override finish(): void {
    this.flush();
  }
}
