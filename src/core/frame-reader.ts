/**
 * Frames from guest memory into the core's staging area, as many in one call as the driver takes.
 *
 * Nothing that comes from a driver is trusted: what is not one byte a frame is refused, what throws comes out unchanged.
 */

import { FRAME_SIZE } from "../model/address.js";
import { PageTableError } from "../model/errors.js";
import type { GuestMemory } from "../model/memory.js";
import type { Core } from "./core.js";
import * as layout from "./layout.js";

export class FrameReader {
  readonly #core: Core;
  readonly #gfns: Float64Array;
  readonly #staging: Uint8Array;
  readonly #frames: readonly Uint8Array[];

  constructor(core: Core) {
    this.#core = core;
    this.#gfns = new Float64Array(core.u8.buffer, layout.READ_GFNS, layout.READS_LENGTH);
    this.#staging = core.u8.subarray(layout.STAGING, layout.STAGING + layout.READS_LENGTH * FRAME_SIZE);
    this.#frames = Array.from({ length: layout.READS_LENGTH }, (_, i) => this.#staging.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE));
  }

  /** GFN of the `place`-th frame to read. */
  gfn(place: number): number {
    return this.#gfns[place];
  }

  /** Reads the first `count` frames that READ_GFNS names and notes beside each whether it is there. */
  read(memory: GuestMemory, count: number): void {
    const { u32 } = this.#core;
    const flags = (layout.READS >>> 2) + 1;
    if (count === 1 || !memory.readFrames) {
      for (let i = 0; i < count; i++) u32[flags + 2 * i] = memory.readFrame(this.#gfns[i], this.#frames[i]) ? 1 : 0;
      return;
    }
    const answer = checkedAnswer(memory.readFrames(this.#gfns.slice(0, count), this.#staging.subarray(0, count * FRAME_SIZE)), count);
    for (let i = 0; i < count; i++) u32[flags + 2 * i] = answer[i] === 1 ? 1 : 0;
  }

  /** Whether the `place`-th frame of the last `read` is there. */
  wasRead(place: number): boolean {
    return this.#core.u32[(layout.READS >>> 2) + 2 * place + 1] === 1;
  }
}

/** What `readFrames` answered; throws `driver-contract` where that is not one byte for each of `count` frames. */
export function checkedAnswer(answer: Uint8Array, count: number): Uint8Array {
  if (answer instanceof Uint8Array && answer.length === count) return answer;
  throw new PageTableError("driver-contract", `readFrames must answer a Uint8Array with one byte for each of the ${count} frames`, {
    expected: count,
    found: (answer as unknown) instanceof Uint8Array ? answer.length : typeof answer,
  });
}
