/** What happens in a world: writes, traps and processing for the most part, and all that can go wrong between them. */

import type { Random } from "./random.js";
import type { AddressRef, EntryRef, EntryValue, EventForm, EventMark, OneFailure, Operation, World } from "./scenario.js";
import { randomBits, randomFeatures } from "./values.js";

const FEWEST = 20;
const MOST = 56;
const PAGE_BYTES = 4096;

const WEIGHTS: Readonly<Record<Operation["type"], number>> = {
  write: 30,
  process: 16,
  monitor: 15,
  "monitor-many": 4,
  unmonitor: 8,
  "unmonitor-view": 1,
  "unmonitor-all": 1,
  mark: 6,
  "mark-range": 3,
  hide: 3,
  show: 4,
  fail: 4,
  heal: 2,
  snapshot: 4,
  translate: 2,
  "translate-many": 1,
  "bad-argument": 1,
};

export function generateOperations(random: Random, world: World): readonly Operation[] {
  const first = Array.from({ length: random.between(1, 5) }, () => monitorOperation(random, world));
  const rest = Array.from({ length: random.between(FEWEST, MOST) }, () => operation(random, world, random.weighted(WEIGHTS)));
  return [...first, ...rest];
}

function operation(random: Random, world: World, type: Operation["type"]): Operation {
  const view = random.pick(world.views);
  const vcpu = random.pick(world.vcpus);
  switch (type) {
    case "write":
      return {
        type,
        entry: entryRef(random, world),
        value: entryValue(random, world),
        mark: random.chance(75) ? marks(random, world, vcpu) : undefined,
        order: random.chance(50) ? "mark-first" : "write-first",
      };
    case "mark":
      return { type, entry: entryRef(random, world), offset: BigInt(random.pick([0, 0, 3, 7, 8])), view, vcpu };
    case "mark-range":
      return { type, entry: entryRef(random, world), offset: BigInt(random.pick([0, 4, 7])), size: rangeSize(random), view, vcpu };
    case "process":
      return { type, vcpu, form: eventForm(random), failure: oneFailure(random) };
    case "monitor":
      return monitorOperation(random, world);
    case "monitor-many":
      return monitorManyOperation(random, world);
    case "unmonitor":
      return { type, at: addressRef(random, world), view, all: random.chance(75) ? "one-reference" : "by-force" };
    case "unmonitor-view":
      return { type, view };
    case "unmonitor-all":
      return { type };
    case "snapshot":
      return snapshot(random);
    case "translate":
      return { type, at: addressRef(random, world) };
    case "translate-many":
      return { type, ...vaList(random, world) };
    case "hide":
    case "show":
      return { type, frame: random.below(world.gfns.length) };
    case "fail":
      return {
        type,
        kind: random.weighted({ reads: 3, queries: 1, protects: 2, releases: 4, view: 1 }),
        frame: random.below(world.gfns.length),
        view,
      };
    case "heal":
      return { type };
    case "bad-argument":
      return {
        type,
        kind: random.pick([
          "negative-va",
          "large-va",
          "non-canonical-va",
          "large-root",
          "negative-pa",
          "large-pa",
          "tag-count",
          "batch-va",
        ] as const),
      };
  }
}

function monitorOperation(random: Random, world: World): Operation {
  return {
    type: "monitor",
    at: addressRef(random, world),
    view: random.pick(world.views),
    tag: `tag ${random.below(4)}`,
    race: random.chance(15) ? { entry: entryRef(random, world), value: { type: "bits", value: randomBits(random, world) } } : undefined,
    failure: oneFailure(random),
  };
}

function monitorManyOperation(random: Random, world: World): Operation {
  const { root, vas } = vaList(random, world);
  const tags = random.chance(50) ? "batch" : vas.map((_va, i) => `tag ${i % 3}`);
  return { type: "monitor-many", root, vas, view: random.pick(world.views), tags, failure: oneFailure(random) };
}

function entryRef(random: Random, world: World): EntryRef {
  return {
    root: random.skewedBelow(world.roots.length),
    va: random.skewedBelow(world.vas.length),
    level: random.chance(40) ? 1 : random.between(1, world.mode.levels),
  };
}

function entryValue(random: Random, world: World): EntryValue {
  switch (random.weighted({ bits: 50, split: 12, first: 26, same: 12 })) {
    case "bits":
      return { type: "bits", value: randomBits(random, world) };
    case "split":
      return { type: "split-leaf" };
    case "first":
      return { type: "first" };
    case "same":
      return { type: "same" };
  }
}

function addressRef(random: Random, world: World): AddressRef {
  return {
    root: random.skewedBelow(world.roots.length),
    va: random.skewedBelow(world.vas.length),
    spelling: random.chance(20) ? random.pick([0xfffn, 1n << 63n, 0x8000_0000_0000_0018n]) : 0n,
  };
}

function vaList(random: Random, world: World): { root: number; vas: readonly number[] } {
  return {
    root: random.skewedBelow(world.roots.length),
    vas: Array.from({ length: random.below(6) }, () => random.skewedBelow(world.vas.length)),
  };
}

function marks(random: Random, world: World, vcpu: number): EventMark {
  return { vcpu, views: random.chance(70) ? world.views : [random.pick(world.views)] };
}

function rangeSize(random: Random): number {
  return random.pick([0, 1, 8, 9, 16, PAGE_BYTES, PAGE_BYTES * 2 + 1, PAGE_BYTES * 5]);
}

function eventForm(random: Random): EventForm {
  return random.chance(70) ? "objects" : "columns";
}

function oneFailure(random: Random): OneFailure | undefined {
  return random.chance(12) ? { kind: random.pick(["read", "read", "query", "protect"] as const), n: random.between(1, 4) } : undefined;
}

function snapshot(random: Random): Operation {
  const of = random.pick(["same", "live", "live", "frozen"] as const);
  const features = randomFeatures(random);
  return {
    type: "snapshot",
    of,
    features: of === "frozen" && random.chance(60) ? [...features, "immutable"] : features,
    form: eventForm(random),
    failure: oneFailure(random),
  };
}
