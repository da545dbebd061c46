/**
 * What a path lets a program do: the bits as the core counts them, and the objects that callers read.
 */

/** What the whole path grants: each of them where every entry of the path grants it. */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** User mode may, not the kernel alone. */
  readonly user: boolean;
}

const READ = 1;
const WRITE = 2;
const EXECUTE = 4;
const USER = 8;
export const ACCESS_COMBINATIONS = 16;

/** One frozen object a combination: a listing has millions of rows and few combinations. */
const ACCESSES: readonly Access[] = Array.from({ length: ACCESS_COMBINATIONS }, (_, bits) =>
  Object.freeze({
    read: (bits & READ) !== 0,
    write: (bits & WRITE) !== 0,
    execute: (bits & EXECUTE) !== 0,
    user: (bits & USER) !== 0,
  }),
);

/** The access of the core's bits. */
export function accessOf(bits: number): Access {
  return ACCESSES[bits];
}
