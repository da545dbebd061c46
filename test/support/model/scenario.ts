/**
 * A scenario of the model test: a small world and what happens in it, as plain data made from a seed.
 *
 * Worlds are crowded on purpose: a handful of frames that serve as tables of every level at once, so that sharing, cycles,
 * self-maps and reuse are the rule; a handful of indices, so that addresses meet. An operation names its entry by the way
 * to it (`EntryRef`), found in the guest as it is at that moment, so that a scenario stays meaningful when a failure is
 * shrunk by leaving operations out.
 */

import type { DriverFeature } from "../driver.js";
import type { ModeOptions } from "../subject.js";

/** The entry of `level` on the guest's own way from root `root` to VA `va`; both are places in the world's lists. */
export interface EntryRef {
  readonly root: number;
  readonly va: number;
  readonly level: number;
}

/** A value to be written, told by what it does rather than by its bits, since it may depend on where it lies. */
export type EntryValue =
  | { readonly type: "bits"; readonly value: bigint }
  /** A small page at its natural place in the world's large page: a page split in place. */
  | { readonly type: "split-leaf" }
  /** What the world began with there: a table or page that went comes back. */
  | { readonly type: "first" }
  /** What is there already. */
  | { readonly type: "same" };

export interface EventMark {
  readonly views: readonly number[];
  readonly vcpu: number;
}

export interface AddressRef {
  readonly root: number;
  readonly va: number;
  /** Bits that are no address bits, set in the root as it is spelled. */
  readonly spelling: bigint;
}

/** A write that lands in the last moment before its table is protected. */
export interface RacingWrite {
  readonly entry: EntryRef;
  readonly value: EntryValue;
}

export type EventForm = "objects" | "columns";
export type FailureKind = "reads" | "queries" | "protects" | "releases" | "view";
/** One call of the driver that fails once, the n-th of its kind. */
export interface OneFailure {
  readonly kind: "read" | "query" | "protect";
  readonly n: number;
}

export type BadArgument =
  | "negative-va"
  | "large-va"
  | "non-canonical-va"
  | "large-root"
  | "negative-pa"
  | "large-pa"
  | "tag-count"
  | "batch-va";

export type Operation =
  | {
      readonly type: "write";
      readonly entry: EntryRef;
      readonly value: EntryValue;
      readonly mark: EventMark | undefined;
      readonly order: "mark-first" | "write-first";
    }
  | { readonly type: "mark"; readonly entry: EntryRef; readonly offset: bigint; readonly view: number; readonly vcpu: number }
  | {
      readonly type: "mark-range";
      readonly entry: EntryRef;
      readonly offset: bigint;
      readonly size: number;
      readonly view: number;
      readonly vcpu: number;
    }
  | { readonly type: "process"; readonly vcpu: number; readonly form: EventForm; readonly failure: OneFailure | undefined }
  | {
      readonly type: "monitor";
      readonly at: AddressRef;
      readonly view: number;
      readonly tag: string;
      readonly race: RacingWrite | undefined;
      readonly failure: OneFailure | undefined;
    }
  | {
      readonly type: "monitor-many";
      readonly root: number;
      readonly vas: readonly number[];
      readonly view: number;
      readonly tags: string | readonly string[];
      readonly failure: OneFailure | undefined;
    }
  | { readonly type: "unmonitor"; readonly at: AddressRef; readonly view: number; readonly all: "one-reference" | "by-force" }
  | { readonly type: "unmonitor-view"; readonly view: number }
  | { readonly type: "unmonitor-all" }
  | {
      readonly type: "snapshot";
      readonly of: "same" | "live" | "frozen";
      readonly features: readonly DriverFeature[];
      readonly form: EventForm;
      readonly failure: OneFailure | undefined;
    }
  | { readonly type: "translate"; readonly at: AddressRef }
  | { readonly type: "translate-many"; readonly root: number; readonly vas: readonly number[] }
  | { readonly type: "hide"; readonly frame: number }
  | { readonly type: "show"; readonly frame: number }
  | { readonly type: "fail"; readonly kind: FailureKind; readonly frame: number; readonly view: number }
  | { readonly type: "heal" }
  | { readonly type: "bad-argument"; readonly kind: BadArgument };

export interface World {
  readonly mode: Required<ModeOptions>;
  /** The guest's frames. The last one or two hold no table at first. */
  readonly gfns: readonly number[];
  /** GFNs of the roots; one may be no frame of the guest. */
  readonly roots: readonly number[];
  readonly vas: readonly bigint[];
  readonly views: readonly number[];
  readonly vcpus: readonly number[];
  /** A base of 1 GiB alignment: where large pages lie. */
  readonly largeBase: bigint;
  readonly features: readonly DriverFeature[];
  /** The access that frames have at first, by (gfn + view) modulo its length. */
  readonly accesses: readonly number[];
  readonly entries: readonly { readonly gfn: number; readonly index: number; readonly value: bigint }[];
}

export interface Scenario {
  readonly seed: number;
  readonly world: World;
  readonly operations: readonly Operation[];
}

/** The scenario as a person reads it: the world, then an operation a line. */
export function describeScenario({ seed, world, operations }: Scenario): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? `0x${field.toString(16)}` : field));
  const { entries, ...rest } = world;
  return [
    `seed ${seed}`,
    `world ${show(rest)}`,
    ...entries.map(
      ({ gfn, index, value }) => `  entry 0x${((BigInt(gfn) << 12n) + BigInt(index * 8)).toString(16)} = 0x${value.toString(16)}`,
    ),
    ...operations.map((operation, i) => `  ${i}: ${show(operation)}`),
  ].join("\n");
}
