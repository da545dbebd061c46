/**
 * Naive listings of whole address spaces on BigInts: every leaf one after the other, unfolded, as the manual tells it.
 *
 * They share no code with the library. SDM 3A 4.5.4 (formats), 4.6.1 (access rights over a path).
 */

import type { Change, ChangeType } from "../../src/space/change.js";
import type { Mapping } from "../../src/space/mapping.js";
import type { UnreadableTable } from "../../src/space/options.js";

export interface NaiveMode {
  readonly levels: 4 | 5;
  readonly physicalAddressBits: number;
  readonly encryptionMask: bigint;
}

export interface Leaf {
  va: bigint;
  length: bigint;
  pa: bigint;
  readonly pageSize: number;
  /** "rwxu", with "-" for what is not granted. */
  readonly access: string;
  readonly global: number;
  readonly accessed: number;
  readonly dirty: number;
}

export interface NaiveListing {
  /** Ascending, unmerged. */
  readonly leaves: readonly Leaf[];
  readonly unreadable: readonly Omit<UnreadableTable, "in">[];
  /** Ranges below tables that cannot be read, ascending. */
  readonly gaps: readonly { readonly va: bigint; readonly length: bigint }[];
}

export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

export type ReadTable = (gfn: number) => BigUint64Array | undefined;

const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const WRITE = 1;
const EXECUTE = 2;
const USER = 4;
const ACCESS_TEXTS = ["r---", "rw--", "r-x-", "rwx-", "r--u", "rw-u", "r-xu", "rwxu"];
const WHOLE: Range = { from: 0n, to: 1n << 64n };

export function listNaively(readTable: ReadTable, mode: NaiveMode, root: bigint, range: Range = WHOLE): NaiveListing {
  const leaves: Leaf[] = [];
  const unreadable: Omit<UnreadableTable, "in">[] = [];
  const gaps: { va: bigint; length: bigint }[] = [];
  const said = new Set<number>();
  const pastMaximum = ADDRESS_BITS & ~((1n << BigInt(mode.physicalAddressBits)) - 1n);
  const visit = (table: bigint, level: number, firstVa: bigint, path: number, entryPa: bigint | undefined): void => {
    const gfn = Number(table >> 12n);
    const entries = readTable(gfn);
    const bits = BigInt(12 + 9 * (level - 1));
    if (entries === undefined) {
      if (!said.has(gfn)) {
        said.add(gfn);
        unreadable.push({ gfn, level, va: canonical(mode, firstVa), entryPa });
      }
      // The root's covers both halves.
      gaps.push(level === mode.levels ? { va: 0n, length: WHOLE.to } : { va: canonical(mode, firstVa), length: 1n << (bits + 9n) });
      return;
    }
    for (let i = 0; i < 512; i++) {
      const value = (entries[i] as bigint) & ~mode.encryptionMask;
      const flags = Number(value & 0xfffn);
      if ((flags & 1) === 0 || (value & pastMaximum) !== 0n) continue;
      const shown = canonical(mode, firstVa + (BigInt(i) << bits));
      if (shown + (1n << bits) <= range.from || shown >= range.to) continue;
      const here = path & ((flags & 2 ? WRITE : 0) | (flags & 4 ? USER : 0) | (value >> 63n === 0n ? EXECUTE : 0));
      const large = level > 1 && (flags & 0x80) !== 0;
      if (level > 1 && !large) {
        visit(value & ADDRESS_BITS, level - 1, firstVa + (BigInt(i) << bits), here, table + 8n * BigInt(i));
        continue;
      }
      const size = 1n << bits;
      if (level > 3 || (large && (value & ADDRESS_BITS & (size - 1n) & ~0x1000n) !== 0n)) continue;
      const leaf = {
        va: shown,
        length: size,
        pa: value & ADDRESS_BITS & ~(size - 1n),
        pageSize: Number(size),
        access: ACCESS_TEXTS[here] as string,
        global: (flags >> 8) & 1,
        accessed: (flags >> 5) & 1,
        dirty: (flags >> 6) & 1,
      };
      leaves.push(range === WHOLE ? leaf : cut(leaf, range));
    }
  };
  if (range.from < range.to) visit(root & ADDRESS_BITS, mode.levels, 0n, WRITE | EXECUTE | USER, undefined);
  return { leaves, unreadable, gaps };
}

function canonical(mode: NaiveMode, va: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(12 + 9 * mode.levels, va));
}

function cut(leaf: Leaf, range: Range): Leaf {
  const from = leaf.va < range.from ? range.from : leaf.va;
  const end = leaf.va + leaf.length;
  const to = end > range.to ? range.to : end;
  return { ...leaf, va: from, length: to - from, pa: leaf.pa + (from - leaf.va) };
}

/** The maximal stretches of leaves. */
export function stretchesOf(leaves: readonly Leaf[]): Mapping[] {
  return merge(leaves).map(({ va, length, pa, pageSize, access, global, accessed, dirty }) => ({
    va,
    length,
    pa,
    pageSize,
    access: accessObject(access),
    details: { global, accessed, dirty },
  }));
}

function merge(leaves: readonly Leaf[]): Leaf[] {
  const merged: Leaf[] = [];
  for (const leaf of leaves) {
    const last = merged.at(-1);
    if (last && prolongs(last, leaf)) {
      merged[merged.length - 1] = {
        ...last,
        length: last.length + leaf.length,
        global: last.global + leaf.global,
        accessed: last.accessed + leaf.accessed,
        dirty: last.dirty + leaf.dirty,
      };
    } else {
      merged.push(leaf);
    }
  }
  return merged;
}

function prolongs(last: Leaf, next: Leaf): boolean {
  return (
    last.va + last.length === next.va && last.pa + last.length === next.pa && last.pageSize === next.pageSize && last.access === next.access
  );
}

export function accessObject(text: string): { read: boolean; write: boolean; execute: boolean; user: boolean } {
  return { read: text[0] === "r", write: text[1] === "w", execute: text[2] === "x", user: text[3] === "u" };
}

type Interval = { va: bigint; length: bigint };

/** What differs between two listings, in maximal stretches; where either has a gap, nothing does. */
export function changesNaively(before: NaiveListing, after: NaiveListing): Change[] {
  const gaps: readonly Interval[] = [...before.gaps, ...after.gaps];
  const bounds = new Set<bigint>();
  const [leavesBefore, leavesAfter] = [merge(before.leaves), merge(after.leaves)];
  for (const { va, length } of [...leavesBefore, ...leavesAfter, ...gaps]) {
    bounds.add(va);
    bounds.add(va + length);
  }
  const ascending = [...bounds].sort((a, b) => (a < b ? -1 : 1));
  const one = finder(leavesBefore);
  const other = finder(leavesAfter);
  const inGap = finder([...gaps].sort((a, b) => (a.va < b.va ? -1 : a.va > b.va ? 1 : 0)));
  const found: Change[] = [];
  for (let i = 0; i + 1 < ascending.length; i++) {
    const va = ascending[i] as bigint;
    const length = (ascending[i + 1] as bigint) - va;
    if (inGap(va)) continue;
    const change = changeAt(va, length, one(va), other(va));
    if (change) addChange(found, change);
  }
  return found;
}

/** Finds the interval with `va` in it; asked ascending. Intervals may lie one over the other only where they are gaps. */
function finder<T extends Interval>(intervals: readonly T[]): (va: bigint) => T | undefined {
  let next = 0;
  let reach: T | undefined;
  return (va) => {
    for (; next < intervals.length && (intervals[next] as T).va <= va; next++) {
      const interval = intervals[next] as T;
      if (reach === undefined || interval.va + interval.length > reach.va + reach.length) reach = interval;
    }
    return reach !== undefined && reach.va <= va && va < reach.va + reach.length ? reach : undefined;
  };
}

function changeAt(va: bigint, length: bigint, before: Leaf | undefined, after: Leaf | undefined): Change | undefined {
  const type = typeOf(va, before, after);
  if (type === undefined) return undefined;
  return { type, va, length, ...(before && { before: backing(va, before) }), ...(after && { after: backing(va, after) }) };
}

function typeOf(va: bigint, before: Leaf | undefined, after: Leaf | undefined): ChangeType | undefined {
  if (!before) return after ? "page-in" : undefined;
  if (!after) return "page-out";
  if (before.pa + (va - before.va) !== after.pa + (va - after.va)) return "remap";
  if (before.access !== after.access) return "access";
  return before.pageSize === after.pageSize ? undefined : "page-size";
}

function backing(va: bigint, leaf: Leaf): NonNullable<Change["before"]> {
  return { pa: leaf.pa + (va - leaf.va), pageSize: leaf.pageSize, access: accessObject(leaf.access) };
}

function addChange(found: Change[], change: Change): void {
  const last = found.at(-1);
  const joins =
    last &&
    last.type === change.type &&
    last.va + last.length === change.va &&
    backingJoins(last.before, change.before, last.length) &&
    backingJoins(last.after, change.after, last.length);
  if (joins) found[found.length - 1] = { ...last, length: last.length + change.length };
  else found.push(change);
}

function backingJoins(last: Change["before"], next: Change["before"], length: bigint): boolean {
  if (!last || !next) return !last && !next;
  return last.pa + length === next.pa && last.pageSize === next.pageSize && JSON.stringify(last.access) === JSON.stringify(next.access);
}
