/**
 * The look at every frame of a dump, by several workers: pieces of 16 MiB are taken by turns, over a counter in shared memory.
 *
 * Each worker reads into a core of its own with private memory, since copying frames into shared memory takes four times as long; what
 * comes of it, a byte a frame, goes to the shared output, and from there into the core of the worker that judges. The rule: the bytes
 * are those that one worker alone would have come to. A piece that a worker fails with is left to the one that judges.
 */

import * as layout from "../core/layout.js";
import type { Architecture } from "../model/architecture.js";
import type { Dump, FrameRun } from "../model/dump.js";
import { FRAMES_OF_A_BLOCK, type RootScan } from "../space/root-scan.js";
import type { Call } from "./calls.js";
import { decodeFacts, encodeFacts, SLOT_BYTES } from "./facts-wire.js";
import { turn } from "./turn.js";
import type { ScanDeal } from "./wire.js";

/**
 * Words of the control memory:
 *
 *   0  next piece      1  frames looked at     2  phase
 *   3  candidates      4  next judgement       5… a state for each piece, then for each judgement
 */
const NEXT_PIECE = 0;
const FRAMES_DONE = 1;
const PHASE = 2;
const CANDIDATES = 3;
const NEXT_JUDGEMENT = 4;
const STATES = 5;

const PHASE_LOOKING = 0;
const PHASE_JUDGING = 1;
const PHASE_OVER = 2;

const OPEN = 0;
const DONE = 1;
const REFUSED = 2;

/** How long other calls wait for their turn. */
const BREATH_MS = 25;
/** So many are dealt out; with more the first worker judges the rest. What is not touched of the room for them costs nothing. */
const MOST_JUDGEMENTS = 4096;
/** How long the last one waits before it looks again whether the others are done. */
const WAIT_MS = 1;

/** Deals out the frames that a dump holds. */
export function dealScan(runs: readonly FrameRun[]): ScanDeal {
  const blocks = new Set<number>();
  for (const { gfn, count } of runs) {
    for (let block = Math.floor(gfn / FRAMES_OF_A_BLOCK); block * FRAMES_OF_A_BLOCK < gfn + count; block++) blocks.add(block);
  }
  const pieces = Float64Array.from(blocks, (block) => block * FRAMES_OF_A_BLOCK).sort();
  return {
    pieces,
    control: new SharedArrayBuffer(4 * (STATES + pieces.length + MOST_JUDGEMENTS)),
    classes: new SharedArrayBuffer(pieces.length * FRAMES_OF_A_BLOCK),
    candidates: new SharedArrayBuffer(8 * MOST_JUDGEMENTS),
    facts: new SharedArrayBuffer(SLOT_BYTES * MOST_JUDGEMENTS),
  };
}

/** Nothing more is to be done: who waits for candidates waits no longer. */
export function endDeal({ control }: ScanDeal): void {
  const words = new Int32Array(control);
  Atomics.store(words, PHASE, PHASE_OVER);
  Atomics.notify(words, PHASE);
}

export class DealtScan {
  readonly #scan: RootScan;
  readonly #memory: Pick<Dump, "damage">;
  readonly #deal: ScanDeal;
  readonly #call: Call;
  readonly #control: Int32Array;
  /** By piece. */
  readonly #runs: readonly (readonly FrameRun[])[];
  readonly #total: number;

  constructor(scan: RootScan, memory: Pick<Dump, "runs" | "damage">, deal: ScanDeal, call: Call) {
    this.#scan = scan;
    this.#memory = memory;
    this.#deal = deal;
    this.#call = call;
    this.#control = new Int32Array(deal.control);
    this.#runs = runsOfPieces(memory.runs, deal.pieces);
    this.#total = scan.begin();
  }

  /** Looks at pieces until none is left. What throws leaves the piece to the worker that judges. */
  async takePieces(role: "judge" | "assistant"): Promise<void> {
    let breath = performance.now();
    for (let piece = this.#take(); piece < this.#deal.pieces.length; piece = this.#take()) {
      this.#lookAt(piece, role);
      this.#call.progress(Atomics.load(this.#control, FRAMES_DONE), this.#total);
      if (performance.now() - breath > BREATH_MS) {
        await turn();
        breath = performance.now();
      }
      this.#call.throwIfAborted();
    }
  }

  /** All that could be top-level tables by what they hold, once every piece has been looked at. */
  async likelyFrames(): Promise<number[]> {
    const likely: number[] = [];
    for (const [piece, from] of this.#deal.pieces.entries()) {
      if ((await this.#settled(piece)) === REFUSED) this.#lookAt(piece, "judge");
      const classes = this.#classes(piece);
      this.#scan.classesFrom(from).set(classes);
      for (let i = 0; i < classes.length; i++) if (classes[i] & layout.CLASS_TOP) likely.push(from + i);
    }
    this.#call.progress(this.#total, this.#total);
    return likely;
  }

  /** Has candidates judged by all, and takes note of what the others have found out. */
  async judge(candidates: readonly number[], modes: readonly Architecture[]): Promise<void> {
    const dealt = Math.min(candidates.length, Math.floor(MOST_JUDGEMENTS / modes.length));
    new Float64Array(this.#deal.candidates).set(candidates.slice(0, dealt));
    Atomics.store(this.#control, CANDIDATES, dealt);
    Atomics.store(this.#control, PHASE, PHASE_JUDGING);
    Atomics.notify(this.#control, PHASE);
    const own = new Set<number>();
    for (let place = this.#takeJudgement(); place < dealt * modes.length; place = this.#takeJudgement()) {
      const mode = modes[Math.floor(place / dealt)];
      own.add(place);
      this.#scan.know(this.#scan.judge(candidates[place % dealt], mode), mode);
    }
    for (let place = 0; place < dealt * modes.length; place++) {
      if (own.has(place) || (await this.#settled(this.#deal.pieces.length + place)) === REFUSED) continue;
      this.#scan.know(decodeFacts(this.#deal.facts, place), modes[Math.floor(place / dealt)]);
    }
  }

  /** Judges candidates for the worker that asks for it, once there are some. */
  async takeJudgements(modes: readonly Architecture[]): Promise<void> {
    while (Atomics.load(this.#control, PHASE) === PHASE_LOOKING) {
      Atomics.wait(this.#control, PHASE, PHASE_LOOKING, WAIT_MS);
      await turn();
      this.#call.throwIfAborted();
    }
    if (Atomics.load(this.#control, PHASE) === PHASE_OVER) return;
    for (const [piece, from] of this.#deal.pieces.entries()) this.#scan.classesFrom(from).set(this.#classes(piece));
    const candidates = new Float64Array(this.#deal.candidates, 0, Atomics.load(this.#control, CANDIDATES));
    const { length } = candidates;
    for (let place = this.#takeJudgement(); place < length * modes.length; place = this.#takeJudgement()) {
      this.#settle(this.#deal.pieces.length + place, () => {
        encodeFacts(this.#scan.judge(candidates[place % length], modes[Math.floor(place / length)]), this.#deal.facts, place);
      });
      this.#call.throwIfAborted();
    }
  }

  #take(): number {
    return Atomics.add(this.#control, NEXT_PIECE, 1);
  }

  #takeJudgement(): number {
    return Atomics.add(this.#control, NEXT_JUDGEMENT, 1);
  }

  /** The state of a piece or a judgement, once somebody is done with it. */
  async #settled(place: number): Promise<number> {
    for (;;) {
      const state = this.#state(place);
      if (state !== OPEN) return state;
      this.#call.throwIfAborted();
      await new Promise<void>((resolve) => {
        setTimeout(resolve, WAIT_MS);
      });
    }
  }

  /** Does an assistant's work; what it fails with, or cannot read, the other is to find out for itself: it is the other's dump that says so. */
  #settle(place: number, work: () => void): void {
    const damageBefore = this.#memory.damage.length;
    let state = REFUSED;
    try {
      work();
      if (this.#memory.damage.length === damageBefore) state = DONE;
    } finally {
      Atomics.store(this.#control, STATES + place, state);
    }
  }

  #state(piece: number): number {
    return Atomics.load(this.#control, STATES + piece);
  }

  #lookAt(piece: number, role: "judge" | "assistant"): void {
    const look = (): void => {
      this.#scan.look(this.#runs[piece]);
      this.#classes(piece).set(this.#scan.classesFrom(this.#deal.pieces[piece]));
    };
    if (role === "assistant") this.#settle(piece, look);
    else {
      look();
      Atomics.store(this.#control, STATES + piece, DONE);
    }
    const frames = this.#runs[piece].reduce((sum, { count }) => sum + count, 0);
    Atomics.add(this.#control, FRAMES_DONE, frames);
  }

  #classes(piece: number): Uint8Array {
    return new Uint8Array(this.#deal.classes, piece * FRAMES_OF_A_BLOCK, FRAMES_OF_A_BLOCK);
  }
}

function runsOfPieces(runs: readonly FrameRun[], pieces: Float64Array): readonly (readonly FrameRun[])[] {
  const places = new Map(Array.from(pieces, (gfn, place) => [gfn, place]));
  const byPiece: FrameRun[][] = Array.from(pieces, () => []);
  for (const run of runs) {
    const end = run.gfn + run.count;
    for (let gfn = run.gfn; gfn < end; ) {
      const piece = gfn - (gfn % FRAMES_OF_A_BLOCK);
      const next = Math.min(end, piece + FRAMES_OF_A_BLOCK);
      byPiece[places.get(piece) ?? 0].push({ gfn, count: next - gfn });
      gfn = next;
    }
  }
  return byPiece;
}
