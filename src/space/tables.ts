/**
 * The tables of one or two states, in a core of their own: read as a walk needs them, kept while they are asked for.
 *
 * A kernel of the core works on a cursor until it has what it was asked for or needs its caller: then frames are read,
 * or a table is said to be unreadable, or the core's memory grows, and the kernel goes on. Whatever throws on the way
 * leaves the cursor as it was: the same call can be made again.
 */

import type { CoreMode } from "../arch/core-mode.js";
import { Core, memoryExhausted } from "../core/core.js";
import { FrameReader, partOfSide } from "../core/frame-reader.js";
import * as layout from "../core/layout.js";
import type { Architecture } from "../model/architecture.js";
import { PageTableError } from "../model/errors.js";
import type { GuestMemory } from "../model/memory.js";
import type { AbortSignalLike } from "../model/platform.js";
import { throwIfAborted } from "../model/turns.js";
import type { Kernel } from "./kernels.js";
import type { LinearRange, UnreadableTable } from "./options.js";

/** "paused": neither, but the deadline has passed; the same call goes on. */
export type Outcome = "rows" | "done" | "unreadable" | "paused";

export interface TablesOptions {
  readonly arch: Architecture;
  /** The state to compare with, where there are two. */
  readonly before?: GuestMemory;
  readonly after: GuestMemory;
  readonly maximumFrames: number | undefined;
  readonly signal: AbortSignalLike | undefined;
  readonly onUnreadable: ((table: UnreadableTable) => void) | undefined;
}

export interface CursorOptions {
  /** Of the tables that it may use. */
  readonly generation?: number;
  /** The row that it has open where it starts. */
  readonly openRow?: Uint8Array | undefined;
  /** All cursors of one teller say of a table once that it cannot be read. */
  readonly teller?: number | undefined;
}

/** Where a walk stands: the linear VA that it goes on at, and the row that what comes next may prolong. */
export interface Standpoint {
  readonly at: bigint;
  readonly openRow: Uint8Array | undefined;
}

/** Of a call that goes on as long as it takes. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;
/** More tables than there are GFNs in 4 GiB of copies: no bound. */
const UNBOUNDED = layout.NO_MEMORY;
const ADVICE = "look at a smaller range, or at fewer roots at once";
/** The core has 16 bits for them. */
const GENERATIONS = 2 ** 16;
const COMMON_TELLER = 1;
const ROWS_AT = (layout.CONTROL + layout.CONTROL_SPACE_ROWS) >>> 2;

export class SpaceTables {
  #core: Core;
  readonly #options: TablesOptions;
  /** By side. */
  #readers: readonly FrameReader[] = [];
  /** Cursors that are not yet released. */
  #cursors = 0;
  /** Number of the walk begun last, where memory may change; tables are kept by it. */
  #generation = 0;
  /** The first of which tables may be kept. */
  #firstGeneration = 0;
  #lastTeller = COMMON_TELLER;
  #busy = false;
  /** The core has been given back, and is another's. */
  #isResting = false;
  /** The core is not given back: tables that have been read are kept for further walks. */
  #keeps = false;
  /** What was thrown while rows were waiting, by cursor: it comes out with the next call, after them. */
  readonly #deferred = new Map<number, unknown>();

  static async create(options: TablesOptions): Promise<SpaceTables> {
    throwIfAborted(options.signal);
    const core = await Core.createGrowing(options.arch);
    throwIfAborted(options.signal);
    return new SpaceTables(core, options);
  }

  private constructor(core: Core, options: TablesOptions) {
    this.#core = core;
    this.#options = options;
    this.#lookAt(core);
    this.#forget();
  }

  /** To be asked for anew after whatever may have made the memory grow, and in every walk. */
  get core(): Core {
    if (this.#isResting) {
      this.#lookAt(this.#core.another());
      this.#isResting = false;
      this.#forget();
    }
    return this.#core;
  }

  get arch(): Architecture {
    return this.#core.arch;
  }

  get mode(): CoreMode {
    return this.#core.mode;
  }

  get signal(): AbortSignalLike | undefined {
    return this.#options.signal;
  }

  /**
   * To be called before what is one walk to the caller: tables of memory that may have changed are read anew. Answers the
   * generation of the tables that the walk may use.
   *
   * Throws `too-many-walks` where none of very many could end before the next began.
   */
  beginWalk(): number {
    this.refuseReentry();
    const { before, after } = this.#options;
    if (after.immutable === true && (!before || before.immutable === true)) {
      if (this.#isResting) this.keep();
      return this.#generation;
    }
    return this.#nextGeneration();
  }

  #nextGeneration(): number {
    if (this.#cursors === 0) {
      this.#forget();
      this.#firstGeneration = this.#generation + 1;
    } else if (this.#generation + 1 - this.#firstGeneration >= GENERATIONS) {
      throw new PageTableError("too-many-walks", `${GENERATIONS} walks have begun while another was under way: end that one first`);
    }
    return ++this.#generation;
  }

  /** The end of what is one walk to the caller: unless another is expected, the core goes to who needs one next. */
  endWalk(): void {
    if (!this.#keeps) this.giveBack();
  }

  /** Further walks will come. */
  keep(): void {
    this.#keeps = true;
  }

  /** Nothing of what has been read is needed any more; a walk that is under way goes on with it. */
  giveBack(): void {
    if (this.#isResting || this.#cursors > 0) return;
    this.#core.giveBack();
    this.#isResting = true;
  }

  /** A cursor at the start of `range` of the space of `root`. */
  openCursor(root: bigint, range: LinearRange, options: CursorOptions = {}): number {
    this.refuseReentry();
    const { generation = this.#generation, openRow, teller = COMMON_TELLER } = options;
    // What a walk of long ago might use has been forgotten since: it is given tables of its own.
    const ownGeneration = generation < this.#firstGeneration ? this.#nextGeneration() : generation;
    const cursor = this.withRoom(({ exports }) => exports.createCursor() >>> 0 || undefined);
    this.#cursors++;
    const { u8, u32, u64 } = this.core;
    u64[(cursor + layout.SPACE_CURSOR_AT) >>> 3] = range.from;
    u64[(cursor + layout.SPACE_CURSOR_END) >>> 3] = range.to;
    this.#f64(cursor + layout.SPACE_CURSOR_ROOT)[0] = this.#core.rootGfn(root);
    u32[(cursor + layout.SPACE_CURSOR_GENERATION) >>> 2] = ownGeneration % GENERATIONS;
    u32[(cursor + layout.SPACE_CURSOR_TELLER) >>> 2] = teller;
    if (openRow) {
      u8.set(openRow, cursor + layout.SPACE_CURSOR_ROW);
      u32[(cursor + layout.SPACE_CURSOR_OPEN) >>> 2] = 1;
    }
    return cursor;
  }

  /** For cursors that are to say of each table that lacks that it does, whatever others have said. */
  newTeller(): number {
    return ++this.#lastTeller;
  }

  /** Where a cursor stands: another that is opened there goes on as it would. */
  standpoint(cursor: number): Standpoint {
    const row = cursor + layout.SPACE_CURSOR_ROW;
    const openRow = this.hasOpenRow(cursor) ? this.core.u8.slice(row, row + layout.SPACE_ROW_BYTES) : undefined;
    return { at: this.placeOf(cursor), openRow };
  }

  /** The linear VA that a cursor goes on at. */
  placeOf(cursor: number): bigint {
    return this.core.u64[(cursor + layout.SPACE_CURSOR_AT) >>> 3];
  }

  /** Whether the stretch that a cursor has come to may still be prolonged. */
  hasOpenRow(cursor: number): boolean {
    return this.core.u32[(cursor + layout.SPACE_CURSOR_OPEN) >>> 2] !== 0;
  }

  closeCursor(cursor: number): void {
    this.refuseReentry();
    this.#deferred.delete(cursor);
    this.#core.exports.releaseCursor(cursor);
    this.#cursors--;
  }

  /**
   * Lets a kernel work until its rows are in the window, it has come to its end, or there is a table to be said
   * unreadable; no longer than to `deadline` by `performance.now()`, as near as its reads come to it.
   */
  run(kernel: Kernel, cursor: number, capacity: number, deadline: number = NO_DEADLINE): Outcome {
    this.refuseReentry();
    if (this.#deferred.has(cursor)) {
      const error = this.#deferred.get(cursor);
      this.#deferred.delete(cursor);
      throw error;
    }
    for (;;) {
      throwIfAborted(this.#options.signal);
      this.core.u32[ROWS_AT] = 0;
      const status = kernel(this.#core.exports, cursor, capacity);
      switch (status) {
        case layout.SPACE_DONE:
          return "done";
        case layout.SPACE_ROWS:
          return "rows";
        case layout.SPACE_UNREADABLE:
          return "unreadable";
        default:
      }
      try {
        this.#attendTo(status, cursor);
      } catch (error) {
        if (this.rowCount === 0) throw error;
        this.#deferred.set(cursor, error);
      }
      // Rows that a round has finished wait for no further read.
      if (this.rowCount > 0) return "rows";
      if (deadline !== NO_DEADLINE && performance.now() >= deadline) return "paused";
    }
  }

  /** Gives a kernel what it needs to go on. */
  #attendTo(status: number, cursor: number): void {
    switch (status) {
      case layout.SPACE_WANT_FRAMES:
        this.#readWanted();
        this.withRoom(({ exports }) => exports.absorbFrames() || undefined);
        break;
      case layout.SPACE_WANT_PAIRS:
        this.#readWanted();
        this.withRoom(({ exports }) => exports.absorbPairs(cursor) || undefined);
        break;
      case layout.SPACE_PAUSED:
        break;
      case layout.SPACE_OVER_BOUND:
        throw memoryExhausted(this.#options.maximumFrames, ADVICE);
      default:
        this.#grow();
    }
  }

  /** Does `work` again with more memory as long as it answers undefined. Throws `memory-exhausted` where no more is to be had. */
  withRoom(work: (core: Core) => number | undefined): number {
    for (;;) {
      const answer = work(this.core);
      if (answer !== undefined) return answer;
      this.#grow();
    }
  }

  /** Tells the caller of the table that a cursor has met. */
  sayUnreadable(cursor: number): void {
    const { onUnreadable } = this.#options;
    if (!onUnreadable) return;
    this.keep(); // that it has been said, too
    const { u32, u64 } = this.core;
    const entryPa = u64[(cursor + layout.SPACE_CURSOR_SAID_ENTRY) >>> 3];
    onUnreadable({
      gfn: this.#f64(cursor + layout.SPACE_CURSOR_SAID_GFN)[0],
      level: u32[(cursor + layout.SPACE_CURSOR_SAID_LEVEL) >>> 2],
      va: u64[(cursor + layout.SPACE_CURSOR_SAID_VA) >>> 3],
      entryPa: entryPa === layout.NO_ENTRY ? undefined : entryPa,
      in: u32[(cursor + layout.SPACE_CURSOR_SAID_SIDE) >>> 2] === layout.SIDE_BEFORE ? "before" : "after",
    });
  }

  /** Rows in the window. */
  get rowCount(): number {
    return this.#core.control(layout.CONTROL_SPACE_ROWS);
  }

  /** Tables read so far, on both sides. */
  get tablesRead(): number {
    return this.#core.control(layout.CONTROL_SPACE_READ);
  }

  #grow(): void {
    const core = this.#core.grown();
    if (!core) throw memoryExhausted(undefined, ADVICE);
    this.#lookAt(core);
  }

  #lookAt(core: Core): void {
    this.#core = core;
    this.#readers = [layout.SIDE_BEFORE, layout.SIDE_AFTER].map((side) => new FrameReader(core, partOfSide(side)));
  }

  #forget(): void {
    this.core.exports.beginSpaces(Math.min(this.#options.maximumFrames ?? UNBOUNDED, UNBOUNDED));
  }

  #readWanted(): void {
    const { before, after } = this.#options;
    this.#busy = true;
    try {
      if (before) this.#read(before, layout.SIDE_BEFORE);
      this.#read(after, layout.SIDE_AFTER);
    } finally {
      this.#busy = false;
    }
  }

  #read(memory: GuestMemory, side: number): void {
    this.#readers[side].read(memory, this.#core.control(layout.CONTROL_SPACE_WANTED + 4 * side));
  }

  /** A driver's callback must not walk on over the frames that it is reading. */
  refuseReentry(): void {
    if (this.#busy) throw new PageTableError("reentrant-call", "a listing cannot go on from inside a callback of its guest memory");
  }

  #f64(at: number): Float64Array {
    return new Float64Array(this.#core.u8.buffer, at, 1);
  }
}
