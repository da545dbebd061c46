/**
 * Long work in slices: between two of them others have their turn, an interrupt or an abort is heard, progress is drawn.
 *
 * One for the whole of a work, however many parts it has: it is time that counts, not parts.
 */

import type { AbortSignalLike } from "../model/platform.js";

/** How long others wait for their turn, in milliseconds. */
const LONGEST_WAIT_MS = 40;

export class Breath {
  readonly #signal: AbortSignalLike | undefined;
  #takenMs = performance.now();

  constructor(signal: AbortSignalLike | undefined) {
    this.#signal = signal;
  }

  /** When the next one is due, by `performance.now()`. */
  get dueMs(): number {
    return this.#takenMs + LONGEST_WAIT_MS;
  }

  /** Lets others have their turn where it is due; throws the signal's reason once it is aborted. */
  async take(): Promise<void> {
    if (performance.now() >= this.dueMs) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 0);
      });
      this.#takenMs = performance.now();
    }
    if (this.#signal?.aborted) throw this.#signal.reason;
  }
}
