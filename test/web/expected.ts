/** What the library and the command say of the bundled capture, in the form in which the page is asked. */

import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { openDump } from "../../src/index.js";
import { ptm } from "../cli/support/run.js";
import type { CountsByStep } from "./opened-page.js";

export const CAPTURE = resolve("samples/linux-6.1-x86_64");
export const NAMES = readdirSync(CAPTURE)
  .filter((name) => name.endsWith(".elf.gz"))
  .sort();
export const FILES = NAMES.map((name) => `${CAPTURE}/${name}`);

/** Three regions of the capture, as they are typed into the page. */
export const WATCHED = "0x10080000000+4M=hugetlb\n0x100c0000000+6M=thp\n0x10100000000+1M=swap";

/** A raw image of 768 MiB in a few kilobytes: inflating it takes long enough to be stopped. */
export function slowImage(): Buffer {
  const zeros = Buffer.alloc(64 << 20);
  return gzipSync(Buffer.concat(Array.from({ length: 12 }, () => zeros)), { level: 1 });
}

/** As `counts` of the page: steps with none are left out. */
export function countsOf(events: readonly { readonly step: number; readonly type: string }[]): CountsByStep {
  const counts: Record<string, Record<string, number>> = {};
  for (const { step, type } of events) {
    counts[step] ??= {};
    const ofStep = counts[step];
    ofStep[type] = (ofStep[type] ?? 0) + 1;
  }
  return counts;
}

export interface DiffLine {
  readonly step: number;
  readonly type: string;
  readonly va: string;
  readonly length: string;
  readonly before?: { readonly pa: string };
  readonly after?: { readonly pa: string };
}

/** The root that the first dump's notes give. */
export async function captureRoot(): Promise<string> {
  const dump = await openDump(FILES[0] as string);
  const root = dump.vcpus[0]?.root ?? 0n;
  dump.close();
  return `0x${root.toString(16)}`;
}

/** What `ptm diff` says from each dump to the next, all in the first dump's root. */
export async function diffLines(files: readonly string[] = FILES): Promise<readonly DiffLine[]> {
  const root = await captureRoot();
  const lines: DiffLine[] = [];
  for (let step = 1; step < files.length; step++) {
    const { objects } = await ptm(["diff", files[step - 1] as string, files[step] as string, "--root", root, "--json"]);
    lines.push(...objects().map((line) => ({ ...(line as unknown as Omit<DiffLine, "step">), step })));
  }
  return lines;
}

export interface WalkLine {
  readonly pa?: string;
  readonly entries: readonly { readonly name: string; readonly pa: string; readonly value: string }[];
}

export async function walkLine(file: string, va: string): Promise<WalkLine> {
  const { objects } = await ptm(["walk", file, va, "--root", await captureRoot(), "--json"]);
  return objects()[0] as unknown as WalkLine;
}
