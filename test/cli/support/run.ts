/** Runs a command line in this process, with streams that remember. */

import { Writable } from "node:stream";
import { main } from "../../../src/cli/main.js";

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly bytes: Uint8Array;
  /** Without progress: whether there is any hangs on how busy the machine is. */
  readonly stderr: string;
  /** Standard output, line by line, as JSON. */
  readonly objects: () => Record<string, unknown>[];
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** What a write to standard output ends in. */
  readonly stdoutError?: Error;
  readonly isTerminal?: boolean;
}

export async function ptm(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const stdout = new Recorder(options.stdoutError, options.isTerminal);
  const stderr = new Recorder(undefined);
  const status = await main(argv, { stdout, stderr, env: options.env ?? {}, ...(options.signal ? { signal: options.signal } : {}) });
  return {
    status,
    stdout: stdout.text,
    bytes: stdout.bytes,
    stderr: stderr.text.replaceAll(PROGRESS, ""),
    objects: () => linesOf(stdout.text).map((line) => JSON.parse(line)),
  };
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

const PROGRESS = /^ptm: .* \(\d+ s\)\n/gm;

class Recorder extends Writable {
  readonly isTTY: boolean;
  private readonly chunks: Buffer[] = [];
  private readonly failure: Error | undefined;

  constructor(failure: Error | undefined, isTerminal = false) {
    super();
    this.failure = failure;
    this.isTTY = isTerminal;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.chunks));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.failure !== undefined) {
      done(this.failure);
      return;
    }
    this.chunks.push(chunk);
    done();
  }
}
