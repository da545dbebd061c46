/**
 * What makes a top-level table, naively: every frame classed and every table below judged anew, on BigInts, by the rules alone.
 *
 * A frame is classed by its entries: present ones must lead to frames that there are, one in eight may be wrong. A table is as good as
 * the mean of what its entries lead to, where that tells anything.
 */

import type { ReadTable } from "./naive.js";

/** In thousandths; undefined: nothing tells. */
type Share = number | undefined;

interface Classes {
  readonly isZero: boolean;
  readonly isTop: boolean;
  readonly isMiddle: boolean;
  readonly isLast: boolean;
}

export interface NaiveCandidate {
  readonly gfn: number;
  readonly thousandths: number;
  /** Entries that lead to tables. */
  readonly tables: number;
}

const P = 1n;
const PS = 0x80n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const LARGE_PAT = 0x1000n;
const NOTHING: Classes = { isZero: false, isTop: false, isMiddle: false, isLast: false };
const ALL = 1000;

/** The candidates among frames 0 to `limit`, for a mode of so many levels. */
export function rootsNaively(readTable: ReadTable, limit: number, levels: 4 | 5): NaiveCandidate[] {
  const classes = Array.from({ length: limit }, (_, gfn) => {
    const entries = readTable(gfn);
    return entries && classify(entries, limit);
  });
  const judge = (gfn: number, level: number, absent: Share): Share => {
    const told = Array.from(readTable(gfn) ?? [], (value) => judgeEntry(value, level, absent)).filter((share) => share !== undefined);
    return told.length === 0 ? undefined : Math.floor(told.reduce((sum, share) => sum + share, 0) / told.length);
  };
  const judgeEntry = (value: bigint, level: number, absent: Share): Share => {
    const kind = kindOf(value, level);
    if (kind === "none") return undefined;
    if (kind === "leaf") return ALL;
    if (kind === "malformed") return 0;
    const below = Number((value & ADDRESS) >> 12n);
    const known = classes[below];
    if (known === undefined) return absent;
    if (known.isZero) return undefined;
    if (level === 2) return known.isLast ? ALL : 0;
    return known.isMiddle ? judge(below, level - 1, absent) : 0;
  };
  return classes.flatMap((known, gfn) => {
    if (!known?.isTop) return [];
    const thousandths = judge(gfn, levels, undefined) ?? 0;
    if (thousandths < ALL / 2 || (judge(gfn, levels, 0) ?? 0) < ALL / 10) return [];
    return [{ gfn, thousandths, tables: Array.from(readTable(gfn) ?? []).filter((value) => kindOf(value, levels) === "table").length }];
  });
}

function kindOf(value: bigint, level: number): "none" | "leaf" | "table" | "malformed" {
  if ((value & P) === 0n) return "none";
  if (level === 1) return "leaf";
  if ((value & PS) === 0n) return "table";
  const belowBase = (1n << BigInt(12 + 9 * (level - 1))) - 1n;
  return level > 3 || (value & ADDRESS & belowBase & ~LARGE_PAT) !== 0n ? "malformed" : "leaf";
}

/** Right and wrong entries. */
class Count {
  right = 0;
  wrong = 0;

  add(isRight: boolean): void {
    if (isRight) this.right++;
    else this.wrong++;
  }

  get isGood(): boolean {
    return this.right > 0 && this.wrong * 8 <= this.right;
  }

  /** More than three wrong ones beyond what is allowed. */
  get isHopeless(): boolean {
    return this.wrong * 8 > this.right + 24;
  }
}

function classify(entries: BigUint64Array, limit: number): Classes {
  const [top, middle, last] = [new Count(), new Count(), new Count()];
  let stray = 0;
  for (let i = 0; i < entries.length; i++) {
    const value = entries[i] as bigint;
    if (value !== 0n && (value & P) === 0n) stray++;
    if ((value & P) !== 0n) {
      const gfn = Number((value & ADDRESS) >> 12n);
      const exists = gfn > 0 && gfn < limit;
      top.add(exists && kindOf(value, 4) === "table");
      middle.add(exists && kindOf(value, 2) !== "malformed");
      last.add(exists);
    }
    // A frame is given up at the ends of 64 bytes.
    if (i % 8 !== 7) continue;
    if (last.wrong > last.right + 3 && top.isHopeless && middle.isHopeless) return NOTHING;
    if (stray > 128 && last.right === 0) return NOTHING;
  }
  return {
    isZero: stray + last.right + last.wrong === 0,
    isTop: top.isGood && stray <= 8,
    isMiddle: middle.isGood && stray <= 64,
    isLast: last.isGood,
  };
}
