/**
 * What a walk found: the entries it visited, top first, and how it ended.
 */

import type { AddressContext } from "./address.js";

/** Why a path does not end in a leaf. Never merged: the guest says so, the entry is malformed, the dump lacks the table. */
export type Fault = "not-present" | "reserved-bit" | "unreadable-table";

/** The faults in the order of their numbers in columns; 0 is none. */
export const FAULTS: readonly (Fault | undefined)[] = [undefined, "not-present", "reserved-bit", "unreadable-table"];

export interface TranslationEntry {
  /** 1 = the last level (PT), counting up. */
  readonly level: number;
  /** The manual's word for an entry of this level: "PML5E", "PML4E", "PDPTE", "PDE", "PTE". */
  readonly name: string;
  /** Where the entry lies. */
  readonly pa: bigint;
  readonly value: bigint;
}

export interface Translation extends AddressContext {
  readonly pa: bigint | undefined;
  /** Bytes, of the leaf. */
  readonly pageSize: number | undefined;
  /** Top first. */
  readonly entries: readonly TranslationEntry[];
  readonly fault: Fault | undefined;
}

/** What `translateMany` and `monitorMany` answer for an address that is not backed: 2^64 - 1. */
export const NOT_BACKED: bigint = 2n ** 64n - 1n;
