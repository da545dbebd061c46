/**
 * The roots that `findRoots` finds in a capture against those that are in use: of live processes, and the kernel's own. Each dump is
 * asked twice, with its notes and without.
 */

import { type Dump, findRoots, openDump, type RootCandidate } from "../../src/index.js";
import type { Capture, Step } from "./truth.js";

/** With page-table isolation the root for user mode lies one frame behind the kernel's. */
const USER_ROOT = 0x1000n;

export interface RootsComparison {
  /** In words. */
  readonly differences: readonly string[];
  /** Dumps asked, with their notes and without. */
  readonly asked: number;
  /** Roots in use, over all dumps asked. */
  readonly live: number;
  readonly candidates: number;
  /** Of all dumps: the least score of a root in use, the highest of one that is not; undefined where there is none. */
  readonly leastLive: number;
  readonly highestOther: number | undefined;
}

export async function rankCapture(capture: Capture): Promise<RootsComparison> {
  const differences: string[] = [];
  let [asked, live, candidates] = [0, 0, 0];
  const scores: { readonly live: number[]; readonly others: number[] } = { live: [], others: [] };
  for (const step of capture.steps) {
    const dump = await openDump(step.dumpPath);
    for (const [words, memory] of [
      ["with notes", dump],
      ["without notes", withoutNotes(dump)],
    ] as const) {
      const found = await findRoots(memory);
      const { wanted, known } = rootsInUse(capture, step);
      const about = `step ${step.number} ${step.label} ${words}`;
      differences.push(...judge(found, wanted, known, capture.mode).map((difference) => `${about}: ${difference}`));
      for (const { root, score } of found) {
        if (wanted.has(root)) scores.live.push(score);
        else if (!known.has(root)) scores.others.push(score);
      }
      asked++;
      live += wanted.size;
      candidates += found.length;
    }
    dump.close();
  }
  const highestOther = scores.others.length === 0 ? undefined : Math.max(...scores.others);
  return { differences, asked, live, candidates, leastLive: Math.min(...scores.live), highestOther };
}

/** `wanted` must be found before all others; `known` are in use as well, as what a vCPU runs on in between. */
function rootsInUse({ kernelRoot, isIsolated }: Capture, step: Step): { readonly wanted: Set<bigint>; readonly known: Set<bigint> } {
  const wanted = new Set([...step.processes.flatMap((process) => [process.root, process.kernelRoot ?? process.root]), kernelRoot]);
  const others = [kernelRoot, ...step.cpuRoots].flatMap((root) => (isIsolated ? [root & ~USER_ROOT, root | USER_ROOT] : [root]));
  return { wanted, known: new Set([...wanted, ...others]) };
}

function judge(found: readonly RootCandidate[], wanted: Set<bigint>, known: Set<bigint>, mode: string): string[] {
  const differences: string[] = [];
  const roots = found.map(({ root }) => root);
  for (const root of wanted) if (!roots.includes(root)) differences.push(`0x${root.toString(16)} is not found`);
  const wrong = roots.findIndex((root) => !known.has(root));
  const last = Math.max(...Array.from(wanted, (root) => roots.indexOf(root)));
  if (wrong >= 0 && wrong < last) {
    const [other, live] = [found[wrong], found[last]] as [RootCandidate, RootCandidate];
    differences.push(`0x${other.root.toString(16)} (${other.reasons}) ranks before 0x${live.root.toString(16)} (${live.reasons})`);
  }
  const levels = mode === "x86-5level" ? 5 : 4;
  if (found.some(({ arch }) => arch.levels !== levels)) differences.push(`not taken for a guest of ${levels} levels`);
  return differences;
}

function withoutNotes(dump: Dump): Pick<Dump, "runs" | "readFrame"> {
  const { readFrames } = dump;
  return { runs: dump.runs, readFrame: dump.readFrame.bind(dump), ...(readFrames && { readFrames: readFrames.bind(dump) }) };
}
