/**
 * Bytes that came as a stream, kept in blocks, so that they need no size beforehand and are never moved.
 *
 * Blocks of zeros are all one block: an inflated dump of a mostly empty guest costs what it holds.
 */

import type { Source } from "./source.js";

const BLOCK_SIZE = 2 ** 18;
const ZEROS = new Uint8Array(BLOCK_SIZE);

export class BlockStore {
  readonly #blocks: Uint8Array[] = [];
  #filling = new Uint8Array(BLOCK_SIZE);
  #filled = 0;

  get size(): number {
    return this.#blocks.length * BLOCK_SIZE + this.#filled;
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + BLOCK_SIZE - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (this.#filled === BLOCK_SIZE) this.#keepBlock();
    }
  }

  #keepBlock(): void {
    const zero = isZero(this.#filling);
    this.#blocks.push(zero ? ZEROS : this.#filling);
    if (!zero) this.#filling = new Uint8Array(BLOCK_SIZE);
    this.#filled = 0;
  }

  /** All of it, to be read at any offset; nothing is appended afterwards. */
  toSource(): Source {
    const size = this.size;
    const blocks = [...this.#blocks, this.#filling.slice(0, this.#filled)];
    return {
      size,
      read(offset, target) {
        let done = 0;
        for (let at = offset; done < target.length && at < size; ) {
          const start = at % BLOCK_SIZE;
          const part = blocks[(at - start) / BLOCK_SIZE].subarray(start, start + target.length - done);
          target.set(part, done);
          done += part.length;
          at += part.length;
        }
        return done;
      },
      close() {
        blocks.length = 0;
      },
    };
  }
}

function isZero(block: Uint8Array): boolean {
  const words = new Uint32Array(block.buffer, block.byteOffset, block.length / 4);
  let i = 0;
  while (i < words.length && words[i] === 0) i++;
  return i === words.length;
}
