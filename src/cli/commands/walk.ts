/** `ptm walk`, from words to output. */

import { findAddressSpace } from "../address-space.js";
import { parseAddress } from "../arguments/number.js";
import { checkCanonical } from "../arguments/range.js";
import { jsonLine } from "../format/json.js";
import { walkText } from "../format/walk-text.js";
import { walk } from "../results/walk.js";
import type { Session } from "../session.js";
import { withDump } from "../with-dump.js";
import { parseChoice, type SpaceWords } from "./words.js";

export async function runWalk(session: Session, file: string, vaWords: readonly string[], words: SpaceWords): Promise<void> {
  const choice = parseChoice(words);
  const vas = vaWords.map((word) => parseAddress(word, "VA"));
  await withDump(session, file, async (dump) => {
    const space = findAddressSpace(file, dump, choice);
    for (const va of vas) checkCanonical(va, space.arch.virtualAddressBits, "VA");
    let isFirst = true;
    for await (const translation of walk(dump, space, vas)) {
      if (words.json) session.out.write(jsonLine(translation));
      else session.out.write(`${isFirst ? "" : "\n"}${walkText(translation, space.arch, session.terminal)}`);
      isFirst = false;
      if (session.out.isFull) await session.out.flush();
    }
  });
}
