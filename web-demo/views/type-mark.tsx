/** The type of an event: a mark by shape, a colour, and its name. */

import { GLYPHS } from "../drawing/marks.js";
import type { EventType } from "../model/events.js";

export function TypeMark({ type }: { readonly type: EventType }) {
  return (
    <span class={`type type-${type}`}>
      <span class="glyph" aria-hidden="true">
        {GLYPHS[type]}
      </span>
      {type}
    </span>
  );
}
