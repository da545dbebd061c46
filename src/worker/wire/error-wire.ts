/**
 * Errors across threads, with their class, code and details: comlink's own way keeps the message alone.
 *
 * comlink has one table of handlers for all who use it in a realm. The handler here replaces comlink's, and treats
 * errors that are not this package's as comlink's did.
 */

import { transferHandlers } from "comlink";
import { AddressError, DumpFormatError, PageTableError, ViewNotFoundError } from "../../model/errors.js";

/** The worker's word that a call ended because it was no longer wanted; its caller knows why. */
export class CallAborted extends Error {}

interface ErrorWire {
  readonly isError: true;
  readonly value: { readonly message: string; readonly name: string; readonly stack: string | undefined };
  readonly pageTableError?: {
    readonly kind: ErrorKind;
    readonly code: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly cause?: ErrorWire;
  };
  /** What the system calls the error: "ENOENT", say. */
  readonly code?: string;
}
type ThrownWire = ErrorWire | { readonly isError: false; readonly value: unknown };

const CLASSES = { PageTableError, AddressError, ViewNotFoundError, DumpFormatError } as const;
type ErrorKind = keyof typeof CLASSES | "CallAborted";

let isInstalled = false;

/** Puts the handler in place, once a realm. Both sides of a line need it. */
export function installErrorHandler(): void {
  if (isInstalled) return;
  isInstalled = true;
  const original = transferHandlers.get("throw") as { canHandle(value: unknown): boolean };
  transferHandlers.set("throw", {
    canHandle: (value): value is { value: unknown } => original.canHandle(value),
    serialize: ({ value }: { value: unknown }) => [encodeThrown(value), []],
    deserialize(wire: ThrownWire): never {
      throw decodeThrown(wire);
    },
  });
}

export function encodeThrown(thrown: unknown): ThrownWire {
  return thrown instanceof Error ? encodeError(thrown) : { isError: false, value: thrown };
}

function encodeError(error: Error): ErrorWire {
  const value = { message: error.message, name: error.name, stack: error.stack };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  if (error instanceof CallAborted) return { isError: true, value, pageTableError: { kind: "CallAborted", code: "", details: {} } };
  if (!(error instanceof PageTableError)) return { isError: true, value, ...code };
  const cause = error.cause instanceof Error ? { cause: encodeError(error.cause) } : {};
  const { details } = error;
  return { isError: true, value, pageTableError: { kind: kindOf(error), code: error.code, details: { ...details }, ...cause } };
}

function kindOf(error: PageTableError): ErrorKind {
  if (error instanceof AddressError) return "AddressError";
  if (error instanceof ViewNotFoundError) return "ViewNotFoundError";
  if (error instanceof DumpFormatError) return "DumpFormatError";
  return "PageTableError";
}

export function decodeThrown(wire: ThrownWire): unknown {
  return wire.isError ? decodeError(wire) : wire.value;
}

function decodeError({ value, pageTableError, code }: ErrorWire): Error {
  if (!pageTableError) return Object.assign(new Error(value.message), value, code === undefined ? {} : { code });
  const { kind, details, cause } = pageTableError;
  if (kind === "CallAborted") return new CallAborted(value.message);
  const options = cause === undefined ? {} : { cause: decodeError(cause) };
  return new CLASSES[kind](pageTableError.code, value.message, details, options);
}
