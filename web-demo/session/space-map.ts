/**
 * All that a root maps in one dump, in columns: what the map of the address space is drawn from.
 */

import type { Architecture } from "page-table-monitor";
import type { MappingColumns } from "page-table-monitor/worker";
import { setPages } from "../model/events.js";
import { Pace } from "../model/filter.js";
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
  onProgress: (done: number, total: number) => void,
): Promise<SpaceMap> {
  const columns = new Columns();
  const pace = new Pace(signal);
  let isCut = false;
  const listing = await engine.mappings(dump, { root, arch, signal, onProgress });
  try {
    for await (const page of listing.pages()) {
      signal.throwIfAborted();
      columns.add(page);
      await pace.breathe();
      if (columns.length >= MOST_STRETCHES) {
        isCut = true;
        break;
      }
    }
  } finally {
    listing.close();
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

  add({ length, va, bytes, access }: MappingColumns): void {
    const start = this.length;
    this.#makeRoom(start + length);
    setPages(this.page, start, va);
    setPages(this.pages, start, bytes);
    this.access.set(access, start);
    this.length += length;
    let [lastBlock, lastEnd] = [-1, 0];
    for (let row = start; row < this.length; row++) {
      const page = this.page[row] as number;
      const pages = this.pages[row] as number;
      this.mappedPages += pages;
      if (isWritableExecutable(this.access[row] as number)) this.writableExecutable++;
      const block = Math.floor(page / GRAIN);
      const endBlock = Math.ceil((page + pages) / GRAIN);
      if (block === lastBlock && endBlock <= lastEnd) continue;
      [lastBlock, lastEnd] = [block, Math.max(endBlock, this.blockEnds.get(block) ?? 0)];
      this.blockEnds.set(block, lastEnd);
    }
  }

  #makeRoom(length: number): void {
    if (length <= this.page.length) return;
    const room = Math.max(length, 2 * this.page.length);
    this.page = grown(this.page, new Float64Array(room));
    this.pages = grown(this.pages, new Float64Array(room));
    this.access = grown(this.access, new Uint8Array(room));
  }
}

function grown<T extends Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from);
  return to;
}
