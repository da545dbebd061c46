/**
 * The look at every frame of a dump, and the judgement of those that could be top-level tables by where they lead.
 *
 * Frames are read in order, 1 MiB at a time, and a byte of each is kept: what it could be. Only upper tables of candidates are
 * read again.
 */

import { coreModeOf } from "../../arch/core-mode.js";
import type { Core } from "../../core/core.js";
import { FrameReader } from "../../core/frame-reader.js";
import * as layout from "../../core/layout.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump, FrameRun } from "../../model/dump.js";
import { PageTableError } from "../../model/errors.js";
import type { GuestMemory } from "../../model/memory.js";
import type { AbortSignalLike } from "../../model/platform.js";
import { Turns } from "../../model/turns.js";
import type { Kernel } from "../kernels.js";
import { SpaceTables } from "../tables.js";
import { chunksOf, fillIn, frameLimit, runsOf } from "./frame-runs.js";

/** What the core found out of a candidate. */
export interface RootFacts {
  readonly gfn: number;
  /** How much of what it leads to is page tables, 0 to 1; undefined where nothing tells. */
  readonly plausible: number | undefined;
  /** The same where tables that are not in the dump speak against it. */
  readonly plausibleHeld: number | undefined;
  /** As `plausible`, of the slots of the lower half that user mode may use. */
  readonly plausibleLower: number | undefined;
  /** Slots that lead to tables. */
  readonly tables: number;
  readonly malformed: number;
  /** The slot that leads back to the candidate. */
  readonly selfMap: number | undefined;
  /** GFN of the table that each slot leads to: 0 none, negative where user mode may not use it. */
  readonly targets: Float64Array;
}

export interface ScanOptions {
  readonly signal: AbortSignalLike | undefined;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

/** The core keeps the classes of so many side by side. */
export const FRAMES_OF_A_BLOCK = 4096;

export class RootScan {
  readonly tables: SpaceTables;
  readonly #memory: GuestMemory & Pick<Dump, "runs">;
  #reader: FrameReader;
  readonly #known = new Map<string, RootFacts>();
  /** Whose memory the reader reads into. */
  #readerCore: Core;

  static async create(
    memory: GuestMemory & Pick<Dump, "runs">,
    arch: Architecture,
    signal: AbortSignalLike | undefined,
  ): Promise<RootScan> {
    // Marked immutable, so that a frame is judged by the contents it was classed by, and not read again.
    const after: GuestMemory = {
      readFrame: (gfn, target) => memory.readFrame(gfn, target),
      ...(memory.readFrames && {
        readFrames: (gfns: ArrayLike<number>, target: Uint8Array) =>
          (memory.readFrames as NonNullable<GuestMemory["readFrames"]>)(gfns, target),
      }),
      immutable: true,
    };
    return new RootScan(memory, await SpaceTables.create({ arch, after, maximumFrames: undefined, signal, onUnreadable: undefined }));
  }

  private constructor(memory: GuestMemory & Pick<Dump, "runs">, tables: SpaceTables) {
    this.tables = tables;
    this.#memory = memory;
    this.#readerCore = tables.core;
    this.#reader = new FrameReader(this.#readerCore);
  }

  /** GFNs of the frames that could be top-level tables, ascending: by what they hold, then by what that leads to. */
  async scan({ signal, onProgress }: ScanOptions): Promise<number[]> {
    const { runs } = this.#memory;
    const total = this.begin();
    const turns = new Turns(signal);
    const likely: number[] = [];
    let done = 0;
    for (const chunk of chunksOf(runs)) {
      done += this.#classify(chunk, "scanFrames", likely);
      onProgress?.(done, total);
      await turns.give();
    }
    return this.sift(likely, signal);
  }

  /** Takes note of where memory ends, by which frames are judged; answers how many there are. */
  begin(): number {
    const { runs } = this.#memory;
    const total = runs.reduce((sum, { count }) => sum + count, 0);
    this.#f64(layout.CONTROL + layout.CONTROL_FRAME_LIMIT, 1)[0] = frameLimit(runs, total);
    return total;
  }

  /** Looks at some of the frames, and leaves what they could be in their classes. */
  look(runs: readonly FrameRun[]): void {
    for (const chunk of chunksOf(runs)) this.#classify(chunk, "scanFrames", []);
  }

  /** What the 4096 frames from `gfn` on, a multiple of 4096, could be: a byte each, in the core's own memory. */
  classesFrom(gfn: number): Uint8Array {
    const block = this.tables.withRoom(({ exports }) => exports.classBlock(gfn) >>> 0 || undefined);
    return this.tables.core.u8.subarray(block, block + FRAMES_OF_A_BLOCK);
  }

  /** Of frames that could be top-level tables by what they hold, those that could be by what that leads to as well. */
  async sift(likely: readonly number[], signal: AbortSignalLike | undefined): Promise<number[]> {
    const turns = new Turns(signal);
    const found: number[] = [];
    for (const chunk of chunksOf(runsOf(likely))) {
      this.#classify(chunk, "siftFrames", found);
      await turns.give();
    }
    return found;
  }

  /** As `sift`, of few enough to be done in one stretch. */
  siftAtOnce(likely: readonly number[]): number[] {
    const found: number[] = [];
    for (const chunk of chunksOf(runsOf(likely))) this.#classify(chunk, "siftFrames", found);
    return found;
  }

  /** Reads frames and has the core look at them; adds those that it lists to `found`, and answers how many it has looked at. */
  #classify(chunk: readonly FrameRun[], kernel: "scanFrames" | "siftFrames", found: number[]): number {
    const count = fillIn(this.#f64(layout.READ_GFNS, layout.READS_LENGTH), chunk);
    this.#read(count);
    const listed = this.tables.withRoom(({ exports }) => {
      const answer = exports[kernel](count) >>> 0;
      return answer === layout.NO_MEMORY ? undefined : answer;
    });
    const { u32 } = this.tables.core;
    const gfns = this.#f64(layout.READ_GFNS, count);
    for (let i = 0; i < listed; i++) found.push(gfns[u32[(layout.BATCH_IN >>> 2) + i]]);
    return count;
  }

  /** From now on tables are listed by this mode. */
  settle(arch: Architecture): void {
    const { core } = this.tables;
    core.u32[(layout.CONTROL + layout.CONTROL_MODE) >>> 2] = coreModeOf(arch).modeId;
    core.u32[(layout.CONTROL + layout.CONTROL_LEVELS) >>> 2] = arch.levels;
  }

  /** What has been judged elsewhere need not be judged again. */
  know(facts: RootFacts, arch: Architecture): void {
    this.#known.set(`${arch.name} ${facts.gfn}`, facts);
  }

  /** Judges a frame as a top-level table of `arch`. */
  judge(gfn: number, arch: Architecture): RootFacts {
    const known = this.#known.get(`${arch.name} ${gfn}`);
    if (known) return known;
    const { modeId } = coreModeOf(arch);
    const kernel: Kernel = (exports) => exports.judgeRoot(gfn, modeId);
    while (this.tables.run(kernel, 0, 0) !== "done");
    const { core } = this.tables;
    const fact = (offset: number): number => core.u32[(layout.BATCH_OUT + offset) >>> 2];
    const selfMap = fact(layout.FACT_SELF_MAP);
    return {
      gfn,
      plausible: plausibility(fact(layout.FACT_PLAUSIBLE)),
      plausibleHeld: plausibility(fact(layout.FACT_HELD)),
      plausibleLower: plausibility(fact(layout.FACT_PLAUSIBLE_LOWER)),
      tables: fact(layout.FACT_TABLES),
      malformed: fact(layout.FACT_MALFORMED),
      selfMap: selfMap < layout.ENTRIES ? selfMap : undefined,
      targets: this.#f64(layout.BATCH_IN, layout.ENTRIES).slice(),
    };
  }

  /** A frame that could not be read once may be read at the second time, or is known to be absent then. */
  #read(count: number): void {
    const { core } = this.tables;
    if (core !== this.#readerCore) {
      this.#readerCore = core;
      this.#reader = new FrameReader(core);
    }
    try {
      this.#reader.read(this.#memory, count);
    } catch (error) {
      if (!(error instanceof PageTableError) || error.code !== "read-failed") throw error;
      this.#reader.read(this.#memory, count);
    }
  }

  #f64(at: number, length: number): Float64Array {
    return new Float64Array(this.tables.core.u8.buffer, at, length);
  }
}

function plausibility(told: number): number | undefined {
  if (told <= layout.PLAUSIBLE_UNTOLD) return undefined;
  return (told - layout.PLAUSIBLE_NONE) / (layout.PLAUSIBLE_ALL - layout.PLAUSIBLE_NONE);
}
