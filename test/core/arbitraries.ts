/** Entries, tables and paging modes as fast-check makes them: mostly what a processor looks at twice. */

import fc from "fast-check";
import { ENTRIES, G, LARGE_PAT, NX, P, PS, RW } from "../support/amd64-bits.js";
import type { ModeOptions } from "../support/subject.js";

const LARGEST_ENTRY = 2n ** 64n - 1n;

/** Four and five levels, some processors' physical address bits, memory encryption. */
export const MODES: readonly ModeOptions[] = [
  {},
  { levels: 5 },
  { physicalAddressBits: 36 },
  { levels: 5, physicalAddressBits: 46 },
  { encryptionMask: 1n << 51n },
  { levels: 5, physicalAddressBits: 43, encryptionMask: 1n << 47n },
];

/** Bits where a rule begins or ends: present, page size, PAT, ends of large pages, of MAXPHYADDR, of the address. */
const TELLING_BITS = [
  P,
  RW,
  PS,
  G,
  LARGE_PAT,
  NX,
  ...[11, 13, 20, 21, 29, 30, 35, 36, 42, 43, 45, 46, 47, 50, 51, 52].map((bit) => 1n << BigInt(bit)),
];

export const arbitraryEntry: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: LARGEST_ENTRY }),
  fc.subarray(TELLING_BITS).map((bits) => bits.reduce((entry, bit) => entry | bit, 0n)),
  fc.subarray(TELLING_BITS).map((bits) => bits.reduce((entry, bit) => entry | bit, P)),
);

const arbitraryIndex = fc.nat(ENTRIES - 1);

/** 512 entries, most of them alike. */
export const arbitraryTable: fc.Arbitrary<BigUint64Array> = fc
  .tuple(fc.constantFrom(0n, P, P | PS, LARGEST_ENTRY), fc.array(fc.tuple(arbitraryIndex, arbitraryEntry), { maxLength: 40 }))
  .map(([usual, others]) => {
    const table = new BigUint64Array(ENTRIES).fill(usual);
    for (const [index, entry] of others) table[index] = entry;
    return table;
  });

/** Some of the 512 entries: few of them, or all but few. */
export const arbitraryEntrySet: fc.Arbitrary<ReadonlySet<number>> = fc
  .tuple(fc.constantFrom("few", "most"), fc.array(arbitraryIndex, { maxLength: 40 }))
  .map(([kind, indices]) => {
    const few = new Set(indices);
    return kind === "few" ? few : new Set(Array.from({ length: ENTRIES }, (_, index) => index).filter((index) => !few.has(index)));
  });
