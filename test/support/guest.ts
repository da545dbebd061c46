/**
 * A guest's physical memory as far as its page tables go: a sparse set of frames that a test builds and changes.
 *
 * A frame that was never made, or is hidden, is one that the memory does not have. Hiding keeps the contents, so that a
 * table can vanish and come back.
 */

import { ENTRIES, entryAt, frameOf, indexOf, PAGE_1G, PAGE_2M, PAGE_4K, PAGE_FLAGS, PS, paOf, TABLE_FLAGS } from "./amd64-bits.js";

const FIRST_GFN = 0x100;
const OFFSET_MASK = 0xfffn;

export class Guest {
  readonly frames: Map<number, BigUint64Array>;
  readonly #hidden: Set<number>;
  #nextGfn: number;

  constructor(frames: Map<number, BigUint64Array> = new Map(), hidden: Set<number> = new Set(), nextGfn: number = FIRST_GFN) {
    this.frames = frames;
    this.#hidden = hidden;
    this.#nextGfn = nextGfn;
  }

  /** A frame of zeros at `gfn`, or at the next one that is free. */
  allocate(gfn?: number): number {
    while (gfn === undefined && this.frames.has(this.#nextGfn)) {
      this.#nextGfn++;
    }
    const chosen = gfn ?? this.#nextGfn++;
    this.frames.set(chosen, new BigUint64Array(ENTRIES));
    return chosen;
  }

  free(gfn: number): void {
    this.frames.delete(gfn);
  }

  /** From now on the memory does not have this frame. */
  hide(gfn: number): void {
    this.#hidden.add(gfn);
  }

  show(gfn: number): void {
    this.#hidden.delete(gfn);
  }

  /** The frame's contents, or undefined where the memory does not have it. */
  tryFrame(gfn: number): BigUint64Array | undefined {
    return this.#hidden.has(gfn) ? undefined : this.frames.get(gfn);
  }

  isHidden(gfn: number): boolean {
    return this.#hidden.has(gfn);
  }

  read(entryPa: bigint): bigint {
    return this.#frame(entryPa)[Number(entryPa & OFFSET_MASK) >> 3] as bigint;
  }

  /** Hidden or not: the guest itself sees all of its memory. */
  write(entryPa: bigint, value: bigint): void {
    this.#frame(entryPa)[Number(entryPa & OFFSET_MASK) >> 3] = value;
  }

  clone(): Guest {
    const frames = new Map([...this.frames].map(([gfn, frame]) => [gfn, frame.slice()]));
    return new Guest(frames, new Set(this.#hidden), this.#nextGfn);
  }

  #frame(entryPa: bigint): BigUint64Array {
    const frame = this.frames.get(frameOf(entryPa));
    if (frame === undefined) {
      throw new Error(`the test's guest has no frame at 0x${entryPa.toString(16)}`);
    }
    return frame;
  }
}

const LEAF_LEVELS: ReadonlyMap<number, number> = new Map([
  [PAGE_4K, 1],
  [PAGE_2M, 2],
  [PAGE_1G, 3],
]);

export interface PageOptions {
  /** Bytes; 4096 where not given. */
  readonly pageSize?: number;
  /** All bits of the leaf but the address and PS. */
  readonly flags?: bigint;
}

/** One address space of a guest: a root and the tables below it, made as they are needed. */
export class AddressSpace {
  readonly guest: Guest;
  readonly levels: number;
  readonly rootGfn: number;

  constructor(guest: Guest, levels: 4 | 5 = 4, rootGfn: number = guest.allocate()) {
    this.guest = guest;
    this.levels = levels;
    this.rootGfn = rootGfn;
  }

  get root(): bigint {
    return paOf(this.rootGfn);
  }

  /** Maps the page of `va` to the page of `pa` and answers the PA of the leaf entry. */
  map(va: bigint, pa: bigint, options: PageOptions = {}): bigint {
    const pageSize = options.pageSize ?? PAGE_4K;
    const leafLevel = LEAF_LEVELS.get(pageSize);
    if (leafLevel === undefined) {
      throw new Error(`no page has ${pageSize} bytes`);
    }
    for (let level = this.levels; level > leafLevel; level--) {
      this.#ensureTable(va, level);
    }
    const leafPa = this.entryPa(va, leafLevel);
    const base = pa & ~(BigInt(pageSize) - 1n);
    this.guest.write(leafPa, base | (options.flags ?? PAGE_FLAGS) | (leafLevel > 1 ? PS : 0n));
    return leafPa;
  }

  /** PA of the entry of `level` on the way to `va`; the tables above must be there. */
  entryPa(va: bigint, level: number): bigint {
    return entryAt(this.tableGfn(va, level), indexOf(va, level));
  }

  /** Frame of the table of `level` on the way to `va`. */
  tableGfn(va: bigint, level: number): number {
    let gfn = this.rootGfn;
    for (let above = this.levels; above > level; above--) {
      const value = this.guest.read(entryAt(gfn, indexOf(va, above)));
      gfn = frameOf(value & 0x000f_ffff_ffff_f000n);
    }
    return gfn;
  }

  /** Writes the entry of `level` on the way to `va` and answers its PA. */
  setEntry(va: bigint, level: number, value: bigint): bigint {
    const entryPa = this.entryPa(va, level);
    this.guest.write(entryPa, value);
    return entryPa;
  }

  #ensureTable(va: bigint, level: number): void {
    const entryPa = this.entryPa(va, level);
    if (this.guest.read(entryPa) === 0n) {
      this.guest.write(entryPa, paOf(this.guest.allocate()) | TABLE_FLAGS);
    }
  }
}
