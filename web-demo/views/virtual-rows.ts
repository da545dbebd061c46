/**
 * Which rows of a list are in sight, and where they stand.
 *
 * Browsers bound the height of an element; a list beyond that is scrolled by proportion.
 */

import { Virtualizer } from "@tanstack/virtual-core";

export const ROW_HEIGHT = 26;
const OVERSCAN = 4;
/** Browsers draw elements up to some 17 to 33 million pixels. */
export const TALLEST = 12_000_000;

export interface Shown {
  readonly first: number;
  readonly end: number;
  /** Pixels from the top of the content to the first row. */
  readonly top: number;
}

/** How far the list moves for a pixel of the scroll: 1, but for lists taller than an element may be. */
function ratioOf(element: HTMLElement, total: number): number {
  const room = element.clientHeight - ROW_HEIGHT;
  const tall = total * ROW_HEIGHT;
  return tall <= TALLEST ? 1 : (tall - room) / (TALLEST - room);
}

export function makeVirtualizer(
  element: HTMLDivElement,
  total: number,
  onChange: (shown: Shown) => void,
): Virtualizer<HTMLDivElement, Element> {
  const offset = (): number => element.scrollTop * ratioOf(element, total);
  const update = (list: Virtualizer<HTMLDivElement, Element>): void => {
    const items = list.getVirtualItems();
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return onChange({ first: 0, end: 0, top: 0 });
    // Rows keep their distance to the top of the sight, wherever the scroll has brought it.
    onChange({ first: first.index, end: last.index + 1, top: element.scrollTop + first.start - offset() });
  };
  return new Virtualizer<HTMLDivElement, Element>({
    count: total,
    getScrollElement: () => element,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollToFn: () => {},
    observeElementRect: (_, notify) => {
      const measure = (): void => notify({ width: element.clientWidth, height: element.clientHeight - ROW_HEIGHT });
      const observer = new ResizeObserver(measure);
      observer.observe(element);
      measure();
      return () => observer.disconnect();
    },
    observeElementOffset: (_, notify) => {
      const scrolled = (): void => notify(offset(), false);
      element.addEventListener("scroll", scrolled, { passive: true });
      scrolled();
      return () => element.removeEventListener("scroll", scrolled);
    },
    initialOffset: offset(),
    onChange: update,
  });
}

export function bringInSight(element: HTMLElement, row: number, total: number): void {
  const ratio = ratioOf(element, total);
  const room = element.clientHeight - ROW_HEIGHT;
  const top = row * ROW_HEIGHT;
  const offset = element.scrollTop * ratio;
  if (top < offset) element.scrollTop = top / ratio;
  else if (top + ROW_HEIGHT > offset + room) element.scrollTop = Math.ceil((top + ROW_HEIGHT - room) / ratio);
}
