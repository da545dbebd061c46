/** Parts that come one a frame, so that no frame has to make all of them. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** How many of `parts` are there by now: one at first. */
export function useStages(parts: number): number {
  const stage = useSignal(1);
  const now = stage.value;
  useEffect(() => {
    if (now >= parts) return;
    const request = requestAnimationFrame(() => {
      stage.value = now + 1;
    });
    return () => cancelAnimationFrame(request);
  }, [now, parts, stage]);
  return now;
}
