/** Numbers as people of this field write them. */

/** `0x`, lower case, no padding. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
