/** The error for a source that cannot be read at all, in words a person can act on. */

import { PageTableError } from "../model/errors.js";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file: a part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
};

/** `path` is undefined where the source is no file. `details.reason` is the system's code, ENOENT, say. */
export function cannotRead(path: string | undefined, cause: unknown): PageTableError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : undefined;
  const words = (code === undefined ? undefined : REASONS[code]) ?? (cause instanceof Error ? cause.message : String(cause));
  const message = `cannot read ${path === undefined ? "the source" : `"${path}"`}: ${words}`;
  return new PageTableError("cannot-read", message, path === undefined ? { reason: code } : { path, reason: code }, { cause });
}
