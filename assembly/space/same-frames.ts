/**
 * What is known of a frame that stands at one place before and after: that it says the same, or its pair (pairs.ts).
 *
 * A word a frame, in blocks of 64 frames, since tables often lie side by side: the block found last is remembered.
 */

import { CONTROL } from "../layout";
import { allocate } from "../memory/arena";
import { find, insert, prepareInsert } from "../memory/frame-index";
import { CONTROL_SAME_INDEX, CONTROL_SAME_LAST, CONTROL_SPACE_ROUND } from "../space-layout";

const SAME_INDEX = CONTROL + CONTROL_SAME_INDEX;
const SAME_BITS: u32 = 6; // frames of a block, a u32 each
/** Instead of a pair: the two tables say the same. */
export const EQUAL_TABLES: usize = 1;
// Of a frame on both sides: a pair, whose lowest bits are 0, EQUAL_TABLES, or the number of the batch that lists it.
const TAG_BITS: u32 = 2;
const TAG_MASK: usize = 3;
const TAG_LISTED: u32 = 2;

/** What is known of a frame that stands on both sides: 0 nothing, EQUAL_TABLES, or its pair. */
export function sameFrame(gfn: u64, generation: u32): usize {
  const block = sameBlock(gfn, generation);
  return block ? knownIn(cellIn(block, gfn)) : 0;
}

/** Where that is kept; 0: memory is exhausted. */
export function sameFrameCell(gfn: u64, generation: u32): usize {
  let block = sameBlock(gfn, generation);
  if (!block) {
    if (!prepareInsert(SAME_INDEX)) return 0;
    block = allocate(SAME_BITS + 2);
    if (!block) return 0;
    memory.fill(block, 0, (<usize>4) << SAME_BITS);
    insert(SAME_INDEX, gfn >> SAME_BITS, generation, block);
  }
  return cellIn(block, gfn);
}

/**
 * What a cell says is known; 0: nothing. A cell that only says "listed" counts as unknown: the batch may never have
 * been read.
 */
export function knownIn(cell: usize): usize {
  const known: usize = load<u32>(cell);
  return (known & TAG_MASK) == TAG_LISTED ? 0 : known;
}

/** What stands there instead while it is listed in the batch under way. */
export function listedNow(): u32 {
  return (load<u32>(CONTROL, CONTROL_SPACE_ROUND) << TAG_BITS) | TAG_LISTED;
}

/** The block that a frame is in; 0: there is none. Tables often lie side by side: the one found last is remembered. */
function sameBlock(gfn: u64, generation: u32): usize {
  const last = CONTROL + CONTROL_SAME_LAST;
  const there: usize = load<u32>(last, 12);
  if (there && load<u64>(last) == gfn >> SAME_BITS && load<u32>(last, 8) == generation) return there;
  const block = find(SAME_INDEX, gfn >> SAME_BITS, generation);
  if (block) {
    store<u64>(last, gfn >> SAME_BITS);
    store<u32>(last, generation, 8);
    store<u32>(last, <u32>block, 12);
  }
  return block;
}

function cellIn(block: usize, gfn: u64): usize {
  return block + ((<usize>gfn & ((1 << SAME_BITS) - 1)) << 2);
}
