/**
 * `ptm diff BEFORE AFTER`: what changed in one address space, or in all that both dumps hold.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { AddressRange, Change, SharedChange, UnreadableTable } from "../../index.js";
import { changes, changesOfRoots } from "../../index.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump } from "../../model/dump.js";
import type { AddressSpace } from "../address-space.js";
import { count } from "../format/text.js";
import type { ListingContext } from "./maps.js";
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

const BATCH_ROWS = 256;

export function diff(
  pair: DumpPair,
  space: AddressSpace,
  options: DiffOptions,
  context: ListingContext,
): AsyncGenerator<readonly Change[]> {
  const { signal, onUnreadable } = context;
  const listing = changes(pair.before.dump, pair.after.dump, { ...space, ...rangeOf(options), signal, onUnreadable });
  return batches(listing, options.limit, context);
}

/** Changes that several roots share are said once. */
export function diffOfAll(
  pair: DumpPair,
  all: readonly bigint[],
  arch: Architecture,
  options: DiffOptions,
  context: ListingContext,
): AsyncGenerator<readonly SharedChange[]> {
  const { signal, onUnreadable } = context;
  const listing = changesOfRoots(pair.before.dump, pair.after.dump, { roots: all, arch, ...rangeOf(options), signal, onUnreadable });
  return batches(listing, options.limit, context);
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

async function* batches<Row>(listing: Promise<Iterable<Row>>, limit: number, { progress }: ListingContext): AsyncGenerator<readonly Row[]> {
  let rows: Row[] = [];
  let found = 0;
  for (const row of await listing) {
    rows.push(row);
    found++;
    if (found === limit) {
      break;
    }
    if (rows.length === BATCH_ROWS) {
      yield rows;
      rows = [];
      progress.advance("comparing", { done: found, total: undefined, amount: (value) => `${count(Math.round(value))} changes` });
      await turn();
    }
  }
  yield rows;
}

/** Words for which of the two dumps lacks a table. */
export function sideOf({ before, after }: DumpPair, table: UnreadableTable): string {
  return table.in === "before" ? before.file : after.file;
}
