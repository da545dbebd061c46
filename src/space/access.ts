/**
 * What a path lets a program do: the bits as the core counts them, and the objects that callers read.
 */

import * as layout from "../core/layout.js";

/** What the whole path grants: each of them where every entry of the path grants it. */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** User mode may, not the kernel alone. */
  readonly user: boolean;
}

export const ACCESS_COMBINATIONS = 1 << layout.ACCESS_BITS;

/** One frozen object a combination: a listing has millions of rows and few combinations. */
const ACCESSES: readonly Access[] = Array.from({ length: ACCESS_COMBINATIONS }, (_, bits) =>
  Object.freeze({
    read: (bits & layout.ACCESS_READ) !== 0,
    write: (bits & layout.ACCESS_WRITE) !== 0,
    execute: (bits & layout.ACCESS_EXECUTE) !== 0,
    user: (bits & layout.ACCESS_USER) !== 0,
  }),
);

/** The access of the core's bits. */
export function accessOf(bits: number): Access {
  return ACCESSES[bits];
}
