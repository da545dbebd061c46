/**
 * What workers that look for roots together have in common, in shared memory: what is still to be taken, what is done,
 * what came of it.
 *
 * Words of the control memory:
 *
 *   0  next piece          1  frames looked at     2  next batch     3  candidates found, then those dealt out
 *   4  next judgement      5  phase
 *   6… a state for each piece, then for each batch, then for each judgement
 *
 * A piece is 4096 frames side by side, a batch so many of the frames that could be roots by what they hold. The rule:
 * whoever takes something settles it, and nobody waits for what is over.
 */

import type { FrameRun } from "../../model/dump.js";
import { Turns } from "../../model/turns.js";
import { FRAMES_OF_A_BLOCK, type RootFacts } from "../../space/roots/scan.js";
import { decodeFacts, encodeFacts, SLOT_BYTES } from "./facts-wire.js";
import type { ScanDeal } from "./wire.js";

/** Counters of what is taken by turns. */
export const NEXT_PIECE = 0;
export const NEXT_BATCH = 2;
export const NEXT_JUDGEMENT = 4;

const FRAMES_DONE = 1;
const FOUND = 3;
const PHASE = 5;
const STATES = 6;

const PHASE_LOOKING = 0;
const PHASE_JUDGING = 1;
const PHASE_OVER = 2;

const OPEN = 0;
export const DONE = 1;
/** Left to the worker that leads. */
export const REFUSED = 2;

/** Few enough that none of the workers waits long for the last one. */
export const FRAMES_OF_A_BATCH = 32;
/**
 * Candidates beyond these are judged by the worker that leads. What is not touched of the room for them costs nothing.
 */
const MOST_CANDIDATES = 4096;
/** How often one who waits looks whether the call is still wanted. */
const WAIT_MS = 5;

/** Deals out the frames that a dump holds. */
export function dealScan(runs: readonly FrameRun[]): ScanDeal {
  const blocks = new Set<number>();
  for (const { gfn, count } of runs) {
    for (let block = Math.floor(gfn / FRAMES_OF_A_BLOCK); block * FRAMES_OF_A_BLOCK < gfn + count; block++) blocks.add(block);
  }
  const pieces = Float64Array.from(blocks, (block) => block * FRAMES_OF_A_BLOCK).sort();
  return {
    pieces,
    control: new SharedArrayBuffer(4 * (STATES + pieces.length + batchesIn(pieces.length) + MOST_CANDIDATES)),
    classes: new SharedArrayBuffer(pieces.length * FRAMES_OF_A_BLOCK),
    candidates: new SharedArrayBuffer(8 * MOST_CANDIDATES),
    facts: new SharedArrayBuffer(SLOT_BYTES * MOST_CANDIDATES),
  };
}

/** Nothing more is to be done: who waits waits no longer. */
export function endDeal({ control }: ScanDeal): void {
  const words = new Int32Array(control);
  Atomics.store(words, PHASE, PHASE_OVER);
  Atomics.notify(words, PHASE);
}

/** At most so many. */
function batchesIn(pieces: number): number {
  return (pieces * FRAMES_OF_A_BLOCK) / FRAMES_OF_A_BATCH;
}

/** On whose behalf a worker waits. */
interface WantedCall {
  /** Throws where it is no longer wanted. */
  throwIfAborted(): void;
}

export class ScanBoard {
  /** Where the states of each kind begin. */
  readonly pieceStates = 0;
  readonly batchStates: number;
  readonly judgementStates: number;
  readonly #deal: ScanDeal;
  readonly #words: Int32Array;

  constructor(deal: ScanDeal) {
    this.#deal = deal;
    this.#words = new Int32Array(deal.control);
    this.batchStates = deal.pieces.length;
    this.judgementStates = this.batchStates + batchesIn(deal.pieces.length);
  }

  take(counter: number): number {
    return Atomics.add(this.#words, counter, 1);
  }

  settle(place: number, state: typeof DONE | typeof REFUSED): void {
    Atomics.store(this.#words, STATES + place, state);
    Atomics.notify(this.#words, STATES + place);
  }

  /** The state of what somebody has taken, once it is settled. */
  async settled(place: number, call: WantedCall): Promise<number> {
    await this.#whileIs(STATES + place, OPEN, call);
    return Atomics.load(this.#words, STATES + place);
  }

  /** When it has been done, be it by the worker to which it was left. */
  async done(place: number, call: WantedCall): Promise<void> {
    if ((await this.settled(place, call)) === REFUSED) await this.#whileIs(STATES + place, REFUSED, call);
  }

  get isOver(): boolean {
    return Atomics.load(this.#words, PHASE) === PHASE_OVER;
  }

  /** The classes of a piece's frames, a byte each. */
  classes(piece: number): Uint8Array {
    return new Uint8Array(this.#deal.classes, piece * FRAMES_OF_A_BLOCK, FRAMES_OF_A_BLOCK);
  }

  /** Takes note of how many more frames have been looked at; answers how many that makes. */
  countFrames(count: number): number {
    return Atomics.add(this.#words, FRAMES_DONE, count) + count;
  }

  /** Adds candidates that have been judged; false: there is no room for them. */
  add(found: readonly RootFacts[]): boolean {
    const first = Atomics.add(this.#words, FOUND, found.length);
    if (first + found.length > MOST_CANDIDATES) return false;
    for (const [i, facts] of found.entries()) encodeFacts(facts, this.#deal.facts, first + i);
    return true;
  }

  /** All that have been added. Places that were asked for when there was no more room hold nothing. */
  found(): RootFacts[] {
    const count = Math.min(MOST_CANDIDATES, Atomics.load(this.#words, FOUND));
    return Array.from({ length: count }, (_, slot) => decodeFacts(this.#deal.facts, slot)).filter((facts) => facts !== undefined);
  }

  /** Deals out candidates to be judged; answers how many of them. */
  dealJudgements(candidates: readonly number[]): number {
    const dealt = Math.min(candidates.length, MOST_CANDIDATES);
    new Float64Array(this.#deal.candidates).set(candidates.slice(0, dealt));
    Atomics.store(this.#words, FOUND, dealt);
    Atomics.store(this.#words, PHASE, PHASE_JUDGING);
    Atomics.notify(this.#words, PHASE);
    return dealt;
  }

  /** Those that are dealt out, once they are; none where it is over before. */
  async judgementsToTake(call: WantedCall): Promise<Float64Array> {
    await this.#whileIs(PHASE, PHASE_LOOKING, call);
    return new Float64Array(this.#deal.candidates, 0, this.isOver ? 0 : Atomics.load(this.#words, FOUND));
  }

  judgement(place: number): RootFacts | undefined {
    return decodeFacts(this.#deal.facts, place);
  }

  setJudgement(place: number, facts: RootFacts): void {
    encodeFacts(facts, this.#deal.facts, place);
  }

  /** Waits, hears an abort, and lets others have their turn meanwhile. */
  async #whileIs(word: number, value: number, call: WantedCall): Promise<void> {
    const turns = new Turns();
    while (Atomics.load(this.#words, word) === value && !this.isOver) {
      Atomics.wait(this.#words, word, value, WAIT_MS);
      call.throwIfAborted();
      await turns.give();
    }
  }
}
