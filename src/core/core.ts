/**
 * The one door to WASM: an instance of the core for one paging mode, and the views through which batches go in and out.
 */

import { rootGfnIn } from "../arch/cleared-root.js";
import { type CoreMode, coreModeOf } from "../arch/core-mode.js";
import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import type { CoreExports } from "./exports.js";
import type { CoreInstance } from "./instance.js";
import * as layout from "./layout.js";
import { growMemory, instantiateCore, instantiateLike } from "./load.js";
import { giveSpare } from "./spare.js";

const ALL_BITS = (1n << 64n) - 1n;
/** The last 64 KiB stay unused, so that no block ends at 2^32. */
const UNUSED_BYTES = 65536;

export class Core {
  readonly arch: Architecture;
  readonly mode: CoreMode;
  readonly exports: CoreExports;
  /** The whole memory, as bytes, words, and 64-bit words. */
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  /** The window of addresses that go in, and of PAs that come out. */
  readonly batchIn: BigUint64Array;
  readonly batchOut: BigUint64Array;
  readonly batchTags: Uint32Array;
  readonly #instance: CoreInstance;

  private constructor(arch: Architecture, instance: CoreInstance) {
    const { buffer } = instance.memory;
    this.#instance = instance;
    this.arch = arch;
    this.mode = coreModeOf(arch);
    this.exports = instance.exports;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.batchIn = new BigUint64Array(buffer, layout.BATCH_IN, layout.BATCH_LENGTH);
    this.batchOut = new BigUint64Array(buffer, layout.BATCH_OUT, layout.BATCH_LENGTH);
    this.batchTags = new Uint32Array(buffer, layout.BATCH_TAGS, layout.BATCH_LENGTH);
  }

  #initialize(): this {
    this.exports.initialize(this.#usableBytes(), this.mode.modeId);
    this.u64[(layout.CONTROL + layout.CONTROL_RESERVED) >>> 3] = this.mode.reservedMask;
    this.u64[(layout.CONTROL + layout.CONTROL_KEEP) >>> 3] = ALL_BITS ^ this.mode.clearMask;
    return this;
  }

  #usableBytes(): number {
    return (this.u8.byteLength - UNUSED_BYTES) >>> 0;
  }

  /** An instance for `arch`; `frames` bounds the tables that it is to hold. */
  static async create(arch: Architecture, frames?: number): Promise<Core> {
    coreModeOf(arch); // an unknown architecture is said before anything is loaded
    return new Core(arch, await instantiateCore(frames)).#initialize();
  }

  /** An instance whose memory begins small, for `grown`. */
  static async createGrowing(arch: Architecture): Promise<Core> {
    coreModeOf(arch);
    return new Core(arch, await instantiateCore("growing")).#initialize();
  }

  /** Gives back a growing instance: this object and its views are of no use then. */
  giveBack(): void {
    giveSpare(this.#instance);
  }

  /** A growing instance for the same `arch`, with nothing in it. Throws `memory-exhausted` where there is no memory. */
  another(): Core {
    return new Core(this.arch, instantiateLike(this.#instance)).#initialize();
  }

  /**
   * The same instance with more memory for what is allocated, nothing lost; this object and its views are of no use then.
   * Undefined: no more is to be had. Only for cores that keep no marks.
   */
  grown(): Core | undefined {
    if (!growMemory(this.#instance.memory)) return undefined;
    const core = new Core(this.arch, this.#instance);
    core.exports.extendMemory(core.#usableBytes());
    return core;
  }

  /** The VAs from place `from` on into the batch, as many as it holds, none from `end` on; answers their number. */
  fillBatch(vas: BigUint64Array, from: number, end: number): number {
    const count = Math.min(layout.BATCH_LENGTH, end - from);
    this.batchIn.set(vas.subarray(from, from + count));
    return count;
  }

  /** GFN of a root's table. */
  rootGfn(root: bigint): number {
    return rootGfnIn(this.mode, root);
  }

  /** A field of the control block. */
  control(field: number): number {
    return this.u32[(layout.CONTROL + field) >>> 2];
  }
}

const FEWER_ADDRESSES = "monitor fewer addresses, or give them to several monitors";

/** Throws `memory-exhausted` for a status of the core that is not OK. */
export function throwUnlessOk(status: number): void {
  if (status !== layout.OK) throw memoryExhausted(undefined);
}

/**
 * The error for a core that has run out of memory, or of the `maximumFrames` tables that it may keep; `advice`: what
 * its user may do.
 */
export function memoryExhausted(maximumFrames: number | undefined, advice: string = FEWER_ADDRESSES): PageTableError {
  return maximumFrames === undefined
    ? new PageTableError("memory-exhausted", `the core's memory is exhausted: ${advice}`)
    : new PageTableError("memory-exhausted", `more than ${maximumFrames} tables would have to be kept: raise maximumFrames, or ${advice}`, {
        maximumFrames,
      });
}
