/**
 * Progress on standard error, once work has taken a second: what is being done, and where it can be counted how much of it, at which
 * rate, and how long it still takes.
 *
 * On a terminal it is one line that is written over, and wiped before anything else is written; elsewhere a plain line now
 * and then, so that a log shows that the work goes on and little else. It is told by the work itself and has no timer: the
 * work is synchronous for long stretches, in which a timer would not run either.
 */

import type { OutputStream } from "../output.js";
import { duration, printable, shortened } from "./text.js";

const QUIET_MS = 1000;
const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;
const WIPE = "\r\u001b[K";
const DEFAULT_WIDTH = 80;

/** Work that can be counted. */
export interface Share {
  readonly done: number;
  /** Undefined where nobody knows. */
  readonly total: number | undefined;
  /** "3.2 GiB", of a number of what is counted. */
  readonly amount: (value: number) => string;
}

export class Progress {
  private readonly startedMs: number;
  /** What is counted now, and when that began. */
  private task = { words: "", startedMs: 0 };
  private shownMs = Number.NEGATIVE_INFINITY;
  private isOnScreen = false;

  private readonly stream: OutputStream;
  private readonly nowMs: () => number;

  constructor(stream: OutputStream, nowMs: () => number = () => performance.now()) {
    this.stream = stream;
    this.nowMs = nowMs;
    this.startedMs = nowMs();
  }

  /** Says what is being done now, where it is time to. */
  report(words: string): void {
    const nowMs = this.nowMs();
    const isTerminal = this.stream.isTTY === true;
    if (nowMs - this.startedMs < QUIET_MS || nowMs - this.shownMs < (isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)) {
      return;
    }
    this.shownMs = nowMs;
    const seconds = `${((nowMs - this.startedMs) / 1000).toFixed(0)} s`;
    if (isTerminal) {
      const width = (this.stream.columns ?? DEFAULT_WIDTH) - seconds.length - 4;
      this.send(`${WIPE}${shortened(words, Math.max(width, 8))} (${seconds})`);
      this.isOnScreen = true;
    } else {
      this.send(`ptm: ${printable(words)} (${seconds})\n`);
    }
  }

  /** True where work has taken so long that a person is told. */
  get isSlow(): boolean {
    return this.nowMs() - this.startedMs >= QUIET_MS;
  }

  /** Says how much of `words` is done, where it is time to. The rate is that since the first call with these words. */
  advance(words: string, share: Share): void {
    const nowMs = this.nowMs();
    if (this.task.words !== words) {
      this.task = { words, startedMs: nowMs };
    }
    if (this.isSlow) {
      this.report(`${words}: ${shareWords(share, (nowMs - this.task.startedMs) / 1000)}`);
    }
  }

  /** Takes the line off the terminal, where one is. */
  clear(): void {
    if (this.isOnScreen) {
      this.isOnScreen = false;
      this.send(WIPE);
    }
  }

  private send(text: string): void {
    this.stream.write(text, () => {});
  }
}

function shareWords({ done, total, amount }: Share, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const much = total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`;
  const fast = rate > 0 ? [`${amount(rate)}/s`] : [];
  const left = total !== undefined && rate > 0 ? [`${duration((total - done) / rate)} left`] : [];
  return [much, ...fast, ...left].join(", ");
}
