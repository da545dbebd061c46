/**
 * One row against its yardsticks, interleaved: the plain JavaScript one, the native one, the row, the native one again.
 *
 * A repetition's ratio is the row's time against the mean of the native times on both sides of it, so that a machine that
 * slows down slows both. The first repetition runs code that is not compiled yet and is named apart.
 */

import { processorNs } from "./clock.mjs";
import { spreadOf } from "./statistics.mjs";

/** Answers { first, ns, ratio, native, plain }: ns a unit, and the yardsticks beside it. */
export async function measureRow(row, setting, yardsticks, repetitions) {
  const state = await row.prepare(setting);
  const { native, plain } = yardsticks.of(row.id);
  const { clock = processorNs } = row;
  const taken = [];
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const plainNs = await plain?.();
    await row.before?.(state);
    const nativeBefore = await native?.();
    const from = clock();
    const wallFrom = performance.now();
    const running = row.run(state);
    const result = running instanceof Promise ? await running : running;
    const wallNs = (performance.now() - wallFrom) * 1e6;
    const ns = clock() - from;
    const nativeAfter = await native?.();
    const units = row.units(state, result);
    row.check(state, result);
    taken.push({ ns: ns / units, wallNs: wallNs / units, plainNs, nativeNs: native && (nativeBefore + nativeAfter) / 2, units });
  }
  row.restore?.(state);
  const [first, ...rest] = taken;
  return {
    row: row.id,
    repetitions,
    units: first.units,
    firstNs: first.ns,
    ns: spreadOf(rest.map(({ ns }) => ns)),
    wallNs: spreadOf(rest.map(({ wallNs }) => wallNs)),
    ...(plain && {
      plainNs: spreadOf(rest.map(({ plainNs }) => plainNs)),
      ofPlain: spreadOf(rest.map(({ ns, plainNs }) => ns / plainNs)),
    }),
    ...(native && {
      nativeNs: spreadOf(rest.map(({ nativeNs }) => nativeNs)),
      ofNative: spreadOf(rest.map(({ ns, nativeNs }) => ns / nativeNs)),
    }),
  };
}
