/** Replay of a real guest's memory: the events of every step against the word of its own kernel. */

import { describe, expect, it } from "vitest";
import { captureFolders } from "./captures.js";
import { replayCapture } from "./replay-capture.js";
import { byMarks, bySnapshot } from "./transports.js";
import { readCapture } from "./truth.js";

const TRANSPORTS = [
  { way: "snapshots", transport: bySnapshot },
  { way: "marks on what was written", transport: byMarks },
] as const;

describe.each(captureFolders())("replay of $name", ({ name, folder }) => {
  const capture = readCapture(folder);

  it.each(TRANSPORTS)(
    "tells by $way exactly the events that the guest's kernel implies, for parent and child, and counts right",
    async ({ way, transport }) => {
      const { steps, taken, counts, expectedCounts } = await replayCapture(capture, transport);
      const wrong = steps.flatMap(({ label, differences }) => differences.map((difference) => `${label}: ${difference}`));
      const pageIns = steps.reduce((total, step) => total + step.pageIns, 0);
      const pageOuts = steps.reduce((total, step) => total + step.pageOuts, 0);
      console.log(`${name}, by ${way}: ${pageIns} page-ins, ${pageOuts} page-outs, ${wrong.length} differences`);
      expect(wrong.slice(0, 20)).toEqual([]);
      expect(taken.mismatches).toEqual([]);
      expect(counts).toEqual(expectedCounts);
      expect(pageIns).toBeGreaterThan(0);
      expect(pageOuts).toBeGreaterThan(0);
      // Permissions, accessed and dirty bits and copy-on-write protection change at these; no page comes or goes.
      for (const silent of ["protect", "clear-refs", "fork"]) {
        expect(steps.find(({ label }) => label === silent)).toMatchObject({ pageIns: 0, pageOuts: 0 });
      }
    },
  );
});
