/**
 * What only a fresh process can tell: the memory that monitoring takes, and what the very first batch costs while nothing
 * is compiled yet. Started by run.mjs with --expose-gc; the collector is asked for before memory is read, never between timings.
 *
 * argument, as JSON: { world, question: "memory" | "cold", library, yardstick, yardstickWorld }
 */

import { processorNs } from "./clock.mjs";
import { Setting } from "./setting.mjs";
import { worldNamed } from "./worlds.mjs";
import { Yardsticks } from "./yardsticks.mjs";

const TABLE_BYTES = 4096;
const WARM_UP = 20_000;

const { world, question, library, yardstick, yardstickWorld } = JSON.parse(process.argv[2]);
const setting = new Setting(await import(library), worldNamed(world));
const answer = question === "memory" ? await measureMemory() : await measureCold();
process.send({ world, question, ...answer });
process.disconnect();

/** Growth of resident memory an address, without the tables' copies; the code has run before, over another monitor. */
async function measureMemory() {
  setting.vas("ascending");
  const warm = await setting.freshMonitor();
  warm.monitorMany(setting.spaces[0].root, setting.vas("ascending")[0].subarray(0, WARM_UP), 0, "warm");
  warm.unmonitorAll();
  const monitor = await setting.freshMonitor();
  const before = residentBytes();
  setting.monitorAll(monitor, "ascending");
  const grown = residentBytes() - before;
  const addresses = monitor.monitoredAddresses;
  const copies = monitor.monitoredTables * TABLE_BYTES;
  return { addresses, tables: monitor.monitoredTables, bytes: (grown - copies) / addresses, bytesWithCopies: grown / addresses };
}

function residentBytes() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}

async function measureCold() {
  setting.vas("ascending");
  const yardsticks = new Yardsticks(yardstick, yardstickWorld);
  const { native } = yardsticks.of("monitor-many");
  await native?.();
  const nativeBefore = await native?.();
  const from = processorNs();
  const monitor = await setting.freshMonitor();
  setting.monitorAll(monitor, "ascending");
  const ns = (processorNs() - from) / setting.world.addresses;
  const nativeAfter = await native?.();
  yardsticks.end();
  return { ns, ...(native && { ofNative: (2 * ns) / (nativeBefore + nativeAfter) }) };
}
