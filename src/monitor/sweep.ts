/**
 * The end of a call: tables that no node stands on any more go, and what was protected is released.
 */

import type { Core } from "../core/core.js";
import * as layout from "../core/layout.js";
import type { Protection } from "./protection.js";

/** The call has succeeded: what is stuck is tried once more, then the tables that it has left go. Never throws. */
export function sweepAfterSuccess(core: Core, protection: Protection): void {
  protection.retry();
  sweepTables(core, protection);
}

/** The tables that the call has left go, and what was protected is released. Never throws. */
export function sweepTables(core: Core, protection: Protection): void {
  sweep(core, (table) => protection.release(table));
  protection.endCall();
}

/** The call has failed and is taken back: tables that it alone has brought go as they came. Never throws. */
export function sweepAfterFailure(core: Core, protection: Protection): void {
  sweep(core, (table) => {
    if (!protection.revert(table)) protection.release(table);
  });
  protection.endCall();
}

function sweep(core: Core, release: (table: number) => void): void {
  if (core.control(layout.CONTROL_SUSPECTS) === 0) return;
  for (let table = core.exports.sweep() >>> 0; table; table = core.exports.sweep() >>> 0) {
    release(table);
    core.exports.forgetTable(table);
  }
}

/** Calls `visit` for every table record. */
export function forEachTable(core: Core, visit: (table: number) => void): void {
  for (let table = core.control(layout.CONTROL_FIRST_TABLE); table; ) {
    const next = core.u32[(table + layout.TABLE_NEXT) >>> 2];
    visit(table);
    table = next;
  }
}
