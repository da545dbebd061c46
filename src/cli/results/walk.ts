/**
 * `ptm walk DUMP VA…`: which entries a walk of each address visits, and where it ends.
 */

import { PageTableMonitor } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import type { Translation } from "../../model/translation.js";
import type { AddressSpace } from "../address-space.js";

/** The walks one after the other, in the order of `vas`, which must be canonical. */
export async function* walk(dump: Dump, space: AddressSpace, vas: readonly bigint[]): AsyncGenerator<Translation> {
  const monitor = await PageTableMonitor.create({ memory: dump, arch: space.arch });
  try {
    for (const va of vas) yield monitor.translate({ va, root: space.root });
  } finally {
    monitor.dispose();
  }
}
