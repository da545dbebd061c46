/**
 * Cells of leaf nodes: what is kept of a page that is monitored (NODE_CELLS in layout.ts).
 *
 * A cell is one address: offset in the page, references, tag. Where several share a page it is chained and holds none
 * of that itself, but a row for each, ascending by offset: events of one page come in that order.
 */

import {
  CELL_BACKED,
  CELL_CHAINED,
  CELL_OFFSET,
  CELL_REFERENCE,
  CELL_SCRATCH,
  ROW_BYTES_LOG2,
  ROW_NEXT,
  ROW_OFFSET,
  ROW_REFERENCES,
  ROW_TAG,
} from "../layout";
import { allocate, release } from "../memory/arena";

/** Whether the address at an offset of the page is one of those in the cell. */
export function holds(cell: usize, offset: u32): bool {
  const word = load<u32>(cell, 4);
  return word & CELL_CHAINED ? rowAt(cell, offset) != 0 : (word & CELL_OFFSET) == offset;
}

/** The row of an offset in a chained cell; 0: none. */
export function rowAt(cell: usize, offset: u32): usize {
  let row: usize = load<u32>(cell);
  while (row && (load<u32>(row, ROW_OFFSET) & CELL_OFFSET) != offset) row = load<u32>(row, ROW_NEXT);
  return row;
}

/** Where the backed bit of an address lies. */
export function flagsOf(cell: usize, offset: u32): usize {
  return load<u32>(cell, 4) & CELL_CHAINED ? rowAt(cell, offset) + ROW_OFFSET : cell + 4;
}

/** Addresses of one page. */
export function addressesOf(cell: usize): u32 {
  if (!(load<u32>(cell, 4) & CELL_CHAINED)) return 1;
  let addresses: u32 = 0;
  for (let row: usize = load<u32>(cell); row; row = load<u32>(row, ROW_NEXT)) addresses++;
  return addresses;
}

/** Sets the bits of the tags that the addresses of one page have. */
export function noteTagsOf(cell: usize, bits: usize): void {
  if (!(load<u32>(cell, 4) & CELL_CHAINED)) noteTag(bits, load<u32>(cell));
  else for (let row: usize = load<u32>(cell); row; row = load<u32>(row, ROW_NEXT)) noteTag(bits, load<u32>(row, ROW_TAG));
}

function noteTag(bits: usize, tag: u32): void {
  const at = bits + (tag >> 3);
  store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(tag & 7))));
}

/** Gives what a cell holds a row of its own. Memory is reserved. */
export function makeChained(cell: usize): void {
  const word = load<u32>(cell, 4);
  if (word & CELL_CHAINED) return;
  const row = allocate(ROW_BYTES_LOG2);
  store<u32>(row, 0, ROW_NEXT);
  store<u32>(row, load<u32>(cell), ROW_TAG);
  store<u32>(row, word / CELL_REFERENCE, ROW_REFERENCES);
  store<u32>(row, word & (CELL_OFFSET | CELL_BACKED), ROW_OFFSET);
  store<u32>(cell, <u32>row);
  store<u32>(cell, CELL_CHAINED, 4);
}

/** Puts a row in its place, ascending by offset: events of one page come in that order. */
export function linkRow(cell: usize, row: usize): void {
  const offset = load<u32>(row, ROW_OFFSET) & CELL_OFFSET;
  let link = cell; // ROW_NEXT is 0, as is the cell's first row
  while (load<u32>(link) && (load<u32>(load<u32>(link), ROW_OFFSET) & CELL_OFFSET) < offset) link = load<u32>(link);
  store<u32>(row, load<u32>(link), ROW_NEXT);
  store<u32>(link, <u32>row);
}

/** Joins what two cells of one page hold, into the first; rows and references as they are. Memory is reserved. */
export function merge(into: usize, from: u64): void {
  makeChained(into);
  const scratch = <usize>CELL_SCRATCH;
  store<u64>(scratch, from);
  makeChained(scratch);
  for (let row: usize = load<u32>(scratch); row; ) {
    const next = load<u32>(row, ROW_NEXT);
    linkRow(into, row);
    row = next;
  }
}

/** Frees what a cell holds; answers how many of the page's addresses were backed. */
export function releaseCell(cell: usize): u32 {
  const word = load<u32>(cell, 4);
  if (!(word & CELL_CHAINED)) return u32((word & CELL_BACKED) != 0);
  let backed: u32 = 0;
  for (let row: usize = load<u32>(cell); row; ) {
    const next = load<u32>(row, ROW_NEXT);
    backed += u32((load<u32>(row, ROW_OFFSET) & CELL_BACKED) != 0);
    release(row, ROW_BYTES_LOG2);
    row = next;
  }
  return backed;
}
