/**
 * Whole address spaces: a dump scanned for roots, two states compared, what is mapped listed and summed.
 *
 * Each is what a user calls, from nothing: the core's memory is made, the dump opened, every row taken as an object.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { elapsedNs } from "../clock.mjs";
import { expectEqual } from "../expect.mjs";

const TABLE_BYTES = 4096;
const COMMAND = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));

/** `ptm diff`, as it is typed: a process of its own, its table read. Answers its last line. */
function diff({ paths }, ...words) {
  return execFileSync(process.execPath, [COMMAND, "diff", ...paths, ...words], { encoding: "utf8" })
    .trimEnd()
    .split("\n")
    .at(-1);
}

function changesIn(lastLine) {
  return Number(/^([\d,]+) changes?,/.exec(lastLine)?.[1].replaceAll(",", ""));
}

export const spaceRows = [
  {
    id: "roots-scan",
    async run({ library, world }) {
      const dump = await library.openDump(world.path);
      const found = await library.findRoots(dump);
      dump.close();
      return found;
    },
    units: ({ world }) => world.bytes,
    check({ world }, found) {
      const best = new Set(found.slice(0, world.roots.length + 1).map(({ root }) => root));
      expectEqual(world.roots.filter((root) => best.has(root)).length, world.roots.length, "roots found before any other");
    },
  },
  {
    id: "changes-thousandth",
    async run({ library, world }) {
      let rows = 0;
      for (const { length } of await library.changes(world.before, world.after, { root: world.root })) if (length > 0n) rows++;
      return rows;
    },
    units: ({ world }) => 2 * TABLE_BYTES * world.tables,
    // Two changes side by side may make one stretch, hardly ever more.
    check: ({ world }, rows) =>
      expectEqual(rows > 0.99 * world.changed && rows <= world.changed, true, `${rows} of ${world.changed} changes`),
  },
  {
    id: "changes-none",
    async run({ library, world }) {
      return [...(await library.changes(world.before, world.before, { root: world.root }))].length;
    },
    units: ({ world }) => 2 * TABLE_BYTES * world.tables,
    check: (_, rows) => expectEqual(rows, 0, "changes"),
  },
  {
    id: "diff-command",
    clock: elapsedNs,
    run: ({ world }) => diff(world, "--root", `0x${world.roots[0].toString(16)}`),
    units: ({ world }) => world.bytes,
    check: (_, lastLine) => expectEqual(changesIn(lastLine) > 0, true, lastLine),
  },
  {
    id: "diff-command-all",
    clock: elapsedNs,
    run: ({ world }) => diff(world, "--all"),
    units: ({ world }) => world.bytes,
    // Two changes side by side may make one stretch.
    check: ({ world }, lastLine) =>
      expectEqual(
        changesIn(lastLine) > 0.98 * world.changed && changesIn(lastLine) <= world.changed,
        true,
        `${lastLine} of ${world.changed}`,
      ),
  },
  {
    id: "maps-listed",
    async run({ library, world }) {
      let rows = 0;
      for (const { length } of await library.mappings(world.before, { root: world.root })) if (length > 0n) rows++;
      return rows;
    },
    units: (_, rows) => rows,
    check: ({ world }, rows) => expectEqual(rows > 300 * world.tables, true, `${rows} stretches`),
  },
  {
    id: "maps-summed",
    run: ({ library, world }) => library.summarize(world.before, { root: world.root }),
    units: ({ world }) => TABLE_BYTES * world.tables,
    check: ({ world }, { tables }) => expectEqual(tables, world.tables, "tables"),
  },
  {
    id: "leaves-summed",
    run: ({ library, world }) => library.summarize(world.guest, { root: world.root }),
    units: () => 1,
    check: ({ world }, { pages, tables }) => expectEqual(`${pages} ${tables}`, `${world.leaves} 4`, "pages and tables"),
  },
];
