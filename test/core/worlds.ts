/**
 * Guests whose tables point at each other as they like: shared, cyclic, a table of several levels at once, missing, with
 * large pages, reserved bits and flags of every kind. Few tables and few places in them, so that random VAs meet much of it.
 */

import fc from "fast-check";
import { type WalkResult, walk } from "../oracle/walker.js";
import { G, LARGE_PAT, NX, P, PS, paOf, RW, TABLE_FLAGS, US, vaFrom } from "../support/amd64-bits.js";
import { walkModeOf } from "../support/builds.js";
import { type DriverFeature, GuestDriver } from "../support/driver.js";
import { Guest } from "../support/guest.js";
import type { ModeOptions } from "../support/subject.js";
import { MODES } from "./arbitraries.js";

/** Spread over all that a GFN may be; the last two are never there. */
const GFNS = [0, 1, 2, 0x100, 0x1ff, 0x2345, 0xf_ffff, 0x3ff_ffff, 5, 0x777];
const MISSING = 2;
const INDICES = [0, 1, 2, 255, 256, 510, 511];
const SELF = 510;
const CIRCLE = [
  [0, 1],
  [1, 2],
  [2, 0x100],
  [0x100, 0x1ff],
  [0x1ff, 0],
] as const;
/** Mostly the ways that always exist. */
const arbitraryIndex = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1, SELF) },
  { weight: 2, arbitrary: fc.constantFrom(...INDICES) },
);

export interface World {
  readonly mode: ModeOptions;
  readonly guest: Guest;
  readonly features: readonly DriverFeature[];
}

const arbitraryTarget = fc.constantFrom(...GFNS);
const arbitraryFlags = fc.subarray([RW, US, NX, G, 1n << 9n, 1n << 62n]).map((bits) => bits.reduce((all, bit) => all | bit, P));

const arbitraryEntry: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(arbitraryTarget, arbitraryFlags).map(([gfn, flags]) => paOf(gfn) | flags) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(3), arbitraryFlags).map(([gigabyte, flags]) => (BigInt(gigabyte) << 30n) | flags | PS) },
  { weight: 1, arbitrary: fc.constantFrom(LARGE_PAT | PS | P, (1n << 13n) | PS | P, (1n << 29n) | PS | P) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 36, max: 51 }), arbitraryTarget).map(([bit, gfn]) => (1n << BigInt(bit)) | paOf(gfn) | P),
  },
  { weight: 1, arbitrary: arbitraryTarget.map((gfn) => paOf(gfn) | RW) },
);

const arbitraryWrite = fc.record({
  gfn: fc.nat(GFNS.length - 1),
  index: fc.constantFrom(...INDICES),
  entry: arbitraryEntry,
  isEncrypted: fc.boolean(),
});

export const arbitraryWorld: fc.Arbitrary<World> = fc
  .record({
    mode: fc.constantFrom(...MODES),
    writes: fc.array(arbitraryWrite, { maxLength: 50 }),
    features: fc.subarray<DriverFeature>(["read-frames", "immutable"]),
  })
  .map(({ mode, writes, features }) => {
    const guest = new Guest();
    for (const gfn of GFNS) guest.allocate(gfn);
    // Ways down that always exist, so that paths are long: a circle over five tables, by an entry that is encrypted and one
    // that is not, and a self-map, so that a table stands on several levels.
    for (const [from, to] of CIRCLE) {
      const table = guest.frames.get(from) as BigUint64Array;
      table[0] = paOf(to) | TABLE_FLAGS;
      table[1] = paOf(to) | TABLE_FLAGS | (mode.encryptionMask ?? 0n);
      table[SELF] = paOf(from) | TABLE_FLAGS;
    }
    for (const { gfn, index, entry, isEncrypted } of writes) {
      const encryption = isEncrypted ? (mode.encryptionMask ?? 0n) : 0n;
      (guest.frames.get(GFNS[gfn] as number) as BigUint64Array)[index] = entry | encryption;
    }
    for (const gfn of GFNS.slice(-MISSING)) guest.free(gfn);
    return { mode, guest, features, [fc.toStringMethod]: () => describeWorld(mode, features, writes) };
  });

/** What fast-check prints of a world: how to make it again, not its zeros. */
function describeWorld(
  mode: ModeOptions,
  features: readonly DriverFeature[],
  writes: readonly { gfn: number; index: number; entry: bigint }[],
): string {
  const lines = writes.map(({ gfn, index, entry }) => `0x${(GFNS[gfn] as number).toString(16)}[${index}] = 0x${entry.toString(16)}`);
  return `${fc.stringify(mode)} ${features.join(" ")} { ${lines.join("; ")} }`;
}

export function driverOf({ guest, features }: World): GuestDriver {
  return new GuestDriver(guest, { features });
}

export const arbitraryRoot: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: arbitraryTarget.map(paOf) },
);

/** VAs over the places in use, canonical in five levels and, by `vaOf`, in four. */
export const arbitraryPlaces = fc.array(fc.tuple(fc.array(arbitraryIndex, { minLength: 5, maxLength: 5 }), fc.nat(4095)), {
  minLength: 1,
  maxLength: 40,
});

export function vasOf(mode: ModeOptions, places: readonly (readonly [readonly number[], number])[]): BigUint64Array {
  return BigUint64Array.from(places, ([indices, offset]) => vaFrom(indices.slice(0, mode.levels ?? 4), offset));
}

/** The naive walk over what the guest's memory has. */
export function walkIn({ mode, guest }: World, root: bigint, va: bigint): WalkResult {
  return walk(walkModeOf(mode), root, va, (entryPa) => guest.tryFrame(Number(entryPa >> 12n))?.[Number(entryPa & 0xfffn) / 8]);
}
