/**
 * Links: the way down through the upper tables without an index and without a branch.
 *
 * Beside the copy of an upper table lies a block with the place of each child: three dependent loads lead from a root
 * to a PT's copy, and those of many addresses run at once. Absent children lead to null blocks and at last to the zero
 * page, whose entries are not present; what ends there is walked plainly, and that walk fills the links in.
 */

import {
  BATCH_IN,
  BATCH_OUT,
  CONTROL,
  CONTROL_KEEP,
  CONTROL_RESERVED,
  ENTRIES,
  KEPT_COPY,
  KEPT_LINKS,
  KIND_LEAF,
  LEAF_REACH_LOG2,
  LINK_PLACES,
  LINK_PLACES_LENGTH,
  LINKS_BYTES_LOG2,
  LINKS_LEVELS,
  LINKS_LOWEST_LEVEL,
  NULL_LINKS,
} from "../layout";
import { allocate } from "../memory/arena";
import { PagingMode } from "../mode";

function nullLinks(level: u32): usize {
  return NULL_LINKS + ((<usize>(level - LINKS_LOWEST_LEVEL)) << LINKS_BYTES_LOG2);
}

/** Fills the null blocks: each leads to that of the level below, the lowest to the zero page. */
export function initializeLinks(): void {
  for (let level = LINKS_LOWEST_LEVEL; level < LINKS_LOWEST_LEVEL + LINKS_LEVELS; level++) fillWithNull(nullLinks(level), level);
}

function fillWithNull(links: usize, level: u32): void {
  const below: usize = level > LINKS_LOWEST_LEVEL ? nullLinks(level - 1) : 0;
  for (let i: usize = 0; i < ENTRIES; i++) store<u32>(links + (i << 2), <u32>below);
}

/** The links block of a kept frame as a table of that level; 0: memory is exhausted, which costs only speed. */
export function linksOf(kept: usize, level: u32): usize {
  const at = kept + ((<usize>(level - LINKS_LOWEST_LEVEL)) << 2);
  const there = load<u32>(at, KEPT_LINKS);
  if (there) return there;
  const links = allocate(LINKS_BYTES_LOG2);
  if (!links) return 0;
  fillWithNull(links, level);
  store<u32>(at, <u32>links, KEPT_LINKS);
  return links;
}

/** Notes where the child of a table of `level` at a place of it lies. Both are readable. */
export function link(parent: usize, level: u32, index: u32, child: usize): void {
  const links = linksOf(parent, level);
  if (!links) return;
  const target = level == LINKS_LOWEST_LEVEL ? <usize>load<u32>(child, KEPT_COPY) : linksOf(child, level - 1);
  if (target) store<u32>(links + ((<usize>index) << 2), <u32>target);
}

/** Translates BATCH_IN by links; the places that end in no 4 KiB page are written to `left`. Answers their number. */
export function walkLinked<M extends PagingMode>(rootLinks: usize, count: u32, left: usize): u32 {
  const first = left;
  for (let from: u32 = 0; from < count; from += LINK_PLACES_LENGTH) {
    const part = min(LINK_PLACES_LENGTH, count - from);
    descend<M>(rootLinks, BATCH_IN + ((<usize>from) << 3), part);
    left = resolve<M>(from, part, left);
  }
  return <u32>((left - first) >> 2);
}

/** Addresses that come one after the other mostly end in one table, which is then not looked for again. */
function descend<M extends PagingMode>(rootLinks: usize, vas: usize, count: u32): void {
  const mode = changetype<M>(0);
  const end = vas + ((<usize>count) << 3);
  let reach = ~(<u64>0);
  let copy: u32 = 0;
  for (let place: usize = LINK_PLACES; vas < end; vas += 8, place += 4) {
    const va = load<u64>(vas);
    if (va >> LEAF_REACH_LOG2 != reach) {
      reach = va >> LEAF_REACH_LOG2;
      let links = rootLinks;
      if (mode.levels() > 4) links = load<u32>(links + ((<usize>mode.indexAt(va, 5)) << 2));
      links = load<u32>(links + ((<usize>mode.indexAt(va, 4)) << 2));
      links = load<u32>(links + ((<usize>mode.indexAt(va, 3)) << 2));
      copy = load<u32>(links + ((<usize>mode.indexAt(va, 2)) << 2));
    }
    store<u32>(place, copy);
  }
}

function resolve<M extends PagingMode>(from: u32, count: u32, left: usize): usize {
  const mode = changetype<M>(0);
  const keep = load<u64>(CONTROL, CONTROL_KEEP);
  const reserved = load<u64>(CONTROL, CONTROL_RESERVED);
  for (let i: u32 = 0; i < count; i++) {
    const va = load<u64>(BATCH_IN + ((<usize>(from + i)) << 3));
    const entry = load<u64>(<usize>load<u32>(LINK_PLACES + ((<usize>i) << 2)) + ((<usize>mode.indexAt(va, 1)) << 3)) & keep;
    store<u64>(BATCH_OUT + ((<usize>(from + i)) << 3), mode.leafBase(entry, 1) | (va & (((<u64>1) << mode.shiftAt(1)) - 1)));
    store<u32>(left, from + i);
    left += mode.kindOf(entry, 1, reserved) == KIND_LEAF ? 0 : 4;
  }
  return left;
}
