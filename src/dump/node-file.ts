/**
 * Files by their path: read in place with positioned reads, never as a whole.
 *
 * `node:fs` is asked for when the first path comes, under a name that is put together at run time: bundlers leave such an import
 * alone, so one build of this package serves Node, browsers without a bundler, and esbuild, Vite, Rollup and webpack without
 * configuration (an entry in an imports map would need a built `dist` in development as well, and an import of the literal
 * name fails a browser build in esbuild and webpack).
 */

import { PageTableError } from "../model/errors.js";
import { cannotRead } from "./cannot-read.js";
import type { Source } from "./source.js";

type FileSystem = typeof import("node:fs");
type ProcessGlobal = { readonly process?: { readonly versions?: { readonly node?: string } } };

/** Node takes a signed 32-bit length. */
const LONGEST_READ = 2 ** 30;

/** Opens the file at `path`. Throws PageTableError `cannot-read`, with `path` and the system's `reason` in its details. */
export async function openFile(path: string): Promise<Source> {
  const fs = await loadFileSystem(path);
  let file: number | undefined;
  try {
    // Opening a named pipe waits for its writer: look before opening.
    const stat = fs.statSync(path);
    if (stat.isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
    if (!stat.isFile()) throw new Error("it is not a regular file, and cannot be read at any offset: copy it into one");
    file = fs.openSync(path, "r");
    return fileSource(fs, file, fs.fstatSync(file).size);
  } catch (cause) {
    if (file !== undefined) fs.closeSync(file);
    throw cannotRead(path, cause);
  }
}

function fileSource(fs: FileSystem, file: number, size: number): Source {
  return {
    size,
    read: (offset, target) => fs.readSync(file, target, 0, Math.min(target.length, LONGEST_READ), offset),
    close: () => fs.closeSync(file),
  };
}

async function loadFileSystem(path: string): Promise<FileSystem> {
  let cause: unknown;
  try {
    // Asked first, since a browser that tries the import says so on its console.
    if ((globalThis as ProcessGlobal).process?.versions?.node !== undefined) return (await importBuiltin("fs")) as FileSystem;
  } catch (error) {
    cause = error;
  }
  const message = `cannot read "${path}": paths can be opened in Node only; pass a File, a Blob or its bytes`;
  throw new PageTableError("cannot-read", message, { path, reason: "no-file-system" }, { cause });
}

function importBuiltin(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
}
