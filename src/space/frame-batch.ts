/**
 * Frames of two sides from guest memory into the two halves of the core's staging area, a call a side.
 *
 * Nothing that comes from a driver is trusted: what is not one byte a frame is refused, what throws comes out unchanged.
 */

import type { Core } from "../core/core.js";
import { checkedAnswer } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import { FRAME_SIZE } from "../model/address.js";
import { canReadFramesInto, readFramesInto } from "../model/frames-into.js";
import type { GuestMemory } from "../model/memory.js";

export class FrameBatch {
  readonly #core: Core;
  readonly #side: number;
  readonly #gfns: Float64Array;
  readonly #staging: Uint8Array;
  /** A byte a place: 1 where the frame is there. */
  readonly #flags: Uint8Array;

  constructor(core: Core, side: number) {
    const firstPlace = side * layout.HALF_READS;
    const stagingAt = layout.STAGING + side * layout.HALF_STAGING;
    this.#core = core;
    this.#side = side;
    this.#gfns = new Float64Array(core.u8.buffer, layout.READ_GFNS + 8 * firstPlace, layout.HALF_READS);
    this.#staging = core.u8.subarray(stagingAt, stagingAt + layout.HALF_READS * FRAME_SIZE);
    this.#flags = core.u8.subarray(layout.SPACE_READ_FLAGS + firstPlace, layout.SPACE_READ_FLAGS + firstPlace + layout.HALF_READS);
  }

  /** Reads the frames that the core has listed for this side, and notes beside each whether it is there. */
  read(memory: GuestMemory): void {
    const count = this.#core.control(layout.CONTROL_SPACE_WANTED + 4 * this.#side);
    if (count === 0) return;
    if (canReadFramesInto(memory)) {
      memory[readFramesInto](this.#gfns, count, this.#staging, this.#flags);
      return;
    }
    if (count === 1 || !memory.readFrames) {
      for (let i = 0; i < count; i++) {
        const target = this.#staging.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE);
        this.#flags[i] = memory.readFrame(this.#gfns[i], target) ? 1 : 0;
      }
      return;
    }
    this.#flags.set(checkedAnswer(memory.readFrames(this.#gfns.slice(0, count), this.#staging.subarray(0, count * FRAME_SIZE)), count));
  }
}
