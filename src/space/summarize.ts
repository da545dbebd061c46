/**
 * What one address space holds, in sum.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import * as layout from "../core/layout.js";
import { pageSizeAt } from "../core/paths.js";
import type { GuestMemory } from "../model/memory.js";
import { Turns } from "../model/turns.js";
import { ACCESS_COMBINATIONS, accessOf } from "./access.js";
import { sumSpace } from "./kernels.js";
import type { SpaceSummary, SummaryPart } from "./mapping.js";
import { openState } from "./opening.js";
import { linearRange, type SpaceOptions } from "./options.js";
import type { Outcome, SpaceTables } from "./tables.js";

const HIGHEST_LEAF_LEVEL = 3;

export interface SummarizeOptions extends SpaceOptions {
  /** Told now and then how many tables have been read; waited for. */
  readonly onProgress?: (tables: number) => void | Promise<void>;
}

/**
 * What `mappings` would list, counted: each table once, however much it unfolds to. Options and errors as of `mappings`.
 *
 * @example
 * const { bytes, parts } = await summarize(dump, { root });
 */
export async function summarize(memory: GuestMemory, options: SummarizeOptions): Promise<SpaceSummary> {
  const tables = await openState(memory, options);
  const { mode } = tables;
  const cursor = tables.openCursor(clearedRootIn(mode, options.root), linearRange(mode, options.range));
  const turns = new Turns(options.signal);
  try {
    for (let outcome: Outcome = "paused"; outcome !== "done"; ) {
      await turns.give();
      outcome = tables.run(sumSpace, cursor, 0, turns.dueMs);
      if (outcome === "unreadable") tables.sayUnreadable(cursor);
      else await options.onProgress?.(tables.tablesRead);
    }
    return summaryOf(tables, cursor);
  } finally {
    tables.closeCursor(cursor);
    tables.endWalk();
  }
}

function summaryOf({ core, tablesRead }: SpaceTables, cursor: number): SpaceSummary {
  const sums = (cursor + layout.SPACE_CURSOR_SUMS + core.mode.levels * layout.SUMS_BYTES) >>> 3;
  const trimmed = (cursor + layout.SPACE_CURSOR_TRIMMED) >>> 3;
  const parts: SummaryPart[] = [];
  for (let level = 1; level <= HIGHEST_LEAF_LEVEL; level++) {
    for (let access = 0; access < ACCESS_COMBINATIONS; access++) {
      const cell = (level - 1) * ACCESS_COMBINATIONS + access;
      const pages = core.u64[sums + cell];
      if (pages === 0n) continue;
      const pageSize = pageSizeAt(level);
      parts.push({ access: accessOf(access), pageSize, pages: Number(pages), bytes: pages * BigInt(pageSize) - core.u64[trimmed + cell] });
    }
  }
  return {
    pages: parts.reduce((sum, part) => sum + part.pages, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0n),
    tables: tablesRead,
    parts,
  };
}
