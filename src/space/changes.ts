/**
 * What changed in one address space between two states.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import * as layout from "../core/layout.js";
import { pageSizeAt } from "../core/paths.js";
import type { GuestMemory } from "../model/memory.js";
import { accessOf } from "./access.js";
import type { Backing, Change, ChangeType } from "./change.js";
import { compareSpace } from "./kernels.js";
import { lengthAt } from "./length.js";
import { Listing, type ListingOptions, type SpaceListing } from "./listing.js";
import { openStates } from "./opening.js";
import { linearRange, type SpaceOptions } from "./options.js";
import type { SpaceTables } from "./tables.js";

/** By CHANGED_…. */
const TYPES: readonly ChangeType[] = ["page-in", "page-in", "page-out", "remap", "access", "page-size"];

/**
 * What changed for one root from `before` to `after`, in maximal stretches, ascending. Each pair of tables is compared once, and
 * what lies below equal ones is not unfolded. Where a table cannot be read on one side, `onUnreadable` is told and its range
 * gives no change. Accessed and dirty bits are no change.
 *
 * Throws PageTableError `mode-mismatch` where the notes of the two dumps name two paging modes; else as `mappings`.
 *
 * @example
 * for (const { type, va, length } of await changes(monday, tuesday, { root })) console.log(type, va, length);
 */
export async function changes(before: GuestMemory, after: GuestMemory, options: SpaceOptions): Promise<SpaceListing<Change>> {
  return new Listing(await openChanges(before, after, options));
}

/** What the listing runs on, for those who take its rows out of the window themselves. */
export async function openChanges(before: GuestMemory, after: GuestMemory, options: SpaceOptions): Promise<ListingOptions<Change>> {
  const tables = await openStates(before, after, options);
  const { mode } = tables;
  return {
    tables,
    begin: () => tables.beginWalk(),
    end: () => tables.endWalk(),
    kernel: compareSpace,
    root: clearedRootIn(mode, options.root),
    range: linearRange(mode, options.range),
    decode: decodeChange,
  };
}

/** The change at a place of the window. */
export function decodeChange({ core }: SpaceTables, place: number): Change {
  const at = layout.SPACE_WINDOW + place * layout.SPACE_ROW_BYTES;
  const type = TYPES[core.u32[(at + layout.SPACE_ROW_TYPE) >>> 2]];
  const va = core.u64[(at + layout.SPACE_ROW_VA) >>> 3];
  const length = lengthAt(core, at);
  if (type === "page-in") return { type, va, length, after: backingAt(core, at, layout.SIDE_AFTER) };
  if (type === "page-out") return { type, va, length, before: backingAt(core, at, layout.SIDE_BEFORE) };
  return { type, va, length, before: backingAt(core, at, layout.SIDE_BEFORE), after: backingAt(core, at, layout.SIDE_AFTER) };
}

function backingAt({ u8, u64 }: SpaceTables["core"], at: number, side: number): Backing {
  return {
    pa: u64[((at + layout.SPACE_ROW_PA) >>> 3) + side],
    pageSize: pageSizeAt(u8[at + layout.SPACE_ROW_LEVEL + side]),
    access: accessOf(u8[at + layout.SPACE_ROW_ACCESS + side]),
  };
}
