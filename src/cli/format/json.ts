/**
 * `--json`: one object a line, the field names of the library; every bigint a `"0x…"` string, every number a number,
 * what is undefined left out.
 */

import { hex } from "../../model/hex.js";

/** `value` on one line. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? hex(member) : member))}\n`;
}
