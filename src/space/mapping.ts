/**
 * What an address space holds: one maximal stretch of it, and the sum of all.
 */

import type { Access } from "./access.js";

/** A maximal stretch of VAs that is contiguous in PA too, with one page size and one access over the whole path. */
export interface Mapping {
  readonly va: bigint;
  /** Bytes. A stretch that a range cuts is shorter than its pages. */
  readonly length: bigint;
  readonly pa: bigint;
  /** Bytes, of every leaf of the stretch. */
  readonly pageSize: number;
  readonly access: Access;
  /** Pages of the stretch whose leaf has the bit set; they never split a stretch. */
  readonly details: { readonly global: number; readonly accessed: number; readonly dirty: number };
}

/** All pages of one size that are reached with one access. */
export interface SummaryPart {
  readonly access: Access;
  /** Bytes. */
  readonly pageSize: number;
  readonly pages: number;
  readonly bytes: bigint;
}

/** What `mappings` would list, counted without listing it. */
export interface SpaceSummary {
  /** Pages of all sizes; one that a range cuts counts whole. */
  readonly pages: number;
  readonly bytes: bigint;
  /** Distinct tables that were read. */
  readonly tables: number;
  /** By page size, then by access. */
  readonly parts: readonly SummaryPart[];
}
