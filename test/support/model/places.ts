/** What a scenario's references mean in its world, with the guest as it is at that moment. */

import { entryAt, frameOf, indexOf, PAGE_FLAGS } from "../amd64-bits.js";
import type { Guest } from "../guest.js";
import type { AddressRef, EntryRef, EntryValue, World } from "./scenario.js";

export class Places {
  readonly #world: World;
  readonly #guest: Guest;

  constructor(world: World, guest: Guest) {
    this.#world = world;
    this.#guest = guest;
  }

  /** The entry on the guest's way as it is now; where the way ends earlier, the entry of that index in the last table. */
  locate({ root, va: vaIndex, level }: EntryRef): bigint {
    const { mode, roots, gfns, vas } = this.#world;
    const va = vas[vaIndex] as bigint;
    let gfn = roots[root] as number;
    if (!gfns.includes(gfn)) {
      gfn = gfns[0] as number;
    }
    for (let above = mode.levels; above > level; above--) {
      const next = frameOf(this.#guest.read(entryAt(gfn, indexOf(va, above))) & 0x000f_ffff_ffff_f000n & ~mode.encryptionMask);
      if (!gfns.includes(next)) {
        return entryAt(gfn, indexOf(va, above));
      }
      gfn = next;
    }
    return entryAt(gfn, indexOf(va, level));
  }

  store(entryPa: bigint, value: EntryValue): void {
    switch (value.type) {
      case "bits":
        return this.#guest.write(entryPa, value.value);
      case "split-leaf":
        return this.#guest.write(entryPa, (this.#world.largeBase + ((entryPa & 0xff8n) << 9n)) | PAGE_FLAGS);
      case "first": {
        const first = this.#world.entries.find(({ gfn, index }) => entryAt(gfn, index) === entryPa);
        return this.#guest.write(entryPa, first?.value ?? this.#guest.read(entryPa));
      }
      case "same":
        return this.#guest.write(entryPa, this.#guest.read(entryPa));
    }
  }

  root(index: number): bigint {
    return BigInt(this.#world.roots[index] as number) << 12n;
  }

  context({ root, va, spelling }: AddressRef): { va: bigint; root: bigint } {
    return { va: this.#world.vas[va] as bigint, root: this.root(root) | spelling };
  }

  vas(indices: readonly number[]): BigUint64Array {
    return BigUint64Array.from(indices, (index) => this.#world.vas[index] as bigint);
  }
}
