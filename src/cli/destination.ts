/**
 * Where a result goes: standard output, another pipe, or a file that appears when it is whole.
 */

import { isPipe, openPipe } from "./named-pipe.js";
import { Output } from "./output.js";
import { OutputFile } from "./output-file.js";
import type { Session } from "./session.js";
import type { Terminal } from "./terminal/text.js";
import { plainTerminal } from "./terminal/text.js";

export interface Destination {
  /** What text for people must know of it. */
  readonly terminal: Terminal;
  write(chunk: string | Uint8Array): void;
  /** Waits, where more has been gathered than should be, until it is taken. */
  drain(): Promise<void>;
  /** Waits until all that has been written so far is taken. */
  flush(): Promise<void>;
  /** All has been written. */
  end(): Promise<void>;
}

/** `path` undefined: standard output. Throws UsageError where nothing can be written there. */
export async function openDestination(
  session: Session,
  path: string | undefined,
  folder: "present" | "to-be-made" = "present",
): Promise<Destination> {
  const { out, terminal } = session;
  if (path === undefined) return toStream(out, terminal);
  if (isPipe(path)) return toStream(new Output(await openPipe(path, session)), plainTerminal(terminal.width));
  const file = new OutputFile(path, folder);
  session.keepWhole(file);
  return {
    terminal: plainTerminal(terminal.width),
    write: (chunk) => file.write(chunk),
    drain: async () => {},
    flush: async () => {},
    end: async () => file.commit(),
  };
}

function toStream(out: Output, terminal: Terminal): Destination {
  return {
    terminal,
    write: (chunk) => out.write(chunk),
    drain: async () => {
      if (out.isFull) await out.flush();
    },
    flush: () => out.flush(),
    end: () => out.flush(),
  };
}
