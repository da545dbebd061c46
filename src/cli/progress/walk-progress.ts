/**
 * How far a walk over address spaces has come, in page tables. How many there are in all is found out only where the
 * walk takes long.
 */

import { type OutlineOptions, outline, type SpaceOptions, type SpaceOutline } from "../../index.js";
import type { Dump } from "../../model/dump.js";
import { count } from "../terminal/text.js";
import type { Progress, Share } from "./progress.js";

/** Of a walk of one root: tables that it passes, each as often as it comes by. */
export class PassedTables {
  #spaces: readonly SpaceOutline[] | undefined;

  readonly #words: string;
  readonly #dumps: readonly Dump[];
  readonly #options: SpaceOptions;
  readonly #progress: Progress;

  /** `words` say what is done; of all `dumps` at once. */
  constructor(words: string, dumps: readonly Dump[], options: SpaceOptions, progress: Progress) {
    this.#words = words;
    this.#dumps = dumps;
    this.#options = options;
    this.#progress = progress;
    progress.begin(words);
  }

  /** All that lies before `va` has been walked. */
  async report(va: bigint): Promise<void> {
    if (!this.#progress.isSlow) return;
    const { root } = this.#options;
    this.#spaces ??= await outlines(this.#dumps, { ...this.#options, roots: [root] });
    const passed = (until?: bigint) => (this.#spaces ?? []).reduce((sum, space) => sum + space.passed(root, until), 0);
    this.#progress.advance(this.#words, pageTables(passed(va), passed()));
  }
}

/** Of a walk of many roots: tables that have been read, each once, however many roots and slots share it. */
export class ReadTables {
  #total: number | undefined;

  readonly #words: string;
  readonly #dumps: readonly Dump[];
  readonly #options: OutlineOptions;
  readonly #progress: Progress;

  constructor(words: string, dumps: readonly Dump[], options: OutlineOptions, progress: Progress) {
    this.#words = words;
    this.#dumps = dumps;
    this.#options = options;
    this.#progress = progress;
    progress.begin(words);
  }

  /** So many have been read, or found not to be there. False: that was all, and what takes long is something else. */
  async report(done: number): Promise<boolean> {
    if (!this.#progress.isSlow) return true;
    this.#total ??= (await outlines(this.#dumps, this.#options)).reduce((sum, { tables }) => sum + tables, 0);
    if (done >= this.#total) return false;
    this.#progress.advance(this.#words, pageTables(done, this.#total));
    return true;
  }
}

async function outlines(dumps: readonly Dump[], options: OutlineOptions): Promise<readonly SpaceOutline[]> {
  const found: SpaceOutline[] = [];
  for (const dump of dumps) found.push(await outline(dump, options));
  return found;
}

function pageTables(done: number, total: number): Share {
  return { done, total, amount: (value) => count(Math.round(value)), unit: "page tables" };
}
