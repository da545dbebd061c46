/**
 * The words of the command line that commands have in common, and what they mean.
 */

import { chooseArchitecture, type SpaceChoice } from "../address-space.js";
import { parseAddress } from "../arguments/number.js";
import type { OutputWords } from "../arguments/output.js";

export interface CommonWords {
  readonly arch?: string;
  readonly json?: true;
  readonly progress?: true;
}

export interface SpaceWords extends CommonWords {
  readonly root?: string;
}

/** Of commands that write tables. */
export interface TableWords extends SpaceWords, OutputWords {}

export function parseChoice(words: SpaceWords): SpaceChoice {
  return {
    root: words.root === undefined ? undefined : parseAddress(words.root, "--root"),
    arch: chooseArchitecture(words.arch),
  };
}
