/** The engine's collector, asked for. */

import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects whatever nothing leads to. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** The same; and whoever asked to be told of it has been. */
export async function collectAndTell(): Promise<void> {
  collectGarbage();
  await setTimeout(0);
}
