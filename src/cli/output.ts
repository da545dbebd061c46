/**
 * Standard output and standard error as a command sees them.
 *
 * Text, or bytes, are gathered and written in large pieces; `flush` waits until the reader has taken it, so that a slow
 * reader slows the command instead of filling its memory, and gives other work of the process, an interrupt above all,
 * its turn. A reader that has gone is a PipeClosedError, once, from `flush`.
 */

import { setImmediate as turn } from "node:timers/promises";
import { PipeClosedError } from "./failure.js";

/** What is asked of a stream: `process.stdout` and any `Writable` fit. */
export interface OutputStream {
  write(chunk: string | Uint8Array, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Characters or bytes. */
const PIECE_LENGTH = 1 << 16;
/** Whoever watches sees what has been found, also where little is. */
const LONGEST_WAIT_MS = 200;
const GONE: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

export class Output {
  #pending: (string | Uint8Array)[] = [];
  #pendingLength = 0;
  #isClosed = false;
  #flushedMs = performance.now();
  /** Called before anything is written, for what stands on the same terminal: a progress line. */
  beforeWrite: () => void = () => {};

  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    // Failures are seen through the callback of `write`; without a listener they would end the process with a trace.
    stream.on("error", () => {});
  }

  /** Gathers text, or bytes; nothing is written before `flush`. */
  write(chunk: string | Uint8Array): void {
    this.#pending.push(chunk);
    this.#pendingLength += chunk.length;
  }

  writeLine(line: string): void {
    this.write(`${line}\n`);
  }

  /** True where enough has been gathered that it should be flushed, or what there is has waited long enough. */
  get isFull(): boolean {
    return this.#pendingLength >= PIECE_LENGTH || (this.#pendingLength > 0 && performance.now() - this.#flushedMs > LONGEST_WAIT_MS);
  }

  /**
   * Writes what has been gathered. Throws PipeClosedError where nobody reads it, and what the stream throws otherwise.
   */
  async flush(): Promise<void> {
    if (this.#pendingLength === 0 || this.#isClosed) return;
    const chunk = joined(this.#pending);
    this.#pending = [];
    this.#pendingLength = 0;
    this.#flushedMs = performance.now();
    this.beforeWrite();
    const error = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(chunk, resolve);
    });
    if (error) {
      this.#isClosed = true;
      throw GONE.has((error as NodeJS.ErrnoException).code ?? "") ? new PipeClosedError() : error;
    }
    await turn();
  }

  /** Whatever is written afterwards is dropped. */
  close(): void {
    this.#isClosed = true;
  }
}

/** As one chunk: text where all is text. */
function joined(chunks: readonly (string | Uint8Array)[]): string | Uint8Array {
  const isText = (chunk: string | Uint8Array): chunk is string => typeof chunk === "string";
  return chunks.every(isText) ? chunks.join("") : Buffer.concat(chunks.map((chunk) => (isText(chunk) ? Buffer.from(chunk) : chunk)));
}
