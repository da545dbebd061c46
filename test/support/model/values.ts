/** Random entries and drivers of the model test. */

import { LARGE_PAT, NX, P, PS, paOf, RW } from "../amd64-bits.js";
import type { DriverFeature } from "../driver.js";
import type { Random } from "./random.js";
import type { World } from "./scenario.js";

export function randomFeatures(random: Random): readonly DriverFeature[] {
  const features: DriverFeature[] = [];
  if (random.chance(75)) {
    features.push("read-frames");
  }
  if (random.chance(80)) {
    features.push("protection");
  }
  return features;
}

/** An entry that may serve at any level: a table or small page, a large page with or without PAT, something malformed, nothing. */
export function randomBits(random: Random, world: World): bigint {
  const flags = P | (random.chance(50) ? RW : 0n) | (random.chance(20) ? NX : 0n) | (random.chance(10) ? 0x5fn << 52n : 0n);
  const encrypted = random.chance(60) ? world.mode.encryptionMask : 0n;
  const pointer = paOf(random.pick(world.gfns)) | flags | encrypted;
  switch (random.weighted({ table: 45, pat: 6, large: 20, malformed: 6, empty: 10, garbage: 5, absent: 4, high: 4 })) {
    case "table":
      return pointer;
    case "pat":
      return pointer | PS;
    case "large":
      return world.largeBase | (random.chance(20) ? 1n << 21n : 0n) | flags | encrypted | PS | (random.chance(30) ? LARGE_PAT : 0n);
    case "malformed":
      return world.largeBase | flags | encrypted | PS | (1n << BigInt(random.between(13, 29)));
    case "empty":
      return 0n;
    case "garbage":
      return (pointer & ~P) | (random.chance(50) ? PS : 0n);
    case "absent":
      return paOf(0x6f_0000 + random.below(2)) | flags | encrypted;
    case "high":
      return pointer | (1n << BigInt(random.between(40, 51)));
  }
}
