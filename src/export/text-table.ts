/**
 * Tables as text, JSON lines or CSV. Events go in as columns too, without an object each.
 */

import { EVENT_TYPES, type EventColumns } from "../model/event.js";
import { FAULTS } from "../model/translation.js";
import { csvField, csvHead, csvLineOf } from "./csv.js";
import { eventJson, faultJson, jsonLineOf, seenJson } from "./json-lines.js";
import type { TableEvent, TableKind, TableRows, TableWriter, WriteBytes } from "./kinds.js";
import { schemaOf } from "./schemas.js";
import { TextPieces } from "./text-pieces.js";

export type TextFormat = "json" | "csv";

/** Where the events of columns were seen. */
export type SeenIn = Pick<TableEvent, "step" | "dump">;

/** Takes events also as columns, which is several times as fast. */
export interface EventTableWriter extends TableWriter<TableEvent> {
  /** The rows `from` to `to` (half-open; all, where not given) of `events`. */
  columns(events: EventColumns, seenIn?: SeenIn, from?: number, to?: number): void;
}

/** The writer of a kind. */
export type WriterOf<Kind extends TableKind> = Kind extends "events" ? EventTableWriter : TableWriter<TableRows[Kind]>;

export function textTableWriter<Kind extends TableKind>(kind: Kind, format: TextFormat, write: WriteBytes): WriterOf<Kind> {
  const pieces = new TextPieces(write);
  const schema = schemaOf(kind);
  if (format === "csv") pieces.add(csvHead(schema));
  const lineOf = format === "csv" ? csvLineOf(schema) : jsonLineOf(kind);
  const eventLines = format === "csv" ? csvEventLines : jsonEventLines;
  const writer: TableWriter<TableRows[Kind]> & Pick<EventTableWriter, "columns"> = {
    row: (value) => pieces.add(lineOf(value)),
    columns: (events, seenIn = {}, from = 0, to = events.length) => eventLines(pieces, events, seenIn, from, to),
    flush: () => pieces.flush(),
    end: () => pieces.flush(),
  };
  return writer as WriterOf<Kind>;
}

type EventLines = (pieces: TextPieces, events: EventColumns, seenIn: SeenIn, from: number, to: number) => void;

const jsonEventLines: EventLines = (pieces, events, { step, dump }, from, to) => {
  const head = `{${seenJson(step, dump)}`;
  const tags = events.tags.map((tag) => JSON.stringify(tag));
  const faults = FAULTS.map(faultJson);
  for (let i = from; i < to; i++) {
    const fault = faults[events.fault[i]];
    const { va, root, view, pa, pageSize, tagIndex } = events;
    pieces.add(`${head}${eventJson(typeAt(events, i), va[i], root[i], view[i], pa[i], pageSize[i], tags[tagIndex[i]], fault)}\n`);
  }
};

const csvEventLines: EventLines = (pieces, events, { step, dump }, from, to) => {
  const head = `${csvField(step)},${csvField(dump)}`;
  const tags = events.tags.map(csvField);
  const faults = FAULTS.map(csvField);
  for (let i = from; i < to; i++) {
    const { va, root, view, pa, pageSize, tagIndex } = events;
    const place = `${csvField(va[i])},${csvField(root[i])},${view[i]},${csvField(pa[i])},${pageSize[i]}`;
    pieces.add(`${head},${typeAt(events, i)},${place},${tags[tagIndex[i]]},${faults[events.fault[i]]}\n`);
  }
};

/** The type of row `i`. */
export function typeAt({ type }: EventColumns, i: number): TableEvent["type"] {
  return EVENT_TYPES[type[i]];
}
