/**
 * A world of a hundred thousand addresses, for what only shows at size: batches of several windows, tables by the hundred,
 * counted uses of shared tables.
 *
 * Four address spaces share their kernel half; each has user tables of its own, one PT that three slots share, large pages, and
 * a slot that leads back to the top table. Addresses come several to a page, and twice.
 */

import { PAGE_1G, PAGE_2M, paOf, TABLE_FLAGS, vaFrom } from "./amd64-bits.js";
import { AddressSpace, Guest } from "./guest.js";
import type { Random } from "./model/random.js";

const ROOTS = 4;
const VIEWS = 2;
const USER_TABLES = 24;
const KERNEL_TABLES = 16;
const KERNEL_SLOT = 300;
const SELF_SLOT = 400;
const ALIASES = [200, 201, 202];
const FIRST_PAGE_GFN = 0x10_0000;
const PERCENT_MAPPED = 80;

export interface WatchedSpace {
  readonly view: number;
  readonly root: bigint;
  readonly vas: BigUint64Array;
}

export interface LargeWorld {
  readonly guest: Guest;
  readonly spaces: readonly WatchedSpace[];
  /** Frames of all tables. */
  readonly tables: readonly number[];
  /** Those that lead to other tables. */
  readonly upperTables: readonly number[];
  /** The PDPTE that most addresses of the shared kernel half lie below. */
  readonly kernelPdpte: bigint;
}

export function makeLargeWorld(random: Random, addresses: number): LargeWorld {
  const guest = new Guest();
  const roots: AddressSpace[] = [];
  for (let i = 0; i < ROOTS; i++) {
    const space = new AddressSpace(guest);
    const kernel = vaFrom([KERNEL_SLOT, 0, 0, 0]);
    const first = roots[0];
    if (first) space.setEntry(kernel, 4, guest.read(first.entryPa(kernel, 4)));
    else fill(space, KERNEL_SLOT, KERNEL_TABLES, random);
    fill(space, i, USER_TABLES, random);
    alias(space, i);
    space.setEntry(vaFrom([SELF_SLOT, 0, 0, 0]), 4, paOf(space.rootGfn) | TABLE_FLAGS);
    roots.push(space);
  }
  const share = Math.ceil(addresses / (ROOTS * VIEWS));
  const spaces = Array.from({ length: ROOTS * VIEWS }, (_, i) => {
    const root = i % ROOTS;
    return { view: Math.floor(i / ROOTS), root: (roots[root] as AddressSpace).root, vas: addressesOf(root, share, random) };
  });
  const upperTables = roots.flatMap((space, i) => [
    space.rootGfn,
    ...[i, KERNEL_SLOT].flatMap((slot) => [3, 2].map((level) => space.tableGfn(vaFrom([slot, 0, 0, 0]), level))),
  ]);
  const kernelPdpte = (roots[0] as AddressSpace).entryPa(vaFrom([KERNEL_SLOT, 0, 0, 0]), 3);
  return { guest, spaces, tables: [...guest.frames.keys()], upperTables: [...new Set(upperTables)], kernelPdpte };
}

/** Tables of the lowest level under the first PDPTE of a slot, most of their entries mapped, some places large pages. */
function fill(space: AddressSpace, slot: number, tables: number, random: Random): void {
  for (let pde = 0; pde < tables; pde++) {
    if (pde % 8 === 7) {
      space.map(vaFrom([slot, 0, pde, 0]), paOf(FIRST_PAGE_GFN + 512 * random.below(1024)), { pageSize: PAGE_2M });
      continue;
    }
    for (let pte = 0; pte < 512; pte++) {
      if (random.chance(PERCENT_MAPPED)) space.map(vaFrom([slot, 0, pde, pte]), paOf(FIRST_PAGE_GFN + random.below(1 << 20)));
    }
  }
  space.map(vaFrom([slot, 1, 0, 0]), paOf(1 << 18), { pageSize: PAGE_1G });
}

/** Three slots of the PD lead to its first PT. */
function alias(space: AddressSpace, slot: number): void {
  const value = space.guest.read(space.entryPa(vaFrom([slot, 0, 0, 0]), 2));
  for (const pde of ALIASES) space.setEntry(vaFrom([slot, 0, pde, 0]), 2, value);
}

/** User half, kernel half, aliases, large pages, the self-map; a fifth of them further addresses of a page that is there. */
function addressesOf(slot: number, count: number, random: Random): BigUint64Array {
  const vas = new BigUint64Array(count);
  for (let i = 0; i < count; i++) {
    if (i > 0 && random.chance(20)) {
      vas[i] = ((vas[random.below(i)] as bigint) & ~0xfffn) | BigInt(random.below(4096));
      continue;
    }
    const where = random.weighted({ user: 60, kernel: 28, alias: 8, large: 2, self: 1, nowhere: 1 });
    const page = random.below(512);
    if (where === "user") vas[i] = vaFrom([slot, 0, random.below(USER_TABLES), page], random.below(4096));
    else if (where === "kernel") vas[i] = vaFrom([KERNEL_SLOT, 0, random.below(KERNEL_TABLES), page], random.below(4096));
    else if (where === "alias") vas[i] = vaFrom([slot, 0, random.pick(ALIASES), page]);
    else if (where === "large") vas[i] = vaFrom([slot, 1, random.below(512), page]);
    else if (where === "self") vas[i] = vaFrom([SELF_SLOT, SELF_SLOT, random.below(512), random.below(512)]);
    else vas[i] = vaFrom([random.below(256), random.below(512), random.below(512), page]);
  }
  return vas;
}
