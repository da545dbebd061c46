/** Long work in pieces: between two of them, whoever waits gets a turn and an abort is seen. */

import type { AbortSignalLike } from "../model/platform.js";

/** Whoever reads at the moment, as a signal: that is now the one, now the other. */
export interface Readers extends AbortSignalLike {
  /** False: whoever it is now will not give up, and need not be asked. */
  readonly mayGiveUp: boolean;
}

/** Throws the signal's reason where it is aborted, as the platform's own functions do. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) throw signal.reason;
}

/** Lets other tasks run, then looks at the signal. */
export async function breathe(signal: AbortSignalLike | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
  throwIfAborted(signal);
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
