/**
 * Text on its way to becoming bytes: gathered, and handed on in pieces of some 64 KiB.
 */

import type { WriteBytes } from "./kinds.js";

const PIECE_CHARACTERS = 1 << 16;

export class TextPieces {
  #text = "";
  readonly #encoder = new TextEncoder();
  readonly #write: WriteBytes;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE_CHARACTERS) this.flush();
  }

  /** Hands on what has been gathered. */
  flush(): void {
    if (this.#text === "") return;
    const bytes = this.#encoder.encode(this.#text);
    this.#text = "";
    this.#write(bytes);
  }
}
