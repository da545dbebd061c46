/**
 * What differs between two states of an address space.
 */

import type { Access } from "./access.js";

/** How a stretch is backed in one of the two states. */
export interface Backing {
  /** Of the first byte of the stretch. */
  readonly pa: bigint;
  /** Bytes, of the leaf. */
  readonly pageSize: number;
  readonly access: Access;
}

export type ChangeType = "page-in" | "page-out" | "remap" | "access" | "page-size";
/** In the order in which they are looked for: the first that holds. */
export const CHANGE_TYPES: readonly ChangeType[] = ["page-in", "page-out", "remap", "access", "page-size"];

/**
 * A maximal stretch that changed in one way: contiguous in VA, in PA before and in PA after, of one page size and one access
 * on each side.
 */
export interface Change {
  /** The first that holds, in the order of ChangeType. */
  readonly type: ChangeType;
  readonly va: bigint;
  /** Bytes. */
  readonly length: bigint;
  /** Undefined for page-in. */
  readonly before?: Backing;
  /** Undefined for page-out. */
  readonly after?: Backing;
}

/** A change that several roots have in common, since they share the tables below a top-level entry in both states. */
export interface SharedChange extends Change {
  /** In the order in which they were asked for. */
  readonly roots: readonly bigint[];
}

/** `change` as one that `roots` have in common. */
export function sharedBy({ type, va, length, before, after }: Change, roots: readonly bigint[]): SharedChange {
  if (before && after) return { type, va, length, before, after, roots };
  return before ? { type, va, length, before, roots } : { type, va, length, after: after as Backing, roots };
}
