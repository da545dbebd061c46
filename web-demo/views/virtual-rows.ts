/**
 * Which rows of a list are in sight, and where they stand.
 *
 * The library measures every row that it is given, which holds up a frame where there are a million. Rows are all alike: it is given a
 * stretch of them around the sight, and how far the sight is in that stretch. Browsers bound the height of an element, too; a
 * list beyond that is scrolled by proportion.
 */

import { Virtualizer } from "@tanstack/virtual-core";
import { observeSize } from "./observe-size.js";

export const ROW_HEIGHT = 26;
const OVERSCAN = 4;
/** Browsers draw elements up to some 17 to 33 million pixels. */
export const TALLEST = 12_000_000;
/** Rows that the library is given: many times what fits a screen. */
const STRETCH_ROWS = 1024;

export interface Shown {
  readonly first: number;
  readonly end: number;
  /** Pixels from the top of the content to the first row. */
  readonly top: number;
  /** Of how many rows. */
  readonly total: number;
}

/** How far an element is scrolled, as its events said: asking it lays the page out. */
export interface Scroll {
  top: number;
}

export const NOTHING_SHOWN: Shown = { first: 0, end: 0, top: 0, total: 0 };

/** How far the list moves for a pixel of the scroll: 1, but for lists taller than an element may be. */
function ratioOf(height: number, total: number): number {
  const tall = total * ROW_HEIGHT;
  const room = height - ROW_HEIGHT;
  return tall <= TALLEST ? 1 : (tall - room) / (TALLEST - room);
}

/** Tells the rows in sight, now and whenever they change; answers how to end it. */
export function followSight(element: HTMLDivElement, scroll: Scroll, total: number, onChange: (shown: Shown) => void): () => void {
  const count = Math.min(total, STRETCH_ROWS);
  let [firstOfStretch, offsetInStretch, height] = [0, 0, 0];
  /** The stretch moves along by halves of itself. */
  const look = (): void => {
    const offset = scroll.top * ratioOf(height, total);
    const half = STRETCH_ROWS / 2;
    firstOfStretch = Math.max(0, Math.min(total - count, Math.floor(offset / ROW_HEIGHT / half) * half - half / 2));
    offsetInStretch = offset - firstOfStretch * ROW_HEIGHT;
  };
  const update = (list: Virtualizer<HTMLDivElement, Element>): void => {
    if (height === 0) return;
    const items = list.getVirtualItems();
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return onChange({ ...NOTHING_SHOWN, total });
    // Rows keep their distance to the top of the sight, wherever the scroll has brought it.
    const top = scroll.top + first.start - offsetInStretch;
    onChange({ first: firstOfStretch + first.index, end: firstOfStretch + last.index + 1, top, total });
  };
  let tellOffset = (): void => {};
  const list = new Virtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => element,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollToFn: () => {},
    observeElementRect: (self, notify) =>
      observeSize(element, (size) => {
        height = size.height;
        notify({ width: size.width, height: height - ROW_HEIGHT });
        tellOffset();
        update(self);
      }),
    observeElementOffset: (self, notify) => {
      tellOffset = () => {
        look();
        notify(offsetInStretch, false);
      };
      const scrolled = (): void => {
        scroll.top = element.scrollTop;
        tellOffset();
        // The library is silent where the same rows of another stretch are in sight.
        update(self);
      };
      element.addEventListener("scroll", scrolled, { passive: true });
      tellOffset();
      return () => element.removeEventListener("scroll", scrolled);
    },
    onChange: update,
  });
  const stop = list._didMount();
  list._willUpdate();
  return stop;
}

export function bringInSight(element: HTMLElement, row: number, total: number): void {
  const ratio = ratioOf(element.clientHeight, total);
  const room = element.clientHeight - ROW_HEIGHT;
  const top = row * ROW_HEIGHT;
  const offset = element.scrollTop * ratio;
  if (top < offset) element.scrollTop = top / ratio;
  else if (top + ROW_HEIGHT > offset + room) element.scrollTop = Math.ceil((top + ROW_HEIGHT - room) / ratio);
}
