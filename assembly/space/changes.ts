/**
 * Rows of a comparison: how a stretch was backed before and is after.
 */

import { PagingMode } from "../mode";
import {
  CHANGED_ACCESS,
  CHANGED_IN,
  CHANGED_NOT,
  CHANGED_OUT,
  CHANGED_PA,
  CHANGED_SIZE,
  SIDE_AFTER,
  SIDE_BEFORE,
  SPACE_CURSOR_OPEN,
  SPACE_CURSOR_ROW,
  SPACE_ROW_ACCESS,
  SPACE_ROW_END,
  SPACE_ROW_LEVEL,
  SPACE_ROW_PA,
  SPACE_ROW_TYPE,
  SPACE_ROW_VA,
} from "../space-layout";
import { closeRow, upperHalf } from "./rows";

/** The type of a change, of backings with level 0 where there is none. */
function typeOf(levelBefore: u32, paBefore: u64, accessBefore: u32, levelAfter: u32, paAfter: u64, accessAfter: u32): u32 {
  if (!levelBefore) return levelAfter ? CHANGED_IN : CHANGED_NOT;
  if (!levelAfter) return CHANGED_OUT;
  if (paBefore != paAfter) return CHANGED_PA;
  if (accessBefore != accessAfter) return CHANGED_ACCESS;
  return levelBefore == levelAfter ? CHANGED_NOT : CHANGED_SIZE;
}

/** What a comparison of [va, end) came to. */
export const NOTHING_CHANGED: u32 = 0;
const CHANGE_ADDED: u32 = 1;
export const NO_ROOM: u32 = 2;

/** Adds the change of [va, end), if it is one: to the open row where it prolongs that. */
export function addChange<M extends PagingMode>(
  cursor: usize,
  capacity: u32,
  va: u64,
  end: u64,
  levelBefore: u32,
  paBefore: u64,
  accessBefore: u32,
  levelAfter: u32,
  paAfter: u64,
  accessAfter: u32,
): u32 {
  const type = typeOf(levelBefore, paBefore, accessBefore, levelAfter, paAfter, accessAfter);
  if (type == CHANGED_NOT) return NOTHING_CHANGED;
  const open = cursor + SPACE_CURSOR_ROW;
  const prolongs =
    load<u32>(cursor, SPACE_CURSOR_OPEN) &&
    load<u64>(open, SPACE_ROW_END) == va &&
    va != upperHalf<M>() &&
    load<u32>(open, SPACE_ROW_TYPE) == type &&
    sideProlongs(open, SIDE_BEFORE, va, levelBefore, paBefore, accessBefore) &&
    sideProlongs(open, SIDE_AFTER, va, levelAfter, paAfter, accessAfter);
  if (!prolongs) {
    if (!closeRow<M>(cursor, capacity)) return NO_ROOM;
    store<u64>(open, va, SPACE_ROW_VA);
    store<u32>(open, type, SPACE_ROW_TYPE);
    storeSide(open, SIDE_BEFORE, levelBefore, paBefore, accessBefore);
    storeSide(open, SIDE_AFTER, levelAfter, paAfter, accessAfter);
    store<u32>(cursor, 1, SPACE_CURSOR_OPEN);
  }
  store<u64>(open, end, SPACE_ROW_END);
  return CHANGE_ADDED;
}

function sideProlongs(row: usize, side: u32, va: u64, level: u32, pa: u64, access: u32): bool {
  if (load<u8>(row + side, SPACE_ROW_LEVEL) != level) return false;
  if (!level) return true;
  return (
    load<u8>(row + side, SPACE_ROW_ACCESS) == access &&
    load<u64>(row + ((<usize>side) << 3), SPACE_ROW_PA) + (va - load<u64>(row, SPACE_ROW_VA)) == pa
  );
}

function storeSide(row: usize, side: u32, level: u32, pa: u64, access: u32): void {
  store<u8>(row + side, <u8>level, SPACE_ROW_LEVEL);
  store<u8>(row + side, <u8>access, SPACE_ROW_ACCESS);
  store<u64>(row + ((<usize>side) << 3), pa, SPACE_ROW_PA);
}
