/**
 * Lets others have their turn: messages are heard, pages drawn. Unlike `setTimeout(0)`, which browsers stretch to 4 ms,
 * it costs microseconds.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}

/** How long other calls wait for their turn. */
const LONGEST_WAIT_MS = 25;

/** The turns that one long work gives to others, however short its parts are. */
export class Turns {
  readonly #longestWaitMs: number;
  #givenMs = performance.now();

  constructor(longestWaitMs = LONGEST_WAIT_MS) {
    this.#longestWaitMs = longestWaitMs;
  }

  get isDue(): boolean {
    return performance.now() - this.#givenMs > this.#longestWaitMs;
  }

  /** Gives one where it is due. */
  async give(): Promise<void> {
    if (!this.isDue) return;
    await turn();
    this.#givenMs = performance.now();
  }
}
