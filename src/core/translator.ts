/**
 * Translation from guest memory as it is now, over frames kept apart from all that is committed.
 *
 * Frames are kept from call to call where memory never changes; else each call reads each table once.
 */

import type { GuestMemory } from "../model/memory.js";
import type { Translation } from "../model/translation.js";
import { type Core, memoryExhausted } from "./core.js";
import type { FrameReader } from "./frame-reader.js";
import * as layout from "./layout.js";
import { PathReader } from "./paths.js";

export class Translator {
  readonly #core: Core;
  readonly #reader: FrameReader;
  readonly #paths: PathReader;
  readonly #maximumFrames: number | undefined;
  #memory: GuestMemory | undefined;

  constructor(core: Core, reader: FrameReader, maximumFrames: number | undefined) {
    this.#core = core;
    this.#reader = reader;
    this.#paths = new PathReader(core);
    this.#maximumFrames = maximumFrames;
  }

  /** The path of one canonical VA. */
  translate(memory: GuestMemory, root: bigint, va: bigint): Translation {
    return this.#over(memory, () => {
      if (!this.#walkOne(memory, root, va)) {
        this.#core.exports.dropFrames(); // what other calls have kept is no reason to refuse this one
        if (!this.#walkOne(memory, root, va)) throw memoryExhausted(this.#maximumFrames);
      }
      return this.#paths.translation(va, root);
    });
  }

  /** False: there is no room for the tables. */
  #walkOne(memory: GuestMemory, root: bigint, va: bigint): boolean {
    const { exports, batchIn } = this.#core;
    for (;;) {
      batchIn[0] = va;
      const wanting = exports.walkOne(this.#core.rootGfn(root)) >>> 0;
      if (wanting === layout.NO_MEMORY || this.#isOverBound()) return false;
      if (wanting === 0) return true;
      if (!this.#readWanted(memory)) return false;
    }
  }

  /** The PAs of canonical VAs of one root, NOT_BACKED where there is none. */
  translateMany(memory: GuestMemory, root: bigint, vas: BigUint64Array): BigUint64Array {
    const pas = new BigUint64Array(vas.length);
    this.#over(memory, () => {
      for (let from = 0; from < vas.length; from += layout.BATCH_LENGTH) {
        this.#translateWindow(memory, root, vas, pas, from, Math.min(layout.BATCH_LENGTH, vas.length - from));
      }
    });
    return pas;
  }

  #translateWindow(memory: GuestMemory, root: bigint, vas: BigUint64Array, pas: BigUint64Array, from: number, count: number): void {
    if (this.#tryWindow(memory, root, vas, pas, from, count)) return;
    this.#core.exports.dropFrames();
    if (this.#tryWindow(memory, root, vas, pas, from, count)) return;
    if (count === 1) throw memoryExhausted(this.#maximumFrames);
    this.#core.exports.dropFrames();
    const half = count >>> 1;
    this.#translateWindow(memory, root, vas, pas, from, half);
    this.#translateWindow(memory, root, vas, pas, from + half, count - half);
  }

  /** False: there is no room for the tables. */
  #tryWindow(memory: GuestMemory, root: bigint, vas: BigUint64Array, pas: BigUint64Array, from: number, count: number): boolean {
    const { exports, batchOut } = this.#core;
    this.#core.fillBatch(vas, from, from + count);
    let parked = 0;
    do {
      parked = exports.walkBatch(this.#core.rootGfn(root), count, parked) >>> 0;
      if (parked === layout.NO_MEMORY || this.#isOverBound()) return false;
      if (parked && !this.#readWanted(memory)) return false;
    } while (parked);
    pas.set(batchOut.subarray(0, count), from);
    return true;
  }

  /** Forgets what is kept: guest memory is another, or the arena has been reset. */
  forget(): void {
    this.#memory = undefined;
    this.#core.exports.dropFrames();
  }

  #over<T>(memory: GuestMemory, work: () => T): T {
    if (this.#memory !== memory) this.forget();
    try {
      const result = work();
      if (memory.immutable === true) this.#memory = memory;
      else this.forget();
      return result;
    } catch (error) {
      this.forget(); // frames that are wanted and were never read must not stay
      throw error;
    }
  }

  #readWanted(memory: GuestMemory): boolean {
    const { exports } = this.#core;
    exports.listWanted();
    for (let count = exports.nextWanted(); count > 0; count = exports.nextWanted()) {
      this.#reader.read(memory, count);
      if (!exports.keepFrames(count)) return false;
    }
    return true;
  }

  #isOverBound(): boolean {
    return this.#maximumFrames !== undefined && this.#core.control(layout.CONTROL_FRAMES) > this.#maximumFrames;
  }
}
