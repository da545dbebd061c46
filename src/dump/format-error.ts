/** How a dump that cannot be opened is refused: what was expected, what was found, and at which offset. */

import { DumpFormatError } from "../model/errors.js";
import { hex } from "../model/hex.js";

/**
 * - `unknown-format`: no format that can be read.
 * - `headers-cut-off`: the file ends before its headers do.
 * - `bad-headers`: the headers are there and cannot be right.
 * - `unsupported`: the headers are right, but of a kind that cannot be read.
 * - `inflated-too-large`: compressed, and more than was allowed.
 */
export type FormatErrorCode = "unknown-format" | "headers-cut-off" | "bad-headers" | "unsupported" | "inflated-too-large";

export function formatError(
  code: FormatErrorCode,
  offset: number,
  expected: string,
  found: string,
  details: Readonly<Record<string, unknown>> = {},
): DumpFormatError {
  return new DumpFormatError(code, `at offset ${hex(offset)}: expected ${expected}, found ${found}`, {
    offset,
    expected,
    found,
    ...details,
  });
}
