/** The events, a row each, of which only those in sight are in the document. */

import { computed, effect, useSignal } from "@preact/signals";
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { EventRow, EventStore, Leaf } from "../model/events.js";
import { isSamePlace } from "../model/filter.js";
import { accessText, bytes, hex, pageSizeText } from "../model/format.js";
import { answer, filtered, isFiltering } from "../state/answer.js";
import { listCursor } from "../state/list-cursor.js";
import { chosenStep, filter, inspect, inspected } from "../state/view.js";
import { Address } from "./address.js";
import { TypeMark } from "./type-mark.js";
import { bringInSight, followSight, NOTHING_SHOWN, ROW_HEIGHT, type Scroll, type Shown, TALLEST } from "./virtual-rows.js";

/** More than are ever in sight at once. */
const SLOTS = 256;

/** Rows that are made anew in one frame: the fewest to begin with, twice as many after a frame in time, half as many after one too late. */
const FEWEST_ROWS = 4;
const MOST_ROWS = 16;
const IN_TIME_MILLISECONDS = 20;

/** The inspected address at the chosen step. */
const inspectedPlace = computed(() => inspected.value && { va: inspected.value.va, step: chosenStep.value });

export function EventList() {
  const scroller = useRef<HTMLDivElement>(null);
  const scroll = useRef<Scroll>({ top: 0 });
  const shown = useSignal<Shown>(NOTHING_SHOWN);
  const found = filtered.value;
  const rows = found?.rows;
  const total = rows?.length ?? 0;
  useEffect(() => {
    if (scroller.current === null) return;
    const element = scroller.current;
    const stop = followSight(element, scroll.current, total, (next) => {
      const now = shown.peek();
      if (next.first !== now.first || next.end !== now.end || next.top !== now.top || next.total !== now.total) shown.value = next;
    });
    let before = listCursor.peek();
    const stopFollowing = effect(() => {
      const cursor = listCursor.value;
      if (total > 0 && cursor !== before) bringInSight(element, Math.min(cursor, total - 1), total);
      before = cursor;
    });
    return () => {
      stopFollowing();
      stop();
    };
  }, [rows, total, shown]);
  // Another filter begins at the cursor; rows that only go on coming leave the sight where it is.
  const wanted = filter.value;
  const wantedBefore = useRef(wanted);
  useEffect(() => {
    if (wanted !== wantedBefore.current && scroller.current !== null && total > 0)
      bringInSight(scroller.current, Math.min(listCursor.peek(), total - 1), total);
    wantedBefore.current = wanted;
  });
  const now = answer.value;
  const { first, top } = shown.value;
  const end = Math.min(shown.value.end, total);
  const made = useInSlices(first, end);
  const isWhole = shown.value.total === total && made.first === first && made.end === end;
  const cursor = Math.min(listCursor.value, Math.max(0, total - 1));
  const visible: number[] = [];
  for (let at = first; at < end; at++) visible.push(at);
  return (
    <section class="events" aria-label="Events">
      <div
        id="events"
        class="event-scroll"
        ref={scroller}
        role="grid"
        aria-label="Events: Enter inspects the address"
        aria-rowcount={total + 1}
        aria-activedescendant={visible.includes(cursor) ? `event-${cursor}` : undefined}
        tabIndex={0}
        data-status={now?.status}
        data-filtered={isFiltering.value || found === undefined || !isWhole ? "no" : "yes"}
        onKeyDown={(event) => moveCursor(event, total, scroller.current)}
      >
        <div class="event-head" role="row" aria-rowindex={1}>
          <span role="columnheader">step</span>
          <span role="columnheader">event</span>
          <span role="columnheader">address</span>
          <span role="columnheader" class="right">
            length
          </span>
          <span role="columnheader">{now?.isTagged ? "tag" : "lane"}</span>
          <span role="columnheader" class="col-before">
            before
          </span>
          <span role="columnheader" class="col-after">
            after
          </span>
        </div>
        <div class="event-body" role="rowgroup" style={{ height: `${Math.max(1, Math.min(TALLEST, total * ROW_HEIGHT))}px` }}>
          <div style={{ transform: `translateY(${top}px)` }} role="presentation">
            {now !== undefined &&
              rows !== undefined &&
              visible.map((at) => {
                if (at < made.first || at >= made.end) return <div key={at % SLOTS} class="event-later" role="presentation" />;
                const event = now.store.row(rows[at] as number);
                return (
                  <Row
                    key={at % SLOTS}
                    at={at}
                    event={event}
                    store={now.store}
                    lane={laneName(event)}
                    isCursor={at === cursor}
                    isInspected={isAt(event, inspectedPlace.value)}
                  />
                );
              })}
          </div>
        </div>
        {total === 0 && <p class="nothing">{nothingText()}</p>}
      </div>
    </section>
  );
}

function nothingText(): string {
  const now = answer.value;
  if (now === undefined || now.status === "running") return "";
  return now.store.length === 0 ? "Nothing changed between these dumps." : "No event passes these filters.";
}

/**
 * Which of the rows in sight are in the document yet: those that were, and some more each frame. All at once would hold up a frame
 * where the machine has other work, as it does while dumps are read.
 */
function useInSlices(first: number, end: number): { readonly first: number; readonly end: number } {
  const made = useRef({ first: 0, end: 0 });
  const slice = useRef(FEWEST_ROWS);
  const frame = useSignal(0);
  // The next slice is made by being drawn again.
  frame.value;
  const [from, to] = [Math.max(first, made.current.first), Math.min(end, made.current.end)];
  if (from >= to) {
    made.current = { first, end: Math.min(end, first + slice.current) };
  } else {
    const below = Math.min(end, to + slice.current);
    made.current = { first: Math.max(first, from - (slice.current - (below - to))), end: below };
  }
  const isWhole = made.current.first === first && made.current.end === end;
  useEffect(() => {
    if (isWhole) return;
    const asked = performance.now();
    const request = requestAnimationFrame(() => {
      const isInTime = performance.now() - asked < IN_TIME_MILLISECONDS;
      slice.current = isInTime ? Math.min(MOST_ROWS, 2 * slice.current) : Math.max(FEWEST_ROWS, slice.current >> 1);
      frame.value++;
    });
    return () => cancelAnimationFrame(request);
  });
  return made.current;
}

interface RowProps {
  readonly at: number;
  readonly event: EventRow;
  readonly store: EventStore;
  readonly lane: string;
  readonly isCursor: boolean;
  readonly isInspected: boolean;
}

/** Rows stay as they are while they are scrolled by; one that leaves the sight is the next that comes, with other words in it. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (
      next.at !== now.at ||
      next.event.row !== now.event.row ||
      next.store !== now.store ||
      next.lane !== now.lane ||
      next.isCursor !== now.isCursor ||
      next.isInspected !== now.isInspected
    );
  }

  override render({ at, event, store, lane, isCursor, isInspected }: RowProps) {
    const isMove = event.type === "page-in" && isSamePlace(store, event.row);
    return <RowCells at={at} row={event} lane={lane} isCursor={isCursor} isInspected={isInspected} isMove={isMove} />;
  }
}

function RowCells({
  at,
  row,
  lane,
  isCursor,
  isInspected,
  isMove,
}: Omit<RowProps, "event" | "store"> & { readonly row: EventRow; readonly isMove: boolean }) {
  return (
    <div
      id={`event-${at}`}
      class={`event${isCursor ? " is-cursor" : ""}${isInspected ? " is-inspected" : ""}`}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={isCursor}
      tabIndex={-1}
      data-step={row.step}
      data-type={row.type}
      onClick={() => choose(at)}
    >
      <span role="gridcell" class="mono">
        {row.step}
      </span>
      <span role="gridcell">
        <TypeMark type={row.type} />
      </span>
      <span role="gridcell" class="mono">
        <Address value={row.va} />
      </span>
      <span role="gridcell" class="mono right">
        {bytes(row.length)}
      </span>
      <span role="gridcell" class="lane-cell">
        {lane}
      </span>
      <span role="gridcell" class="mono col-before">
        <LeafText leaf={row.before} />
      </span>
      <span role="gridcell" class="mono col-after">
        {row.fault === undefined ? <LeafText leaf={row.after} /> : <span class="quiet">{row.fault}</span>}
        {isMove && <span class="quiet"> moved</span>}
      </span>
    </div>
  );
}

function LeafText({ leaf }: { readonly leaf: Leaf | undefined }) {
  if (leaf === undefined) return <span class="quiet">–</span>;
  const isBoth = leaf.access?.write && leaf.access.execute;
  return (
    <>
      {hex(leaf.pa)} <span class="quiet">{pageSizeText(leaf.pageSize)}</span>{" "}
      {leaf.access && <span class={isBoth ? "both" : "quiet"}>{accessText(leaf.access)}</span>}
    </>
  );
}

function isAt({ va, length, step }: EventRow, place: { readonly va: bigint; readonly step: number } | undefined): boolean {
  return place !== undefined && step === place.step && place.va >= va && place.va < va + length;
}

function laneName(row: EventRow): string {
  const now = answer.peek();
  if (row.tag !== undefined) return now?.tags[row.tag] ?? "";
  const page = Number(row.va >> 12n);
  const lanes = filtered.peek()?.lanes ?? [];
  const lane =
    lanes.find(({ type, fromPage, toPage }) => type === "tag" && fromPage <= page && page < toPage) ??
    lanes.find(({ fromPage, toPage }) => fromPage <= page && page < toPage);
  return lane?.title ?? "";
}

/** Puts the cursor there and inspects the address. */
function choose(at: number): void {
  listCursor.value = at;
  showRow(at, "open");
}

/** An inspector that is open follows the cursor. */
function showRow(at: number, when: "open" | "if-open"): void {
  const row = filtered.peek()?.rows[at];
  const now = answer.peek();
  if (row === undefined || now === undefined || (when === "if-open" && inspected.peek() === undefined)) return;
  const { step, va } = now.store.row(row);
  chosenStep.value = step;
  inspect({ va, level: undefined });
}

function moveCursor(event: KeyboardEvent, total: number, scroller: HTMLElement | null): void {
  if (event.ctrlKey || event.metaKey || event.altKey || total === 0) return;
  const page = Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
  const now = Math.min(listCursor.value, total - 1);
  const next = {
    ArrowDown: now + 1,
    ArrowUp: now - 1,
    PageDown: now + page,
    PageUp: now - page,
    Home: 0,
    End: total - 1,
  }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    listCursor.value = Math.max(0, Math.min(total - 1, next));
    showRow(listCursor.value, "if-open");
  } else if (event.key === "Enter") {
    event.preventDefault();
    choose(now);
  }
}
