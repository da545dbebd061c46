/**
 * The kernels of the core that work on a cursor until `capacity` rows are in the window, or they need their caller;
 * they answer SPACE_….
 *
 * Given the core's exports at each call: between two walks a listing may have come to another instance.
 */

import type { CoreExports } from "../core/exports.js";

export type Kernel = (exports: CoreExports, cursor: number, capacity: number) => number;

export const listSpace: Kernel = (exports, cursor, capacity) => exports.listSpace(cursor, capacity);
export const compareSpace: Kernel = (exports, cursor, capacity) => exports.compareSpace(cursor, capacity);
export const sumSpace: Kernel = (exports, cursor) => exports.sumSpace(cursor);
export const rootEntries: Kernel = (exports, cursor) => exports.rootEntries(cursor);
