/** Pages of each type, those that there are. */

import { EVENT_TYPES } from "../model/events.js";
import { counted } from "../model/format.js";
import { TypeMark } from "./type-mark.js";

export function TypeCounts({ pages }: { readonly pages: readonly number[] }) {
  const some = EVENT_TYPES.filter((_, i) => (pages[i] ?? 0) > 0);
  if (some.length === 0) return <span class="quiet">no change</span>;
  return (
    <ul class="type-counts">
      {some.map((type) => (
        <li key={type}>
          <TypeMark type={type} /> <span class="mono">{counted(pages[EVENT_TYPES.indexOf(type)] ?? 0, "page")}</span>
        </li>
      ))}
    </ul>
  );
}
