/**
 * Names of dumps, short enough for a table.
 */

import { shortened } from "../terminal/text.js";

const WIDEST_DUMP = 32;

/** The paths without the folders that all have in common; of long ones the end. */
export function shortNames(files: readonly string[]): ReadonlyMap<string, string> {
  const paths = files.map((file) => file.split("/"));
  const [first = []] = paths;
  let common = 0;
  while (paths.every((path) => common < path.length - 1 && path[common] === first[common])) common++;
  return new Map(files.map((file, i) => [file, shortened(paths[i]?.slice(common).join("/") ?? file, WIDEST_DUMP)]));
}
