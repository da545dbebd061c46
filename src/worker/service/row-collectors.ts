/**
 * Rows out of the core's window into columns, page by page.
 */

import type { Core } from "../../core/core.js";
import * as layout from "../../core/layout.js";
import { pageSizeAt } from "../../core/paths.js";
import type { ChangeColumns, MappingColumns, SharedChangeColumns } from "../wire/columns.js";

export interface RowCollector<Columns> {
  /** Rows so far. */
  readonly length: number;
  /** Takes the first `count` rows of the window, changes of `roots` where they have some in common. */
  take(core: Core, count: number, roots: readonly bigint[]): void;
  /** The columns, as long as there are rows. */
  finish(): Columns;
}

/** CHANGED_IN is the first of the core's numbers for what changed. */
const FIRST_TYPE = layout.CHANGED_IN;
const BEFORE = layout.SIDE_BEFORE;
const AFTER = layout.SIDE_AFTER;

export function mappingCollector(capacity: number): RowCollector<MappingColumns> {
  const [va, bytes, pa] = [new BigUint64Array(capacity), new BigUint64Array(capacity), new BigUint64Array(capacity)];
  const [pageSize, global, accessed, dirty] = Array.from({ length: 4 }, () => new Uint32Array(capacity));
  const access = new Uint8Array(capacity);
  let length = 0;
  return {
    get length() {
      return length;
    },
    take({ u8, u32, u64 }, count) {
      for (let row = 0, at = layout.SPACE_WINDOW; row < count; row++, at += layout.SPACE_ROW_BYTES) {
        const details = (at + layout.SPACE_ROW_DETAILS) >>> 2;
        va[length] = u64[(at + layout.SPACE_ROW_VA) >>> 3];
        bytes[length] = u64[(at + layout.SPACE_ROW_END) >>> 3];
        pa[length] = u64[((at + layout.SPACE_ROW_PA) >>> 3) + AFTER];
        pageSize[length] = pageSizeAt(u8[at + layout.SPACE_ROW_LEVEL + AFTER]);
        access[length] = u8[at + layout.SPACE_ROW_ACCESS + AFTER];
        global[length] = u32[details];
        accessed[length] = u32[details + 1];
        dirty[length] = u32[details + 2];
        length++;
      }
    },
    finish: () => shortened(length, { va, bytes, pa, pageSize, access, global, accessed, dirty }),
  };
}

export function changeCollector(capacity: number): RowCollector<ChangeColumns> {
  const [va, bytes, paBefore, paAfter] = Array.from({ length: 4 }, () => new BigUint64Array(capacity));
  const [pageSizeBefore, pageSizeAfter] = [new Uint32Array(capacity), new Uint32Array(capacity)];
  const [type, accessBefore, accessAfter] = Array.from({ length: 3 }, () => new Uint8Array(capacity));
  let length = 0;
  return {
    get length() {
      return length;
    },
    take({ u8, u32, u64 }, count) {
      for (let row = 0, at = layout.SPACE_WINDOW; row < count; row++, at += layout.SPACE_ROW_BYTES) {
        const changed = u32[(at + layout.SPACE_ROW_TYPE) >>> 2];
        const pa = (at + layout.SPACE_ROW_PA) >>> 3;
        const level = at + layout.SPACE_ROW_LEVEL;
        const access = at + layout.SPACE_ROW_ACCESS;
        type[length] = changed - FIRST_TYPE;
        va[length] = u64[(at + layout.SPACE_ROW_VA) >>> 3];
        bytes[length] = u64[(at + layout.SPACE_ROW_END) >>> 3];
        if (changed !== layout.CHANGED_IN) {
          paBefore[length] = u64[pa + BEFORE];
          pageSizeBefore[length] = pageSizeAt(u8[level + BEFORE]);
          accessBefore[length] = u8[access + BEFORE];
        }
        if (changed !== layout.CHANGED_OUT) {
          paAfter[length] = u64[pa + AFTER];
          pageSizeAfter[length] = pageSizeAt(u8[level + AFTER]);
          accessAfter[length] = u8[access + AFTER];
        }
        length++;
      }
    },
    finish: () => shortened(length, { type, va, bytes, paBefore, paAfter, pageSizeBefore, pageSizeAfter, accessBefore, accessAfter }),
  };
}

export function sharedChangeCollector(capacity: number): RowCollector<SharedChangeColumns> {
  const changes = changeCollector(capacity);
  const rootSet = new Uint32Array(capacity);
  const rootSets: (readonly bigint[])[] = [];
  return {
    get length() {
      return changes.length;
    },
    take(core, count, roots) {
      if (count === 0) return;
      if (rootSets.at(-1) !== roots) rootSets.push(roots);
      rootSet.fill(rootSets.length - 1, changes.length, changes.length + count);
      changes.take(core, count, roots);
    },
    finish() {
      const columns = changes.finish();
      return { ...columns, rootSet: rootSet.slice(0, columns.length), rootSets };
    },
  };
}

type Column = BigUint64Array | Uint32Array | Uint8Array;

function shortened<Columns extends Record<string, Column>>(length: number, columns: Columns): Columns & { readonly length: number } {
  const entries = Object.entries(columns).map(([name, column]) => [name, column.length === length ? column : column.slice(0, length)]);
  return { ...(Object.fromEntries(entries) as Columns), length };
}
