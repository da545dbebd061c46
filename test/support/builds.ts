/**
 * One test body on every build of the core, and on the naive monitor.
 *
 * `forEachBuild` is for what only the library has; `forEachMonitor` also runs the oracle, so that the hand-written
 * expectations check the very thing that the model test trusts.
 */

import { afterAll, beforeAll, describe } from "vitest";
import { useCoreBuild } from "../../src/core/load.js";
import { amd64, PageTableMonitor } from "../../src/index.js";
import { OracleMonitor } from "../oracle/monitor.js";
import type { CreateMonitor, ModeOptions, Monitor, SubjectOptions } from "./subject.js";

export const BUILD_NAMES = ["shared-simd", "shared-plain", "private-simd", "private-plain"] as const;
export type BuildName = (typeof BUILD_NAMES)[number];

/** What a monitor of the tests may keep: small, so that one costs little to make. */
const MAXIMUM_FRAMES = 256;

/** Wraps `describe`: `fn` declares its tests once for each build of the core. */
export function forEachBuild(fn: (build: BuildName) => void): void {
  for (const build of BUILD_NAMES) {
    describe(`on the ${build} build`, () => {
      beforeAll(() => useCoreBuild(build));
      afterAll(() => useCoreBuild(undefined));
      fn(build);
    });
  }
}

/** Wraps `describe`: once for each build of the core, and once for the oracle. */
export function forEachMonitor(fn: (createMonitor: CreateMonitor) => void): void {
  describe("by the oracle", () => fn(createOracle));
  forEachBuild(() => fn(createReal));
}

/** The library's monitor, on the build that is in use. */
export function createReal<Tag = string>(options: SubjectOptions): Promise<PageTableMonitor<Tag>> {
  const { memory, mode, maximumFrames = MAXIMUM_FRAMES } = options;
  return PageTableMonitor.create<Tag>({ memory, arch: amd64(mode), maximumFrames });
}

export function createOracle<Tag = string>(options: SubjectOptions): Promise<Monitor<Tag>> {
  return Promise.resolve(new OracleMonitor<Tag>(options.memory, walkModeOf(options.mode)));
}

export function walkModeOf(mode: ModeOptions = {}): { levels: 4 | 5; physicalAddressBits: number; encryptionMask: bigint } {
  return { levels: mode.levels ?? 4, physicalAddressBits: mode.physicalAddressBits ?? 52, encryptionMask: mode.encryptionMask ?? 0n };
}
