/**
 * A page of memory that looks like a top-level table.
 */

import type { Architecture } from "../../model/architecture.js";

export interface RootCandidate {
  /** PA of the table. */
  readonly root: bigint;
  readonly arch: Architecture;
  /** Higher is better; to compare candidates of one dump with. */
  readonly score: number;
  /** In words, weightiest first. */
  readonly reasons: readonly string[];
  /** The other root of a pair that page-table isolation keeps, and which of the two that is. */
  readonly isolation?: { readonly role: "kernel" | "user"; readonly partner: bigint };
}
