/** What a dump holds of physical memory, as a strip from 0 to the end of the last frame: gaps are hatched. */

import { useEffect, useRef } from "preact/hooks";
import { prepare } from "../drawing/canvas.js";
import { palette } from "../drawing/palette.js";
import { hatch } from "../drawing/timeline.js";
import { bytes, counted } from "../model/format.js";
import type { RemoteDump } from "../session/engine.js";
import { themeVersion } from "../state/theme.js";
import { useSize } from "./use-size.js";

const HEIGHT = 9;

export function HeldStrip({ runs }: { readonly runs: RemoteDump["runs"] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(canvas);
  const theme = themeVersion.value;
  const last = runs.at(-1);
  const end = last === undefined ? 1 : last.gfn + last.count;
  useEffect(() => {
    if (canvas.current === null) return;
    const context = prepare(canvas.current, width, HEIGHT);
    if (context === undefined) return;
    const colours = palette();
    hatch(context, 0, 0, width, HEIGHT, colours.lineStrong);
    context.fillStyle = colours.leaf;
    let drawn = 0;
    for (const { gfn, count } of runs) {
      const from = (gfn / end) * width;
      const size = Math.max(0.75, (count / end) * width);
      // Of runs by the ten thousand most end in the pixel where the one before did.
      if (from + size < drawn + 0.5) continue;
      drawn = from + size;
      if (size > 1) context.clearRect(from, 0, size, HEIGHT);
      context.fillRect(from, 0, size, HEIGHT);
    }
  }, [runs, width, theme]);
  const gaps = Math.max(0, runs.length - (runs[0]?.gfn === 0 ? 1 : 0));
  return (
    <canvas
      ref={canvas}
      class="held"
      role="img"
      aria-label={`Holds ${counted(runs.length, "run")} of frames below ${bytes(end * 4096)}, ${counted(gaps, "gap")} between`}
    />
  );
}
