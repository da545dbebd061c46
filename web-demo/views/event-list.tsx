/** The events, a row each, of which only those in sight are in the document. */

import { computed, effect, useSignal } from "@preact/signals";
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { EventRow, EventStore, Leaf } from "../model/events.js";
import { type FilteredEvents, isSamePlace } from "../model/filter.js";
import { accessText, bytes, hex, pageSizeText } from "../model/format.js";
import { answer, filtered, isFiltering } from "../state/answer.js";
import { listCursor } from "../state/list-cursor.js";
import { chosenStep, inspect, inspected } from "../state/view.js";
import { Address } from "./address.js";
import { TypeMark } from "./type-mark.js";
import { bringInSight, makeVirtualizer, ROW_HEIGHT, type Shown, TALLEST } from "./virtual-rows.js";

/** The inspected address at the chosen step, the same object as long as both stay. */
const inspectedPlace = computed(() => inspected.value && { va: inspected.value.va, step: chosenStep.value });

export function EventList() {
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useSignal<Shown>({ first: 0, end: 0, top: 0 });
  const found = filtered.value;
  const rows = found?.rows;
  const total = rows?.length ?? 0;
  useEffect(() => {
    if (scroller.current === null) return;
    const element = scroller.current;
    const list = makeVirtualizer(element, total, (next) => {
      shown.value = next;
    });
    const stop = list._didMount();
    list._willUpdate();
    const stopFollowing = effect(() => {
      const cursor = listCursor.value;
      if (total > 0) bringInSight(element, Math.min(cursor, total - 1), total);
    });
    return () => {
      stopFollowing();
      stop();
    };
  }, [rows, total, shown]);
  const now = answer.value;
  const { first, end, top } = shown.value;
  const cursor = Math.min(listCursor.value, Math.max(0, total - 1));
  const visible: number[] = [];
  for (let at = first; at < Math.min(end, total); at++) visible.push(at);
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
        data-filtered={isFiltering.value || filtered.value === undefined ? "no" : "yes"}
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
              found !== undefined &&
              visible.map((at) => (
                <Row
                  key={at}
                  at={at}
                  row={rows[at] as number}
                  store={now.store}
                  found={found}
                  isCursor={at === cursor}
                  shown={inspectedPlace.value}
                />
              ))}
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

interface RowProps {
  readonly at: number;
  readonly row: number;
  readonly store: EventStore;
  /** What the row's lane is taken from. */
  readonly found: FilteredEvents;
  readonly isCursor: boolean;
  readonly shown: { readonly va: bigint; readonly step: number } | undefined;
}

/** Rows stay as they are while they are scrolled by. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (
      next.row !== now.row ||
      next.store !== now.store ||
      next.found !== now.found ||
      next.isCursor !== now.isCursor ||
      next.shown !== now.shown
    );
  }

  override render({ at, row, store, isCursor, shown }: RowProps) {
    return <RowCells at={at} row={store.row(row)} isCursor={isCursor} shown={shown} />;
  }
}

function RowCells({ at, row, isCursor, shown }: Pick<RowProps, "at" | "isCursor" | "shown"> & { readonly row: EventRow }) {
  const now = answer.peek();
  const isInspected = shown !== undefined && row.step === shown.step && contains(row, shown.va);
  const isMove = row.type === "page-in" && now !== undefined && isSamePlace(now.store, row.row);
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
        {laneName(row)}
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

function contains({ va, length }: EventRow, place: bigint): boolean {
  return place >= va && place < va + length;
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
