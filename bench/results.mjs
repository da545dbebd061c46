/**
 * Figures against targets: the one place that knows what "within must" means.
 */

import { isSpaceWorld } from "./space-worlds.mjs";
import { SPACE_TARGETS, TARGET_SHAPE, TARGET_SIZE, TARGETS } from "./targets.mjs";
import { parseWorldName } from "./worlds.mjs";

/** What counts of a figure: in walks, GB/s or bytes. Undefined: there was no native yardstick to hold it against. */
export function measuredOf(figure) {
  const { measure } = targetOf(figure.row);
  if (measure === "bytes") return figure.bytes;
  if (measure === "walks") return figure.ofNative;
  if (measure === "rate") return throughputOf(figure.ofNative);
  if (measure === "nanoseconds") return figure.ns;
  if (measure === "milliseconds") return millisecondsOf(figure);
  return throughputOf(figure.ns);
}

/** True where more is better. */
export function isMoreBetter({ measure }) {
  return measure === "throughput" || measure === "rate";
}

function millisecondsOf({ ns, units = 1 }) {
  const [median, low, high] = [ns.median, ns.low, ns.high].map((each) => (each * units) / 1e6);
  return { median, low, high };
}

/** GB/s where a unit is a byte. */
export function throughputOf({ median, low, high }) {
  return { median: 1 / median, low: 1 / high, high: 1 / low };
}

export function targetOf(row) {
  return TARGETS.find((target) => target.row === row) ?? SPACE_TARGETS.find((target) => target.row === row);
}

/** { must, aim } for a figure's world: targets are about a million addresses of one root, memory about one a PT as well. */
export function limitsFor({ row, world }) {
  const target = targetOf(row);
  if (target.world !== undefined) return target.world === world ? target : {};
  if (isSpaceWorld(world)) return target;
  const { shape } = parseWorldName(world);
  if (shape === "sparse") return target.sparse ?? {};
  return world === `${TARGET_SHAPE}-${TARGET_SIZE}` ? target : {};
}

/** undefined: nothing to hold against. */
export function isWithinMust(figure) {
  const { must } = limitsFor(figure);
  const measured = measuredOf(figure);
  if (must === undefined || !measured) return undefined;
  return isMoreBetter(targetOf(figure.row)) ? measured.median >= must : measured.median <= must;
}

/** How much slower a unit gets between two sizes of the dense world: { row, from, to, growth, must, isWithin }. */
export function growthsOf(figures) {
  return TARGETS.filter(({ growth }) => growth).flatMap(({ row, growth: { from, to, must } }) => {
    const [small, large] = [from, to].map((size) =>
      figures.find((figure) => figure.row === row && figure.world === `${TARGET_SHAPE}-${size}`),
    );
    if (!small || !large) return [];
    // Against the yardstick, whose world is always the same: a machine that slows down is not growth.
    const growth = small.ofNative ? large.ofNative.median / small.ofNative.median : large.ns.median / small.ns.median;
    return [{ row, from, to, growth, must, isWithin: growth <= must }];
  });
}
