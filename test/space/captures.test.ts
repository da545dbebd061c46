/**
 * Whole address spaces of real guests: the bundled capture, or those that CAPTURES names, against naive listings and QEMU.
 *
 *     CAPTURES=/captures/a:/captures/b npx vitest run test/space/captures.test.ts
 */

import { describe, expect, it } from "vitest";
import { captureFolders } from "../capture/captures.js";
import { compareWithQemu, listCapture } from "../capture/list-capture.js";
import { rankCapture } from "../capture/rank-capture.js";
import { readCapture } from "../capture/truth.js";

describe.each(captureFolders())("the address spaces of $name", ({ name, folder }) => {
  const capture = readCapture(folder);

  it("are listed, summed and compared at every step as naive listings have them, the kernel's own among them", async () => {
    const { differences, spaces, leaves, stretches, changes } = await listCapture(capture);
    console.log(`${name}: ${spaces} spaces, ${leaves} leaves in ${stretches} stretches, ${changes} changes`);
    expect(differences).toEqual([]);
    expect(stretches).toBeGreaterThan(0);
    expect(changes).toBeGreaterThan(0);
  });

  it("are listed within the regions as QEMU's own walker has them, page by page, and have as many leaves", async () => {
    const { differences, leaves, pages } = await compareWithQemu(capture);
    console.log(`${name}: ${leaves} leaves counted as by QEMU, ${pages} pages compared`);
    expect(differences).toEqual([]);
    expect(pages).toBeGreaterThan(0);
  });

  it("are found by their roots at every step, those in use before all others, in the right mode", async () => {
    const { differences, asked, live, candidates, leastLive, highestOther } = await rankCapture(capture);
    console.log(`${name}: ${asked} dumps asked, ${live} roots in use among ${candidates}, score ${leastLive} against ${highestOther}`);
    expect(differences).toEqual([]);
  });
});
