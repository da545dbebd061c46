/** Makes a scenario from a seed: first the world, then what happens in it. */

import { entryAt, indexOf, P, PAGE_FLAGS, PS, paOf, TABLE_FLAGS, vaFrom } from "../amd64-bits.js";
import { generateOperations } from "./generate-operations.js";
import { Random } from "./random.js";
import type { Scenario, World } from "./scenario.js";
import { randomBits, randomFeatures } from "./values.js";

/** So many scenarios that follow one another have one paging mode, so that they can be played on one monitor. */
export const BLOCK = 16;

const LAST_INDEX = 511;
const OFFSETS = [0, 0, 0x10, 0x7f8, 0xfff] as const;

export function generateScenario(seed: number): Scenario {
  const random = new Random(seed);
  const world = generateWorld(random, generateMode(new Random(-1 - Math.floor(seed / BLOCK))));
  return { seed, world, operations: generateOperations(random, world) };
}

function generateMode(random: Random): World["mode"] {
  return {
    levels: random.chance(30) ? 5 : 4,
    physicalAddressBits: random.pick([52, 52, 46, 40]),
    encryptionMask: random.chance(12) ? 1n << 47n : 0n,
  };
}

function generateWorld(random: Random, mode: World["mode"]): World {
  const gfns = generateGfns(random);
  const roots = Array.from({ length: random.between(1, 3) }, () => random.pick(gfns));
  if (random.chance(8)) {
    roots.push(0x7f_ffff);
  }
  const world: World = {
    mode,
    gfns,
    roots,
    vas: generateVas(random, mode.levels),
    views: random.pick([[0], [0, 1], [0, 1], [3, 65535, 0]]),
    vcpus: random.pick([[0], [0, 1], [0, 1], [7, 65535]]),
    largeBase: BigInt(random.between(1, 200)) << 30n,
    features: randomFeatures(random),
    accesses: random.pick([[7], [7, 3], [7, 3, 5, 6], [7, 1]]),
    entries: [],
  };
  return { ...world, entries: generateEntries(random, world) };
}

function generateGfns(random: Random): readonly number[] {
  const base = random.pick([0, 0x100, 0x100, 0xff_fff0]);
  const stride = random.pick([1, 1, 1, 64, 4096]);
  return Array.from({ length: random.between(4, 9) }, (_unused, i) => base + i * stride);
}

function generateVas(random: Random, levels: number): readonly bigint[] {
  const indices = [0, 1, LAST_INDEX, random.below(LAST_INDEX), random.below(LAST_INDEX)].slice(random.below(3));
  const pages: number[][] = [];
  return Array.from({ length: random.between(3, 9) }, () => {
    const page = pages.length > 0 && random.chance(30) ? random.pick(pages) : Array.from({ length: levels }, () => random.pick(indices));
    if (pages.length > 0 && random.chance(40)) {
      // A neighbour: the same way down to the last table or two.
      const near = [...random.pick(pages)];
      near[levels - 1] = random.pick(indices);
      pages.push(near);
      return vaFrom(near, random.pick(OFFSETS));
    }
    pages.push(page);
    return vaFrom(page, random.pick(OFFSETS));
  });
}

/** Most VAs get a way down through frames of the pool, most of those a page at its end. */
function generateEntries(random: Random, world: World): World["entries"] {
  const entries = new Map<bigint, { gfn: number; index: number; value: bigint }>();
  const put = (gfn: number, index: number, value: bigint): void => {
    entries.set(entryAt(gfn, index), { gfn, index, value });
  };
  for (const root of world.roots.filter((gfn) => world.gfns.includes(gfn))) {
    if (random.chance(20)) {
      put(root, indexOf(random.pick(world.vas), world.mode.levels), paOf(root) | TABLE_FLAGS);
    }
    for (const va of world.vas) {
      if (random.chance(85)) {
        buildWay(random, world, root, va, entries, put);
      }
    }
  }
  return [...entries.values()];
}

function buildWay(
  random: Random,
  world: World,
  root: number,
  va: bigint,
  entries: ReadonlyMap<bigint, { value: bigint }>,
  put: (gfn: number, index: number, value: bigint) => void,
): void {
  let gfn = root;
  for (let level: number = world.mode.levels; level >= 1; level--) {
    const index = indexOf(va, level);
    const known = entries.get(entryAt(gfn, index));
    if (known === undefined) {
      const stop = level <= 3 && level > 1 && random.chance(10);
      const next = random.pick(world.gfns);
      put(gfn, index, stop ? randomBits(random, world) : paOf(next) | (level === 1 ? PAGE_FLAGS : TABLE_FLAGS) | world.mode.encryptionMask);
      if (stop) {
        return;
      }
      gfn = next;
    } else {
      const next = Number((known.value & 0x7ff_ffff_f000n) >> 12n);
      if ((known.value & P) === 0n || (known.value & PS) !== 0n || !world.gfns.includes(next)) {
        return;
      }
      gfn = next;
    }
  }
}
