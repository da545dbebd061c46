/** Steps whose dump is not part of the replay: it could not be opened, or does not fit. */

import { computed } from "@preact/signals";
import { answer } from "./answer.js";
import { dumps } from "./dumps.js";

export const passedOverSteps = computed<ReadonlySet<number>>(() => {
  const now = answer.value;
  if (now === undefined) return new Set();
  const asked = new Set(now.request.dumps.map(({ step }) => step));
  const compared = new Set(now.outcomes.map(({ step }) => step));
  const start = now.request.dumps[0]?.step;
  const isOver = now.status !== "running";
  return new Set(dumps.value.flatMap((_, step) => (!asked.has(step) || (isOver && step !== start && !compared.has(step)) ? [step] : [])));
});
