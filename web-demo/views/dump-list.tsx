/** The dumps in their order: what each is, what it holds, what is wrong with it; moved by handle, buttons or keys. */

import { signal } from "@preact/signals";
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { bytes, count, counted, hex } from "../model/format.js";
import { modeOf } from "../state/answer.js";
import { complaints, type DumpItem, dumps, missingFiles, moveDump, removeDumps, sortDumps } from "../state/dumps.js";
import { goToStep } from "../state/timeline-window.js";
import { chosenStep } from "../state/view.js";
import { HeldStrip } from "./held-strip.js";
import { Icon } from "./icons.js";
import { picked, shortList } from "./start.js";
import { useStages } from "./use-stages.js";

const dragged = signal<number | undefined>(undefined);
const SHOWN_DAMAGE = 2;
/** Beyond this the strips are left out: the list is long enough. */
const MOST_STRIPS = 64;

/** Rows that are made in one frame. */
const ROWS_A_FRAME = 24;
/** So much of a name is always to be seen: its end, which tells a series apart. */
const NAME_END = 16;

export function DumpList() {
  const items = dumps.value;
  const list = useRef<HTMLOListElement>(null);
  const chosen = chosenStep.value;
  const troubled = items.flatMap((item, step) => (hasTrouble(item) ? [step] : []));
  const parts = useStages(Math.ceil(items.length / ROWS_A_FRAME));
  useEffect(() => {
    const row = list.current?.children[chosen];
    if (row) bringRowInSight(row as HTMLElement);
  }, [chosen, parts]);
  return (
    <section aria-labelledby="dumps-title">
      <div class="section-head">
        <h2 id="dumps-title">{counted(items.length, "dump")}</h2>
        <div class="spring" />
        <button type="button" class="small" onClick={sortDumps} title="In the order of their names">
          Sort
        </button>
        <button type="button" class="small" onClick={() => removeDumps(dumps.value.map(({ id }) => id))}>
          Remove all
        </button>
        <label class="button small">
          Add…
          <input id="file-input" class="visually-hidden" type="file" multiple onChange={picked} aria-label="Add dumps" />
        </label>
      </div>
      {troubled.length > 0 && (
        <button
          type="button"
          id="troubled-button"
          class="small is-trouble"
          onClick={() => showNextTrouble(list.current, troubled)}
          title="Show the next one in the list"
        >
          {counted(troubled.length, "dump")} with problems
        </button>
      )}
      {missingFiles.value.length > 0 && (
        <p class="problem" role="status" id="missing-files">
          The link was made with {counted(missingFiles.value.length, "more file", "more files")}:{" "}
          <span class="mono">{shortList(missingFiles.value)}</span>. Without {missingFiles.value.length === 1 ? "it" : "them"} steps may be
          others.
        </p>
      )}
      <ol class="dumps" ref={list}>
        {items.slice(0, parts * ROWS_A_FRAME).map((item, step) => (
          <DumpRow
            key={item.id}
            item={item}
            step={step}
            hasStrip={items.length <= MOST_STRIPS}
            isChosen={step === chosen}
            isDragged={dragged.value === item.id}
            complaint={complaints.value.get(item.id)}
          />
        ))}
      </ol>
    </section>
  );
}

/** What is wrong with a file stands beside it: in a long list that is out of sight. */
function hasTrouble({ id, status }: DumpItem): boolean {
  return status.type === "failed" || complaints.value.has(id) || (status.type === "ready" && status.dump.damage.length > 0);
}

let shownTrouble = -1;

function showNextTrouble(list: HTMLElement | null, troubled: readonly number[]): void {
  shownTrouble = troubled.find((step) => step > shownTrouble) ?? troubled[0] ?? -1;
  const row = list?.children[shownTrouble];
  if (row) bringRowInSight(row as HTMLElement);
}

/** Only the list moves, not the panel that it is in. */
function bringRowInSight(row: HTMLElement): void {
  const list = row.parentElement as HTMLElement;
  const [top, bottom] = [row.offsetTop - list.offsetTop, row.offsetTop - list.offsetTop + row.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

interface RowProps {
  readonly item: DumpItem;
  readonly step: number;
  readonly hasStrip: boolean;
  readonly isChosen: boolean;
  readonly isDragged: boolean;
  readonly complaint: string | undefined;
}

/** Of hundreds of rows those are made anew that have changed. */
class DumpRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((key) => next[key] !== now[key]);
  }

  override render({ item, step, hasStrip, isChosen, isDragged, complaint }: RowProps) {
    return (
      <li
        class={`dump${isChosen ? " is-chosen" : ""}${isDragged ? " is-dragged" : ""}`}
        draggable
        onKeyDown={(event) => moveByKey(event, item.id, step)}
        onDragStart={(event) => {
          dragged.value = item.id;
          event.dataTransfer?.setData("text/plain", item.name);
        }}
        onDragEnd={() => {
          dragged.value = undefined;
        }}
        onDragOver={(event) => {
          if (dragged.value === undefined) return;
          event.preventDefault();
          if (dragged.value !== item.id) moveDump(dragged.value, step);
        }}
      >
        <div class="dump-head">
          <span class="step mono">{step}</span>
          <button
            type="button"
            class="plain dump-name"
            aria-pressed={isChosen}
            title={`${item.name}: show this step`}
            onClick={() => goToStep(step)}
          >
            <span class="name-start">{item.name.slice(0, -NAME_END)}</span>
            <span>{item.name.slice(-NAME_END)}</span>
          </button>
          <span class="dump-buttons">
            <button
              type="button"
              class="tiny"
              onClick={() => moveDump(item.id, step - 1)}
              aria-label={`Move ${item.name} up`}
              title="Up (Alt+↑)"
            >
              <Icon name="up" />
            </button>
            <button
              type="button"
              class="tiny"
              onClick={() => moveDump(item.id, step + 1)}
              aria-label={`Move ${item.name} down`}
              title="Down (Alt+↓)"
            >
              <Icon name="down" />
            </button>
            <button type="button" class="tiny" onClick={() => removeDumps([item.id])} aria-label={`Remove ${item.name}`} title="Remove">
              <Icon name="close" />
            </button>
          </span>
        </div>
        <DumpBody item={item} hasStrip={hasStrip} complaint={complaint} />
      </li>
    );
  }
}

function moveByKey(event: KeyboardEvent, id: number, step: number): void {
  const to = { ArrowUp: step - 1, ArrowDown: step + 1, Home: 0, End: dumps.peek().length - 1 }[event.key];
  if (!event.altKey || to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const focused = document.activeElement as HTMLElement | null;
  moveDump(id, to);
  // The row is another place's now: it is followed, so that it can be moved on.
  requestAnimationFrame(() => {
    focused?.focus({ preventScroll: true });
    const row = focused?.closest<HTMLElement>(".dump");
    if (row) bringRowInSight(row);
  });
}

function DumpBody({ item, hasStrip, complaint }: Pick<RowProps, "item" | "hasStrip" | "complaint">) {
  const { status } = item;
  if (status.type === "waiting") return <p class="dump-facts">{bytes(item.size)} · waiting</p>;
  if (status.type === "opening") return <p class="dump-facts">{bytes(item.size)} · opening…</p>;
  if (status.type === "failed") {
    return (
      <p class="problem" role="alert">
        {status.problem}
      </p>
    );
  }
  const { dump } = status;
  const frames = dump.runs.reduce((sum, run) => sum + run.count, 0);
  const roots = dump.vcpus
    .map(({ root }, i) => (root === undefined ? undefined : `vCPU ${i} ${hex(root)}`))
    .filter((root) => root !== undefined);
  return (
    <>
      {hasStrip && <HeldStrip runs={dump.runs} />}
      <p class="dump-facts">
        {dump.format} · {bytes(item.size)} · holds {bytes(frames * 4096)}
        {modeOf(dump) === undefined ? "" : ` · ${modeOf(dump)}`}
        <br />
        <span class="mono">{roots.length === 0 ? "no vCPU root in its notes" : roots.join(", ")}</span>
      </p>
      {complaint !== undefined && (
        <p class="problem" role="alert">
          {complaint}
        </p>
      )}
      {dump.damage.slice(0, SHOWN_DAMAGE).map(({ offset, expected, found }) => (
        <p key={offset} class="problem" role="alert">
          Damaged at offset {hex(offset)}: expected {expected}, found {found}
        </p>
      ))}
      {dump.damage.length > SHOWN_DAMAGE && <p class="problem">… and {count(dump.damage.length - SHOWN_DAMAGE)} more</p>}
    </>
  );
}
