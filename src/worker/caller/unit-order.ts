/**
 * Units of a listing that several workers have taken by turns, in order again.
 *
 * The pages of each worker go in, cut into segments of one unit each; what comes out is rows as one worker would have
 * given them. The last row of a unit is held back until it is known what comes next, which may prolong it.
 */

import type { ChangeColumns } from "../wire/columns.js";
import type { Page, UnreadableWire } from "../wire/wire.js";
import { prolong, prolongs, rowsOf } from "./change-joins.js";

interface Segment {
  readonly unit: number;
  readonly columns: ChangeColumns;
  readonly unreadable: readonly UnreadableWire[];
  /** Nothing more comes of the unit. */
  readonly isEnd: boolean;
}

type ChangePage = Pick<Page<ChangeColumns>, "columns" | "unreadable">;

export class UnitOrder {
  readonly #count: number;
  /** By worker: what has come and is not yet passed on. */
  readonly #waiting: Segment[][];
  /** By worker: the last segments of pages that are not yet passed on. */
  readonly #pageEnds: Set<Segment>[];
  /** The unit that is passed on now. */
  #unit = 0;
  #held: ChangeColumns | undefined;
  /** Said when the row has come within which it was met. */
  #late: readonly UnreadableWire[] = [];

  constructor(units: number, workers: number) {
    this.#count = units;
    this.#waiting = Array.from({ length: workers }, () => []);
    this.#pageEnds = Array.from({ length: workers }, () => new Set<Segment>());
  }

  /** Pages of a worker that are not yet passed on. */
  pagesOf(worker: number): number {
    return this.#pageEnds[worker].size;
  }

  add(worker: number, page: Page<ChangeColumns>): void {
    const segments = segmentsOf(page);
    this.#waiting[worker].push(...segments);
    const last = segments.at(-1);
    if (last) this.#pageEnds[worker].add(last);
  }

  /** All units have been passed on. */
  get isOver(): boolean {
    return this.#unit >= this.#count && this.#held === undefined;
  }

  /** What can be passed on now. */
  next(): ChangePage[] {
    for (;;) {
      if (this.#unit >= this.#count) return this.#release();
      const worker = this.#waiting.findIndex(([first]) => first?.unit === this.#unit);
      if (worker < 0) return [];
      const segment = this.#waiting[worker].shift() as Segment;
      this.#pageEnds[worker].delete(segment);
      if (segment.isEnd) this.#unit++;
      const pages = this.#pass(segment);
      if (pages.length > 0) return pages;
    }
  }

  #release(): ChangePage[] {
    const held = this.#held;
    this.#held = undefined;
    return held ? [{ columns: held, unreadable: [] }] : [];
  }

  #pass({ columns, unreadable, isEnd }: Segment): ChangePage[] {
    const pages: ChangePage[] = [];
    // What is met before the unit's first row has begun is said while, to one worker, the held row would still be open.
    const early = unreadable.filter(({ row, isOpen }) => row === 0 && !isOpen);
    if (early.length > 0) pages.push({ columns: rowsOf(columns, 0, 0), unreadable: early });
    const late = [...this.#late, ...unreadable.filter(({ row, isOpen }) => row > 0 || isOpen)];
    if (columns.length === 0) {
      // The first row has begun and is still to come: whether it ends the held one is not yet known.
      this.#late = late;
      return pages;
    }
    this.#late = [];
    if (this.#held && prolongs(this.#held, columns)) {
      prolong(this.#held, columns);
      this.#held = undefined;
    } else pages.push(...this.#release());
    // Within a unit a row comes when the next one has begun; only its last may go on behind the cut.
    const passed = isEnd ? columns.length - 1 : columns.length;
    if (passed < columns.length) this.#held = rowsOf(columns, passed, columns.length);
    if (passed > 0 || late.length > 0) pages.push({ columns: rowsOf(columns, 0, passed), unreadable: late });
    return pages;
  }
}

function segmentsOf({ columns, unreadable, units, open }: Page<ChangeColumns>): Segment[] {
  return units.map(({ unit, row: from }, i) => {
    const to = units[i + 1]?.row ?? columns.length;
    const own = unreadable.filter((said) => said.unit === unit).map((said) => ({ ...said, row: said.row - from }));
    return { unit, columns: rowsOf(columns, from, to), unreadable: own, isEnd: unit !== open };
  });
}
