/**
 * The two clocks.
 */

/** Processor time of the whole process: of the collector's and the compiler's threads too. */
export function processorNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** For work in other processes. */
export function elapsedNs() {
  return performance.now() * 1e6;
}
