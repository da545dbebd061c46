/**
 * What is kept of one monitored address.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import { pageSizeAt } from "../core/paths.js";
import type { Space } from "./spaces.js";

export interface Lookup<Tag> {
  /** The first that it was monitored with. */
  readonly tag: Tag;
  /** As committed; undefined: it is not backed. */
  readonly pa: bigint | undefined;
  /** Bytes, of the leaf; undefined: it is not backed. */
  readonly pageSize: number | undefined;
  readonly references: number;
}

/** Of `va`, which is the first of the core's batch; undefined: it is not monitored. */
export function lookUp<Tag>(
  { exports, u32, batchOut }: Core,
  tags: readonly Tag[],
  space: Space | undefined,
  va: bigint,
): Lookup<Tag> | undefined {
  if (!space || !exports.lookUp(space.record)) return undefined;
  const outcome = batchOut[1];
  const isBacked = (outcome & layout.OUTCOME_BACKED) !== 0n;
  return {
    tag: tags[u32[layout.BATCH_OUT >>> 2]],
    pa: isBacked ? (outcome & layout.OUTCOME_PA) | BigInt.asUintN(layout.PAGE_BITS, va) : undefined,
    pageSize: isBacked ? pageSizeAt(Number(outcome & layout.OUTCOME_LEVEL)) : undefined,
    references: u32[(layout.BATCH_OUT >>> 2) + 1],
  };
}
