/**
 * What every command has in common while it runs: its streams, the problems it met, and how it ends.
 */

import { PipeClosedError, STATUS_DONE, STATUS_DUMP } from "./failure.js";
import { Progress } from "./format/progress.js";
import type { Terminal } from "./format/text.js";
import { terminalOf } from "./format/text.js";
import type { OutputStream } from "./output.js";
import { Output } from "./output.js";
import { Problems } from "./problems.js";

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

  constructor(io: Io) {
    this.out = new Output(io.stdout);
    this.errors = new Output(io.stderr);
    this.progress = new Progress(io.stderr);
    this.terminal = terminalOf(io.stdout, io.env);
    this.out.beforeWrite = () => this.progress.clear();
    this.errors.beforeWrite = () => this.progress.clear();
  }

  /** Tells the problems, after all results. The exit status. */
  async finish(): Promise<number> {
    await this.out.flush();
    for (const line of this.problems.lines()) {
      this.errors.writeLine(`ptm: ${line}`);
    }
    await this.flushErrors();
    return this.problems.isEmpty ? STATUS_DONE : STATUS_DUMP;
  }

  /** Where nobody reads standard error the exit status still says it. */
  async flushErrors(): Promise<void> {
    try {
      await this.errors.flush();
    } catch (error) {
      if (!(error instanceof PipeClosedError)) {
        throw error;
      }
    }
  }

  /** Whatever is written from now on is dropped; the progress line goes. */
  close(): void {
    this.progress.clear();
    this.out.close();
    this.errors.close();
  }
}
