/** Who waits for what is read, and gives up. */

import type { AbortSignalLike } from "../model/platform.js";
import { throwIfAborted } from "../model/turns.js";

/** Whoever reads at the moment, as a signal: that is now the one, now the other. */
export interface Readers extends AbortSignalLike {
  /** False: whoever it is now will not give up, and need not be asked. */
  readonly mayGiveUp: boolean;
}

/** The outcome of `work`, or the signal's reason as soon as it is aborted; the work itself may go on unheard. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return work;
  throwIfAborted(signal);
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
