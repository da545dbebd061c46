/**
 * `ptm maps DUMP`: what an address space holds, filtered while it is walked.
 *
 * What shared tables unfold to may have no end in sight: nothing is kept but a slice of rows, and after each there is
 * time for an interrupt.
 */

import type { Mapping, SpaceListing, SpaceOptions, SpaceSummary } from "../../index.js";
import { mappings, summarize } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import type { AddressSpace } from "../address-space.js";
import { cutToFrame, type MappingFilter } from "../arguments/mapping-filter.js";
import { PassedTables, ReadTables } from "../progress/walk-progress.js";
import type { ListingContext } from "./listing-context.js";

/** The stretches that `filter` lets through, in batches, of which some may be empty. */
export async function* maps(
  dump: Dump,
  space: AddressSpace,
  filter: MappingFilter,
  context: ListingContext,
): AsyncGenerator<readonly Mapping[]> {
  const { signal, onUnreadable } = context;
  const options: SpaceOptions = { ...space, signal, ...(filter.range && { range: filter.range }) };
  const passed = new PassedTables("listing", [dump], options, context.progress);
  const listing = await mappings(dump, { ...options, onUnreadable });
  let left = filter.limit;
  for await (const { rows, va } of listing.slices()) {
    const batch: Mapping[] = [];
    for (const mapping of rows) {
      const row = admitted(listing, filter, mapping);
      if (row !== undefined && batch.push(row) === left) {
        yield batch;
        return;
      }
    }
    left -= batch.length;
    yield batch;
    await passed.report(va);
  }
}

function admitted(listing: SpaceListing<Mapping>, filter: MappingFilter, mapping: Mapping): Mapping | undefined {
  if (mapping.length < filter.minimumLength || !filter.admits(mapping.access)) return undefined;
  if (filter.framePa === undefined) return mapping;
  const part = cutToFrame(mapping, filter.framePa);
  return part === undefined || part.length === mapping.length ? part : withOwnDetails(listing, part);
}

/** `part` of a stretch, with what its own pages have set. */
function withOwnDetails(listing: SpaceListing<Mapping>, part: Mapping): Mapping {
  const [own] = listing.over({ from: part.va, to: part.va + part.length });
  return own ?? part;
}

/** `ptm maps --summary`: counted without listing. Of the filter the range and the access count. */
export async function summary(
  dump: Dump,
  space: AddressSpace,
  { range, admits }: MappingFilter,
  { signal, progress, onUnreadable }: ListingContext,
): Promise<SpaceSummary> {
  const options: SpaceOptions = { ...space, ...(range && { range }), signal };
  const read = new ReadTables("counting", [dump], { ...options, roots: [space.root] }, progress);
  const whole = await summarize(dump, {
    ...options,
    onUnreadable,
    onProgress: async (tables) => {
      await read.report(tables);
    },
  });
  const parts = whole.parts.filter(({ access }) => admits(access));
  return {
    pages: parts.reduce((sum, part) => sum + part.pages, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0n),
    tables: whole.tables,
    parts,
  };
}
