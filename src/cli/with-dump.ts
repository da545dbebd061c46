/**
 * A dump for as long as a command needs it: opened, closed, and what is wrong with it noted.
 */

import { openDump } from "../index.js";
import type { Dump } from "../model/dump.js";
import type { Session } from "./session.js";

/** Opens `file` for `use`; a dump that cannot be read, or proves damaged, becomes a problem of the session. */
export async function withDump(session: Session, file: string, use: (dump: Dump) => Promise<void>): Promise<void> {
  session.progress.report(`opening ${file}`);
  let dump: Dump;
  try {
    dump = await openDump(file, { signal: session.signal });
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
