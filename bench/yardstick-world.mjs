/**
 * The world that yardsticks walk: a million addresses of one root, 250 a PT, tables scattered. It is the same for every
 * row, whatever world the row works on, so that figures of different worlds can be compared.
 *
 * As a file, all u64 little-endian: frames, tables, root GFN, addresses; the tables' GFNs; the VAs; then the tables.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { buildWorld, vasInOrder } from "./worlds.mjs";

const ADDRESSES = 1_000_000;
const WALKS = 262_144; // in random order: a sample is as cold as all of them, and shorter
const HEAD_WORDS = 4;
const ENTRIES = 512;

export function writeYardstickWorld(path) {
  const { guest, frames, tableGfns, spaces } = buildWorld("dense", ADDRESSES);
  const [space] = spaces;
  const vas = vasInOrder(space, "random").subarray(0, WALKS);
  const words = new BigUint64Array(HEAD_WORDS + tableGfns.length + vas.length + tableGfns.length * ENTRIES);
  words.set([BigInt(frames), BigInt(tableGfns.length), space.root >> 12n, BigInt(vas.length)]);
  words.set(BigUint64Array.from(tableGfns, BigInt), HEAD_WORDS);
  words.set(vas, HEAD_WORDS + tableGfns.length);
  const bytes = new Uint8Array(words.buffer);
  let at = (HEAD_WORDS + tableGfns.length + vas.length) * 8;
  for (const gfn of tableGfns) {
    bytes.set(guest.frame(gfn), at);
    at += ENTRIES * 8;
  }
  writeFileSync(path, bytes);
}

export function readYardstickWorld(path) {
  const { buffer, byteOffset, length } = readFileSync(path);
  const words = new BigUint64Array(buffer.slice(byteOffset, byteOffset + length));
  const [frames, tables, rootGfn, walks] = [...words.subarray(0, HEAD_WORDS)].map(Number);
  const vasAt = HEAD_WORDS + tables;
  const tablesAt = vasAt + walks;
  return {
    frames,
    rootGfn,
    gfns: Float64Array.from(words.subarray(HEAD_WORDS, vasAt), Number),
    vas: words.slice(vasAt, tablesAt),
    /** Little-endian halves of the entries: entry i of table t at 2 * (512 t + i). */
    halves: new Uint32Array(words.buffer, tablesAt * 8, tables * ENTRIES * 2),
  };
}
