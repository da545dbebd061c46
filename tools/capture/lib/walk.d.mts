/** Types of walk.mjs, for the tests. */

export interface Mode {
  /** Of each level's index, from the root down. */
  readonly shifts: readonly number[];
  readonly rootMask: bigint;
}

export const MODES: Readonly<Record<string, Mode>>;

export type Walk =
  | { readonly present: true; readonly pa: bigint; readonly size: bigint; readonly entry: bigint; readonly entryPas: readonly number[] }
  | { readonly present: false; readonly pa?: undefined; readonly entry: bigint | undefined; readonly entryPas: readonly number[] };

/** The walk of (root, va); `entry` is undefined where memory does not hold the table. */
export function walk(memory: { entry(pa: number): bigint | undefined }, mode: Mode, root: bigint, va: bigint): Walk;
