/**
 * A guard against getting slower: figures against the ratios kept in ratios.json. The margins are wide, for machines
 * differ; a row that has grown past its margin has become another row.
 */

import { isMoreBetter, measuredOf, targetOf } from "./results.mjs";

/** Times the kept ratio that is still taken for noise. */
const MARGIN = 1.7;
/** A bare time is that of the machine as well, and of a collection that falls into it. */
const MARGIN_OF_TIME = 6;
const MARGINS = {
  bytes: 1.3,
  walks: MARGIN,
  rate: MARGIN,
  throughput: MARGIN,
  nanoseconds: MARGIN_OF_TIME,
  milliseconds: MARGIN_OF_TIME,
};

/** { "dense-1m translate-random": 0.38, ... }, to be kept. */
export function ratiosOf(figures) {
  const entries = figures.map((figure) => [keyOf(figure), measuredOf(figure)?.median]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined).map(([key, value]) => [key, Number(value.toPrecision(3))]));
}

/** Sentences, one for each row that has become worse; and how many rows could be compared. */
export function compareWithKept(figures, kept) {
  const compared = figures.filter((figure) => kept[keyOf(figure)] !== undefined && measuredOf(figure));
  const worse = compared.flatMap((figure) => {
    const { measure } = targetOf(figure.row);
    const before = kept[keyOf(figure)];
    const now = measuredOf(figure).median;
    const times = isMoreBetter(targetOf(figure.row)) ? before / now : now / before;
    return times > MARGINS[measure] ? [`${keyOf(figure)}: ${now.toPrecision(3)}, kept ${before}: ${times.toFixed(1)} times worse`] : [];
  });
  return { compared: compared.length, worse };
}

function keyOf({ world, row }) {
  return `${world} ${row}`;
}
