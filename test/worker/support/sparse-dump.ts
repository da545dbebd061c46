/**
 * Two states of a guest of 2 GiB, as raw dumps in sparse files: a few hundred tables lie scattered over all of it, the rest is a hole.
 */

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { Random } from "../../support/model/random.js";

const BYTES = 2 ** 31;
const FRAMES = BYTES / 4096;
const ENTRIES = 512;
const P_RW_US_A = 0x27n;
const PROCESSES = 6;
const TABLES_OF_A_PROCESS = 40;
/** One entry of so many is another in the second state. */
const CHANGED_OF = 200;

export interface SparseDumps {
  readonly before: string;
  readonly after: string;
  /** Of each process. */
  readonly roots: readonly bigint[];
}

export function writeSparseDumps(folder: string): SparseDumps {
  const [before, after] = ["before", "after"].map((name) => `${folder}/${name}.raw`);
  const files = [before, after].map((path) => openSync(path, "w"));
  for (const file of files) ftruncateSync(file, BYTES);
  const random = new Random(7);
  const used = new Set([0]);
  const frame = (): number => {
    for (;;) {
      const gfn = random.below(FRAMES);
      if (used.has(gfn)) continue;
      used.add(gfn);
      return gfn;
    }
  };
  const write = (file: number, gfn: number, table: BigUint64Array): void => {
    writeSync(file, new Uint8Array(table.buffer), 0, 4096, gfn * 4096);
  };
  const entry = (gfn: number): bigint => (BigInt(gfn) << 12n) | P_RW_US_A;
  const kernel = frame();
  for (const file of files) write(file, kernel, new BigUint64Array(ENTRIES).fill(entry(frame()), 0, 8));
  const roots: bigint[] = [];
  for (let process = 0; process < PROCESSES; process++) {
    const [root, pdpt] = [frame(), frame()];
    const [rootTable, pdptTable] = [new BigUint64Array(ENTRIES), new BigUint64Array(ENTRIES)];
    rootTable[random.below(256)] = entry(pdpt);
    rootTable[300] = entry(kernel);
    for (let i = 0; i < TABLES_OF_A_PROCESS; i += 8) {
      const pd = frame();
      const pdTable = new BigUint64Array(ENTRIES);
      pdptTable[i] = entry(pd);
      for (let j = 0; j < 8; j++) {
        const pt = frame();
        pdTable[j] = entry(pt);
        const first = random.below(FRAMES - ENTRIES);
        const ptTable = BigUint64Array.from({ length: ENTRIES }, (_, place) => (place % 7 === 3 ? 0n : entry(first + place)));
        write(files[0], pt, ptTable);
        for (let place = 0; place < ENTRIES; place++) if (random.below(CHANGED_OF) === 0) ptTable[place] = entry(random.below(FRAMES));
        write(files[1], pt, ptTable);
      }
      for (const file of files) write(file, pd, pdTable);
    }
    for (const file of files) {
      write(file, pdpt, pdptTable);
      write(file, root, rootTable);
    }
    roots.push(BigInt(root) << 12n);
  }
  for (const file of files) closeSync(file);
  return { before, after, roots };
}
