/**
 * Which yardstick stands beside which row: the compare beside snapshots, the plain walk beside all others.
 */

import { NativeYardstick } from "./yardstick-native.mjs";
import { PlainYardstick } from "./yardstick-plain.mjs";
import { readYardstickWorld } from "./yardstick-world.mjs";

export class Yardsticks {
  #plain;
  #native;

  /** `program`: the native ones as built; undefined where there is no compiler. */
  constructor(program, worldPath) {
    this.#plain = new PlainYardstick(readYardstickWorld(worldPath));
    this.#native = program && new NativeYardstick(program, worldPath);
  }

  of(rowId) {
    const isCompare = rowId.startsWith("snapshot");
    return {
      plain: () => (isCompare ? this.#plain.measureCompare() : this.#plain.measureWalk()),
      native: this.#native && (() => this.#native.measure(isCompare ? "compare" : "hashed")),
    };
  }

  /** ns a walk of the flat variant: said once, beside the machine. */
  flat() {
    return this.#native?.measure("flat");
  }

  end() {
    this.#native?.end();
  }
}
