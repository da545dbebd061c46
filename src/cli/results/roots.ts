/**
 * `ptm roots DUMP`: which address spaces a dump holds.
 */

import type { RootCandidate } from "../../index.js";
import { findRoots } from "../../index.js";
import { FRAME_SIZE } from "../../model/address.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump } from "../../model/dump.js";
import type { Progress } from "../progress/progress.js";
import { byteSize } from "../terminal/text.js";

export interface RootsContext {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Best first. */
export async function roots(
  file: string,
  dump: Dump,
  arch: Architecture | undefined,
  { signal, progress }: RootsContext,
): Promise<RootCandidate[]> {
  return await findRoots(dump, {
    ...(arch && { arch }),
    signal,
    onProgress: (done, total) =>
      progress.advance(`scanning ${file}`, { done: done * FRAME_SIZE, total: total * FRAME_SIZE, amount: byteSize }),
  });
}
