/**
 * The lanes of a timeline: what happened, by region or by tag.
 *
 * Named ranges are lanes of their own. All else that changed is cut into regions at its widest gaps, so that a heap, a stack and
 * the kernel's image come apart whatever their sizes are. Lanes are ascending by address, and every row lies in exactly one.
 */

import { pageOf } from "./events.js";
import { bytes, hex } from "./format.js";
import type { Watch } from "./watch-list.js";

export interface Lane {
  /** Stays the same while what is asked stays the same. */
  readonly key: string;
  readonly title: string;
  readonly type: "tag" | "region";
  /** Place in the list of tags; undefined for a region. */
  readonly tag: number | undefined;
  /** Half-open, pages. */
  readonly fromPage: number;
  readonly toPage: number;
}

/** Half-open, pages. */
export interface PageRange {
  readonly from: number;
  readonly to: number;
}

/** So many regions at most: as many as a person can tell apart. */
const MOST_REGIONS = 16;
/** Closer together than this is one region: a page table's reach. */
const LEAST_GAP_PAGES = 512;

/** What lies in no range of `named`, cut into regions. `extents` are ascending and apart. */
export function regionsOf(extents: readonly PageRange[], most: number = MOST_REGIONS, leastGap: number = LEAST_GAP_PAGES): PageRange[] {
  const gaps: { readonly size: number; readonly at: number }[] = [];
  for (let i = 1; i < extents.length; i++) {
    const size = (extents[i] as PageRange).from - (extents[i - 1] as PageRange).to;
    if (size >= leastGap) gaps.push({ size, at: i });
  }
  gaps.sort((a, b) => b.size - a.size);
  const cuts = gaps
    .slice(0, most - 1)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  const regions: PageRange[] = [];
  let first = 0;
  for (const cut of [...cuts, extents.length]) {
    if (cut > first) regions.push({ from: (extents[first] as PageRange).from, to: (extents[cut - 1] as PageRange).to });
    first = cut;
  }
  return regions;
}

/** Ranges of a list, by page, ascending; where two overlap the first of the list counts. */
export function namedRanges(watches: readonly Watch[]): readonly (PageRange & { readonly tag: number })[] {
  const taken: (PageRange & { tag: number })[] = [];
  const tags = tagsOf(watches);
  for (const watch of watches) {
    const from = pageOf(watch.va);
    const to = pageOf(watch.va + (watch.length ?? 1n) - 1n) + 1;
    if (taken.some((other) => from < other.to && other.from < to)) continue;
    taken.push({ from, to, tag: tags.indexOf(watch.tag) });
  }
  return taken.sort((a, b) => a.from - b.from);
}

/** Distinct, in the order of the list. */
export function tagsOf(watches: readonly Watch[]): readonly string[] {
  return [...new Set(watches.map(({ tag }) => tag))];
}

export function regionLane({ from, to }: PageRange): Lane {
  const va = BigInt(from) << 12n;
  return {
    key: `region ${hex(va)}`,
    title: `${hex(va)} +${bytes((to - from) * 4096)}`,
    type: "region",
    tag: undefined,
    fromPage: from,
    toPage: to,
  };
}

export function tagLane(tag: number, title: string, from: number, to: number): Lane {
  return { key: `tag ${title}`, title, type: "tag", tag, fromPage: from, toPage: to };
}
