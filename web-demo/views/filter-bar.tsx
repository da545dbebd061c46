/** What of the events is listed, and what may be done with them. */

import { GLYPHS } from "../drawing/marks.js";
import { EVENT_TYPES } from "../model/events.js";
import { count, counted } from "../model/format.js";
import { answer, askAgain, filtered, laneByKey } from "../state/answer.js";
import { listCursor } from "../state/list-cursor.js";
import { addressRange, addressText, clearFilters, isFiltered, laneFilter, stepFilter, toggleType, typeFilter } from "../state/view.js";
import { ExportMenu } from "./export-menu.js";
import { Icon } from "./icons.js";

export function FilterBar() {
  const range = addressRange.value;
  const problem = range && "problem" in range ? range.problem : undefined;
  const now = answer.value;
  const shown = filtered.value?.rows.length ?? 0;
  const types = now?.isTagged ? EVENT_TYPES.slice(0, 2) : EVENT_TYPES;
  return (
    <section class="filters" aria-label="Filters">
      <div class="filter-row">
        <h2 class="visually-hidden">Events</h2>
        <div class="chips" role="group" aria-label="Types of event">
          {types.map((type) => (
            <button
              key={type}
              type="button"
              class={`chip type-${type}`}
              aria-pressed={typeFilter.value.includes(type)}
              onClick={() => {
                toggleType(type);
                listCursor.value = 0;
              }}
            >
              <span class="glyph" aria-hidden="true">
                {GLYPHS[type]}
              </span>
              {type}
            </button>
          ))}
        </div>
        <label class="address-filter">
          <span class="visually-hidden">Address or range</span>
          <Icon name="search" />
          <input
            id="address-filter"
            class="mono"
            placeholder="address, range"
            spellcheck={false}
            autocomplete="off"
            value={addressText.value}
            aria-invalid={problem !== undefined}
            aria-describedby="filter-problem"
            onInput={(event) => {
              addressText.value = event.currentTarget.value;
              listCursor.value = 0;
            }}
          />
        </label>
        <label class="steps-filter">
          <span class="fine">steps</span>
          <input
            class="mono"
            size={5}
            placeholder="all"
            spellcheck={false}
            autocomplete="off"
            value={stepFilter.value === undefined ? "" : stepsText(stepFilter.value)}
            onChange={(event) => setSteps(event.currentTarget)}
          />
        </label>
      </div>
      <div class="filter-row">
        <span id="count" class="fine" role="status">
          {now === undefined ? "" : countText(shown, now.store.length)}
        </span>
        {laneFilter.value !== undefined && (
          <Chip
            text={`lane ${laneByKey(laneFilter.value)?.title ?? laneFilter.value}`}
            clear={() => {
              laneFilter.value = undefined;
            }}
          />
        )}
        {stepFilter.value !== undefined && (
          <Chip
            text={`step ${stepsText(stepFilter.value)}`}
            clear={() => {
              stepFilter.value = undefined;
            }}
          />
        )}
        {isFiltered.value && (
          <button type="button" class="small plain" onClick={clearFilters} title="Clear all filters (x)">
            Clear filters
          </button>
        )}
        <span id="filter-problem" class="problem">
          {problem ?? now?.problem ?? (now?.status === "cancelled" ? "Cancelled: what is listed is not all." : "")}
        </span>
        {now?.status === "cancelled" && (
          <button type="button" id="again-button" class="small" onClick={askAgain}>
            Compare again
          </button>
        )}
        <ExportMenu />
      </div>
    </section>
  );
}

function countText(shown: number, all: number): string {
  return shown === all ? counted(all, "event") : `${count(shown)} of ${counted(all, "event")}`;
}

function stepsText({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function setSteps(input: HTMLInputElement): void {
  const [, from, to = from] = /^\s*([0-9]{1,6})\s*(?:[-–…]\s*([0-9]{1,6})\s*)?$/.exec(input.value) ?? [];
  stepFilter.value = from === undefined || to === undefined ? undefined : { from: Number(from), to: Math.max(Number(from), Number(to)) };
  listCursor.value = 0;
  input.value = stepFilter.value === undefined ? "" : stepsText(stepFilter.value);
}

function Chip({ text, clear }: { readonly text: string; readonly clear: () => void }) {
  return (
    <span class="chip is-set mono">
      {text}
      <button type="button" class="tiny" aria-label={`Remove the filter ${text}`} onClick={clear}>
        <Icon name="close" />
      </button>
    </span>
  );
}
