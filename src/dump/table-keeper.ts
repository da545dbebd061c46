/**
 * Page tables on their way past: what a large slice of a dump holds of them is kept when the slice is let go.
 *
 * Tables lie scattered over a whole memory. Who walks them in the order of addresses comes by every slice again and
 * again, and would read the dump many times over; with the tables kept it is read once. A frame is kept where it could
 * be a table: some entry is present, and every present one points below a bound, at most one of them to frame 0, for
 * small numbers look like that and are in every other frame of data. Of a frame of zeros only that it is one is kept.
 * What is kept is bounded, and only ever a copy: a frame that is not kept is read again.
 */

import { FRAME_SIZE } from "../model/address.js";

/** Frames' contents, at most: 128 MiB. */
const MOST_KEPT = 2 ** 15;
/** Frames in one block of memory. */
const BLOCK_FRAMES = 256;
const WORDS = FRAME_SIZE / 4;
const PRESENT = 1;
/** Of the high word: address bits 32 to 51. */
const HIGH_ADDRESS = 0x000f_ffff;
const FRAME_BITS = 12;
/** A map of all memory has one such entry. */
const MOST_TO_FRAME_0 = 1;
const FOUR_GIB = 2 ** 32;
const WORD_BYTES = 4;
/** Dumps whose segments are laid out at many distances from each other are not worth it. */
const MOST_GUESSES = 8;

export class TableKeeper {
  /** Present entries of a table point below this, in units of 4 GiB. */
  readonly #highLimit: number;
  /** Frames begin at offsets that leave this when divided by their size; undefined before the first is read. */
  #phase: number | undefined;
  #guesses = 0;
  readonly #blocks: Uint8Array[] = [];
  /** By offset: place in the blocks. */
  readonly #places = new Map<number, number>();
  /** A bit a frame. */
  readonly #zeros: Uint8Array;
  #kept = 0;

  constructor(sourceSize: number) {
    // Memory may have a hole below 4 GiB, so that addresses run past its size.
    this.#highLimit = Math.ceil((2 * sourceSize + FOUR_GIB) / FOUR_GIB);
    this.#zeros = new Uint8Array(Math.ceil(sourceSize / FRAME_SIZE / 8) + 1);
  }

  /**
   * Notes where a frame begins. True: frames begin elsewhere than it was thought, and what has been read before may be taken in
   * again. A header that is read may look like a frame; frames that are read put it right.
   */
  noteFrame(offset: number): boolean {
    if (this.#phase === offset % FRAME_SIZE || this.#guesses === MOST_GUESSES) return false;
    this.clear();
    this.#phase = offset % FRAME_SIZE;
    this.#guesses++;
    return true;
  }

  /** Takes in what lies at `start` of the source. */
  takeIn(slice: Uint8Array, start: number): void {
    const phase = this.#phase;
    if (phase === undefined || (slice.byteOffset + phase) % WORD_BYTES !== 0 || start % WORD_BYTES !== 0) return;
    const first = (phase - (start % FRAME_SIZE) + FRAME_SIZE) % FRAME_SIZE;
    const words = new Uint32Array(slice.buffer, slice.byteOffset, slice.length >>> 2);
    for (let at = first; at + FRAME_SIZE <= slice.length; at += FRAME_SIZE) {
      const judged = judge(words, at >>> 2, this.#highLimit);
      if (judged === "zeros") this.#markZeros(start + at);
      else if (judged === "table") this.#keep(start + at, slice.subarray(at, at + FRAME_SIZE));
    }
  }

  /** Copies the frame at `offset` to `target` where it is kept. */
  tryRead(offset: number, target: Uint8Array): boolean {
    if (this.#phase !== offset % FRAME_SIZE) return false;
    const frame = Math.floor(offset / FRAME_SIZE);
    if (((this.#zeros[frame >>> 3] as number) >>> (frame & 7)) & 1) {
      target.fill(0, 0, FRAME_SIZE);
      return true;
    }
    const place = this.#places.get(offset);
    if (place === undefined) return false;
    const at = (place % BLOCK_FRAMES) * FRAME_SIZE;
    target.set((this.#blocks[Math.floor(place / BLOCK_FRAMES)] as Uint8Array).subarray(at, at + FRAME_SIZE));
    return true;
  }

  /** Tables that are kept. */
  get kept(): number {
    return this.#kept;
  }

  get isFull(): boolean {
    return this.#kept === MOST_KEPT;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#places.clear();
    this.#zeros.fill(0);
    this.#kept = 0;
  }

  #markZeros(offset: number): void {
    const frame = Math.floor(offset / FRAME_SIZE);
    this.#zeros[frame >>> 3] = (this.#zeros[frame >>> 3] as number) | (1 << (frame & 7));
  }

  #keep(offset: number, frame: Uint8Array): void {
    if (this.isFull || this.#places.has(offset)) return;
    const place = this.#kept++;
    if (place % BLOCK_FRAMES === 0) this.#blocks.push(new Uint8Array(BLOCK_FRAMES * FRAME_SIZE));
    (this.#blocks[this.#blocks.length - 1] as Uint8Array).set(frame, (place % BLOCK_FRAMES) * FRAME_SIZE);
    this.#places.set(offset, place);
  }
}

/** What the frame at a word could be; told by its entries' low and high words. */
function judge(words: Uint32Array, first: number, highLimit: number): "zeros" | "table" | "other" {
  const start = firstUsed(words, first);
  if (start === first + WORDS) return "zeros";
  let present = 0;
  let toFrame0 = 0;
  for (let i = start; i < first + WORDS; i += 2) {
    const low = words[i] as number;
    if ((low & PRESENT) === 0) continue;
    const high = (words[i + 1] as number) & HIGH_ADDRESS;
    if (high >= highLimit) return "other";
    if (high === 0 && low >>> FRAME_BITS === 0 && ++toFrame0 > MOST_TO_FRAME_0) return "other";
    present++;
  }
  return present > 0 ? "table" : "other";
}

/** The first stretch of eight words of a frame that are not all 0; the frame's end where there is none. */
function firstUsed(words: Uint32Array, first: number): number {
  for (let i = first; i < first + WORDS; i += 8) {
    const low = (words[i] as number) | (words[i + 1] as number) | (words[i + 2] as number) | (words[i + 3] as number);
    const high = (words[i + 4] as number) | (words[i + 5] as number) | (words[i + 6] as number) | (words[i + 7] as number);
    if ((low | high) !== 0) return i;
  }
  return first + WORDS;
}
