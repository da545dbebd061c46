/** Numbers as the files of a capture spell them. */

/** @param {bigint | number} value */
export function hex(value) {
  return `0x${value.toString(16)}`;
}
