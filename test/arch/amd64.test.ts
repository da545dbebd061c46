/**
 * AMD64 entries against the manual's tables, written out here a second time as literals (SDM 3A tables 4-14 to 4-20).
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amd64 } from "../../src/arch/amd64.js";
import { clearedRoot } from "../../src/arch/cleared-root.js";
import { coreModeOf } from "../../src/arch/core-mode.js";
import { architectureByName, architectureNames } from "../../src/arch/registry.js";
import { PageTableError } from "../../src/model/errors.js";

const four = amd64();
const five = amd64({ levels: 5 });
const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** Fields of a present entry: [name, bits]. Copied from the manual by hand; MAXPHYADDR 40. */
const TABLES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  upper: [
    ["P", "0"],
    ["R/W", "1"],
    ["U/S", "2"],
    ["PWT", "3"],
    ["PCD", "4"],
    ["A", "5"],
    ["ignored", "6"],
    ["PS", "7"],
    ["ignored", "11:8"],
    ["reserved", "51:40"],
    ["ignored", "62:52"],
    ["XD", "63"],
  ],
  page1G: [
    ["P", "0"],
    ["R/W", "1"],
    ["U/S", "2"],
    ["PWT", "3"],
    ["PCD", "4"],
    ["A", "5"],
    ["D", "6"],
    ["PS", "7"],
    ["G", "8"],
    ["ignored", "11:9"],
    ["PAT", "12"],
    ["reserved", "29:13"],
    ["reserved", "51:40"],
    ["ignored", "58:52"],
    ["PK", "62:59"],
    ["XD", "63"],
  ],
  page2M: [
    ["P", "0"],
    ["R/W", "1"],
    ["U/S", "2"],
    ["PWT", "3"],
    ["PCD", "4"],
    ["A", "5"],
    ["D", "6"],
    ["PS", "7"],
    ["G", "8"],
    ["ignored", "11:9"],
    ["PAT", "12"],
    ["reserved", "20:13"],
    ["reserved", "51:40"],
    ["ignored", "58:52"],
    ["PK", "62:59"],
    ["XD", "63"],
  ],
  pte: [
    ["P", "0"],
    ["R/W", "1"],
    ["U/S", "2"],
    ["PWT", "3"],
    ["PCD", "4"],
    ["A", "5"],
    ["D", "6"],
    ["PAT", "7"],
    ["G", "8"],
    ["ignored", "11:9"],
    ["reserved", "51:40"],
    ["ignored", "58:52"],
    ["PK", "62:59"],
    ["XD", "63"],
  ],
};

function tableFor(level: number, value: bigint): readonly (readonly [string, string])[] | undefined {
  const large = (value & 0x80n) !== 0n;
  if (level === 1) return TABLES.pte;
  if (level === 2 && large) return TABLES.page2M;
  if (level === 3 && large) return TABLES.page1G;
  return TABLES.upper;
}

function bitsOf(value: bigint, bits: string): bigint {
  const [high, low = high] = bits.split(":").map(Number);
  const width = (high as number) - (low as number) + 1;
  return BigInt.asUintN(width, value >> BigInt(low as number));
}

describe("amd64", () => {
  it("is named as --arch takes it, with the widths of its mode", () => {
    expect([four.name, four.levels, four.virtualAddressBits]).toEqual(["amd64", 4, 48]);
    expect([five.name, five.levels, five.virtualAddressBits]).toEqual(["amd64-la57", 5, 57]);
  });

  it("refuses options out of their range with invalid-architecture", () => {
    const wrong: readonly unknown[] = [
      { levels: 3 },
      { levels: 6 },
      { levels: "4" },
      { physicalAddressBits: 31 },
      { physicalAddressBits: 53 },
      { physicalAddressBits: 40.5 },
      { physicalAddressBits: Number.NaN },
      { physicalAddressBits: "52" },
      { encryptionMask: 1n << 11n },
      { encryptionMask: 1n << 52n },
      { encryptionMask: -1n },
      { encryptionMask: 47 },
    ];
    for (const options of wrong) {
      expect(() => amd64(options as Parameters<typeof amd64>[0])).toThrowError(expect.objectContaining({ code: "invalid-architecture" }));
    }
    expect(() => amd64({ physicalAddressBits: 32, encryptionMask: 0x000f_ffff_ffff_f000n })).not.toThrow();
  });

  it("refuses levels that the mode does not have and values that are no entry", () => {
    for (const level of [0, 5, 1.5, -1, Number.NaN]) {
      expect(() => four.describeEntry(level, 0n)).toThrowError(expect.objectContaining({ code: "invalid-level" }));
    }
    expect(() => five.describeEntry(6, 0n)).toThrowError(expect.objectContaining({ code: "invalid-level" }));
    expect(five.describeEntry(5, 1n).name).toBe("PML5E");
    expect(() => four.describeEntry(1, -1n)).toThrowError(PageTableError);
    expect(() => four.describeEntry(1, 2n ** 64n)).toThrowError(PageTableError);
  });

  it("lists the fields of every entry as the manual's tables do", () => {
    const arch = amd64({ levels: 5, physicalAddressBits: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), word, (level, value) => {
        const present = value | 1n;
        const described = arch.describeEntry(level, present);
        expect(described.flags.map((flag) => [flag.name, flag.bits])).toEqual(tableFor(level, present));
        for (const flag of described.flags) {
          expect(flag.value).toBe(bitsOf(present, flag.bits));
          expect(flag.meaning).not.toBe("");
        }
      }),
    );
  });

  it("calls an entry without P not present whatever its other bits say", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), word, (level, value) => {
        const described = five.describeEntry(level, value & ~1n);
        expect(described.kind).toBe("not-present");
        expect(described.target).toBeUndefined();
        expect(described.flags.map((flag) => [flag.name, flag.bits])).toEqual([
          ["P", "0"],
          ["ignored", "63:1"],
        ]);
      }),
    );
  });

  it("takes the target of an entry from its address bits alone", () => {
    const everything = 0xffff_ffff_ffff_ffffn;
    const withoutPs = everything & ~0x80n;
    expect(five.describeEntry(5, withoutPs)).toMatchObject({ name: "PML5E", kind: "table", target: 0x000f_ffff_ffff_f000n });
    expect(five.describeEntry(4, withoutPs)).toMatchObject({ name: "PML4E", kind: "table", target: 0x000f_ffff_ffff_f000n });
    expect(four.describeEntry(3, withoutPs)).toMatchObject({ name: "PDPTE", kind: "table", target: 0x000f_ffff_ffff_f000n });
    expect(four.describeEntry(2, withoutPs)).toMatchObject({ name: "PDE", kind: "table", target: 0x000f_ffff_ffff_f000n });
    expect(four.describeEntry(1, everything)).toMatchObject({ name: "PTE", kind: "leaf", target: 0x000f_ffff_ffff_f000n });
    expect(four.describeEntry(3, 0xfff0_0000_0000_1fffn | 0x000f_ffff_c000_0000n)).toMatchObject({
      kind: "leaf",
      target: 0x000f_ffff_c000_0000n,
    });
    expect(four.describeEntry(2, 0xfff0_0000_0000_1fffn | 0x000f_ffff_ffe0_0000n)).toMatchObject({
      kind: "leaf",
      target: 0x000f_ffff_ffe0_0000n,
    });
  });

  it("calls a present entry malformed exactly where a reserved bit of its table is set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 32, max: 52 }), word, (level, physicalAddressBits, value) => {
        const present = value | 1n;
        let reserved = 0x000f_ffff_ffff_ffffn & ~(2n ** BigInt(physicalAddressBits) - 1n);
        if (level >= 4) reserved |= 0x80n;
        if (level === 3 && (present & 0x80n) !== 0n) reserved |= 0x3fff_e000n;
        if (level === 2 && (present & 0x80n) !== 0n) reserved |= 0x001f_e000n;
        const arch = amd64({ levels: 5, physicalAddressBits });
        for (const candidate of [present, present & ~reserved]) {
          const described = arch.describeEntry(level, candidate);
          expect(described.kind === "malformed").toBe((candidate & reserved) !== 0n);
          expect(described.target === undefined).toBe(described.kind === "malformed");
        }
      }),
    );
  });

  it("calls PS in a PML4E or PML5E malformed, never a page", () => {
    expect(four.describeEntry(4, 0x81n).kind).toBe("malformed");
    expect(five.describeEntry(5, 0x81n).kind).toBe("malformed");
  });

  it("reads bit 12 of a large page and bit 7 of a PTE as PAT, not as address or size", () => {
    expect(four.describeEntry(2, 0x20_1081n)).toMatchObject({ kind: "leaf", target: 0x20_0000n });
    expect(four.describeEntry(3, 0x4000_1081n)).toMatchObject({ kind: "leaf", target: 0x4000_0000n });
    expect(four.describeEntry(1, 0x3081n)).toMatchObject({ kind: "leaf", target: 0x3000n });
    const pat = four.describeEntry(1, 0x3099n).flags.find((flag) => flag.name === "PAT");
    expect(pat?.meaning).toContain("entry 7");
  });

  it("clears the encryption mask first and still says whether the C-bit was set", () => {
    const arch = amd64({ physicalAddressBits: 40, encryptionMask: 1n << 47n });
    const encrypted = arch.describeEntry(1, 0x8000_0000_3001n);
    expect(encrypted).toMatchObject({ kind: "leaf", target: 0x3000n });
    expect(encrypted.flags.find((flag) => flag.name === "C")).toEqual({ name: "C", bits: "47", value: 1n, meaning: "encrypted" });
    expect(arch.describeEntry(1, 0x3001n).flags.find((flag) => flag.name === "C")?.meaning).toBe("not encrypted");
    expect(amd64({ physicalAddressBits: 40 }).describeEntry(1, 0x8000_0000_3001n).kind).toBe("malformed");
  });

  it("says the protection key of a leaf", () => {
    const key = four.describeEntry(1, (5n << 59n) | 1n).flags.find((flag) => flag.name === "PK");
    expect(key?.value).toBe(5n);
    expect(key?.meaning).toContain("5");
  });
});

describe("coreModeOf", () => {
  it("gives the core its numbers: mode, masks and the names of entries", () => {
    expect(coreModeOf(four)).toEqual({
      modeId: 1,
      levels: 4,
      virtualAddressBits: 48,
      rootMask: 0x000f_ffff_ffff_f000n,
      reservedMask: 0n,
      clearMask: 0n,
      entryNames: ["", "PTE", "PDE", "PDPTE", "PML4E"],
      shiftAt: expect.any(Function),
      tableBehind: expect.any(Function),
    });
    expect([1, 2, 3, 4].map(coreModeOf(four).shiftAt)).toEqual([12, 21, 30, 39]);
    expect(coreModeOf(amd64({ levels: 5, physicalAddressBits: 46, encryptionMask: 1n << 51n }))).toMatchObject({
      modeId: 2,
      rootMask: 0x000f_ffff_ffff_f000n,
      reservedMask: 0x000f_c000_0000_0000n,
      clearMask: 1n << 51n,
      entryNames: ["", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"],
    });
  });

  it("tells of an upper entry which table it leads to, as its description does, without a bigint", () => {
    const modes = [four, five, amd64({ physicalAddressBits: 46 }), amd64({ physicalAddressBits: 40, encryptionMask: 1n << 47n })];
    const entry = fc.tuple(word, fc.boolean()).map(([value, isPlain]) => (isPlain ? value & 0x000f_ffff_ffff_f07fn : value) | 1n);
    fc.assert(
      fc.property(fc.constantFrom(...modes), fc.integer({ min: 2, max: 4 }), fc.oneof(entry, word), (mode, level, value) => {
        const { kind, target } = mode.describeEntry(level, value);
        const found = coreModeOf(mode).tableBehind(Number(value & 0xffff_ffffn), Number(value >> 32n));
        expect(found).toBe(kind === "table" ? Number((target as bigint) >> 12n) : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses an architecture that this package did not make, also a copy of one", () => {
    expect(() => coreModeOf({ ...four })).toThrowError(expect.objectContaining({ code: "unknown-architecture" }));
    expect(() => coreModeOf(undefined as unknown as typeof four)).toThrowError(expect.objectContaining({ code: "unknown-architecture" }));
  });
});

describe("clearedRoot", () => {
  it("clears what is no address bit of a root: PCID, PWT, PCD, bit 63", () => {
    expect(clearedRoot(0x8000_0000_0677_2801n, four)).toBe(0x677_2000n);
    expect(clearedRoot(2n ** 64n - 1n, amd64({ physicalAddressBits: 40 }))).toBe(0x000f_ffff_ffff_f000n);
  });

  it("refuses what is no address", () => {
    expect(() => clearedRoot(-1n, four)).toThrowError(expect.objectContaining({ code: "negative-address" }));
    expect(() => clearedRoot(1n << 64n, five)).toThrowError(expect.objectContaining({ code: "address-too-large" }));
  });
});

describe("the registry of architectures", () => {
  it("makes every mode by the name that the mode has", () => {
    expect(architectureNames).toEqual(["amd64", "amd64-la57"]);
    for (const name of architectureNames) {
      expect(architectureByName(name)?.name).toBe(name);
    }
  });

  it("answers undefined for names that are none, inherited ones among them", () => {
    expect(architectureByName("arm64")).toBeUndefined();
    expect(architectureByName("toString")).toBeUndefined();
    expect(architectureByName("")).toBeUndefined();
  });
});
