/** What the timeline says in words: of one cell, to the eye and to screen readers, and of all of it as a table. */

import { Component } from "preact";
import { EVENT_TYPES } from "../model/events.js";
import type { FilteredEvents } from "../model/filter.js";
import { count, counted } from "../model/format.js";
import { dumps } from "../state/dumps.js";
import { TypeCounts } from "./type-counts.js";

/** More than anybody has read to them. */
const MOST_STEPS = 2000;

export interface Cell {
  readonly lane: number;
  readonly step: number;
}

/** And where the pointer is. */
export interface PointedCell extends Cell {
  readonly x: number;
  readonly y: number;
}

export function describeCell({ lanes, tally }: FilteredEvents, { lane, step }: Cell): string {
  if (lane >= tally.lanes) return "";
  const parts = EVENT_TYPES.flatMap((type, i) => {
    const pages = tally.at(lane, step, i);
    return pages === 0 ? [] : [`${type} ${counted(pages, "page")}`];
  });
  return `Step ${step}, ${lanes[lane]?.title}: ${parts.length === 0 ? "no change" : parts.join(", ")}`;
}

export function CellTip({ found, at }: { readonly found: FilteredEvents; readonly at: PointedCell }) {
  if (at.lane >= found.tally.lanes || at.step >= found.tally.steps) return null;
  const isRight = at.x > window.innerWidth - 320;
  return (
    <div class={`tip${isRight ? " is-left" : ""}`} style={{ left: `${at.x}px`, top: `${at.y}px` }} aria-hidden="true">
      <b>{found.lanes[at.lane]?.title}</b>
      <span class="quiet">
        step {at.step} · {dumps.value[at.step]?.name}
      </span>
      <TypeCounts pages={EVENT_TYPES.map((_, type) => found.tally.at(at.lane, at.step, type))} />
    </div>
  );
}

/** The timeline for those who do not see it: events of each step and type. It stays as it is while a pointer moves over the other. */
export class CountsTable extends Component<{ readonly found: FilteredEvents }> {
  override shouldComponentUpdate({ found }: { readonly found: FilteredEvents }): boolean {
    return found !== this.props.found;
  }

  override render({ found }: { readonly found: FilteredEvents }) {
    const types = EVENT_TYPES.length;
    const steps = Array.from({ length: found.counts.length / types }, (_, step) => step).filter((step) =>
      EVENT_TYPES.some((_, type) => found.counts[step * types + type]),
    );
    return (
      <table id="counts" class="visually-hidden">
        <caption>Events by step and type</caption>
        <thead>
          <tr>
            <th scope="col">step</th>
            {EVENT_TYPES.map((type) => (
              <th key={type} scope="col">
                {type}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.slice(0, MOST_STEPS).map((step) => (
            <tr key={step}>
              <th scope="row">{step}</th>
              {EVENT_TYPES.map((type, i) => (
                <td key={type}>{count(found.counts[step * types + i] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
}
