/**
 * Synthetic dumps for the page: an ELF core of a guest whose memory is a hole but for its page tables, in a sparse file.
 *
 *   | part           | where                                         |
 *   | ELF header     | 0                                             |
 *   | two headers    | 64: PT_NOTE, PT_LOAD                          |
 *   | QEMU's note    | 176: CR0, CR3, CR4 at 392, 416, 424 of it     |
 *   | memory         | 4096, frame after frame                       |
 *
 * Tables lie scattered over the whole memory. SDM 3A 4.5.4.
 */

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { createRandom } from "../random.mjs";

const FRAME = 4096;
const MEMORY_OFFSET = 4096;
const ENTRIES = 512;
const NOTE_SIZE = 440;
const TABLE = 0x67n;
const PAGE = 0x8000000000000067n;

/** Deterministic: the same seed gives the same guest. A guest of `frames` frames with `tables` page tables of the last level, each with `pages` entries present. */
export class SyntheticGuest {
  constructor({ frames, tables, pages, seed }) {
    this.frames = frames;
    this.random = createRandom(seed);
    this.contents = new Map();
    this.leaves = [];
    this.root = this.#allocate();
    const directories = Math.ceil(tables / ENTRIES);
    const pointers = this.#allocate();
    this.contents.get(this.root)[1] = (BigInt(pointers) << 12n) | TABLE;
    for (let directory = 0; directory < directories; directory++) {
      const gfn = this.#allocate();
      this.contents.get(pointers)[directory] = (BigInt(gfn) << 12n) | TABLE;
      for (let i = 0; i < ENTRIES && this.leaves.length < tables; i++) {
        const leaf = this.#allocate();
        this.contents.get(gfn)[i] = (BigInt(leaf) << 12n) | TABLE;
        this.leaves.push(leaf);
        for (let page = 0; page < pages; page++) this.map(leaf, Math.floor((page * ENTRIES) / pages));
      }
    }
  }

  /** Gives an entry of a table another frame. */
  map(leaf, index) {
    this.contents.get(leaf)[index] = (BigInt(this.random(this.frames)) << 12n) | PAGE;
  }

  write(path) {
    const file = openSync(path, "w");
    ftruncateSync(file, MEMORY_OFFSET + this.frames * FRAME);
    writeSync(file, this.#headers(), 0, undefined, 0);
    for (const [gfn, entries] of this.contents) writeSync(file, new Uint8Array(entries.buffer), 0, FRAME, MEMORY_OFFSET + gfn * FRAME);
    closeSync(file);
  }

  #allocate() {
    for (;;) {
      const gfn = this.random(this.frames);
      if (this.contents.has(gfn)) continue;
      this.contents.set(gfn, new BigUint64Array(ENTRIES));
      return gfn;
    }
  }

  #headers() {
    const bytes = Buffer.alloc(MEMORY_OFFSET);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    bytes.writeUInt16LE(4, 16);
    bytes.writeUInt16LE(62, 18);
    bytes.writeUInt32LE(1, 20);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(64, 52);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(2, 56);
    const noteSize = 12 + 8 + NOTE_SIZE;
    programHeader(bytes, 64, 4, 176, noteSize);
    programHeader(bytes, 120, 1, MEMORY_OFFSET, this.frames * FRAME);
    bytes.writeUInt32LE(5, 176);
    bytes.writeUInt32LE(NOTE_SIZE, 180);
    bytes.write("QEMU\0", 188, "latin1");
    const at = 196;
    bytes.writeUInt32LE(1, at);
    bytes.writeUInt32LE(NOTE_SIZE, at + 4);
    bytes.writeUInt32LE(0x00affb00, at + 160);
    bytes.writeBigUInt64LE(0x80050033n, at + 392);
    bytes.writeBigUInt64LE(BigInt(this.root) << 12n, at + 416);
    bytes.writeBigUInt64LE(0x20n, at + 424);
    return bytes;
  }
}

function programHeader(bytes, at, type, offset, size) {
  bytes.writeUInt32LE(type, at);
  bytes.writeBigUInt64LE(BigInt(offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(size), at + 32);
  bytes.writeBigUInt64LE(type === 1 ? BigInt(size) : 0n, at + 40);
}
