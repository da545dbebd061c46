/** Events gathered to stretches of addresses, and the lanes and lines made of them. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lanes } from "../../src/cli/format/lanes.js";
import { groupStretches, stretches } from "../../src/cli/format/stretches.js";
import type { EventColumns, PageTableMonitorEvent } from "../../src/model/event.js";
import { toColumns } from "../oracle/events.js";

const ROOT = 0x6772000n;

function event(type: PageTableMonitorEvent["type"], va: bigint, more: Partial<PageTableMonitorEvent> = {}): PageTableMonitorEvent {
  const fault = type === "page-out" ? "not-present" : undefined;
  return { type, va, root: ROOT, view: 0, pa: 0x1000n, pageSize: 4096, tag: "heap", fault, ...more };
}

describe("stretches", () => {
  it("join neighbours to which the same thing happened", () => {
    const found = [...stretches(toColumns([event("page-in", 0x1000n), event("page-in", 0x2000n), event("page-in", 0x4000n)]))];
    expect(found.map(({ va, end, pages, kind }) => [va, end, pages, kind])).toEqual([
      [0x1000n, 0x3000n, 2, "in"],
      [0x4000n, 0x5000n, 1, "in"],
    ]);
  });

  it("keep kinds, tags, page sizes and faults apart", () => {
    const found = [
      ...stretches(
        toColumns([
          event("page-in", 0x1000n),
          event("page-out", 0x2000n),
          event("page-out", 0x3000n, { fault: "reserved-bit" }),
          event("page-out", 0x4000n, { fault: "reserved-bit", tag: "stack" }),
          event("page-out", 0x5000n, { fault: "reserved-bit", tag: "stack", pageSize: 0x200000 }),
        ]),
      ),
    ];
    expect(found.map((stretch) => stretch.pages)).toEqual([1, 1, 1, 1, 1]);
  });

  it("call a page-out and a page-in of one address a move", () => {
    const moved = [event("page-out", 0x1000n, { fault: undefined }), event("page-in", 0x1000n)];
    const also = [event("page-out", 0x2000n, { fault: undefined }), event("page-in", 0x2000n)];
    const found = [...stretches(toColumns([...moved, ...also, event("page-in", 0x3000n)]))];
    expect(found.map(({ kind, pages }) => [kind, pages])).toEqual([
      ["move", 2],
      ["in", 1],
    ]);
  });

  it("do not take the same address in another root or view for a move", () => {
    const other = [event("page-out", 0x1000n), event("page-in", 0x1000n, { view: 1 })];
    expect([...stretches(toColumns(other))].map((stretch) => stretch.kind)).toEqual(["out", "in"]);
  });

  it("hold every address of the events exactly once", () => {
    const arbitrary = fc
      .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
      .chain((pages) =>
        fc.tuple(
          fc.constant([...pages].sort((a, b) => a - b)),
          fc.array(fc.constantFrom("in", "out", "move"), { minLength: pages.length, maxLength: pages.length }),
          fc.array(fc.constantFrom("a", "b"), { minLength: pages.length, maxLength: pages.length }),
        ),
      );
    fc.assert(
      fc.property(arbitrary, ([pages, kinds, tags]) => {
        const events = pages.flatMap((page, i) => {
          const va = BigInt(page) << 12n;
          const tag = tags[i] as string;
          const out = event("page-out", va, { tag, fault: undefined });
          const into = event("page-in", va, { tag });
          return kinds[i] === "in" ? [into] : kinds[i] === "out" ? [out] : [out, into];
        });
        const found = [...stretches(toColumns(events))];
        const unfolded = found.flatMap(({ va, end, kind, tag }) => {
          const count = Number((end - va) >> 12n);
          return Array.from({ length: count }, (_, i) => [Number(va >> 12n) + i, kind, tag]);
        });
        expect(unfolded).toEqual(pages.map((page, i) => [page, kinds[i], tags[i]]));
        for (const [i, stretch] of found.entries()) {
          const next = found[i + 1];
          const joins = next !== undefined && next.va === stretch.end && next.kind === stretch.kind && next.tag === stretch.tag;
          expect(joins).toBe(false);
        }
      }),
    );
  });

  it("of a group the largest are shown, in the order of addresses, and the rest is counted", () => {
    const lengths = [1, 5, 2, 5, 3];
    let va = 0n;
    const events = lengths.flatMap((length) => {
      const stretch = Array.from({ length }, (_, i) => event("page-in", va + (BigInt(i) << 12n)));
      va += BigInt(length + 1) << 12n;
      return stretch;
    });
    const [group] = groupStretches(stretches(toColumns(events)), 2);
    expect(group?.shown.map((stretch) => [stretch.pages, stretch.va])).toEqual([
      [5, 0x2000n],
      [5, 0xb000n],
    ]);
    expect([group?.stretches, group?.pages]).toEqual([5, 16]);
  });
});

describe("lanes", () => {
  const start = [
    { tag: "heap", watched: 8, backed: 0 },
    { tag: "stack", watched: 2, backed: 2 },
  ];
  const none: EventColumns = toColumns([]);

  it("tell what happened to each tag at each dump, and how much was backed after it", () => {
    const lanes = new Lanes(start);
    expect(lanes.addStep(toColumns([event("page-in", 0x1000n), event("page-in", 0x2000n)]))).toEqual({ pageIns: 2, pageOuts: 0 });
    lanes.addStep(none);
    lanes.addStep(toColumns([event("page-out", 0x1000n), event("page-in", 0x3000n), event("page-out", 0x4000n, { tag: "stack" })]));
    lanes.addUnreadable();
    const [heap, stack] = lanes.all;
    expect([heap?.happenedStrip(1), heap?.backedStrip(1)]).toEqual(["·+·±?", "·▂▂▂▂"]);
    expect([stack?.happenedStrip(1), stack?.backedStrip(1)]).toEqual(["···-?", "███▄▄"]);
    expect(heap?.totals).toEqual({ pageIns: 3, pageOuts: 1, backed: 2 });
    expect([lanes.watched, lanes.backed]).toEqual([10, 3]);
  });

  it("put several dumps in a character where there are many, and lose no sign by it", () => {
    const lanes = new Lanes(start);
    lanes.addStep(toColumns([event("page-in", 0x1000n)]));
    lanes.addStep(toColumns([event("page-out", 0x1000n)]));
    lanes.addStep(none);
    expect(lanes.all[0]?.happenedStrip(2)).toBe("+-");
    expect(lanes.all[0]?.happenedStrip(3)).toBe("±·");
    expect(lanes.all[0]?.backedStrip(4)).toBe("·");
  });
});
