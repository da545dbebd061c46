/**
 * A growing array of the arena, its head in the control block: items from VECTOR_ITEMS on, VECTOR_USED bytes of them.
 */

import { VECTOR_BITS, VECTOR_ITEMS, VECTOR_USED } from "../layout";
import { allocate, release } from "./arena";

const FIRST_LOG2: u32 = 12;

/** Room for `bytes` more, one item or several, counted as used; 0: memory is exhausted and nothing has changed. */
export function push(vector: usize, bytes: u32): usize {
  const used = load<u32>(vector, VECTOR_USED);
  const items = load<u32>(vector, VECTOR_ITEMS);
  const log2 = load<u32>(vector, VECTOR_BITS);
  if (items && used + bytes <= (<u32>1) << log2) {
    store<u32>(vector, used + bytes, VECTOR_USED);
    return items + used;
  }
  let grown = items ? log2 + 1 : FIRST_LOG2;
  while (used + bytes > (<u32>1) << grown) grown++;
  if (grown > 30) return 0;
  const block = allocate(grown);
  if (!block) return 0;
  if (items) {
    memory.copy(block, items, used);
    release(items, log2);
  }
  store<u32>(vector, <u32>block, VECTOR_ITEMS);
  store<u32>(vector, grown, VECTOR_BITS);
  store<u32>(vector, used + bytes, VECTOR_USED);
  return block + used;
}

export function itemsOf(vector: usize): usize {
  return load<u32>(vector, VECTOR_ITEMS);
}

export function endOf(vector: usize): usize {
  return load<u32>(vector, VECTOR_ITEMS) + load<u32>(vector, VECTOR_USED);
}

export function clear(vector: usize): void {
  store<u32>(vector, 0, VECTOR_USED);
}

/** Forgets the items' memory as well: the arena is being reset. */
export function forget(vector: usize): void {
  memory.fill(vector, 0, 16);
}
