/**
 * Changes of neighbouring units put together: a stretch that goes over the cut between two is one again.
 */

import type { ChangeColumns } from "../wire/columns.js";

/**
 * Whether row 0 of `next` prolongs the one row of `held`, by the rule of the core: one type, and on both sides one
 * stretch.
 */
export function prolongs(held: ChangeColumns, next: ChangeColumns): boolean {
  const bytes = held.bytes[0];
  return (
    held.va[0] + bytes === next.va[0] &&
    held.type[0] === next.type[0] &&
    held.pageSizeBefore[0] === next.pageSizeBefore[0] &&
    held.pageSizeAfter[0] === next.pageSizeAfter[0] &&
    held.accessBefore[0] === next.accessBefore[0] &&
    held.accessAfter[0] === next.accessAfter[0] &&
    (held.pageSizeBefore[0] === 0 || held.paBefore[0] + bytes === next.paBefore[0]) &&
    (held.pageSizeAfter[0] === 0 || held.paAfter[0] + bytes === next.paAfter[0])
  );
}

/** Makes row 0 of `next` begin where `held` does. */
export function prolong(held: ChangeColumns, next: ChangeColumns): void {
  next.va[0] = held.va[0];
  next.bytes[0] += held.bytes[0];
  next.paBefore[0] = held.paBefore[0];
  next.paAfter[0] = held.paAfter[0];
}

/** Rows `from` to `to` of columns, over the same buffers. */
export function rowsOf(columns: ChangeColumns, from: number, to: number): ChangeColumns {
  const { type, va, bytes, paBefore, paAfter, pageSizeBefore, pageSizeAfter, accessBefore, accessAfter } = columns;
  return {
    length: to - from,
    type: type.subarray(from, to),
    va: va.subarray(from, to),
    bytes: bytes.subarray(from, to),
    paBefore: paBefore.subarray(from, to),
    paAfter: paAfter.subarray(from, to),
    pageSizeBefore: pageSizeBefore.subarray(from, to),
    pageSizeAfter: pageSizeAfter.subarray(from, to),
    accessBefore: accessBefore.subarray(from, to),
    accessAfter: accessAfter.subarray(from, to),
  };
}
