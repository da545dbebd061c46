/**
 * A walk from the root to the leaf, over frames as they come, keeping each table for the eye.
 *
 * The entries are those that `translate` visits, top first: it ends at a leaf, at an entry that is not present or malformed, or
 * before a table that the dump does not hold.
 */

import type { Architecture, EntryDescription, Fault, TranslationEntry } from "page-table-monitor";

export interface WalkedEntry extends TranslationEntry {
  /** Place in its table. */
  readonly index: number;
  readonly description: EntryDescription;
  readonly table: BigUint64Array;
}

export interface Walk {
  readonly entries: readonly WalkedEntry[];
  readonly pa: bigint | undefined;
  readonly pageSize: number | undefined;
  readonly fault: Fault | undefined;
  /** GFN of the table that the dump does not hold. */
  readonly missing: number | undefined;
}

export type FrameReader = (gfn: number) => Promise<Uint8Array | undefined>;

const PAGE_SHIFT = 12;
const INDEX_BITS = 9;
const INDEX_MASK = 0x1ffn;
export const ENTRIES = 512;
const ENTRY_BYTES = 8n;

export async function walk(readFrame: FrameReader, arch: Architecture, root: bigint, va: bigint): Promise<Walk> {
  const entries: WalkedEntry[] = [];
  let tablePa = root;
  for (let level = arch.levels; level >= 1; level--) {
    const gfn = Number(tablePa >> BigInt(PAGE_SHIFT));
    const frame = await readFrame(gfn);
    if (frame === undefined) return { ...ending(entries), fault: "unreadable-table", missing: gfn };
    const table = tableOf(frame);
    const index = indexAt(va, level);
    const value = table[index] as bigint;
    const description = arch.describeEntry(level, value);
    entries.push({ level, name: description.name, pa: tablePa + BigInt(index) * ENTRY_BYTES, value, index, description, table });
    if (description.kind === "not-present") return { ...ending(entries), fault: "not-present" };
    if (description.kind === "malformed" || description.target === undefined) return { ...ending(entries), fault: "reserved-bit" };
    if (description.kind === "leaf") {
      const offsetMask = (1n << BigInt(shiftOf(level))) - 1n;
      return { entries, pa: description.target | (va & offsetMask), pageSize: 2 ** shiftOf(level), fault: undefined, missing: undefined };
    }
    tablePa = description.target;
  }
  return ending(entries);
}

function ending(entries: readonly WalkedEntry[]): Walk {
  return { entries, pa: undefined, pageSize: undefined, fault: undefined, missing: undefined };
}

/** Frames are little-endian, and so are we wherever a browser runs. */
function tableOf(frame: Uint8Array): BigUint64Array {
  const copy = frame.slice();
  return new BigUint64Array(copy.buffer, 0, ENTRIES);
}

/** log2 of what one entry of `level` covers. */
export function shiftOf(level: number): number {
  return PAGE_SHIFT + (level - 1) * INDEX_BITS;
}

export function indexAt(va: bigint, level: number): number {
  return Number((va >> BigInt(shiftOf(level))) & INDEX_MASK);
}

/** The first VA below entry `index` of the table of `level` that `va` leads to. */
export function withIndex(va: bigint, level: number, index: number, arch: Architecture): bigint {
  const shift = BigInt(shiftOf(level));
  const above = (va >> (shift + BigInt(INDEX_BITS))) << (shift + BigInt(INDEX_BITS));
  return canonical(above | (BigInt(index) << shift), arch);
}

/** Bits above the top index repeat the highest one below. */
export function canonical(va: bigint, { virtualAddressBits }: Architecture): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(virtualAddressBits, va));
}

export function isCanonical(va: bigint, arch: Architecture): boolean {
  return canonical(va, arch) === va;
}
