/** What a format's file finds out about a dump; the rest, reading frames, is the same for all. */

import type { Vcpu } from "../model/dump.js";
import type { AbortSignalLike } from "../model/platform.js";
import type { DamageList } from "./damage-list.js";
import type { FrameMap } from "./frame-map.js";
import type { Source } from "./source.js";

export interface DumpContents {
  readonly frames: FrameMap;
  readonly vcpus: readonly Vcpu[];
  /** What the guest's kernel says of itself, where the dump carries it. */
  readonly vmcoreinfo: ReadonlyMap<string, string> | undefined;
}

export interface OpenContext {
  readonly source: Source;
  /** The source is what could be inflated of a stream that broke off, or whose length is not what it says. */
  readonly incomplete: boolean;
  readonly damage: DamageList;
  readonly signal: AbortSignalLike | undefined;
}

export interface DumpFormat {
  /** What `Dump.format` says. */
  readonly name: string;
  /** Looks at the first bytes, HEAD_SIZE of them or all there are. */
  matches(head: Uint8Array, context: OpenContext): boolean;
  /** Throws DumpFormatError where the headers cannot be read; adds what is missing behind them to `damage`. */
  open(context: OpenContext): Promise<DumpContents>;
}

/** What `matches` gets to see. */
export const HEAD_SIZE = 64;
