/** Runs a command line in this process, with streams that remember. */

import { Writable } from "node:stream";
import { main } from "../../../src/cli/main.js";

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output, line by line, as JSON. */
  readonly objects: () => Record<string, unknown>[];
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** What a write to standard output ends in. */
  readonly stdoutError?: Error;
}

export async function ptm(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const stdout = new Recorder(options.stdoutError);
  const stderr = new Recorder(undefined);
  const status = await main(argv, { stdout, stderr, env: options.env ?? {}, ...(options.signal ? { signal: options.signal } : {}) });
  return { status, stdout: stdout.text, stderr: stderr.text, objects: () => linesOf(stdout.text).map((line) => JSON.parse(line)) };
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

class Recorder extends Writable {
  text = "";
  private readonly failure: Error | undefined;

  constructor(failure: Error | undefined) {
    super({ decodeStrings: false });
    this.failure = failure;
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error) => void): void {
    if (this.failure !== undefined) {
      done(this.failure);
      return;
    }
    this.text += chunk;
    done();
  }
}
