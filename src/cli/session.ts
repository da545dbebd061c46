/**
 * What every command has in common while it runs: its streams, the problems it met, and how it ends.
 */

import { PipeClosedError, STATUS_DONE, STATUS_DUMP } from "./failure.js";
import type { OutputStream } from "./output.js";
import { Output } from "./output.js";
import type { OutputFile } from "./output-file.js";
import { Problems } from "./problems.js";
import { Progress } from "./progress/progress.js";
import type { Terminal } from "./terminal/text.js";
import { terminalOf } from "./terminal/text.js";

export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by an interrupt. */
  readonly signal?: AbortSignal;
}

export class Session {
  readonly out: Output;
  readonly errors: Output;
  readonly problems = new Problems();
  readonly progress: Progress;
  /** Of standard output. */
  readonly terminal: Terminal;
  /** True where standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Aborted by an interrupt. */
  readonly signal: AbortSignal;
  /** Being written. */
  readonly #files = new Set<OutputFile>();
  #isClosed = false;

  constructor(io: Io) {
    this.out = new Output(io.stdout);
    this.errors = new Output(io.stderr);
    this.progress = new Progress(io.stderr);
    this.terminal = terminalOf(io.stdout, io.env);
    this.isTerminal = io.stdout.isTTY === true;
    this.signal = io.signal ?? new AbortController().signal;
    this.out.beforeWrite = () => this.progress.clear();
    this.errors.beforeWrite = () => this.progress.clear();
  }

  /** Tells the problems, after all results. The exit status. */
  async finish(): Promise<number> {
    await this.out.flush();
    for (const line of this.problems.lines()) this.errors.writeLine(`ptm: ${line}`);
    await this.flushErrors();
    return this.problems.isEmpty ? STATUS_DONE : STATUS_DUMP;
  }

  /** Where nobody reads standard error the exit status still says it. */
  async flushErrors(): Promise<void> {
    try {
      await this.errors.flush();
    } catch (error) {
      if (!(error instanceof PipeClosedError)) throw error;
    }
  }

  /** Takes a file that is to go where the command does not come to its end. */
  keepWhole(file: OutputFile): void {
    this.#files.add(file);
    if (this.#isClosed) file.abandon();
  }

  /** Whatever is written from now on is dropped; the progress line goes, and every file that is not whole. */
  close(): void {
    this.#isClosed = true;
    this.progress.clear();
    for (const file of this.#files) file.abandon();
    this.out.close();
    this.errors.close();
  }
}
