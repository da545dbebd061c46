/**
 * Long work in pieces: between two of them others have their turn, an interrupt or an abort is heard, progress is drawn.
 */

import type { AbortSignalLike } from "./platform.js";

/** How long others wait for their turn, in milliseconds. */
const LONGEST_WAIT_MS = 25;

/**
 * Lets others have their turn: messages are heard, pages drawn. Unlike `setTimeout(0)`, which browsers stretch to 4 ms,
 * it costs microseconds.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}

/** Throws the signal's reason where it is aborted, as the platform's own functions do. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) throw signal.reason;
}

/** The turns that one long work gives to others: one object for all of it, for it is time that counts, not parts. */
export class Turns {
  readonly #signal: AbortSignalLike | undefined;
  readonly #longestWaitMs: number;
  #givenMs = performance.now();

  constructor(signal?: AbortSignalLike, longestWaitMs: number = LONGEST_WAIT_MS) {
    this.#signal = signal;
    this.#longestWaitMs = longestWaitMs;
  }

  /** When the next one is due, by `performance.now()`. */
  get dueMs(): number {
    return this.#givenMs + this.#longestWaitMs;
  }

  get isDue(): boolean {
    return performance.now() >= this.dueMs;
  }

  /** Gives one where it is due; throws the signal's reason once it is aborted. */
  async give(): Promise<void> {
    if (this.isDue) {
      await turn();
      this.#givenMs = performance.now();
    }
    throwIfAborted(this.#signal);
  }
}
