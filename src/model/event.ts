/**
 * What the monitor says: an address became backed by physical memory, or no longer is.
 */

import type { AddressContext, View } from "./address.js";
import type { Fault } from "./translation.js";

export interface PageTableMonitorEvent<Tag = string> extends AddressContext {
  readonly type: "page-in" | "page-out";
  readonly view: View;
  /** page-in: the new one; page-out: the one lost. */
  readonly pa: bigint;
  /** Bytes, of the leaf that came or went, as it was at that moment. */
  readonly pageSize: number;
  readonly tag: Tag;
  /** page-out: why it is not backed now; undefined where it moved, and for page-in. */
  readonly fault: Fault | undefined;
}

/** Events without an object each: row i of every column belongs together, in the order of the array form. */
export interface EventColumns<Tag = string> {
  readonly length: number;
  /** 0 page-out, 1 page-in. */
  readonly type: Uint8Array;
  /** 0 none, then in the order of Fault: 1 not-present, 2 reserved-bit, 3 unreadable-table. */
  readonly fault: Uint8Array;
  readonly va: BigUint64Array;
  readonly root: BigUint64Array;
  readonly pa: BigUint64Array;
  readonly view: Uint16Array;
  readonly pageSize: Uint32Array;
  /** Index into `tags`. */
  readonly tagIndex: Uint32Array;
  readonly tags: readonly Tag[];
}

/** By `EventColumns.type`. */
export const EVENT_TYPES: readonly PageTableMonitorEvent["type"][] = ["page-out", "page-in"];
