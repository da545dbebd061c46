/**
 * An open dump: frames by number, read in place.
 *
 * It keeps the map from frames to the file, and which frames could not be read. The rule: a frame that the file does not hold
 * whole is absent, never zeros; a read that fails is an error the first time, since it may pass, and the second time the
 * frame is absent for good.
 */

import { FRAME_SIZE } from "../model/address.js";
import type { Dump, FrameRun, Vcpu } from "../model/dump.js";
import { PageTableError } from "../model/errors.js";
import { type ReadsFramesInto, readFramesInto } from "../model/frames-into.js";
import { hex } from "../model/hex.js";
import type { DumpContents } from "./contents.js";
import type { DamageList } from "./damage-list.js";
import type { FrameMap, FramePart } from "./frame-map.js";
import { readInto, type Source } from "./source.js";

/** A dump with what only this package's own rooms ask for. */
export interface OpenedDump extends Dump, ReadsFramesInto {
  readFrames(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array;
  /** VMCOREINFO, key by key, where the dump carries the note. */
  readonly vmcoreinfo: ReadonlyMap<string, string> | undefined;
}

const COPIED = 1;
/** Frames read at once where they lie side by side: 1 MiB. */
const LONGEST_BATCH = 256;

/** A read that came back short, or threw. */
interface ReadFailure {
  readonly offset: number;
  readonly found: string;
  readonly cause: unknown;
}

export class FileDump implements OpenedDump {
  readonly format: string;
  readonly vcpus: readonly Vcpu[];
  readonly vmcoreinfo: ReadonlyMap<string, string> | undefined;
  readonly immutable = true;
  readonly #frames: FrameMap;
  readonly #damage: DamageList;
  #source: Source | undefined;
  #runs: readonly FrameRun[] | undefined;
  /** Frames that failed to be read once. */
  readonly #doubtful = new Set<number>();
  /** Frames that failed twice. */
  readonly #lost = new Set<number>();

  constructor(format: string, source: Source, contents: DumpContents, damage: DamageList) {
    this.format = format;
    this.vcpus = contents.vcpus;
    this.vmcoreinfo = contents.vmcoreinfo;
    this.#frames = contents.frames;
    this.#source = source;
    this.#damage = damage;
  }

  get runs(): readonly FrameRun[] {
    this.#runs ??= withoutFrames(this.#frames.runs(), this.#lost);
    return this.#runs;
  }

  get damage(): Dump["damage"] {
    return this.#damage.entries;
  }

  /** Throws `dump-closed`, and `read-failed` the first time that a frame which the file should hold cannot be read. */
  readFrame(gfn: number, target: Uint8Array): boolean {
    const source = this.#openSource();
    checkTarget(target, 1);
    checkGfn(gfn, 0);
    const outcome = this.#readOne(source, gfn, target.length === FRAME_SIZE ? target : target.subarray(0, FRAME_SIZE));
    if (outcome instanceof PageTableError) throw outcome;
    return outcome === "copied";
  }

  /**
   * Throws as `readFrame` does, for the first frame that could not be read; all the others were tried, so the same call again
   * meets no frame for the first time.
   */
  readFrames(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array {
    this.#openSource();
    checkTarget(target, gfns.length);
    for (let index = 0; index < gfns.length; index++) checkGfn(gfns[index], index);
    const held = new Uint8Array(gfns.length);
    this[readFramesInto](gfns, gfns.length, target, held);
    return held;
  }

  [readFramesInto](gfns: ArrayLike<number>, count: number, target: Uint8Array, held: Uint8Array): void {
    const source = this.#openSource();
    let firstFailure: PageTableError | undefined;
    for (let i = 0; i < count; ) {
      const offset = this.#isLost(gfns[i]) ? -1 : this.#frames.offsetOf(gfns[i]);
      const adjacent = offset < 0 ? 1 : this.#countAdjacent(gfns, i, count, offset);
      const end = i + adjacent;
      if (adjacent > 1 && tryRead(source, offset, target.subarray(i * FRAME_SIZE, end * FRAME_SIZE)) === undefined) {
        held.fill(COPIED, i, end);
        i = end;
      }
      for (; i < end; i++) {
        const outcome = this.#readOne(source, gfns[i], target.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE));
        held[i] = outcome === "copied" ? COPIED : 0;
        if (typeof outcome === "object") firstFailure ??= outcome;
      }
    }
    if (firstFailure !== undefined) throw firstFailure;
  }

  close(): void {
    const source = this.#source;
    this.#source = undefined;
    source?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openSource(): Source {
    if (this.#source === undefined) throw new PageTableError("dump-closed", "the dump is closed: open it again to read from it");
    return this.#source;
  }

  /**
   * How many of the first `length` of `gfns`, from `first` on, lie side by side in the file, from `offset`; looked up a
   * stretch at a time.
   */
  #countAdjacent(gfns: ArrayLike<number>, first: number, length: number, offset: number): number {
    const limit = Math.min(length - first, LONGEST_BATCH);
    let count = 0;
    while (count < limit && this.#frames.offsetOf(gfns[first + count]) === offset + count * FRAME_SIZE) {
      const gfn = gfns[first + count];
      const end = Math.min(limit, count + this.#frames.framesFrom(gfn));
      for (let next = gfn; count < end && gfns[first + count] === next; next++, count++) if (this.#isLost(next)) return count;
    }
    return count;
  }

  #isLost(gfn: number): boolean {
    return this.#lost.size > 0 && this.#lost.has(gfn);
  }

  #readOne(source: Source, gfn: number, target: Uint8Array): "copied" | "absent" | PageTableError {
    if (this.#isLost(gfn)) return "absent";
    const offset = this.#frames.offsetOf(gfn);
    const parts = offset < 0 ? this.#frames.partsOf(gfn) : undefined;
    if (offset < 0 && parts === undefined) return "absent";
    const failure = parts === undefined ? tryRead(source, offset, target) : tryReadParts(source, parts, target);
    if (failure === undefined) return "copied";
    const expected = `frame ${hex(gfn)}`;
    if (!this.#doubtful.has(gfn)) {
      this.#doubtful.add(gfn);
      const message = `${expected}, at offset ${hex(failure.offset)} of the dump, could not be read: ${failure.found}; it may pass, try again`;
      return new PageTableError("read-failed", message, { gfn, offset: failure.offset }, { cause: failure.cause });
    }
    this.#doubtful.delete(gfn);
    this.#lost.add(gfn);
    this.#runs = undefined;
    this.#damage.add(failure.offset, expected, `no way to read it, twice: ${failure.found}`);
    return "absent";
  }
}

function tryReadParts(source: Source, parts: readonly FramePart[], target: Uint8Array): ReadFailure | undefined {
  for (const { offset, from, to } of parts) {
    const failure = tryRead(source, offset, target.subarray(from, to));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Fills `target`, or says why not; throws where the reader has given up. */
function tryRead(source: Source, offset: number, target: Uint8Array): ReadFailure | undefined {
  try {
    const count = readInto(source, offset, target);
    if (count === target.length) return undefined;
    return { offset: offset + count, found: `${count} of ${target.length} bytes`, cause: undefined };
  } catch (cause) {
    if (source.readers?.aborted === true && cause === source.readers.reason) throw cause;
    return { offset, found: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

function checkTarget(target: Uint8Array, frames: number): void {
  if (target instanceof Uint8Array && target.length >= frames * FRAME_SIZE) return;
  const found = target instanceof Uint8Array ? `${target.length} bytes` : typeof target;
  throw new PageTableError("invalid-target", `target must be a Uint8Array of ${FRAME_SIZE} bytes a frame (${frames}), not ${found}`, {
    frames,
  });
}

function checkGfn(gfn: number, index: number): void {
  if (Number.isInteger(gfn) && gfn >= 0) return;
  throw new PageTableError("invalid-gfn", `a frame number must be an integer from 0 on, not ${String(gfn)}`, { index, gfn: String(gfn) });
}

/** The runs with the lost frames cut out of them. */
function withoutFrames(runs: readonly FrameRun[], lost: ReadonlySet<number>): readonly FrameRun[] {
  if (lost.size === 0) return runs;
  const ascending = Float64Array.from(lost).sort();
  const rest: FrameRun[] = [];
  let next = 0;
  for (const { gfn, count } of runs) {
    let from = gfn;
    for (; next < ascending.length && ascending[next] < gfn + count; next++) {
      if (ascending[next] > from) rest.push({ gfn: from, count: ascending[next] - from });
      from = ascending[next] + 1;
    }
    if (from < gfn + count) rest.push({ gfn: from, count: gfn + count - from });
  }
  return rest;
}
