/**
 * The errors that leave this package.
 *
 * Every one has a stable kebab-case `code` to branch on, plain `details` that survive JSON and `postMessage`, and a
 * message that says what was found, where, and what to do. Classes exist only where a caller would catch one alone.
 */

/** Anything this package refuses to do. `code` is stable across versions, the message is not. */
export class PageTableError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

/** An address that is negative, too large, or not canonical. In a batch `details.index` is the first offender. */
export class AddressError extends PageTableError {}

/** A driver's word that a second-stage view no longer exists; releasing protection in it then has nothing left to do. */
export class ViewNotFoundError extends PageTableError {}

/** A dump whose headers cannot be read: says what was expected, what was found, and at which offset. */
export class DumpFormatError extends PageTableError {}

/** The end of a switch over a union: reached only where a new member was forgotten. */
export function assertNever(value: never): never {
  throw new PageTableError("internal", `unexpected ${String(value)}`);
}
