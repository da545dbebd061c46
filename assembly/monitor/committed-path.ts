/**
 * The path of a monitored address as it is committed, from its top-level table to the entry that ends it, written to
 * PATH: what is told of an address that is taken in by itself.
 */

import {
  BATCH_IN,
  CONTROL,
  CONTROL_KEEP,
  CONTROL_SUSPECTS,
  FAULT_UNREADABLE_TABLE,
  GFN_BITS,
  NODE_PARENT,
  NODE_TABLE,
  PATH,
  PATH_COUNT,
  PATH_ENTRIES,
  PATH_FAULT,
  PATH_LEVEL,
  PATH_NODES,
  TABLE_COPY,
  TABLE_KEY,
} from "../layout";
import { PagingMode } from "../mode";
import { storeEnd } from "../translate/path-end";
import { locate, settleTaken } from "./addresses";
import { slotAt } from "./trie";

/**
 * Settles the first address of BATCH_IN (`settleTaken`) and writes its path. Not 0: there are tables that may no longer
 * be monitored.
 */
export function settleOne<M extends PagingMode>(space: usize): u32 {
  const va = load<u64>(BATCH_IN);
  settleTaken<M>(space, 1);
  committedPath<M>(space, va);
  return load<u32>(CONTROL, CONTROL_SUSPECTS);
}

/** Writes the committed path of a monitored address to PATH, top first. */
function committedPath<M extends PagingMode>(space: usize, va: u64): void {
  let level: u32 = 0;
  for (let node = locate(space, va); node; node = load<u32>(node, NODE_PARENT)) {
    level++;
    store<u32>(PATH_NODES + ((<usize>level) << 2), <u32>node);
  }
  let count: u32 = 0;
  store<u32>(PATH, FAULT_UNREADABLE_TABLE, PATH_FAULT);
  store<u32>(PATH, 0, PATH_LEVEL);
  for (; level > 0; level--) {
    const table: usize = load<u32>(load<u32>(PATH_NODES + ((<usize>level) << 2)), NODE_TABLE);
    if (!table) break;
    const slot = slotAt(va, level);
    const raw = load<u64>(load<u32>(table, TABLE_COPY) + ((<usize>slot) << 3));
    const entry = raw & load<u64>(CONTROL, CONTROL_KEEP);
    const at = PATH + PATH_ENTRIES + ((<usize>count) << 4);
    count++;
    store<u64>(at, ((load<u64>(table, TABLE_KEY) & (((<u64>1) << GFN_BITS) - 1)) << 12) + ((<u64>slot) << 3));
    store<u64>(at, raw, 8);
    if (storeEnd<M>(entry, level, va)) break;
  }
  store<u32>(PATH, count, PATH_COUNT);
}
