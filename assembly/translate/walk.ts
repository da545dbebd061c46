/**
 * Walks over kept frames: a batch of addresses of one root, or one with the whole path.
 *
 *   VA      47-39      38-30      29-21      20-12      11-0
 *             |          |          |          |          |
 *   root -> PML4[] --> PDPT[] -->  PD[]  -->  PT[]  --> PA | offset      a batch at a time, one level after the other:
 *             '- - - - -'- - - - - -'- - - links (links.ts): from a slot straight to the copy it leads to
 *                                    no such frame: wanted, the walk is parked ---> read by TypeScript ---> on it goes
 *
 * A walk that needs a frame which is not there is parked and the frame wanted; once TypeScript has read all that are
 * wanted, the parked walks go on. As many rounds as there are levels, not as there are addresses.
 */

import {
  BATCH_IN,
  BATCH_OUT,
  BATCH_PARKED,
  CONTROL,
  CONTROL_KEEP,
  CONTROL_RESERVED,
  FAULT_UNREADABLE_TABLE,
  KEPT_COPY,
  KEPT_STATE,
  KEPT_UNREADABLE,
  KEPT_WANTED,
  KIND_LEAF,
  KIND_TABLE,
  LEAF_REACH_LOG2,
  NO_MEMORY,
  PATH,
  PATH_COUNT,
  PATH_ENTRIES,
  PATH_FAULT,
  PATH_LEVEL,
} from "../layout";
import { PagingMode } from "../mode";
import { keptFrame } from "./kept-frames";
import { link, linksOf, walkLinked } from "./links";
import { storeEnd } from "./path-end";

const NOT_BACKED: u64 = ~(<u64>0);
const NONE: u64 = ~(<u64>0);

/**
 * Translates BATCH_IN to BATCH_OUT; answers how many walks are parked, or NO_MEMORY. `parked` 0: the first `count`
 * addresses; else the `parked` ones of BATCH_PARKED, which the call before has left there.
 */
export function walkBatch<M extends PagingMode>(rootGfn: f64, count: u32, parked: u32): u32 {
  let total = parked;
  if (!parked) {
    const root = keptFrame(<u64>rootGfn);
    if (!root) return NO_MEMORY;
    const links: usize = load<u32>(root, KEPT_COPY) ? linksOf(root, changetype<M>(0).levels()) : 0;
    total = links ? walkLinked<M>(links, count, BATCH_PARKED) : parkAll(count);
  }
  return walkPlainly<M>(<u64>rootGfn, total);
}

function parkAll(count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) store<u32>(BATCH_PARKED + ((<usize>i) << 2), i);
  return count;
}

/**
 * Walks the first `total` of BATCH_PARKED table by table, linking what it finds; those that want a frame stay parked.
 */
function walkPlainly<M extends PagingMode>(rootGfn: u64, total: u32): u32 {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  let left: u32 = 0;
  let reach = NONE;
  let lastTable: usize = 0;
  for (let i: u32 = 0; i < total; i++) {
    const place: usize = load<u32>(BATCH_PARKED + ((<usize>i) << 2));
    const va = load<u64>(BATCH_IN + (place << 3));
    const isNear = va >> LEAF_REACH_LOG2 == reach;
    let kept: usize = isNear ? lastTable : keptFrame(rootGfn);
    let level = isNear ? 1 : mode.levels();
    let pa = NOT_BACKED;
    while (true) {
      if (!kept) return NO_MEMORY;
      const copy: usize = load<u32>(kept, KEPT_COPY);
      if (!copy) {
        if (load<u32>(kept, KEPT_STATE) == KEPT_WANTED) {
          store<u32>(BATCH_PARKED + ((<usize>left) << 2), <u32>place);
          left++;
        }
        break;
      }
      if (level == 1) {
        reach = va >> LEAF_REACH_LOG2;
        lastTable = kept;
      }
      const index = mode.indexAt(va, level);
      const entry = load<u64>(copy + ((<usize>index) << 3)) & keep;
      const kind = mode.kindOf(entry, level, reserved);
      if (kind == KIND_TABLE) {
        const child = keptFrame(mode.tableFrame(entry));
        if (child && load<u32>(child, KEPT_COPY)) link(kept, level, index, child);
        kept = child;
        level--;
        continue;
      }
      if (kind == KIND_LEAF) pa = mode.leafBase(entry, level) | (va & (((<u64>1) << mode.shiftAt(level)) - 1));
      break;
    }
    store<u64>(BATCH_OUT + (place << 3), pa);
  }
  return left;
}

/** Walks the first address of BATCH_IN and writes its path to PATH; 1: a frame is wanted first; NO_MEMORY. */
export function walkOne<M extends PagingMode>(rootGfn: f64): u32 {
  const mode = changetype<M>(0);
  const va = load<u64>(BATCH_IN);
  let gfn = <u64>rootGfn;
  let count: u32 = 0;
  store<u32>(PATH, 0, PATH_LEVEL);
  store<u32>(PATH, FAULT_UNREADABLE_TABLE, PATH_FAULT);
  for (let level = mode.levels(); level > 0; level--) {
    const kept = keptFrame(gfn);
    if (!kept) return NO_MEMORY;
    const state = load<u32>(kept, KEPT_STATE);
    if (state == KEPT_WANTED) return 1;
    if (state == KEPT_UNREADABLE) break;
    const index = mode.indexAt(va, level);
    const raw = load<u64>(load<u32>(kept, KEPT_COPY) + ((<usize>index) << 3));
    const entry = raw & load<u64>(CONTROL, CONTROL_KEEP);
    const at = PATH + PATH_ENTRIES + ((<usize>count) << 4);
    count++;
    store<u64>(at, (gfn << 12) + ((<u64>index) << 3));
    store<u64>(at, raw, 8);
    if (storeEnd<M>(entry, level, va)) break;
    gfn = mode.tableFrame(entry);
  }
  store<u32>(PATH, count, PATH_COUNT);
  return 0;
}
