/**
 * What crosses between the caller's thread and a worker, apart from comlink's own envelopes.
 *
 * Everything here survives `postMessage`: plain values, typed arrays, no functions. Handles are numbers that the worker
 * gives out.
 */

import type { UnreadableTable } from "../../space/options.js";
import type { ChangeColumns, MappingColumns, SharedChangeColumns } from "./columns.js";

/** An `Architecture` of this package, by what tells it from others. */
export interface ArchitectureWire {
  readonly name: string;
  readonly reservedMask: bigint;
  readonly clearMask: bigint;
}

export interface VcpuWire {
  readonly root?: bigint;
  readonly arch?: ArchitectureWire;
}

export type RunWire = { readonly gfn: number; readonly count: number };
export type DamageWire = { readonly offset: number; readonly expected: string; readonly found: string };

export interface DumpWire {
  readonly id: number;
  readonly format: string;
  readonly runs: readonly RunWire[];
  readonly vcpus: readonly VcpuWire[];
  readonly damage: readonly DamageWire[];
  /**
   * It is read where it lies, so other workers can open it for themselves, be it a slice of a File at a time; what was
   * inflated lies in this one alone.
   */
  readonly lies: "in-its-source" | "in-slices" | "inflated";
}

/**
 * The pause between two reports of progress: a little fewer than 20 a second, so that there are no more even with the
 * last one, which does not wait.
 */
export const PROGRESS_PAUSE_MS = 60;

/** How a call is told that it is no longer wanted: a word in shared memory, else a URL that stops to be one. */
export type AbortToken = { readonly type: "word"; readonly index: number } | { readonly type: "url"; readonly url: string };

/** What a call carries besides its arguments. */
export interface Ticket {
  readonly call: number;
  readonly abort?: AbortToken;
  /** Where somebody listens. */
  readonly progress?: "wanted";
}

/** Beside comlink's answers, a worker sends these. */
export type Notice =
  | { readonly notice: "progress"; readonly call: number; readonly done: number; readonly total: number }
  | { readonly notice: "dump"; readonly dump: number; readonly runs: readonly RunWire[]; readonly damage: readonly DamageWire[] };

/** What several workers look at together (scan-board.ts): pieces of 4096 frames, then candidates. */
export interface ScanDeal {
  /** First GFN of each piece, ascending. */
  readonly pieces: Float64Array;
  readonly control: SharedArrayBuffer;
  /** A byte a frame, piece by piece. */
  readonly classes: SharedArrayBuffer;
  /** GFNs, and what was found out of each (facts-wire.ts). */
  readonly candidates: SharedArrayBuffer;
  readonly facts: SharedArrayBuffer;
}

/** States of a word that aborts. */
export const CALL_WAITING = 0;
export const CALL_RUNNING = 1;
export const CALL_ABORTED = 2;

/** What a listing is of. */
export type ListingKind = "mappings" | "changes" | "changes-of-roots";

export interface SpaceOptionsWire {
  readonly root: bigint;
  readonly mode?: ArchitectureWire;
  readonly range?: { readonly from: bigint; readonly to: bigint };
  readonly maximumFrames?: number;
}

export interface SharedOptionsWire extends Omit<SpaceOptionsWire, "root"> {
  readonly roots: readonly bigint[];
}

export interface ColumnsOf {
  readonly mappings: MappingColumns;
  readonly changes: ChangeColumns;
  readonly "changes-of-roots": SharedChangeColumns;
}

export interface UnreadableWire {
  readonly row: number;
  readonly table: UnreadableTable;
  readonly unit?: number;
  /** The row had begun, and was not yet at its end. */
  readonly isOpen?: true;
}

/** Rows of a listing, and the tables that were met between them: before the row at `row`, or after the last. */
export interface Page<Columns> {
  readonly columns: Columns;
  readonly unreadable: readonly UnreadableWire[];
  /**
   * Of a listing that is dealt out: the units that begin in the page, or go on from the one before, and the one that
   * goes on after.
   */
  readonly units: readonly { readonly unit: number; readonly row: number }[];
  readonly open?: number;
  readonly isLast: boolean;
}

/** How a listing is dealt out: ranges side by side, VAs without their sign, and the number of the next to be taken. */
export interface UnitDeal {
  readonly units: readonly { readonly from: bigint; readonly to: bigint }[];
  readonly next: SharedArrayBuffer;
}
