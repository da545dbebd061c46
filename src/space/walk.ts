/**
 * One walk over the space of a root: where it is, and the row that it has open.
 *
 * From its first step to its end it holds a cursor of the core. What throws puts it aside: the cursor goes back, since
 * `for … of` drops an iterator that has thrown without a word, and the same step can be made again all the same, from the
 * same VA. Whoever drops a walk half way is not heard of either; its cursor goes back once the walk has been collected.
 */

import type { Kernel } from "./kernels.js";
import type { LinearRange } from "./options.js";
import { NO_DEADLINE, type Outcome, type SpaceTables, type Standpoint } from "./tables.js";

export interface WalkOptions {
  readonly tables: SpaceTables;
  readonly kernel: Kernel;
  readonly root: bigint;
  readonly range: LinearRange;
  /** As of a cursor. */
  readonly teller?: number | undefined;
}

/** What is to be given back: apart from the walk, which would else never be collected. */
interface Held {
  readonly tables: SpaceTables;
  cursor: number | undefined;
}

const dropped = new FinalizationRegistry<Held>(giveBack);

function giveBack(held: Held): void {
  if (held.cursor !== undefined) held.tables.closeCursor(held.cursor);
  held.cursor = undefined;
}

export class Walk {
  readonly #options: WalkOptions;
  readonly #held: Held;
  readonly #generation: number;
  /** While there is no cursor. */
  #standpoint: Standpoint;

  /** `generation`: that of the tables which it may use, as `beginWalk` answers it. */
  constructor(options: WalkOptions, generation: number) {
    this.#options = options;
    this.#generation = generation;
    this.#standpoint = { at: options.range.from, openRow: undefined };
    this.#held = { tables: options.tables, cursor: undefined };
    dropped.register(this, this.#held);
  }

  /** As `SpaceTables.run`. */
  run(capacity: number, deadlineMs: number = NO_DEADLINE): Outcome {
    const { tables, kernel } = this.#options;
    return this.#step((cursor) => tables.run(kernel, cursor, capacity, deadlineMs));
  }

  /** Tells the caller of the table that was met last. */
  sayUnreadable(): void {
    const { tables } = this.#options;
    this.#step((cursor) => tables.sayUnreadable(cursor));
  }

  /** Linear VA that it goes on at. */
  get at(): bigint {
    const { cursor, tables } = this.#held;
    return cursor === undefined ? this.#standpoint.at : tables.placeOf(cursor);
  }

  /** Whether the stretch that it has come to may still be prolonged. */
  get hasOpenRow(): boolean {
    const { cursor, tables } = this.#held;
    return cursor === undefined ? this.#standpoint.openRow !== undefined : tables.hasOpenRow(cursor);
  }

  close(): void {
    this.#options.tables.refuseReentry();
    giveBack(this.#held);
  }

  #step<T>(step: (cursor: number) => T): T {
    const { tables, root, range, teller } = this.#options;
    tables.refuseReentry();
    const held = this.#held;
    const { at, openRow } = this.#standpoint;
    held.cursor ??= tables.openCursor(root, { from: at, to: range.to }, { generation: this.#generation, openRow, teller });
    try {
      return step(held.cursor);
    } catch (error) {
      this.#standpoint = tables.standpoint(held.cursor);
      giveBack(held);
      throw error;
    }
  }
}
