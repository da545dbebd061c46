/**
 * A file that appears whole or not at all.
 *
 * It is written beside its place, under a name that says so, and renamed when it is done; what was there before stays
 * until then. A device or a pipe, which is no file to be replaced, is written to directly.
 */

import { closeSync, existsSync, mkdirSync, openSync, realpathSync, renameSync, rmdirSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, PipeClosedError, UsageError } from "./failure.js";

const PIECE_LENGTH = 1 << 20;

export class OutputFile {
  /** Where it shall lie: behind the link, where it is one. */
  readonly #path: string;
  readonly #partial: string | undefined;
  #descriptor: number | undefined;
  #pending: (string | Uint8Array)[] = [];
  #pendingLength = 0;

  /** The uppermost of the folders that were made for it. */
  readonly #madeFolder: string | undefined;

  /** Throws UsageError where nothing can be written at `path`, in a folder that is there or is to be made. */
  constructor(path: string, folder: "present" | "to-be-made" = "present") {
    if (folder === "to-be-made") this.#madeFolder = makeFolderOf(path);
    try {
      const present = statSync(path, { throwIfNoEntry: false });
      const isReplaceable = present?.isFile() ?? true;
      // Of a pipe, /dev/stdout say, the link leads to a name by which nothing can be opened.
      this.#path = present?.isFile() ? realpathSync(path) : path;
      this.#partial = isReplaceable ? join(dirname(this.#path), `.${basename(this.#path)}.${process.pid}.partial`) : undefined;
      // Whoever may not read the one must not read the other.
      this.#descriptor = openSync(this.#partial ?? this.#path, "w", present?.mode);
    } catch (error) {
      throw new UsageError(`-o ${path}: ${whyNot(path, error)}`);
    }
  }

  /** Gathers text, or bytes, and writes them in large pieces. */
  write(chunk: string | Uint8Array): void {
    this.#pending.push(chunk);
    this.#pendingLength += chunk.length;
    if (this.#pendingLength >= PIECE_LENGTH) this.#writePending();
  }

  /** Writes what is left; the file takes its place. */
  commit(): void {
    this.#writePending();
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (this.#partial !== undefined) renameSync(this.#partial, this.#path);
  }

  /**
   * Removes what has been written, unless the file is in its place already. Whatever is written afterwards is dropped.
   */
  abandon(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (this.#partial !== undefined) rmSync(this.#partial, { force: true });
    this.#removeMadeFolders();
  }

  /** As far as they are still empty. */
  #removeMadeFolders(): void {
    if (this.#madeFolder === undefined) return;
    try {
      for (let folder = dirname(this.#path); folder.startsWith(this.#madeFolder); folder = dirname(folder)) rmdirSync(folder);
    } catch {
      // Something else lies in it: it stays.
    }
  }

  #writePending(): void {
    const chunks = this.#pending.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk));
    this.#pending = [];
    this.#pendingLength = 0;
    const bytes = Buffer.concat(chunks);
    try {
      for (let written = 0; written < bytes.length && this.#descriptor !== undefined; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPIPE") throw new PipeClosedError();
      throw new Error(`${this.#path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Why nothing can be written at `path`, and what to do. */
function whyNot(path: string, error: unknown): string {
  const folder = dirname(path);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && !existsSync(folder)) return `there is no folder ${folder}: make it first`;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return `there is no permission to write ${existsSync(path) ? "it" : `in ${folder}`}`;
  }
  return code === "ENOENT" || code === "ENOTDIR" ? `no file can be made in ${folder}` : `cannot be written: ${messageOf(error)}`;
}

/** Makes the folder that `path` lies in, and those above it; answers the uppermost that was not there. */
function makeFolderOf(path: string): string | undefined {
  try {
    return mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new UsageError(`-o ${path}: its folder cannot be made: ${messageOf(error)}`);
  }
}
