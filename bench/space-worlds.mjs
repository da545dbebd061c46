/**
 * Worlds for whole address spaces, made once a process:
 *
 *   memory   a raw dump in a file: what a guest's memory looks like, in use (512m) or mostly idle (128m). Page tables of a
 *            process for each 16 MiB and of a kernel lie scattered in it, everything else is zeros, text, pointers, noise or mapped data
 *   pair     such a memory and the same later, 0.1 % of the PTEs made read-only or writable, in two files
 *   states   one address space in two states, 0.1 % of the entries changed, as two dumps in memory: so many tables,
 *            which lie there one after the other
 *   scattered  the same, the tables scattered over guest memory
 *   leaves   so many leaves behind one shared PT
 */

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "./guest.mjs";
import { createRandom, shuffle } from "./random.mjs";

const ENTRIES = 512;
const FRAME_BYTES = 4096;
const TABLE_FLAGS = 0x27n; // P, RW, US, A
const PAGE_FLAGS = 0x67n; // and D
const KERNEL_FLAGS = 0x163n; // P, RW, A, D, G
const XD = 1n << 63n;
const WRITABLE = 1n << 1n;
const DIRTY = 1n << 6n; // of all pages here, and of no table
const BYTES_A_PROCESS = 2 ** 24;
const TABLES_A_PROCESS = 24;
const KERNEL_TABLES = 64;
const KERNEL_SLOT = 273;
const CHANGED_SHARE = 0.001;
const PRESENT_SHARE = 0.8;
const FIRST_PAGE_FRAME = 2 ** 24;
/** Share of each kind among the frames that are no tables. */
const IN_USE = { zeros: 0.25, text: 0.25, pointers: 0.25, noise: 0.25 };
const IDLE = { zeros: 0.75, text: 0.09, pointers: 0.08, noise: 0.08 };
const UNITS = { m: 2 ** 20, k: 1000 };

export const SPACE_SHAPES = {
  memory: buildMemory,
  pair: buildPair,
  states: (tables, tools) => buildStates(tables, tools, "in-order"),
  scattered: (tables, tools) => buildStates(tables, tools, "scattered"),
  leaves: buildLeaves,
};

/**
 * "states-40k" -> its world. `library` opens the dumps of states; `folder` is where a dump is written to, for the library to open, and
 * found again by the next process.
 */
export async function spaceWorldNamed(name, tools) {
  const [, shape, count, unit] = /^(\w+)-(\d+)([km])$/.exec(name) ?? [];
  return SPACE_SHAPES[shape](Number(count) * UNITS[unit], tools);
}

export function isSpaceWorld(name) {
  return Object.hasOwn(SPACE_SHAPES, name.split("-")[0]);
}

function buildMemory(bytes, { folder }) {
  const path = join(folder, `memory-${bytes / UNITS.m}m.raw`);
  const frames = bytes / FRAME_BYTES;
  const random = createRandom(frames);
  const gfns = shuffle(
    Uint32Array.from({ length: frames }, (_, i) => i),
    random,
    1,
  );
  let used = 1;
  const nextFrame = () => gfns[used++];
  const tables = new Map();
  const tableAt = (gfn) => {
    if (!tables.has(gfn)) tables.set(gfn, new BigUint64Array(ENTRIES));
    return tables.get(gfn);
  };
  const kernel = processTables({ nextFrame, tableAt, random, frames }, KERNEL_SLOT, KERNEL_TABLES, KERNEL_FLAGS | XD);
  const roots = Array.from({ length: bytes / BYTES_A_PROCESS }, () => {
    const root = processTables({ nextFrame, tableAt, random, frames }, random(ENTRIES / 2), TABLES_A_PROCESS, PAGE_FLAGS);
    tableAt(root)[KERNEL_SLOT] = tableAt(kernel)[KERNEL_SLOT];
    return BigInt(root) * 4096n;
  });
  if (!existsSync(path) || statSync(path).size !== bytes) writeMemory(path, frames, tables, random, bytes >= 2 ** 28 ? IN_USE : IDLE);
  return { paths: [path], path, bytes, roots, tables };
}

function buildPair(bytes, tools) {
  const { path, roots, tables } = buildMemory(bytes, tools);
  const random = createRandom(bytes);
  const memory = readFileSync(path);
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, memory.length / 8);
  let changed = 0;
  for (const [gfn, entries] of tables) {
    for (let place = 0; place < ENTRIES; place++) {
      if (!(entries[place] & DIRTY) || random(1_000_000) >= CHANGED_SHARE * 1_000_000) continue;
      words[gfn * ENTRIES + place] ^= WRITABLE;
      changed++;
    }
  }
  const later = path.replace(/\.raw$/, "-later.raw");
  writeFileSync(later, memory);
  return { paths: [path, later], bytes: 2 * bytes, roots, changed };
}

/** A root with `count` tables in a row below one of its slots, each with a run of pages; answers its GFN. */
function processTables({ nextFrame, tableAt, random, frames }, slot, count, flags) {
  const [root, pdpt, pd] = [nextFrame(), nextFrame(), nextFrame()];
  tableAt(root)[slot] = tableEntry(pdpt);
  tableAt(pdpt)[random(ENTRIES)] = tableEntry(pd);
  for (let i = 0; i < count; i++) {
    const pt = nextFrame();
    tableAt(pd)[i] = tableEntry(pt);
    const first = random(frames - ENTRIES);
    for (let place = random(ENTRIES / 2); place < ENTRIES - random(64); place++) {
      tableAt(pt)[place] = (BigInt(first + place) * 4096n) | flags;
    }
  }
  return root;
}

function tableEntry(gfn) {
  return (BigInt(gfn) * 4096n) | TABLE_FLAGS;
}

function writeMemory(path, frames, tables, random, shares) {
  const memory = Buffer.alloc(frames * FRAME_BYTES);
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, (frames * FRAME_BYTES) / 8);
  for (let gfn = 0; gfn < frames; gfn++) {
    const table = tables.get(gfn);
    const page = words.subarray(gfn * ENTRIES, (gfn + 1) * ENTRIES);
    if (table) page.set(table);
    else if (gfn > 0) fillPage(page, random, shares);
  }
  writeFileSync(path, memory);
}

const TEXT = Buffer.from("static int vm_map_pages(struct vm_area *area, unsigned long address, const struct page *pages);\n");

function fillPage(page, random, { zeros, text, pointers }) {
  const kind = random(1000) / 1000;
  if (kind < zeros) return;
  if (kind < zeros + text) {
    const bytes = new Uint8Array(page.buffer, page.byteOffset, page.byteLength);
    for (let i = random(TEXT.length); i < FRAME_BYTES + TEXT.length; i += TEXT.length) {
      bytes.set(TEXT.subarray(Math.max(0, TEXT.length - i), TEXT.length - Math.max(0, i - FRAME_BYTES)), Math.max(0, i - TEXT.length));
    }
  } else if (kind < zeros + text + pointers) {
    // Records of a heap: a pointer, a small number, flags, nothing.
    for (let i = 0; i < ENTRIES; i += 4) {
      page[i] = 0xffff_8880_0000_0000n + BigInt(random(2 ** 27)) * 8n;
      page[i + 1] = BigInt(random(100));
      page[i + 2] = BigInt(random(2 ** 16)) << 32n;
    }
  } else {
    for (let i = 0; i < ENTRIES; i++) page[i] = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  }
}

/** Two raw dumps in memory. */
async function buildStates(tables, { library }, order) {
  const frames = 2 * 2 ** Math.ceil(Math.log2(tables));
  const random = createRandom(tables);
  const gfns = Uint32Array.from({ length: frames }, (_, i) => i);
  if (order === "scattered") shuffle(gfns, random, 1);
  const [before, after] = [0, 1].map(() => new BigUint64Array(frames * ENTRIES));
  let used = 1;
  const nextFrame = () => gfns[used++];
  const root = nextFrame();
  const write = (pa, value) => {
    before[pa / 8] = value;
    after[pa / 8] = value;
  };
  let [pdpt, pd, changed] = [0, 0, 0];
  for (let table = 0; table < tables; table++) {
    if (table % ENTRIES ** 2 === 0) {
      pdpt = nextFrame();
      write(root * FRAME_BYTES + (table / ENTRIES ** 2) * 8, tableEntry(pdpt));
    }
    if (table % ENTRIES === 0) {
      pd = nextFrame();
      write(pdpt * FRAME_BYTES + (Math.floor(table / ENTRIES) % ENTRIES) * 8, tableEntry(pd));
    }
    const pt = nextFrame();
    write(pd * FRAME_BYTES + (table % ENTRIES) * 8, tableEntry(pt));
    for (let place = 0; place < ENTRIES; place++) {
      if (random(1000) >= PRESENT_SHARE * 1000) continue;
      write(pt * FRAME_BYTES + place * 8, (BigInt(FIRST_PAGE_FRAME + random(FIRST_PAGE_FRAME)) * 4096n) | PAGE_FLAGS);
    }
    for (let place = 0; place < ENTRIES; place++) {
      if (random(1_000_000) >= CHANGED_SHARE * 1_000_000) continue;
      changed += changeEntry(after, pt * FRAME_BYTES + place * 8, random);
    }
  }
  // The upper tables are read as well: one for 512.
  const [dumpBefore, dumpAfter] = await Promise.all([before, after].map(({ buffer }) => library.openDump(new Uint8Array(buffer))));
  const read = Float64Array.from(gfns.subarray(1, used));
  return { before: dumpBefore, after: dumpAfter, root: BigInt(root) * 4096n, tables: used - 1, gfns: read, changed };
}

/** Mapped where it was not, moved, made read-only or taken away; answers 1. */
function changeEntry(words, pa, random) {
  const value = words[pa / 8];
  const moved = (BigInt(FIRST_PAGE_FRAME - 1 - random(FIRST_PAGE_FRAME / 2)) * 4096n) | PAGE_FLAGS;
  const kinds = [moved, value & ~2n, 0n];
  words[pa / 8] = value === 0n ? moved : kinds[random(kinds.length)];
  return 1;
}

function buildLeaves(leaves) {
  const guest = new Guest(8);
  const [root, pdpt, pd, pt] = [1, 2, 3, 4];
  guest.writeEntry(root * FRAME_BYTES, tableEntry(pdpt));
  const slots = leaves / ENTRIES ** 2;
  for (let slot = 0; slot < slots; slot++) guest.writeEntry(pdpt * FRAME_BYTES + slot * 8, tableEntry(pd));
  for (let place = 0; place < ENTRIES; place++) {
    guest.writeEntry(pd * FRAME_BYTES + place * 8, tableEntry(pt));
    guest.writeEntry(pt * FRAME_BYTES + place * 8, (BigInt(FIRST_PAGE_FRAME + 2 * place) * 4096n) | PAGE_FLAGS);
  }
  return { guest, root: BigInt(root) * 4096n, leaves };
}
