/**
 * Which captures the tests run on: the bundled one, or those that the environment variable CAPTURES names.
 *
 *     CAPTURES=/captures/a:/captures/b npx vitest run test/capture
 */

import { basename, delimiter, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const BUNDLED = fileURLToPath(new URL("../../samples/linux-6.1-x86_64", import.meta.url));

export interface NamedFolder {
  readonly name: string;
  readonly folder: string;
}

export function captureFolders(): readonly NamedFolder[] {
  const given = (process.env.CAPTURES ?? "").split(delimiter).filter((folder) => folder !== "");
  return (given.length > 0 ? given : [BUNDLED]).map((folder) => ({ name: basename(resolve(folder)), folder: resolve(folder) }));
}
