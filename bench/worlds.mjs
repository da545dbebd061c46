/**
 * Worlds: page tables of a guest and the addresses to watch in them.
 *
 *   dense    one root, 250 addresses in each PT
 *   roots    64 roots, tables of their own, 250 addresses in each PT
 *   shared   64 roots over one kernel half: the same PTs, each address once a root
 *   sparse   one root, one address in each PT
 *   packed   dense, but the tables lie side by side
 *
 * Tables lie scattered over guest memory, as a kernel's allocator leaves them after days, but for packed ones: so it leaves
 * them when it maps all of this at once. Which slots of a PT are watched, where in the page
 * and on which frame is random; frames of pages are past the guest's memory, for nobody reads them.
 */

import { Guest } from "./guest.mjs";
import { createRandom, shuffle } from "./random.mjs";

const ROOTS = 64;
const ADDRESSES_A_TABLE = 250;
const ENTRIES = 512;
const FRAME_BYTES = 4096;
const LEAST_FRAMES = 131072; // 512 MiB
const SPARE_FRAMES = 1.25;
const FIRST_PAGE_FRAME = 2 ** 24;
const TABLE_FLAGS = 0x27n; // P, RW, US, A
const PAGE_FLAGS = 0x67n; // and D
const USER_SLOT = 100; // of the PML4
const KERNEL_SLOT = 300;
const SIGN_EXTENSION = 0xffff_0000_0000_0000n;

export const SHAPES = {
  dense: { roots: 1, isShared: false, addressesATable: ADDRESSES_A_TABLE, pml4Slot: USER_SLOT },
  roots: { roots: ROOTS, isShared: false, addressesATable: ADDRESSES_A_TABLE, pml4Slot: USER_SLOT },
  shared: { roots: ROOTS, isShared: true, addressesATable: ADDRESSES_A_TABLE, pml4Slot: KERNEL_SLOT },
  sparse: { roots: 1, isShared: false, addressesATable: 1, pml4Slot: USER_SLOT },
  packed: { roots: 1, isShared: false, addressesATable: ADDRESSES_A_TABLE, pml4Slot: USER_SLOT, isPacked: true },
};

/** "dense-1m" -> its world. */
export function worldNamed(name) {
  const { shape, size } = parseWorldName(name);
  return buildWorld(shape, size);
}

export function parseWorldName(name) {
  const [, shape, count, unit] = /^(\w+)-(\d+)([km])$/.exec(name) ?? [];
  if (!SHAPES[shape]) throw new Error(`no such world: ${name} (a shape of ${Object.keys(SHAPES).join(", ")}, then -100k or -4m)`);
  return { shape, size: Number(count) * (unit === "m" ? 1_000_000 : 1_000) };
}

/** A world of about `size` addresses: as many as give each root the same number. */
export function buildWorld(shape, size) {
  const { roots, isShared, addressesATable, pml4Slot, isPacked = false } = SHAPES[shape];
  const addresses = Math.floor(size / roots);
  const tables = Math.ceil(addresses / addressesATable);
  if (tables > ENTRIES * ENTRIES) throw new RangeError(`${tables} tables: one PDPT leads to ${ENTRIES * ENTRIES} at the most`);
  const random = createRandom(size + shape.length);
  const subtrees = isShared ? 1 : roots;
  const frames = Math.max(LEAST_FRAMES, Math.ceil((tables * (1 + 1 / ENTRIES) + 8) * subtrees * SPARE_FRAMES));
  const guest = new Guest(frames);
  const gfns = Uint32Array.from({ length: frames }, (_, i) => i);
  if (!isPacked) shuffle(gfns, random, 1);
  const used = [];
  const nextTable = () => {
    const gfn = gfns[used.length + 1]; // frame 0 stays what it is in a real guest: no table
    used.push(gfn);
    return gfn;
  };
  const below = Array.from({ length: subtrees }, () =>
    buildSubtree({ guest, nextTable, random, addresses, tables, addressesATable, pml4Slot }),
  );
  const spaces = Array.from({ length: roots }, (_, i) => {
    const subtree = below[isShared ? 0 : i];
    const rootGfn = nextTable();
    guest.writeEntry(rootGfn * FRAME_BYTES + pml4Slot * 8, tableEntry(subtree.pdptGfn));
    return { root: BigInt(rootGfn) * 4096n, pdptPa: subtree.pdptGfn * FRAME_BYTES, ...subtree.addresses };
  });
  return { shape, guest, frames, tableGfns: Uint32Array.from(used), spaces, addresses: addresses * roots };
}

function tableEntry(gfn) {
  return (BigInt(gfn) * 4096n) | TABLE_FLAGS;
}

function buildSubtree({ guest, nextTable, random, addresses, tables, addressesATable, pml4Slot }) {
  const pdptGfn = nextTable();
  const columns = {
    /** In order of VA. */
    vas: new BigUint64Array(addresses),
    pas: new BigUint64Array(addresses),
    entryPas: new Float64Array(addresses),
  };
  let pdGfn = 0;
  let at = 0;
  for (let table = 0; table < tables; table++) {
    const pdpte = Math.floor(table / ENTRIES);
    if (table % ENTRIES === 0) {
      pdGfn = nextTable();
      guest.writeEntry(pdptGfn * FRAME_BYTES + pdpte * 8, tableEntry(pdGfn));
    }
    const ptGfn = nextTable();
    guest.writeEntry(pdGfn * FRAME_BYTES + (table % ENTRIES) * 8, tableEntry(ptGfn));
    const tableVa = (BigInt(pml4Slot) << 39n) + (BigInt(table) << 21n) + (pml4Slot >= ENTRIES / 2 ? SIGN_EXTENSION : 0n);
    for (const slot of slotsOf(random, Math.min(addressesATable, addresses - at))) {
      const entryPa = ptGfn * FRAME_BYTES + slot * 8;
      const page = BigInt(FIRST_PAGE_FRAME + random(FIRST_PAGE_FRAME)) * 4096n;
      const offset = BigInt(random(FRAME_BYTES));
      guest.writeEntry(entryPa, page | PAGE_FLAGS);
      columns.vas[at] = tableVa + BigInt(slot) * 4096n + offset;
      columns.pas[at] = page + offset;
      columns.entryPas[at] = entryPa;
      at++;
    }
  }
  return { pdptGfn, addresses: { ...columns, ...ordersOf(addresses, addressesATable, random) } };
}

/** Distinct slots, ascending. */
function slotsOf(random, count) {
  if (count === 1) return [random(ENTRIES)];
  const slots = shuffle(
    Uint16Array.from({ length: ENTRIES }, (_, i) => i),
    random,
  );
  return slots.subarray(0, count).sort();
}

/** Permutations of the ascending order: all shuffled; table by table, shuffled inside. */
function ordersOf(addresses, addressesATable, random) {
  const ascending = new Uint32Array(addresses);
  for (let i = 0; i < addresses; i++) ascending[i] = i;
  const byTable = ascending.slice();
  for (let from = 0; from < addresses; from += addressesATable) shuffle(byTable, random, from, Math.min(addresses, from + addressesATable));
  return { orders: { ascending, byTable, random: shuffle(ascending.slice(), random) } };
}

/** The VAs of a space in one of its orders. */
export function vasInOrder(space, order) {
  const { vas, orders } = space;
  return BigUint64Array.from(orders[order], (i) => vas[i]);
}
