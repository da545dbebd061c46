/** The bits of an entry on a ruler, 63 on the left: one where it is the same before and after, else one a side. */

import { BIT_NAMES, type BitField, bitFields, changedBits } from "../model/bit-fields.js";
import { hex } from "../model/format.js";
import type { WalkedEntry } from "../model/walk.js";

interface Pair {
  readonly before: WalkedEntry | undefined;
  readonly after: WalkedEntry | undefined;
}

/** Pixels for the bits of a field, and for the longest of the short names. */
const ROOM_FOR_RANGE = 29;
const ROOM_AROUND = 8;
const ROOM_FOR_LETTER = 5.4;

export function EntryRulers({ before, after }: Pair) {
  if (before !== undefined && after !== undefined && before.value === after.value)
    return <Ruler entry={after} other={undefined} side={undefined} />;
  return (
    <>
      {before && <Ruler entry={before} other={after} side="before" />}
      {after && <Ruler entry={after} other={before} side="after" />}
    </>
  );
}

function Ruler({
  entry,
  other,
  side,
}: {
  readonly entry: WalkedEntry;
  readonly other: WalkedEntry | undefined;
  readonly side: "before" | "after" | undefined;
}) {
  const fields = bitFields(entry.value, entry.description);
  return (
    <div class="ruler-line" data-side={side ?? "before after"} data-name={entry.name} data-pa={hex(entry.pa)} data-value={hex(entry.value)}>
      <span class="ruler-side fine">
        {side ?? "both"} <span class="mono entry-value">{hex(entry.value)}</span>
      </span>
      <ul class="ruler" aria-label={`${entry.name} ${side ?? ""} ${hex(entry.value)}`}>
        {fields.map((field) => (
          <Field
            key={field.high}
            field={field}
            isChanged={side === "after" && other !== undefined && changedBits(entry.value, other.value, field)}
          />
        ))}
      </ul>
    </div>
  );
}

/** Names of three letters get the room that single ones do not need. */
function roomFor(name: string): number {
  return ROOM_AROUND + ROOM_FOR_LETTER * name.length;
}

function Field({ field, isChanged }: { readonly field: BitField; readonly isChanged: boolean }) {
  const { name, high, low, value, meaning, type } = field;
  const bits = high === low ? String(high) : `${high}–${low}`;
  const width = high - low + 1;
  const shownValue = width === 1 ? String(value) : type === "address" || value !== 0n ? hex(value) : "0";
  const classes = [
    "bit",
    `bit-${type}`,
    value === 0n ? "is-clear" : "is-set",
    isChanged ? "is-changed" : "",
    width === 1 ? "is-single" : "",
  ];
  return (
    <li
      class={classes.filter((part) => part !== "").join(" ")}
      style={type === "address" ? undefined : { flexBasis: `${width === 1 ? roomFor(name) : ROOM_FOR_RANGE}px` }}
      title={`${name} (bits ${bits}): ${meaning}`}
    >
      <span class="bit-range">{bits}</span>
      <span class="bit-value mono">{shownValue}</span>
      <span class="bit-name">{BIT_NAMES[name] ?? name}</span>
      <span class="visually-hidden">
        {meaning}
        {isChanged ? ", changed" : ""}
      </span>
    </li>
  );
}
