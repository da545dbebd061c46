/**
 * Progress on standard error, once work has taken a second: what is being done and, where that can be counted, how much
 * of it is done, at which rate, and how long the rest will take.
 *
 * On a terminal it is one line that is written over, and wiped before anything else is written. Elsewhere there is none
 * unless it is asked for: then a plain line now and then shows in a log that the work goes on. The work itself reports;
 * there is no timer, for the work is synchronous for long stretches, in which a timer would not run either.
 */

import type { OutputStream } from "../output.js";
import { duration, printable, shortened } from "../terminal/text.js";

const QUIET_MS = 1000;
const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;
const WIPE = "\r\u001b[K";
const DEFAULT_WIDTH = 80;
const NARROWEST_WORDS = 8;

/** Work that can be counted. */
export interface Share {
  readonly done: number;
  /** Undefined where nobody knows. */
  readonly total: number | undefined;
  /** "3.2 GiB", of a number of what is counted. */
  readonly amount: (value: number) => string;
  /** "page tables", where the amount does not say it. */
  readonly unit?: string;
}

export class Progress {
  readonly #startedMs: number;
  /** What is counted now, when that began, and how much was done already. */
  #task = { words: "", startedMs: 0, done: 0 };
  #shownMs = Number.NEGATIVE_INFINITY;
  #isOnScreen = false;
  #isAskedFor = false;

  readonly #stream: OutputStream;
  readonly #nowMs: () => number;

  constructor(stream: OutputStream, nowMs: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** From now on also where standard error is no terminal. */
  askFor(): void {
    this.#isAskedFor = true;
  }

  /** Says what is being done now, where it is time to. */
  report(words: string): void {
    this.#reportFirst([words]);
  }

  /** Says it in the first of several words that fits; where none does, the end of the last one. */
  #reportFirst(all: readonly string[]): void {
    const nowMs = this.#nowMs();
    const isTerminal = this.#stream.isTTY === true;
    if (!isTerminal && !this.#isAskedFor) return;
    if (nowMs - this.#startedMs < QUIET_MS || nowMs - this.#shownMs < (isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
    this.#shownMs = nowMs;
    const seconds = `${((nowMs - this.#startedMs) / 1000).toFixed(0)} s`;
    const [longest = ""] = all;
    if (isTerminal) {
      const width = Math.max((this.#stream.columns ?? DEFAULT_WIDTH) - seconds.length - 4, NARROWEST_WORDS);
      const words = all.find((candidate) => [...printable(candidate)].length <= width) ?? all.at(-1) ?? "";
      this.#send(`${WIPE}${shortened(words, width)} (${seconds})`);
      this.#isOnScreen = true;
    } else {
      this.#send(`ptm: ${printable(longest)} (${seconds})\n`);
    }
  }

  /** True where work has taken so long that a person is told, and there is one. */
  get isSlow(): boolean {
    return (this.#stream.isTTY === true || this.#isAskedFor) && this.#nowMs() - this.#startedMs >= QUIET_MS;
  }

  /** Work on `words` begins: its rate counts from here. */
  begin(words: string): void {
    this.#task = { words, startedMs: this.#nowMs(), done: 0 };
  }

  /**
   * Says how much of the work called `words` is done, where it is time to. The rate counts from its `begin`, else from
   * the first call with these words.
   */
  advance(words: string, share: Share): void {
    const nowMs = this.#nowMs();
    if (this.#task.words !== words) this.#task = { words, startedMs: nowMs, done: share.done };
    if (this.isSlow) {
      const seconds = (nowMs - this.#task.startedMs) / 1000;
      const told = shareWords(share, seconds > 0 ? (share.done - this.#task.done) / seconds : 0);
      this.#reportFirst(told.map((text) => `${words}: ${text}`));
    }
  }

  /** Takes the line off the terminal, where one is. */
  clear(): void {
    if (this.#isOnScreen) {
      this.#isOnScreen = false;
      this.#send(WIPE);
    }
  }

  #send(text: string): void {
    this.#stream.write(text, () => {});
  }
}

/** From all there is to say to what a narrow terminal has room for. */
function shareWords({ done, total, amount, unit }: Share, rate: number): readonly string[] {
  const much = total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`;
  const fast = rate > 0 ? [`${amount(rate)}/s`] : [];
  const left = total !== undefined && rate > 0 ? [`${duration(Math.max(0, total - done) / rate)} left`] : [];
  const whole = [unit === undefined ? much : `${much} ${unit}`, ...fast, ...left];
  return [whole, [much, ...fast, ...left], [much, ...left]].map((parts) => parts.join(", "));
}
