/**
 * `ptm diff BEFORE AFTER`: what changed in one address space, or in all that both dumps hold.
 */

import type { AddressRange, Change, SharedChange, SpaceListing, SpaceOptions } from "../../index.js";
import { changes, changesOfRoots } from "../../index.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump } from "../../model/dump.js";
import type { AddressSpace } from "../address-space.js";
import { PassedTables, ReadTables } from "../progress/walk-progress.js";
import { count } from "../terminal/text.js";
import type { ListingContext } from "./listing-context.js";
import { type RootsContext, roots } from "./roots.js";

export interface DumpPair {
  readonly before: { readonly file: string; readonly dump: Dump };
  readonly after: { readonly file: string; readonly dump: Dump };
}

/** Which address spaces two dumps hold. */
export interface CommonRoots {
  /** As found, where it was not given; undefined where nothing was found. */
  readonly arch: Architecture | undefined;
  /** Those in both, in the order of the second dump's. */
  readonly roots: readonly bigint[];
  readonly onlyBefore: readonly bigint[];
  readonly onlyAfter: readonly bigint[];
}

/** Of what is compared. */
export interface DiffOptions {
  readonly range: AddressRange | undefined;
  readonly limit: number;
}

const COMPARING = "comparing";
const UNFOLDING = "unfolding what is shared";

export async function* diff(
  pair: DumpPair,
  space: AddressSpace,
  options: DiffOptions,
  context: ListingContext,
): AsyncGenerator<readonly Change[]> {
  const { signal, progress } = context;
  const where: SpaceOptions = { ...space, ...rangeOf(options), signal };
  const dumps = dumpsOf(pair);
  const read = new ReadTables(COMPARING, dumps, { ...where, roots: [space.root] }, progress);
  let passed: PassedTables | undefined;
  const open = (onUnreadable: ListingContext["onUnreadable"]) => changes(pair.before.dump, pair.after.dump, { ...where, onUnreadable });
  yield* limited(open, options.limit, context, async ({ tables, va }) => {
    if (!(await read.report(tables))) {
      passed ??= new PassedTables(UNFOLDING, dumps, where, progress);
      await passed.report(va);
    }
  });
}

/** Changes that several roots share are said once. */
export async function* diffOfAll(
  pair: DumpPair,
  all: readonly bigint[],
  arch: Architecture,
  options: DiffOptions,
  context: ListingContext,
): AsyncGenerator<readonly SharedChange[]> {
  const { signal, progress } = context;
  const where = { roots: all, arch, ...rangeOf(options), signal };
  const read = new ReadTables(COMPARING, dumpsOf(pair), where, progress);
  const open = (onUnreadable: ListingContext["onUnreadable"]) =>
    changesOfRoots(pair.before.dump, pair.after.dump, { ...where, onUnreadable });
  yield* limited(open, options.limit, context, async ({ tables, found }) => {
    if (!(await read.report(tables))) {
      progress.advance(UNFOLDING, { done: found, total: undefined, amount: (value) => count(Math.round(value)), unit: "changes" });
    }
  });
}

/** A root that only one dump holds has nothing to be compared with: what lay in its place was something else. */
export async function commonRoots(
  { before, after }: DumpPair,
  arch: Architecture | undefined,
  context: RootsContext,
): Promise<CommonRoots> {
  const foundBefore = await roots(before.file, before.dump, arch, context);
  const foundAfter = await roots(after.file, after.dump, arch, context);
  const [earlier, later] = [foundBefore, foundAfter].map((found) => found.map(({ root }) => root)) as [bigint[], bigint[]];
  const [inEarlier, inLater] = [new Set(earlier), new Set(later)];
  return {
    arch: arch ?? foundBefore[0]?.arch ?? foundAfter[0]?.arch,
    roots: later.filter((root) => inEarlier.has(root)),
    onlyBefore: earlier.filter((root) => !inLater.has(root)),
    onlyAfter: later.filter((root) => !inEarlier.has(root)),
  };
}

function rangeOf({ range }: DiffOptions): { range?: AddressRange } {
  return range === undefined ? {} : { range };
}

function dumpsOf({ before, after }: DumpPair): readonly Dump[] {
  return [before.dump, after.dump];
}

/** How far a comparison has come. */
interface Reached {
  /** Tables read, or found not to be there. */
  readonly tables: number;
  readonly found: number;
  readonly va: bigint;
}

/** No more than `limit` rows of what `open` answers; `report` is told how far it is. */
async function* limited<Row>(
  open: (onUnreadable: ListingContext["onUnreadable"]) => Promise<SpaceListing<Row>>,
  limit: number,
  context: ListingContext,
  report: (reached: Reached) => Promise<void>,
): AsyncGenerator<readonly Row[]> {
  let lacking = 0;
  let found = 0;
  const listing = await open((table) => {
    lacking++;
    context.onUnreadable(table);
  });
  for await (const { rows, va, tables } of listing.slices()) {
    yield rows.slice(0, limit - found);
    found += rows.length;
    if (found >= limit) return;
    await report({ tables: tables + lacking, found, va });
  }
}
