/**
 * The paging modes by name, as `--arch` takes them. A new mode is one more line here.
 */

import type { Architecture } from "../model/architecture.js";
import { amd64 } from "./amd64.js";

const MAKERS: Readonly<Record<string, () => Architecture>> = {
  amd64: () => amd64(),
  "amd64-la57": () => amd64({ levels: 5 }),
};

export const architectureNames: readonly string[] = Object.keys(MAKERS);

/** The mode with its default options; undefined where no mode has that name. */
export function architectureByName(name: string): Architecture | undefined {
  return Object.hasOwn(MAKERS, name) ? MAKERS[name]?.() : undefined;
}
