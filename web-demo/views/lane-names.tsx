/** The names of the lanes: each a button that filters by it; a second press zooms the whole page into its addresses. */

import { LANE_HEIGHT } from "../drawing/timeline.js";
import { hex } from "../model/format.js";
import type { Lane } from "../model/lanes.js";
import { listCursor } from "../state/list-cursor.js";
import { addressText, laneFilter } from "../state/view.js";
import { Icon } from "./icons.js";

export function LaneNames({ lanes, only }: { readonly lanes: readonly Lane[]; readonly only: number | undefined }) {
  return (
    <ul class="lane-names" aria-label="Lanes">
      {lanes.map((lane, i) => (
        <li key={lane.key} class={only === undefined || only === -1 || only === i ? "" : "is-faint"} style={{ height: `${LANE_HEIGHT}px` }}>
          {lane.toPage > lane.fromPage && (
            <button
              type="button"
              class="tiny lane-into"
              aria-label={`Only the addresses of ${lane.title}`}
              title="Only these addresses"
              onClick={() => zoomInto(lane)}
            >
              <Icon name="search" />
            </button>
          )}
          <button
            type="button"
            class={`lane lane-${lane.type}`}
            aria-pressed={only === i}
            title={`${lane.title}: filter by this lane`}
            onClick={() => {
              laneFilter.value = laneFilter.value === lane.key ? undefined : lane.key;
              listCursor.value = 0;
            }}
          >
            {lane.type === "tag" ? lane.title : <RegionTitle lane={lane} />}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Where there is little room, the address alone. */
function RegionTitle({ lane }: { readonly lane: Lane }) {
  const at = lane.title.indexOf(" ");
  return (
    <>
      {lane.title.slice(0, at)}
      <span class="lane-size">{lane.title.slice(at)}</span>
    </>
  );
}

function zoomInto({ fromPage, toPage }: Lane): void {
  laneFilter.value = undefined;
  addressText.value = `${hex(BigInt(fromPage) << 12n)}-${hex(BigInt(toPage) << 12n)}`;
  listCursor.value = 0;
}
