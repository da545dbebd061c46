/** Dumps to list and compare: the bundled capture by step, and small ones made here; what naive listings say of them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDump } from "../../../src/index.js";
import { hex } from "../../../src/model/hex.js";
import { listNaively, type NaiveListing, type Range } from "../../space/naive.js";
import { NX, P, PAGE_FLAGS, PS, paOf, RW, TABLE_FLAGS } from "../../support/amd64-bits.js";
import { coreOfFrames } from "../../support/dump-writer.js";

export const sample = (step: number) => `samples/linux-6.1-x86_64/step-${String(step).padStart(2, "0")}.elf.gz`;
export const SAMPLE_ROOT = 0x6772000n;

/** A temporary folder; `at` names places in it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "ptm-tables-"));

  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Entries by index, of tables by frame. */
export type Tables = Readonly<Record<number, Readonly<Record<number, bigint>>>>;

export const TOP = 0x10;
const KERNEL_FLAGS = P | RW;

/**
 * A space with one of everything: a writable and executable page, a page mapped twice, a large page, a kernel page, a PD and a
 * PT that are not there.
 */
export const SMALL: Tables = {
  [TOP]: { 0: paOf(0x11) | TABLE_FLAGS, 1: paOf(0x50) | TABLE_FLAGS, 511: paOf(0x21) | KERNEL_FLAGS },
  17: { 0: paOf(0x12) | TABLE_FLAGS },
  18: { 0: paOf(0x13) | TABLE_FLAGS, 1: 0x40_0000n | PAGE_FLAGS | PS | NX, 2: paOf(0x51) | TABLE_FLAGS },
  19: {
    1: paOf(0x100) | PAGE_FLAGS,
    2: paOf(0x101) | P | NX,
    3: paOf(0x102) | PAGE_FLAGS | NX,
    4: paOf(0x103) | P | RW | (1n << 2n) | NX,
    9: paOf(0x100) | PAGE_FLAGS | NX,
  },
  33: { 510: paOf(0x22) | KERNEL_FLAGS },
  34: { 0: paOf(0x23) | KERNEL_FLAGS },
  35: { 0: paOf(0x200) | P, 1: paOf(0x201) | P },
};

/** Writes `tables` as a dump whose vCPU runs on TOP. */
export function writeTables(path: string, tables: Tables): void {
  const frames = new Map<number, Uint8Array>();
  for (const [gfn, entries] of Object.entries(tables)) {
    const frame = new BigUint64Array(512);
    for (const [index, entry] of Object.entries(entries)) frame[Number(index)] = entry;
    frames.set(Number(gfn), new Uint8Array(frame.buffer));
  }
  writeFileSync(path, coreOfFrames(frames, [{ cr3: paOf(TOP) }]));
}

/** Four tables in a ring, every entry of each leads to the next: 2^36 pages. */
export function ringTables(): Tables {
  const all = (entry: bigint) => Object.fromEntries(Array.from({ length: 512 }, (_, i) => [i, entry]));
  return Object.fromEntries([0, 1, 2, 3].map((i) => [TOP + i, all(paOf(TOP + ((i + 1) % 4)) | TABLE_FLAGS)]));
}

export async function listFile(path: string, root: bigint, range?: Range): Promise<NaiveListing> {
  const dump = await openDump(path);
  try {
    const tables = new Map<number, BigUint64Array | undefined>();
    const readTable = (gfn: number): BigUint64Array | undefined => {
      if (!tables.has(gfn)) {
        const frame = new BigUint64Array(512);
        tables.set(gfn, dump.readFrame(gfn, new Uint8Array(frame.buffer)) ? frame : undefined);
      }
      return tables.get(gfn);
    };
    const levels = dump.vcpus.some(({ arch }) => arch?.levels === 5) ? 5 : 4;
    return listNaively(readTable, { levels, physicalAddressBits: 52, encryptionMask: 0n }, root, range);
  } finally {
    dump.close();
  }
}

/** As `--json` has them. */
export function plain(rows: readonly object[]): readonly unknown[] {
  return JSON.parse(JSON.stringify(rows, (_key, member: unknown) => (typeof member === "bigint" ? hex(member) : member)));
}
