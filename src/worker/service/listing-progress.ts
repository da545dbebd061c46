/**
 * How far an iteration of a listing is.
 *
 * It is counted in page tables passed, of all that are to be passed: how many these are is known from the upper tables,
 * which are read once the iteration takes long. But tables lie scattered over a memory, and a browser reads a File in
 * large slices, each of which brings many: most of the time is over before many tables have been passed. So what has
 * been read counts as well, up to a point. Progress never goes back.
 */

import type { Architecture } from "../../model/architecture.js";
import type { AbortSignalLike } from "../../model/platform.js";
import { type OutlineOptions, outline, type SpaceOutline } from "../../space/outline.js";
import type { Guest } from "./guest.js";

/** Of so many parts: a share is what is told. */
export const WHOLE = 10_000;
const PATIENCE_MS = 300;
/** All has been read: nearly done. */
const MOST_BY_READING = 0.9;

export interface ProgressOptions extends Pick<OutlineOptions, "range"> {
  readonly root: bigint;
  readonly arch: Architecture;
}

export class ListingProgress {
  readonly #guests: readonly Guest[];
  readonly #options: ProgressOptions;
  readonly #startedMs = performance.now();
  /** By guest: bytes of its file that had not been read when this began, and how many had. */
  readonly #unread: readonly { readonly bytes: number; readonly before: number }[];
  #outlines: readonly SpaceOutline[] | undefined;
  #done = 0;

  constructor(guests: readonly Guest[], options: ProgressOptions) {
    this.#guests = guests;
    this.#options = options;
    this.#unread = guests.map(({ reading }) => {
      const { size = 0, bytesRead = 0 } = reading ?? {};
      return { bytes: Math.max(0, size - bytesRead), before: bytesRead };
    });
  }

  /** Looks at the upper tables, once it has taken long. */
  async lookAhead(signal: AbortSignalLike, when: "once-long" | "at-once" = "once-long"): Promise<void> {
    if (this.#outlines || (when === "once-long" && performance.now() - this.#startedMs < PATIENCE_MS)) return;
    const { root, arch, range } = this.#options;
    const outlines: SpaceOutline[] = [];
    for (const guest of this.#guests) outlines.push(await outline(guest, { roots: [root], arch, signal, ...(range && { range }) }));
    this.#outlines = outlines;
  }

  /** Parts of WHOLE; `va`: what lies before it has been passed, undefined before the first. */
  done(va: bigint | undefined): number {
    const share = Math.max(MOST_BY_READING * this.#shareRead(), va === undefined ? 0 : this.#sharePassed(va));
    this.#done = Math.max(this.#done, Math.min(WHOLE - 1, Math.floor(share * WHOLE)));
    return this.#done;
  }

  #shareRead(): number {
    const all = this.#unread.reduce((sum, { bytes }) => sum + bytes, 0);
    if (all === 0) return 0;
    const read = this.#guests.reduce((sum, { reading }, i) => {
      const { bytes, before } = this.#unread[i];
      return sum + Math.min(bytes, (reading?.bytesRead ?? 0) - before);
    }, 0);
    return read / all;
  }

  #sharePassed(va: bigint): number {
    const { root } = this.#options;
    const passed = (until?: bigint): number => (this.#outlines ?? []).reduce((sum, space) => sum + space.passed(root, until), 0);
    const all = passed();
    return all === 0 ? 0 : passed(va) / all;
  }
}
