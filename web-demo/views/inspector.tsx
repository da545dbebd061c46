/** The chosen address: its walk before and after the step, entry by entry, bit by bit, and the table it runs through. */

import { signal } from "@preact/signals";
import { parseAddress } from "../model/address-text.js";
import { bytes, hex, pageSizeText } from "../model/format.js";
import type { Walk, WalkedEntry } from "../model/walk.js";
import { dumps } from "../state/dumps.js";
import { type Inspection, inspection, inspectionProblem } from "../state/inspection.js";
import { space } from "../state/question.js";
import { inspect, inspectBack, inspected, inspectedBefore } from "../state/view.js";
import { Address } from "./address.js";
import { EntryRulers } from "./entry-rulers.js";
import { Icon } from "./icons.js";
import { TableGrids } from "./table-grids.js";
import { copyText } from "./toast.js";

const goText = signal("");

export function Inspector() {
  const va = inspected.value?.va ?? 0n;
  const now = inspection.value;
  return (
    <aside class="inspector" aria-labelledby="inspector-title" id="inspector" tabIndex={-1}>
      <div class="section-head">
        <h2 id="inspector-title" class="inspector-va">
          <Address value={va} />
        </h2>
        <button type="button" class="small plain" onClick={() => copyText(hex(va), "Address copied.")} title="Copy the address">
          Copy
        </button>
        <div class="spring" />
        <button
          type="button"
          class="small"
          disabled={inspectedBefore.value.length === 0}
          onClick={inspectBack}
          title="Back to where this came from (Backspace)"
        >
          <Icon name="left" /> Back
        </button>
        <button type="button" class="tiny" onClick={() => inspect(undefined)} aria-label="Close the inspector" title="Close (Esc)">
          <Icon name="close" />
        </button>
      </div>
      <GoTo />
      {inspectionProblem.value !== undefined && <p class="problem">{inspectionProblem.value}</p>}
      {now !== undefined && (
        <>
          <Outcome now={now} />
          <ol class="walk" aria-label="The walk, top first" data-va={hex(now.va)}>
            {levelsOf(now).map((level) => (
              <Level key={level} level={level} now={now} />
            ))}
          </ol>
          <TableGrids now={now} />
        </>
      )}
    </aside>
  );
}

function GoTo() {
  const parsed = goText.value.trim() === "" ? undefined : parseAddress(goText.value);
  return (
    <form
      class="go-to"
      onSubmit={(event) => {
        event.preventDefault();
        if (parsed && "value" in parsed) {
          inspect({ va: parsed.value, level: undefined });
          goText.value = "";
        }
      }}
    >
      <label for="go-to" class="visually-hidden">
        Inspect another address
      </label>
      <input
        id="go-to"
        class="mono"
        placeholder="another address"
        spellcheck={false}
        autocomplete="off"
        value={goText.value}
        aria-invalid={parsed !== undefined && "problem" in parsed}
        onInput={(event) => {
          goText.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="small" disabled={parsed === undefined || "problem" in parsed}>
        Inspect
      </button>
      {parsed !== undefined && (
        <span class={"problem" in parsed ? "problem" : "fine mono"}>{"problem" in parsed ? parsed.problem : hex(parsed.value)}</span>
      )}
    </form>
  );
}

function Outcome({ now }: { readonly now: Inspection }) {
  const { before, after } = now.sides;
  return (
    <dl class="outcome">
      {(
        [
          ["before", before.step, now.before],
          ["after", after.step, now.after],
        ] as const
      ).map(([side, step, walk]) => (
        <div key={side} class={`outcome-${side}`}>
          <dt>
            {side}{" "}
            <span class="quiet">
              · step {step}
              <span class="outcome-name">, {dumps.value[step]?.name}</span>
            </span>
          </dt>
          <dd class="mono" id={`outcome-${side}`}>
            {outcomeText(walk)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function outcomeText({ pa, pageSize, fault, missing, entries }: Walk): string {
  if (pa !== undefined && pageSize !== undefined) return `PA ${hex(pa)}, in a page of ${bytes(pageSize)}`;
  if (fault === "unreadable-table") return `unreadable: the dump does not hold frame ${hex(missing ?? 0)}`;
  const last = entries.at(-1)?.name ?? "entry";
  return fault === "reserved-bit" ? `not backed: the ${last} has a reserved bit set` : `not backed: the ${last} is not present`;
}

/** Levels that either walk visits, top first. */
function levelsOf({ before, after }: Inspection): readonly number[] {
  return [...new Set([...before.entries, ...after.entries].map(({ level }) => level))].sort((a, b) => b - a);
}

function Level({ level, now }: { readonly level: number; readonly now: Inspection }) {
  const before = now.before.entries.find((entry) => entry.level === level);
  const after = now.after.entries.find((entry) => entry.level === level);
  const shown = after ?? before;
  const arch = space.value?.arch;
  if (shown === undefined || arch === undefined) return null;
  const isChosen = inspected.value?.level === level;
  return (
    <li class="level">
      <div class="level-head">
        <button
          type="button"
          class="level-name"
          aria-pressed={isChosen}
          onClick={() => inspect({ va: now.va, level })}
          title={`Show the table of this ${shown.name}`}
        >
          {shown.name}
          <span class="mono">[{hex(shown.index)}]</span>
        </button>
        <span class="quiet mono">{placeText(before, after)}</span>
        <span class="spring" />
        <Verdict before={before} after={after} />
      </div>
      <EntryRulers before={before} after={after} />
    </li>
  );
}

function placeText(before: WalkedEntry | undefined, after: WalkedEntry | undefined): string {
  if (before === undefined || after === undefined || before.pa === after.pa) return `at ${hex((after ?? before)?.pa ?? 0n)}`;
  return `at ${hex(before.pa)} → ${hex(after.pa)}`;
}

function Verdict({ before, after }: { readonly before: WalkedEntry | undefined; readonly after: WalkedEntry | undefined }) {
  const say = (entry: WalkedEntry | undefined): string => {
    if (entry === undefined) return "not reached";
    const { kind } = entry.description;
    return kind === "leaf" ? `page ${pageSizeText(2 ** (12 + 9 * (entry.level - 1)))}` : kind;
  };
  if (before !== undefined && after !== undefined && before.value === after.value && before.pa === after.pa) {
    return <span class="quiet fine">unchanged · {say(after)}</span>;
  }
  const [one, other] = [say(before), say(after)];
  return <span class="badge changed">{one === other ? `changed · ${one}` : `${one} → ${other}`}</span>;
}
