/**
 * The caller's side of an abort: a word in shared memory for each call that can be aborted, else a Blob's URL that is
 * revoked.
 */

import { isNode } from "../wire/node-threads.js";
import { type AbortToken, CALL_ABORTED, CALL_WAITING } from "../wire/wire.js";

/** Calls that can be aborted at one time; more of them are aborted by message alone. */
const WORDS = 4096;

interface UrlMaker {
  createObjectURL(blob: unknown): string;
  revokeObjectURL(url: string): void;
}
type PageGlobal = {
  readonly crossOriginIsolated?: boolean;
  readonly URL?: Partial<UrlMaker>;
  readonly Blob?: new (parts: readonly string[]) => unknown;
};

const page = globalThis as unknown as PageGlobal;

/** Whether memory can be shared with a worker: always in Node, in browsers with cross-origin isolation. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  return isNode() || page.crossOriginIsolated === true;
}

export class AbortFlags {
  /** To be given to the workers. */
  readonly words: SharedArrayBuffer | undefined = canShareMemory() ? new SharedArrayBuffer(WORDS * 4) : undefined;
  readonly #view = this.words && new Int32Array(this.words);
  readonly #free: number[] = this.words ? Array.from({ length: WORDS }, (_, i) => WORDS - 1 - i) : [];
  /** Set once a worker has been able to ask for the probe's URL. */
  usesUrls = false;

  /** A token for one call; undefined: it can be aborted by message alone. */
  take(): AbortToken | undefined {
    const index = this.#free.pop();
    if (this.#view && index !== undefined) {
      Atomics.store(this.#view, index, CALL_WAITING);
      return { type: "word", index };
    }
    const url = this.usesUrls ? makeUrl() : undefined;
    return url === undefined ? undefined : { type: "url", url };
  }

  /** Says that the call is no longer wanted. */
  raise(token: AbortToken): void {
    if (token.type === "url") page.URL?.revokeObjectURL?.(token.url);
    else if (this.#view) Atomics.store(this.#view, token.index, CALL_ABORTED);
  }

  /** The call is over. */
  giveBack(token: AbortToken): void {
    if (token.type === "url") page.URL?.revokeObjectURL?.(token.url);
    else this.#free.push(token.index);
  }
}

/** A URL that leads to a Blob, where there are such things. */
export function makeUrl(): string | undefined {
  if (!page.Blob || !page.URL?.createObjectURL || isNode()) return undefined;
  return page.URL.createObjectURL(new page.Blob([""]));
}
