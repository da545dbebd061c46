/**
 * Rows of a listing without an object each: row i of every column belongs together, in the order of the rows.
 *
 * This is the form in which listings cross between threads, and what `pages()` gives to those who want no objects.
 */

import { accessOf } from "../../space/access.js";
import { type Backing, CHANGE_TYPES, type Change, type SharedChange, sharedBy } from "../../space/change.js";
import type { Mapping } from "../../space/mapping.js";

/** Stretches of `mappings`. */
export interface MappingColumns {
  readonly length: number;
  readonly va: BigUint64Array;
  /** `Mapping.length` of each row. */
  readonly bytes: BigUint64Array;
  readonly pa: BigUint64Array;
  readonly pageSize: Uint32Array;
  /** Bit set: read 1, write 2, execute 4, user 8. */
  readonly access: Uint8Array;
  readonly global: Uint32Array;
  readonly accessed: Uint32Array;
  readonly dirty: Uint32Array;
}

/** Stretches of `changes`. */
export interface ChangeColumns {
  readonly length: number;
  /** 0 page-in, 1 page-out, 2 remap, 3 access, 4 page-size. */
  readonly type: Uint8Array;
  readonly va: BigUint64Array;
  /** `Change.length` of each row. */
  readonly bytes: BigUint64Array;
  readonly paBefore: BigUint64Array;
  readonly paAfter: BigUint64Array;
  /** 0 where it is not backed. */
  readonly pageSizeBefore: Uint32Array;
  readonly pageSizeAfter: Uint32Array;
  /** As in MappingColumns. */
  readonly accessBefore: Uint8Array;
  readonly accessAfter: Uint8Array;
}

/** Stretches of `changesOfRoots`. */
export interface SharedChangeColumns extends ChangeColumns {
  /** Index into `rootSets`. */
  readonly rootSet: Uint32Array;
  readonly rootSets: readonly (readonly bigint[])[];
}

const PAGE_IN = 0;
const PAGE_OUT = 1;

export function mappingAt(columns: MappingColumns, row: number): Mapping {
  return {
    va: columns.va[row],
    length: columns.bytes[row],
    pa: columns.pa[row],
    pageSize: columns.pageSize[row],
    access: accessOf(columns.access[row]),
    details: { global: columns.global[row], accessed: columns.accessed[row], dirty: columns.dirty[row] },
  };
}

export function changeAt(columns: ChangeColumns, row: number): Change {
  const number = columns.type[row];
  const type = CHANGE_TYPES[number];
  const va = columns.va[row];
  const length = columns.bytes[row];
  // Literals: with `...` an engine copies property by property, twenty-five times as slowly, and keeps the objects for
  // longer.
  if (number === PAGE_IN) return { type, va, length, after: backingAfter(columns, row) };
  if (number === PAGE_OUT) return { type, va, length, before: backingBefore(columns, row) };
  return { type, va, length, before: backingBefore(columns, row), after: backingAfter(columns, row) };
}

export function sharedChangeAt(columns: SharedChangeColumns, row: number): SharedChange {
  return sharedBy(changeAt(columns, row), columns.rootSets[columns.rootSet[row]]);
}

function backingBefore({ paBefore, pageSizeBefore, accessBefore }: ChangeColumns, row: number): Backing {
  return { pa: paBefore[row], pageSize: pageSizeBefore[row], access: accessOf(accessBefore[row]) };
}

function backingAfter({ paAfter, pageSizeAfter, accessAfter }: ChangeColumns, row: number): Backing {
  return { pa: paAfter[row], pageSize: pageSizeAfter[row], access: accessOf(accessAfter[row]) };
}

/** The buffers of a page, to be transferred. */
export function buffersOf(columns: object): ArrayBuffer[] {
  return Object.values(columns)
    .filter((column) => ArrayBuffer.isView(column))
    .map((column) => column.buffer as ArrayBuffer);
}
