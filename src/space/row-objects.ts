/**
 * Rows of the core's window as objects (SPACE_ROW_…).
 *
 * They are literals, and what most rows have in common is made once: making bigints and objects is a good part of a
 * listing's time.
 */

import * as layout from "../core/layout.js";
import { pageSizeAt } from "../core/paths.js";
import { FRAME_SIZE } from "../model/address.js";
import { accessOf } from "./access.js";
import { type Backing, CHANGE_TYPES, type Change } from "./change.js";
import type { Mapping } from "./mapping.js";
import type { SpaceTables } from "./tables.js";

type Core = SpaceTables["core"];

const ONE_PAGE = BigInt(FRAME_SIZE);

/** The stretch of a listing at a place of the window. */
export function decodeMapping({ core }: SpaceTables, place: number): Mapping {
  const { u8, u32, u64 } = core;
  const at = rowAt(place);
  const details = (at + layout.SPACE_ROW_DETAILS) >>> 2;
  return {
    va: u64[(at + layout.SPACE_ROW_VA) >>> 3],
    length: lengthAt(core, at),
    pa: u64[((at + layout.SPACE_ROW_PA) >>> 3) + layout.SIDE_AFTER],
    pageSize: pageSizeAt(u8[at + layout.SPACE_ROW_LEVEL + layout.SIDE_AFTER]),
    access: accessOf(u8[at + layout.SPACE_ROW_ACCESS + layout.SIDE_AFTER]),
    details: { global: u32[details], accessed: u32[details + 1], dirty: u32[details + 2] },
  };
}

/** The change at a place of the window. */
export function decodeChange({ core }: SpaceTables, place: number): Change {
  const at = rowAt(place);
  const type = CHANGE_TYPES[core.u32[(at + layout.SPACE_ROW_TYPE) >>> 2] - layout.CHANGED_IN];
  const va = core.u64[(at + layout.SPACE_ROW_VA) >>> 3];
  const length = lengthAt(core, at);
  if (type === "page-in") return { type, va, length, after: backingAt(core, at, layout.SIDE_AFTER) };
  if (type === "page-out") return { type, va, length, before: backingAt(core, at, layout.SIDE_BEFORE) };
  return { type, va, length, before: backingAt(core, at, layout.SIDE_BEFORE), after: backingAt(core, at, layout.SIDE_AFTER) };
}

function rowAt(place: number): number {
  return layout.SPACE_WINDOW + place * layout.SPACE_ROW_BYTES;
}

function backingAt({ u8, u64 }: Core, at: number, side: number): Backing {
  return {
    pa: u64[((at + layout.SPACE_ROW_PA) >>> 3) + side],
    pageSize: pageSizeAt(u8[at + layout.SPACE_ROW_LEVEL + side]),
    access: accessOf(u8[at + layout.SPACE_ROW_ACCESS + side]),
  };
}

/** Bytes. Most changes are of one page: its length is one bigint for all of them. */
function lengthAt({ u32, u64 }: Core, at: number): bigint {
  const length = at + layout.SPACE_ROW_END;
  return u32[length >>> 2] === FRAME_SIZE && u32[(length >>> 2) + 1] === 0 ? ONE_PAGE : u64[length >>> 3];
}
