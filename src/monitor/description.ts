/**
 * The monitor's state for a person: what is watched, which tables that takes, which of them are protected.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import { hex } from "../model/hex.js";
import { type Protection, tableName } from "./protection.js";
import type { Spaces } from "./spaces.js";
import { forEachTable } from "./sweep.js";

/** Several lines: the counts, the spaces, the tables by view and GFN, and those that could not be released. */
export function describeState(core: Core, spaces: Spaces, protection: Protection): string {
  const lines = [
    `${core.arch.name}: ${core.control(layout.CONTROL_ADDRESSES)} addresses, ${core.control(layout.CONTROL_BACKED)} backed, ` +
      `${core.control(layout.CONTROL_ENTRIES)} entries in ${core.control(layout.CONTROL_TABLES)} tables`,
  ];
  for (const { view, root, record } of spaces.ordered) {
    lines.push(`space  view ${view}  root ${hex(root)}  ${core.u32[(record + layout.SPACE_ADDRESSES) >>> 2]} addresses`);
  }
  for (const { view, gfn, entries, isProtected, access } of tablesOf(core)) {
    const state = isProtected ? `protected, had ${accessName(access)}` : "not protected";
    lines.push(`table  view ${view}  gfn ${hex(gfn)}  ${entries} entries  ${state}`);
  }
  for (const { view, gfn, access } of protection.stuck) {
    lines.push(`stuck  view ${view}  gfn ${hex(gfn)}  still protected, to be given back ${accessName(access)}`);
  }
  return lines.join("\n");
}

function tablesOf(core: Core) {
  const tables: { view: number; gfn: number; entries: number; isProtected: boolean; access: number }[] = [];
  forEachTable(core, (table) => {
    const flags = core.u32[(table + layout.TABLE_FLAGS) >>> 2];
    const access = core.u32[(table + layout.TABLE_ACCESS) >>> 2];
    const isProtected = (flags & layout.TABLE_FLAG_PROTECTED) !== 0;
    tables.push({ ...tableName(core, table), entries: monitoredEntries(core, table), isProtected, access });
  });
  return tables.sort((a, b) => a.view - b.view || a.gfn - b.gfn);
}

function monitoredEntries(core: Core, table: number): number {
  let count = 0;
  for (let word = 0; word < layout.BITMAP_BYTES / 4; word++) {
    for (let bits = core.u32[((table + layout.TABLE_MONITORED) >>> 2) + word]; bits; bits &= bits - 1) count++;
  }
  return count;
}

/** "rwx", "r--". */
function accessName(access: number): string {
  return `${access & 1 ? "r" : "-"}${access & 2 ? "w" : "-"}${access & 4 ? "x" : "-"}`;
}
