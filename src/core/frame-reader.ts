/**
 * Frames that the core has listed, from guest memory into its staging area: as many in one call as the driver takes.
 *
 * Nothing that comes from a driver is trusted: what is not one byte a frame is refused, what throws comes out unchanged.
 */

import { FRAME_SIZE } from "../model/address.js";
import { PageTableError } from "../model/errors.js";
import { canReadFramesInto, readFramesInto } from "../model/frames-into.js";
import type { GuestMemory } from "../model/memory.js";
import type { Core } from "./core.js";
import * as layout from "./layout.js";

/** The part of the list, and of the staging area, that a reader sees to. */
export interface ReaderPart {
  readonly firstPlace: number;
  readonly places: number;
  readonly stagingPtr: number;
}

const WHOLE: ReaderPart = { firstPlace: 0, places: layout.READS_LENGTH, stagingPtr: layout.STAGING };

/** The part of one of two states. */
export function partOfSide(side: number): ReaderPart {
  return { firstPlace: side * layout.HALF_READS, places: layout.HALF_READS, stagingPtr: layout.STAGING + side * layout.HALF_STAGING };
}

export class FrameReader {
  readonly #gfns: Float64Array;
  readonly #staging: Uint8Array;
  /** A byte a place: 1 where the frame was read. */
  readonly #flags: Uint8Array;
  /** The staging area of a place, once it has been asked for. */
  readonly #frames: (Uint8Array | undefined)[];

  constructor({ u8 }: Core, { firstPlace, places, stagingPtr }: ReaderPart = WHOLE) {
    const flagsAt = layout.READ_FLAGS + firstPlace;
    this.#gfns = new Float64Array(u8.buffer, layout.READ_GFNS + 8 * firstPlace, places);
    this.#staging = u8.subarray(stagingPtr, stagingPtr + places * FRAME_SIZE);
    this.#flags = u8.subarray(flagsAt, flagsAt + places);
    this.#frames = new Array(places);
  }

  /** Reads the first `count` frames and notes of each whether it is there. */
  read(memory: GuestMemory, count: number): void {
    if (count === 0) return;
    if (count === 1) {
      this.#readOne(memory, 0);
    } else if (canReadFramesInto(memory)) {
      memory[readFramesInto](this.#gfns, count, this.#staging, this.#flags);
    } else if (memory.readFrames) {
      this.#flags.set(checkedAnswer(memory.readFrames(this.#gfns.slice(0, count), this.#staging.subarray(0, count * FRAME_SIZE)), count));
    } else {
      for (let place = 0; place < count; place++) this.#readOne(memory, place);
    }
  }

  /** Whether the `place`-th frame of the last `read` is there. */
  wasRead(place: number): boolean {
    return this.#flags[place] === 1;
  }

  #readOne(memory: GuestMemory, place: number): void {
    this.#frames[place] ??= this.#staging.subarray(place * FRAME_SIZE, (place + 1) * FRAME_SIZE);
    this.#flags[place] = memory.readFrame(this.#gfns[place], this.#frames[place]) ? 1 : 0;
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
