/** Translation of a real guest's memory against the word of its own kernel. */

import { describe, expect, it } from "vitest";
import { captureFolders } from "./captures.js";
import { readNotes, translateCapture } from "./translate-capture.js";
import { readCapture } from "./truth.js";

const ARCHITECTURES: Readonly<Record<string, string>> = { "x86-4level": "amd64", "x86-5level": "amd64-la57" };

describe.each(captureFolders())("translations in $name", ({ name, folder }) => {
  const capture = readCapture(folder);

  it("takes the workload's root, every vCPU's root and the paging mode from the notes of every dump, and finds no damage", async () => {
    const archName = ARCHITECTURES[capture.mode];
    for (const step of capture.steps) {
      const { vcpuRoots, archNames, damage } = await readNotes(step);
      expect(vcpuRoots, step.label).toEqual(step.cpuRoots);
      expect(vcpuRoots[step.parentCpu], step.label).toBe(step.processes.find(({ role }) => role === "parent")?.root);
      expect(archNames, step.label).toEqual(step.cpuRoots.map(() => archName));
      expect(damage, step.label).toEqual([]);
    }
  });

  it("translates every page of every region at every step as the guest's kernel said, for parent and child", async () => {
    const { pages, backed, sizes, mismatches, mismatchCount } = await translateCapture(capture);
    console.log(`${name}: ${pages} pages translated, ${backed} of them backed, ${sizes} page sizes, ${mismatchCount} mismatches`);
    expect(mismatches).toEqual([]);
    expect(backed).toBeGreaterThan(0);
    expect(sizes).toBeGreaterThan(0);
  });
});
