/**
 * GFN (and view) -> record: open addressing with linear probing, at most half full, keys in the slots.
 *
 * A slot is { u64 key, u32 record, u32 second key }; record 0 is a free slot. Deleting moves later slots of the run
 * back, so there are no tombstones and an index that has shrunk is as fast as a small one.
 */

import { CONTROL, CONTROL_MARK_INDEX, INDEX_BITS, INDEX_SLOTS, INDEX_USED, SLOT_BYTES } from "../layout";
import { allocate, allocateForMarks, release, releaseForMarks } from "./arena";

const FIRST_BITS: u32 = 8;
const SLOT_LOG2: u32 = 4;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 / golden ratio: neighbours spread (Fibonacci hashing)

function slotOf(key: u64, second: u32, bits: u32): u32 {
  return <u32>(((key ^ ((<u64>second) << 32)) * GOLDEN) >> (64 - bits));
}

/** The record under a key; 0: none. */
export function find(index: usize, key: u64, second: u32): usize {
  const slots = load<u32>(index, INDEX_SLOTS);
  if (!slots) return 0;
  const bits = load<u32>(index, INDEX_BITS);
  const mask = ((<u32>1) << bits) - 1;
  let i = slotOf(key, second, bits);
  while (true) {
    const slot = slots + ((<usize>i) << SLOT_LOG2);
    const record = load<u32>(slot, 8);
    if (!record) return 0;
    if (load<u64>(slot) == key && load<u32>(slot, 12) == second) return record;
    i = (i + 1) & mask;
  }
}

/** Makes room for one more; false: memory is exhausted and nothing has changed. */
export function prepareInsert(index: usize): bool {
  const slots = load<u32>(index, INDEX_SLOTS);
  const bits = load<u32>(index, INDEX_BITS);
  if (slots && load<u32>(index, INDEX_USED) < (<u32>1) << (bits - 1)) return true;
  const grownBits = slots ? bits + 1 : FIRST_BITS;
  const forMarks = index == CONTROL + CONTROL_MARK_INDEX;
  const grown = forMarks ? allocateForMarks(grownBits + SLOT_LOG2) : allocate(grownBits + SLOT_LOG2);
  if (!grown) return false;
  memory.fill(grown, 0, (<usize>SLOT_BYTES) << grownBits);
  const mask = ((<u32>1) << grownBits) - 1;
  if (slots) {
    const end = slots + ((<usize>SLOT_BYTES) << bits);
    for (let from: usize = slots; from < end; from += SLOT_BYTES) {
      if (!load<u32>(from, 8)) continue;
      let i = slotOf(load<u64>(from), load<u32>(from, 12), grownBits);
      while (load<u32>(grown + ((<usize>i) << SLOT_LOG2), 8)) i = (i + 1) & mask;
      memory.copy(grown + ((<usize>i) << SLOT_LOG2), from, SLOT_BYTES);
    }
    if (forMarks) releaseForMarks(slots, bits + SLOT_LOG2);
    else release(slots, bits + SLOT_LOG2);
  }
  store<u32>(index, <u32>grown, INDEX_SLOTS);
  store<u32>(index, grownBits, INDEX_BITS);
  return true;
}

/** Enters a record under a key that is not there. `prepareInsert` has said true. */
export function insert(index: usize, key: u64, second: u32, record: usize): void {
  const slots = load<u32>(index, INDEX_SLOTS);
  const bits = load<u32>(index, INDEX_BITS);
  const mask = ((<u32>1) << bits) - 1;
  let i = slotOf(key, second, bits);
  while (load<u32>(slots + ((<usize>i) << SLOT_LOG2), 8)) i = (i + 1) & mask;
  const slot = slots + ((<usize>i) << SLOT_LOG2);
  store<u64>(slot, key);
  store<u32>(slot, <u32>record, 8);
  store<u32>(slot, second, 12);
  store<u32>(index, load<u32>(index, INDEX_USED) + 1, INDEX_USED);
}

/** Takes out a key that is there. */
export function remove(index: usize, key: u64, second: u32): void {
  const slots = load<u32>(index, INDEX_SLOTS);
  const bits = load<u32>(index, INDEX_BITS);
  const mask = ((<u32>1) << bits) - 1;
  let hole = slotOf(key, second, bits);
  while (true) {
    const slot = slots + ((<usize>hole) << SLOT_LOG2);
    if (load<u64>(slot) == key && load<u32>(slot, 12) == second && load<u32>(slot, 8)) break;
    hole = (hole + 1) & mask;
  }
  for (let i = (hole + 1) & mask; ; i = (i + 1) & mask) {
    const slot = slots + ((<usize>i) << SLOT_LOG2);
    if (!load<u32>(slot, 8)) break;
    const home = slotOf(load<u64>(slot), load<u32>(slot, 12), bits);
    if (((i - home) & mask) < ((i - hole) & mask)) continue; // its home lies behind the hole
    memory.copy(slots + ((<usize>hole) << SLOT_LOG2), slot, SLOT_BYTES);
    hole = i;
  }
  memory.fill(slots + ((<usize>hole) << SLOT_LOG2), 0, SLOT_BYTES);
  store<u32>(index, load<u32>(index, INDEX_USED) - 1, INDEX_USED);
}

/** Empties an index and keeps its slots. */
export function removeAll(index: usize): void {
  const slots = load<u32>(index, INDEX_SLOTS);
  if (slots) memory.fill(slots, 0, (<usize>SLOT_BYTES) << load<u32>(index, INDEX_BITS));
  store<u32>(index, 0, INDEX_USED);
}

/** Forgets the slots' memory as well: the arena is being reset. */
export function forgetIndex(index: usize): void {
  memory.fill(index, 0, 16);
}
