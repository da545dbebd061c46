/** What `mappings` lists, against a naive listing on random worlds, on every build of the core. */

import { expect, it } from "vitest";
import { type Mapping, mappings, type UnreadableTable } from "../../src/index.js";
import { forEachBuild } from "../support/builds.js";
import { stretchesOf } from "./naive.js";
import { onRandomSpaces } from "./random-spaces.js";

forEachBuild(() => {
  it("lists on random worlds what a naive listing finds", async () => {
    await onRandomSpaces(async (memory, options, expected) => {
      const unreadable: UnreadableTable[] = [];
      const found = await mappings(memory, { ...options, onUnreadable: (table) => unreadable.push(table) });
      const listed: Mapping[] = [...found];
      expect(listed).toEqual(stretchesOf(expected.leaves));
      expect(unreadable).toEqual(expected.unreadable.map((table) => ({ ...table, in: "after" })));
    });
  });
});
