/**
 * Standard output and standard error as a command sees them.
 *
 * Text is gathered and written in large pieces; `flush` waits until the reader has taken it, so that a slow reader slows the
 * command instead of filling its memory, and gives other work of the process, an interrupt above all, its turn. A reader
 * that has gone is a PipeClosedError, once, from `flush`.
 */

import { setImmediate as turn } from "node:timers/promises";
import { PipeClosedError } from "./failure.js";

/** What is asked of a stream: `process.stdout` and any `Writable` fit. */
export interface OutputStream {
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const PIECE_CHARACTERS = 1 << 16;
const GONE: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

export class Output {
  private pending: string[] = [];
  private pendingCharacters = 0;
  private isClosed = false;
  /** Called before anything is written, for what stands on the same terminal: a progress line. */
  beforeWrite: () => void = () => {};

  private readonly stream: OutputStream;

  constructor(stream: OutputStream) {
    this.stream = stream;
    // Failures are seen through the callback of `write`; without a listener they would end the process with a trace.
    stream.on("error", () => {});
  }

  /** Gathers `text`; nothing is written before `flush`. */
  write(text: string): void {
    this.pending.push(text);
    this.pendingCharacters += text.length;
  }

  writeLine(line: string): void {
    this.write(`${line}\n`);
  }

  /** True where enough has been gathered that it should be flushed. */
  get isFull(): boolean {
    return this.pendingCharacters >= PIECE_CHARACTERS;
  }

  /** Writes what has been gathered. Throws PipeClosedError where nobody reads it, and what the stream throws otherwise. */
  async flush(): Promise<void> {
    if (this.pendingCharacters === 0 || this.isClosed) {
      return;
    }
    const text = this.pending.join("");
    this.pending = [];
    this.pendingCharacters = 0;
    this.beforeWrite();
    const error = await new Promise<Error | null | undefined>((resolve) => {
      this.stream.write(text, resolve);
    });
    if (error) {
      this.isClosed = true;
      throw GONE.has((error as NodeJS.ErrnoException).code ?? "") ? new PipeClosedError() : error;
    }
    await turn();
  }

  /** Whatever is written afterwards is dropped. */
  close(): void {
    this.isClosed = true;
  }
}
