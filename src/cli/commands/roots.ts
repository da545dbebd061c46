/** `ptm roots`, from words to output. */

import { chooseArchitecture } from "../address-space.js";
import { chooseOutput } from "../arguments/output.js";
import { openDestination } from "../destination.js";
import { rootsText } from "../format/roots-text.js";
import { roots } from "../results/roots.js";
import type { Session } from "../session.js";
import { openTable } from "../table-output.js";
import { withDump } from "../with-dump.js";
import type { TableWords } from "./words.js";

export async function runRoots(session: Session, file: string, words: TableWords): Promise<void> {
  const arch = chooseArchitecture(words.arch);
  const output = chooseOutput(words, { dumps: [file], isTerminal: session.isTerminal });
  await withDump(session, file, async (dump) => {
    const found = await roots(file, dump, arch, session);
    if (output.format === "table") {
      const destination = await openDestination(session, output.path);
      destination.write(rootsText(file, found, destination.terminal));
      await destination.end();
      return;
    }
    const table = await openTable(session, "roots", output, { dump: file });
    for (const candidate of found) table.rows.row(candidate);
    await table.end();
  });
}
