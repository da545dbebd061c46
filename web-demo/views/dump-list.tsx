/** The dumps in their order: what each is, what it holds, what is wrong with it; moved by handle, buttons or keys. */

import { signal } from "@preact/signals";
import { bytes, count, counted, hex } from "../model/format.js";
import { modeOf } from "../state/answer.js";
import { complaints, type DumpItem, dumps, moveDump, removeDumps, sortDumps } from "../state/dumps.js";
import { chosenStep } from "../state/view.js";
import { HeldStrip } from "./held-strip.js";
import { Icon } from "./icons.js";
import { picked } from "./start.js";

const dragged = signal<number | undefined>(undefined);
const SHOWN_DAMAGE = 2;
/** Beyond this the strips are left out: the list is long enough. */
const MOST_STRIPS = 64;

export function DumpList() {
  const items = dumps.value;
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
      <ol class="dumps">
        {items.map((item, step) => (
          <DumpRow key={item.id} item={item} step={step} hasStrip={items.length <= MOST_STRIPS} />
        ))}
      </ol>
    </section>
  );
}

function DumpRow({ item, step, hasStrip }: { readonly item: DumpItem; readonly step: number; readonly hasStrip: boolean }) {
  const isChosen = step === chosenStep.value;
  const keys = (event: KeyboardEvent): void => {
    if (event.altKey && event.key === "ArrowUp") moveDump(item.id, step - 1);
    else if (event.altKey && event.key === "ArrowDown") moveDump(item.id, step + 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <li
      class={`dump${isChosen ? " is-chosen" : ""}${dragged.value === item.id ? " is-dragged" : ""}`}
      draggable
      onKeyDown={keys}
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
        <span class="dump-name" title={item.name}>
          {item.name}
        </span>
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
      <DumpBody item={item} hasStrip={hasStrip} />
    </li>
  );
}

function DumpBody({ item, hasStrip }: { readonly item: DumpItem; readonly hasStrip: boolean }) {
  const { status } = item;
  const complaint = complaints.value.get(item.id);
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
