/**
 * What stands beside the rows of whole address spaces: the same bytes, merely read.
 *
 *   dumps in files          readSync in pieces of 1 MiB, into one buffer
 *   two states in memory    readFrames of all tables of both, 256 at a time, into one buffer
 */

import { closeSync, openSync, readSync } from "node:fs";
import { processorNs } from "./clock.mjs";

const PIECE_BYTES = 2 ** 20;
const FRAME_BYTES = 4096;
const FRAMES_AT_ONCE = 256;

export class SpaceYardsticks {
  #world;
  #native;
  #target = new Uint8Array(PIECE_BYTES);

  /** `compare`: the yardsticks with the plain compare, for states. */
  constructor(world, compare) {
    this.#world = world;
    this.#native = compare;
  }

  /** As Yardsticks.of: `native` is what a row is held against, ns a byte. */
  of(rowId) {
    if (this.#world.paths) return { native: () => this.#readFiles() };
    if (rowId.startsWith("changes")) {
      const { native, plain } = this.#native.of("snapshot");
      return { native: () => this.#readStates(), plain: native ?? plain };
    }
    return {};
  }

  #readFiles() {
    const { paths, bytes } = this.#world;
    const from = processorNs();
    for (const path of paths) {
      const file = openSync(path, "r");
      for (let at = 0; at < bytes / paths.length; at += PIECE_BYTES) readSync(file, this.#target, 0, PIECE_BYTES, at);
      closeSync(file);
    }
    return (processorNs() - from) / bytes;
  }

  #readStates() {
    const { before, after, gfns } = this.#world;
    const from = processorNs();
    for (let at = 0; at < gfns.length; at += FRAMES_AT_ONCE) {
      for (const guest of [before, after]) guest.readFrames(gfns.subarray(at, at + FRAMES_AT_ONCE), this.#target);
    }
    return (processorNs() - from) / (2 * FRAME_BYTES * gfns.length);
  }
}
