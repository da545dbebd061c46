/** Compares answers page by page with the truth, and keeps count, so that a test can say how much it looked at. */

import { hex } from "../../src/model/hex.js";
import { NOT_BACKED } from "../../src/model/translation.js";
import { PAGE, type Region, UNKNOWN_SIZE } from "./truth.js";

/** Enough to see a pattern; a wrong walk gets thousands of pages wrong. */
const MISMATCHES_KEPT = 20;

export class PageComparison {
  /** In words, the first ones only; `mismatchCount` has all. */
  readonly mismatches: string[] = [];
  mismatchCount = 0;
  pages = 0;
  backed = 0;
  /** Pages whose size was told and compared. */
  sizes = 0;

  /** @param pas one PA a page of the region, NOT_BACKED where there is none. */
  comparePas(about: string, region: Region, pas: BigUint64Array): void {
    if (pas.length !== region.pages) this.#mismatch(`${about}: ${pas.length} answers for ${region.pages} pages`);
    for (let page = 0; page < region.pages; page++) {
      const [is, should] = [pas[page], region.pas[page]];
      if (is !== should) this.#mismatch(`${about} ${region.name} ${vaText(region, page)}: ${paText(is)} instead of ${paText(should)}`);
    }
    this.pages += region.pages;
    this.backed += region.backed;
  }

  /** @param sizes bytes of each page that is backed; the truth does not know all. */
  compareSizes(about: string, region: Region, sizes: Uint32Array): void {
    for (let page = 0; page < region.pages; page++) {
      const should = region.pageSizes[page];
      if (region.pas[page] === NOT_BACKED || should === UNKNOWN_SIZE) continue;
      if (sizes[page] !== should) {
        this.#mismatch(`${about} ${region.name} ${vaText(region, page)}: page of ${sizes[page]} bytes instead of ${should}`);
      }
      this.sizes++;
    }
  }

  #mismatch(text: string): void {
    this.mismatchCount++;
    if (this.mismatches.length < MISMATCHES_KEPT) this.mismatches.push(text);
  }
}

function vaText(region: Region, page: number): string {
  return hex(region.start + PAGE * BigInt(page));
}

function paText(pa: bigint | undefined): string {
  if (pa === undefined) return "no answer";
  return pa === NOT_BACKED ? "not backed" : hex(pa);
}
