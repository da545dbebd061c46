/** In place of the answer, as long as there is none: what is still needed. */

import { isOpening, readyDumps } from "../state/dumps.js";
import { space, watchList, watchMode } from "../state/question.js";

export function Waiting() {
  return (
    <div class="waiting" role="status">
      <p>{whatIsNeeded()}</p>
    </div>
  );
}

function whatIsNeeded(): string {
  if (isOpening.value) return "Opening…";
  const ready = readyDumps.value.length;
  if (ready === 0) return "None of these files can be read as a dump. What is wrong with each stands beside it.";
  if (space.value === undefined) return "The dumps' notes name no address space. Give the root, or find address spaces, on the left.";
  if (ready === 1) return "One dump is there. Add another of the same machine, earlier or later: changes are what lies between two.";
  if (watchMode.value === "list" && watchList.value.watches.length === 0)
    return "Give a list of addresses to watch, or look at everything.";
  return "These dumps are of different paging modes: fewer than two of them fit together.";
}
