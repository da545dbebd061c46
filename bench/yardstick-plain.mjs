/**
 * The yardsticks in plain JavaScript, written as yardstick.c is: 64-bit values as two halves, no BigInt in a loop.
 */

import { processorNs } from "./clock.mjs";

const ENTRIES = 512;
const WINDOW = 256;
const GOLDEN = 0x9e3779b1;
const NOT_BACKED = -1;

export class PlainYardstick {
  #world;
  #vaHalves;
  #keys;
  #places;
  #bits;
  #guest;

  constructor(world) {
    this.#world = world;
    this.#vaHalves = new Uint32Array(world.vas.buffer, world.vas.byteOffset, world.vas.length * 2);
    this.#bits = Math.ceil(Math.log2(2 * world.gfns.length));
    this.#keys = new Float64Array(2 ** this.#bits); // GFN + 1; 0 is a free slot
    this.#places = new Uint32Array(2 ** this.#bits);
    for (let table = 0; table < world.gfns.length; table++) {
      let i = slotOf(world.gfns[table], this.#bits);
      while (this.#keys[i]) i = (i + 1) & (this.#keys.length - 1);
      this.#keys[i] = world.gfns[table] + 1;
      this.#places[i] = table;
    }
  }

  /** ns of processor time a walk. */
  measureWalk() {
    const from = processorNs();
    const sum = this.#walkAll();
    const ns = processorNs() - from;
    if (!(sum > 0)) throw new Error("the plain walk has found nothing");
    return ns / this.#world.vas.length;
  }

  /** ns of processor time a byte, both sides counted. */
  measureCompare() {
    this.#guest ??= this.#placeTables();
    const from = processorNs();
    const differing = this.#compareAll();
    const ns = processorNs() - from;
    if (differing) throw new Error("the plain compare has found differences");
    return ns / (2 * this.#world.halves.byteLength);
  }

  #walkAll() {
    let sum = 0;
    for (let i = 0; i < this.#vaHalves.length; i += 2) sum += this.#walk(this.#vaHalves[i], this.#vaHalves[i + 1]);
    return sum;
  }

  #walk(low, high) {
    const { rootGfn, halves } = this.#world;
    const page = (high & 0xffff) * 2 ** 20 + (low >>> 12);
    let gfn = rootGfn;
    for (let level = 4; ; level--) {
      const table = this.#find(gfn);
      if (table < 0) return NOT_BACKED;
      const slot =
        level === 4 ? (high >>> 7) & 511 : level === 3 ? ((high << 2) | (low >>> 30)) & 511 : (low >>> (level === 2 ? 21 : 12)) & 511;
      const at = 2 * (table * ENTRIES + slot);
      const entry = halves[at];
      if (!(entry & 1)) return NOT_BACKED;
      gfn = (halves[at + 1] & 0xfffff) * 2 ** 20 + (entry >>> 12);
      if (level === 1) return gfn * 4096 + (low & 4095);
      if (entry & 128) {
        const pages = level === 2 ? 512 : 512 * 512;
        return (gfn - (gfn % pages) + (page % pages)) * 4096 + (low & 4095);
      }
    }
  }

  #find(gfn) {
    const mask = this.#keys.length - 1;
    for (let i = slotOf(gfn, this.#bits); ; i = (i + 1) & mask) {
      if (this.#keys[i] === gfn + 1) return this.#places[i];
      if (this.#keys[i] === 0) return NOT_BACKED;
    }
  }

  #placeTables() {
    const { frames, gfns, halves } = this.#world;
    const guest = new Uint32Array(frames * ENTRIES * 2);
    for (let t = 0; t < gfns.length; t++) guest.set(halves.subarray(t * ENTRIES * 2, (t + 1) * ENTRIES * 2), gfns[t] * ENTRIES * 2);
    return guest;
  }

  #compareAll() {
    const { gfns, halves } = this.#world;
    const words = ENTRIES * 2;
    const staging = new Uint32Array(WINDOW * words);
    let differing = 0;
    for (let t = 0; t < gfns.length; t++) {
      const now = (t % WINDOW) * words;
      staging.set(this.#guest.subarray(gfns[t] * words, (gfns[t] + 1) * words), now);
      const before = t * words;
      for (let i = 0; i < words; i += 2) {
        if ((staging[now + i] ^ halves[before + i]) | (staging[now + i + 1] ^ halves[before + i + 1])) differing++;
      }
    }
    return differing;
  }
}

function slotOf(gfn, bits) {
  return Math.imul(gfn, GOLDEN) >>> (32 - bits);
}
