/**
 * Medians with their spread.
 */

const LOW = 0.1;
const HIGH = 0.9;

/** { median, low, high }: the middle, and the 10 and 90 % of the values between which the rest lies. */
export function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, LOW), high: quantile(sorted, HIGH) };
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
