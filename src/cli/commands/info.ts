/** `ptm info`, from words to output. */

import { statSync } from "node:fs";
import { chooseArchitecture } from "../address-space.js";
import { infoText } from "../format/info-text.js";
import { jsonLine } from "../format/json.js";
import { info } from "../results/info.js";
import type { Session } from "../session.js";
import { withDump } from "../with-dump.js";
import type { CommonWords } from "./words.js";

export async function runInfo(session: Session, file: string, words: CommonWords): Promise<void> {
  chooseArchitecture(words.arch);
  await withDump(session, file, async (dump) => {
    const result = info(file, dump);
    session.out.write(words.json ? jsonLine(result) : infoText(result, fileBytes(file), session.terminal));
  });
}

function fileBytes(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}
