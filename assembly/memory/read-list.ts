/**
 * The frames that TypeScript is asked to read: the GFN of each, the record that it is read for, and whether it was read.
 * What was read lies in the staging area.
 */

import { READ_FLAGS, READ_GFNS, READS } from "../layout";

/** Asks for a frame at a place of the list. */
export function nameRead(place: usize, record: usize, gfn: u64): void {
  store<u32>(READS + (place << 2), <u32>record);
  store<f64>(READ_GFNS + (place << 3), <f64>gfn);
}

export function recordOf(place: usize): usize {
  return load<u32>(READS + (place << 2));
}

export function gfnOf(place: usize): u64 {
  return <u64>load<f64>(READ_GFNS + (place << 3));
}

export function wasRead(place: usize): bool {
  return load<u8>(READ_FLAGS + place) == 1;
}
