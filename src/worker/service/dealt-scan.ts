/**
 * The look at every frame of a dump, by several workers, over what they have in common (scan-board.ts): pieces of
 * 16 MiB are taken by turns, then batches of the frames that could be roots by what they hold, to be judged by where
 * they lead.
 *
 * Each worker reads into a core of its own with private memory, since copying frames into shared memory takes four
 * times as long. What comes of a piece, a byte a frame, goes to shared memory, and from there into the core of each.
 * The rule: what is found is what one worker alone would have found. What an assistant fails with is left to the worker
 * that leads.
 */

import * as layout from "../../core/layout.js";
import type { Architecture } from "../../model/architecture.js";
import type { Dump, FrameRun } from "../../model/dump.js";
import { Turns } from "../../model/turns.js";
import type { RootSearch } from "../../space/roots/find-roots.js";
import { FRAMES_OF_A_BLOCK, type RootFacts, type RootScan } from "../../space/roots/scan.js";
import { DONE, FRAMES_OF_A_BATCH, NEXT_BATCH, NEXT_JUDGEMENT, NEXT_PIECE, REFUSED, ScanBoard } from "../wire/scan-board.js";
import type { ScanDeal } from "../wire/wire.js";
import type { Call } from "./calls.js";

/** Who does the work: what the one that leads fails with is the call's failure. */
export type Role = "lead" | "assistant";

export interface DealtScanOptions {
  readonly scan: RootScan;
  readonly memory: Pick<Dump, "runs" | "damage">;
  readonly deal: ScanDeal;
  readonly call: Call;
  readonly role: Role;
}

/** What the worker that leads does where others assist. `modes`: as of `modesToJudgeBy`. */
export function dealtSearch({
  modes: [first],
  ...options
}: Omit<DealtScanOptions, "scan" | "role"> & { readonly modes: readonly Architecture[] }): RootSearch {
  let dealt: DealtScan | undefined;
  return {
    look(scan) {
      dealt = new DealtScan({ ...options, scan, role: "lead" });
      return dealt.find(first);
    },
    judge: async (candidates, arch) => dealt?.judge(candidates, arch),
  };
}

export class DealtScan {
  readonly #options: DealtScanOptions;
  readonly #board: ScanBoard;
  /** By piece. */
  readonly #runs: readonly (readonly FrameRun[])[];
  readonly #total: number;
  readonly #turns: Turns;

  constructor(options: DealtScanOptions) {
    const { memory, deal, scan, call } = options;
    this.#options = options;
    this.#turns = new Turns(call);
    this.#board = new ScanBoard(deal);
    this.#runs = runsOfPieces(memory.runs, deal.pieces);
    this.#total = scan.begin();
  }

  /** The lead's part: candidates, ascending, judged by `arch`. */
  async find(arch: Architecture): Promise<number[]> {
    const { scan, call } = this.#options;
    const board = this.#board;
    await this.#takePieces();
    for (let piece = 0; piece < this.#runs.length; piece++) {
      if ((await board.settled(board.pieceStates + piece, call)) !== REFUSED) continue;
      this.#look(piece);
      board.settle(board.pieceStates + piece, DONE);
    }
    call.progress(this.#total, this.#total);
    const likely = this.#likelyFrames();
    const found = await this.#takeBatches(likely, arch);
    for (let batch = 0; batch * FRAMES_OF_A_BATCH < likely.length; batch++) {
      if ((await board.settled(board.batchStates + batch, call)) === REFUSED) found.push(...this.#judgeBatch(likely, batch, arch));
    }
    found.push(...board.found());
    for (const facts of found) scan.know(facts, arch);
    return found.map(({ gfn }) => gfn).sort((one, other) => one - other);
  }

  /**
   * The lead's part where candidates are to be judged by another mode: shares the work among all, and takes note of
   * what they find out.
   */
  async judge(candidates: readonly number[], arch: Architecture): Promise<void> {
    const { scan, call } = this.#options;
    const board = this.#board;
    const dealt = board.dealJudgements(candidates);
    await this.#takeJudgements(candidates.slice(0, dealt), arch);
    for (let place = 0; place < dealt; place++) {
      const isDone = (await board.settled(board.judgementStates + place, call)) === DONE;
      const facts = isDone ? board.judgement(place) : undefined;
      if (facts) scan.know(facts, arch);
    }
  }

  /**
   * An assistant's part: `modes` are that by which candidates are judged, and that by which they may be judged again.
   */
  async assist([first, again]: readonly Architecture[]): Promise<void> {
    const { call } = this.#options;
    const board = this.#board;
    await this.#takePieces();
    for (let piece = 0; piece < this.#runs.length; piece++) await board.done(board.pieceStates + piece, call);
    if (board.isOver) return;
    await this.#takeBatches(this.#likelyFrames(), first);
    if (again) await this.#takeJudgements(Array.from(await board.judgementsToTake(call)), again);
  }

  async #takePieces(): Promise<void> {
    const board = this.#board;
    const { call } = this.#options;
    for (let piece = board.take(NEXT_PIECE); piece < this.#runs.length; piece = board.take(NEXT_PIECE)) {
      this.#settle(board.pieceStates + piece, () => this.#look(piece));
      const frames = this.#runs[piece].reduce((sum, { count }) => sum + count, 0);
      call.progress(board.countFrames(frames), this.#total);
      await this.#turns.give();
    }
  }

  /**
   * All that could be top-level tables by what they hold. Every piece has been looked at: the core is told of what
   * others have seen.
   */
  #likelyFrames(): number[] {
    const likely: number[] = [];
    for (const [piece, from] of this.#options.deal.pieces.entries()) {
      const classes = this.#board.classes(piece);
      this.#options.scan.classesFrom(from).set(classes);
      for (let i = 0; i < classes.length; i++) if (classes[i] & layout.CLASS_TOP) likely.push(from + i);
    }
    return likely;
  }

  /** Sifts and judges batches until none is left. What the lead finds it keeps: that is what is answered. */
  async #takeBatches(likely: readonly number[], arch: Architecture): Promise<RootFacts[]> {
    const board = this.#board;
    const { role, memory } = this.#options;
    const kept: RootFacts[] = [];
    for (let batch = board.take(NEXT_BATCH); batch * FRAMES_OF_A_BATCH < likely.length; batch = board.take(NEXT_BATCH)) {
      this.#settle(board.batchStates + batch, () => {
        const damageBefore = memory.damage.length;
        const found = this.#judgeBatch(likely, batch, arch);
        if (role === "assistant") return memory.damage.length === damageBefore && board.add(found);
        kept.push(...found);
        return true;
      });
      await this.#turns.give();
    }
    return kept;
  }

  #judgeBatch(likely: readonly number[], batch: number, arch: Architecture): RootFacts[] {
    const { scan } = this.#options;
    const frames = likely.slice(batch * FRAMES_OF_A_BATCH, (batch + 1) * FRAMES_OF_A_BATCH);
    return scan.siftAtOnce(frames).map((gfn) => scan.judge(gfn, arch));
  }

  async #takeJudgements(candidates: readonly number[], arch: Architecture): Promise<void> {
    const board = this.#board;
    for (let place = board.take(NEXT_JUDGEMENT); place < candidates.length; place = board.take(NEXT_JUDGEMENT)) {
      this.#settle(board.judgementStates + place, () => board.setJudgement(place, this.#options.scan.judge(candidates[place], arch)));
      await this.#turns.give();
    }
  }

  /**
   * What an assistant fails with or cannot read is left to the lead, whose dump is the one that says what cannot be
   * read.
   */
  #settle(place: number, work: () => unknown): void {
    const { role, memory } = this.#options;
    const damageBefore = memory.damage.length;
    let state: typeof DONE | typeof REFUSED = REFUSED;
    try {
      const isComplete = work() !== false;
      if (isComplete && (role === "lead" || memory.damage.length === damageBefore)) state = DONE;
    } finally {
      this.#board.settle(place, state);
    }
  }

  #look(piece: number): void {
    const { scan, deal } = this.#options;
    scan.look(this.#runs[piece]);
    this.#board.classes(piece).set(scan.classesFrom(deal.pieces[piece]));
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
