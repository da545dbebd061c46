/**
 * How what changed between two dumps reaches the monitor: by a whole snapshot, or as from a live guest, by a mark on every
 * entry that was written. Both must give the same events.
 */

import type { Dump, GuestMemory, PageTableMonitor, PageTableMonitorEvent } from "../../src/index.js";

const FRAME_SIZE = 4096;
const ENTRY_SIZE = 8;
const VIEW = 0;
const VCPU = 3;

export interface Transport {
  /** What the monitor is made over. */
  readonly memory: GuestMemory;
  /** Carries the monitor from the dump that it stands at to the next. */
  advance(monitor: PageTableMonitor, next: Dump): PageTableMonitorEvent[];
}

export function bySnapshot(first: Dump): Transport {
  return { memory: first, advance: (monitor, next) => monitor.processSnapshot(next) };
}

/** Guest memory that turns from one dump into the next under the monitor's feet. */
export function byMarks(first: Dump): Transport {
  let now = first;
  return {
    memory: { readFrame: (gfn, target) => now.readFrame(gfn, target) },
    advance(monitor, next) {
      const before = now;
      now = next;
      forEachWrittenEntry(before, next, (entryPa) => monitor.markDirtyEntry(entryPa, VIEW, VCPU));
      return monitor.processDirtyEntries(VCPU);
    },
  };
}

/** Calls `visit` with every entry-sized word that differs in a frame which both dumps hold. */
function forEachWrittenEntry(before: Dump, after: Dump, visit: (entryPa: bigint) => void): void {
  const old = Buffer.alloc(FRAME_SIZE);
  const young = Buffer.alloc(FRAME_SIZE);
  for (const { gfn: first, count } of before.runs) {
    for (let gfn = first; gfn < first + count; gfn++) {
      if (!before.readFrame(gfn, old) || !after.readFrame(gfn, young) || old.equals(young)) continue;
      for (let at = 0; at < FRAME_SIZE; at += ENTRY_SIZE) {
        const end = at + ENTRY_SIZE;
        if (old.compare(young, at, end, at, end) !== 0) visit(BigInt(gfn) * BigInt(FRAME_SIZE) + BigInt(at));
      }
    }
  }
}
