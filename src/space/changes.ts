/**
 * What changed in one address space between two states.
 */

import { clearedRootIn } from "../arch/cleared-root.js";
import type { GuestMemory } from "../model/memory.js";
import type { Change } from "./change.js";
import { compareSpace } from "./kernels.js";
import { Listing, type ListingOptions, type SpaceListing } from "./listing.js";
import { openStates } from "./opening.js";
import { linearRange, type SpaceOptions } from "./options.js";
import { decodeChange } from "./row-objects.js";

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
