/**
 * One replay of a capture, written against the library's public face alone, so that Node and every kind of page run the
 * very same code and their answers can be compared as text.
 */

import type { Dump, PageTableMonitorEvent } from "../../src/index.js";

/** What is imported from "page-table-monitor". */
export type Library = typeof import("../../src/index.js");

/** A stretch of pages to watch; its name is the tag. */
export interface WatchedRegion {
  readonly name: string;
  readonly firstVa: bigint;
  readonly pages: number;
}

/** The regions of the bundled capture; together they lie under several top-level entries and hold large pages. */
const WATCHED_REGIONS: readonly WatchedRegion[] = [
  { name: "small", firstVa: 0x100_0000_0000n, pages: 2048 },
  { name: "straddle", firstVa: 0x17f_ffe0_0000n, pages: 1024 },
  { name: "hugetlb", firstVa: 0x100_8000_0000n, pages: 1024 },
  { name: "thp", firstVa: 0x100_c000_0000n, pages: 1536 },
  { name: "moved", firstVa: 0x180_4000_0000n, pages: 2048 },
  { name: "swap", firstVa: 0x101_0000_0000n, pages: 256 },
];

const PAGE_BYTES = 4096n;

/** Every event of the replay as a line of text: the step, and the event's fields. */
export async function replay(library: Library, openStep: (step: number) => Promise<Dump>, steps: number): Promise<readonly string[]> {
  let dump = await openStep(0);
  const root = dump.vcpus[0]?.root;
  if (root === undefined) {
    throw new Error("the capture's notes hold no root");
  }
  const monitor = await library.PageTableMonitor.create({ memory: dump });
  for (const { name, firstVa, pages } of WATCHED_REGIONS) {
    monitor.monitorMany(
      root,
      BigUint64Array.from({ length: pages }, (_, page) => firstVa + BigInt(page) * PAGE_BYTES),
      0,
      name,
    );
  }
  const lines: string[] = [];
  for (let step = 1; step < steps; step++) {
    const next = await openStep(step);
    lines.push(...monitor.processSnapshot(next).map((event) => `${step} ${describe(event)}`));
    dump.close();
    dump = next;
  }
  monitor.dispose();
  dump.close();
  return lines;
}

function describe({ type, va, root, view, pa, pageSize, tag, fault }: PageTableMonitorEvent): string {
  return [type, va.toString(16), root.toString(16), view, pa.toString(16), pageSize, tag, fault ?? "-"].join(" ");
}
