/**
 * All that a root maps in one dump, in columns: what the map of the address space is drawn from.
 */

import type { Architecture } from "page-table-monitor";
import { pageOf } from "../model/events.js";
import { isWritableExecutable, type SpaceMap } from "../model/map-regions.js";
import type { Engine, RemoteDump } from "./engine.js";

const MOST_STRETCHES = 2 ** 20;
const GRAIN = 512;

export async function readSpaceMap(
  engine: Engine,
  dump: RemoteDump,
  root: bigint,
  arch: Architecture,
  signal: AbortSignal,
): Promise<SpaceMap> {
  const columns = new Columns();
  let isCut = false;
  const listing = await engine.mappings(dump, { root, arch, signal });
  for await (const page of listing.pages()) {
    signal.throwIfAborted();
    for (let row = 0; row < page.length; row++) {
      columns.add(pageOf(page.va[row] as bigint), Number((page.bytes[row] as bigint) >> 12n), page.access[row] as number);
    }
    if (columns.length >= MOST_STRETCHES) {
      isCut = true;
      break;
    }
  }
  signal.throwIfAborted();
  const { length, page, pages, access, blockEnds, mappedPages, writableExecutable } = columns;
  return { length, page, pages, access, blockEnds, mappedPages, writableExecutable, isCut };
}

class Columns {
  length = 0;
  page = new Float64Array(1024);
  pages = new Float64Array(1024);
  access = new Uint8Array(1024);
  readonly blockEnds = new Map<number, number>();
  mappedPages = 0;
  writableExecutable = 0;

  add(page: number, pages: number, access: number): void {
    if (this.length === this.page.length) {
      this.page = grown(this.page, new Float64Array(2 * this.length));
      this.pages = grown(this.pages, new Float64Array(2 * this.length));
      this.access = grown(this.access, new Uint8Array(2 * this.length));
    }
    this.page[this.length] = page;
    this.pages[this.length] = pages;
    this.access[this.length] = access;
    this.length++;
    this.mappedPages += pages;
    if (isWritableExecutable(access)) this.writableExecutable++;
    const block = Math.floor(page / GRAIN);
    const endBlock = Math.ceil((page + pages) / GRAIN);
    if ((this.blockEnds.get(block) ?? 0) < endBlock) this.blockEnds.set(block, endBlock);
  }
}

function grown<T extends Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from);
  return to;
}
