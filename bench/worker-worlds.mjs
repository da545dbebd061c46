/**
 * Worlds for workers, in files: a guest's memory that is in use (space-worlds.mjs), and an address space of many tables in two states.
 *
 *   tables   1 GiB, raw: a root, and below it so many last-level tables, scattered, four fifths of their entries present; zeros elsewhere
 *   changed  the same, one entry in a thousand moved
 *   packed   the first 128 MiB of the guest's memory, compressed
 */

import { closeSync, existsSync, ftruncateSync, openSync, readSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createRandom, shuffle } from "./random.mjs";
import { spaceWorldNamed } from "./space-worlds.mjs";

const ENTRIES = 512;
const FRAME_BYTES = 4096;
const BYTES = 2 ** 30;
const FRAMES = BYTES / FRAME_BYTES;
const PACKED_BYTES = 2 ** 27;
const TABLE_FLAGS = 0x27;
const PAGE_FLAGS = 0x67;
const PRESENT_OF_FIVE = 4;

/** Last-level tables: 640 MiB of them. */
const TABLES = 160 * 1024;

export async function workerWorlds(folder) {
  const memory = await spaceWorldNamed("memory-1024m", { folder });
  const [before, after] = ["tables", "changed"].map((name) => join(folder, `${name}-1024m.raw`));
  const root = writeStates(before, after);
  const packed = join(folder, "memory-packed.raw.gz");
  if (!existsSync(packed)) writeFileSync(packed, gzipSync(beginningOf(memory.path, PACKED_BYTES), { level: 1 }));
  return { memory: memory.path, roots: memory.roots, before, after, root, packed };
}

function beginningOf(path, bytes) {
  const file = openSync(path, "r");
  const beginning = Buffer.alloc(bytes);
  readSync(file, beginning, 0, bytes, 0);
  closeSync(file);
  return beginning;
}

/** Writes the two states unless they are there; answers the root. */
function writeStates(before, after) {
  const gfns = shuffle(
    Uint32Array.from({ length: FRAMES - 1 }, (_, i) => i + 1),
    createRandom(1),
    1,
  );
  const root = BigInt(gfns[0]) * 4096n;
  if ([before, after].every((path) => existsSync(path) && statSync(path).size === BYTES)) return root;
  const random = createRandom(2);
  let used = 1;
  const files = [before, after].map((path) => openSync(path, "w"));
  for (const file of files) ftruncateSync(file, BYTES);
  const write = (file, gfn, table) => writeSync(file, table, 0, FRAME_BYTES, gfn * FRAME_BYTES);
  const writeBoth = (gfn, table) => {
    for (const file of files) write(file, gfn, table);
  };
  const entries = (table) => new Uint32Array(table.buffer, table.byteOffset, FRAME_BYTES / 4);
  const table = Buffer.alloc(FRAME_BYTES);
  const leaves = entries(table);
  const upper = Array.from({ length: 3 }, () => Buffer.alloc(FRAME_BYTES));
  const [rootEntries, pdptEntries, pdEntries] = upper.map(entries);
  const place = (target, slot, gfn, flags) => {
    target[2 * slot] = ((gfn << 12) | flags) >>> 0;
    target[2 * slot + 1] = gfn >>> 20;
  };
  for (let pdpt = 0; pdpt * ENTRIES ** 2 < TABLES; pdpt++) {
    upper[1].fill(0);
    for (let pd = 0; pd < ENTRIES && (pdpt * ENTRIES + pd) * ENTRIES < TABLES; pd++) {
      for (let pt = 0; pt < ENTRIES; pt++) {
        for (let entry = 0; entry < ENTRIES; entry++) {
          const isPresent = random(5) < PRESENT_OF_FIVE;
          place(leaves, entry, isPresent ? 2 ** 20 + random(2 ** 20) : 0, isPresent ? PAGE_FLAGS : 0);
        }
        const gfn = gfns[used++];
        writeBoth(gfn, table);
        place(pdEntries, pt, gfn, TABLE_FLAGS);
        if (random(2) === 0) {
          place(leaves, random(ENTRIES), 2 ** 21 + random(2 ** 20), PAGE_FLAGS);
          write(files[1], gfn, table);
        }
      }
      const gfn = gfns[used++];
      writeBoth(gfn, upper[2]);
      place(pdptEntries, pd, gfn, TABLE_FLAGS);
    }
    const gfn = gfns[used++];
    writeBoth(gfn, upper[1]);
    place(rootEntries, pdpt, gfn, TABLE_FLAGS);
  }
  writeBoth(gfns[0], upper[0]);
  for (const file of files) closeSync(file);
  return root;
}
