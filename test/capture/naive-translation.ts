/** The capture tools' naive walker over a whole process: the same regions, with what the tables say in the truth's place. */

import { NOT_BACKED } from "../../src/model/translation.js";
import type { ElfCore } from "../../tools/capture/lib/elf-core.mjs";
import { MODES, walk } from "../../tools/capture/lib/walk.mjs";
import { PAGE, type Process, type Region, UNKNOWN_SIZE } from "./truth.js";

/** What the walks found, and the tables and entries that they passed through. */
export interface NaiveTranslation {
  readonly process: Process;
  readonly entryPas: ReadonlySet<number>;
}

export function translateNaively(core: ElfCore, modeName: string, process: Process): NaiveTranslation {
  const mode = MODES[modeName];
  if (mode === undefined) throw new Error(`the capture is of mode ${modeName}, which is not among ${Object.keys(MODES).join(", ")}`);
  const entryPas = new Set<number>();
  const regions = process.regions.map((region): Region => {
    const pas = new BigUint64Array(region.pages).fill(NOT_BACKED);
    const pageSizes = new Uint32Array(region.pages).fill(UNKNOWN_SIZE);
    let backed = 0;
    for (let page = 0; page < region.pages; page++) {
      const found = walk(core, mode, process.root, region.start + PAGE * BigInt(page));
      for (const entryPa of found.entryPas) entryPas.add(entryPa);
      if (!found.present) continue;
      pas[page] = found.pa;
      pageSizes[page] = Number(found.size);
      backed++;
    }
    return { ...region, pas, pageSizes, backed };
  });
  return { process: { ...process, regions }, entryPas };
}
