/** A Blob that counts what is read of it, and says so: of a dump in a File, reading is what takes long. */

import type { BlobLike } from "../../model/platform.js";

export class CountedBlob implements BlobLike {
  readonly size: number;
  readonly #blob: BlobLike;
  readonly #onRead: () => void;
  #bytesRead = 0;

  constructor(blob: BlobLike, onRead: () => void) {
    this.size = blob.size;
    this.#blob = blob;
    this.#onRead = onRead;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** What is cut off is going to be read. */
  slice(start = 0, end = this.size): BlobLike {
    this.#onRead();
    this.#bytesRead += end - start;
    return this.#blob.slice(start, end);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#blob.arrayBuffer();
  }
}
