/**
 * A dump for as long as a command needs it: opened, closed, and what is wrong with it noted.
 */

import { openDump } from "../index.js";
import type { Dump } from "../model/dump.js";
import type { Session } from "./session.js";
import { byteSize } from "./terminal/text.js";

/** Opens `file` for `use`; a dump that cannot be read, or proves damaged, becomes a problem of the session. */
export async function withDump(session: Session, file: string, use: (dump: Dump) => Promise<void>): Promise<void> {
  let dump: Dump;
  try {
    dump = await openFile(file, session);
  } catch (error) {
    session.problems.addError(file, error);
    return;
  }
  try {
    await use(dump);
  } finally {
    session.problems.addDamage(file, dump);
    dump.close();
  }
}

/** What is compressed is read whole, which may take a while. */
export async function openFile(file: string, { signal, progress }: Pick<Session, "signal" | "progress">): Promise<Dump> {
  const words = `inflating ${file}`;
  progress.report(`opening ${file}`);
  progress.begin(words);
  return await openDump(file, { signal, onProgress: (done, total) => progress.advance(words, { done, total, amount: byteSize }) });
}
