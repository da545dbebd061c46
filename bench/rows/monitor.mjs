/**
 * Taking addresses in: in a batch, into fresh and into touched memory, and one by one.
 */

import { expectEqual, expectPas } from "../expect.mjs";
import { TAG } from "../setting.mjs";

function batchRow(id, order, monitorOf) {
  return {
    id,
    async prepare(setting) {
      setting.vas(order);
      return { setting };
    },
    async before(state) {
      state.monitor = await monitorOf(state.setting);
    },
    run: ({ setting, monitor }) => setting.monitorAll(monitor, order),
    units: ({ setting }) => setting.world.addresses,
    check({ setting, monitor }, pas) {
      expectEqual(monitor.pagedInEntries, setting.world.addresses, "backed addresses");
      expectPas(setting.spaces[setting.spaces.length - 1], order, pas);
    },
  };
}

/** On top of the other addresses: the sample is the last to come. */
function singleRow(id, order) {
  return {
    id,
    async prepare(setting) {
      return { setting, ...setting.sample(order) };
    },
    async before(state) {
      state.monitor = await state.setting.emptyMonitor();
      state.setting.monitorRest(state.monitor, state.rest);
    },
    run({ monitor, contexts }) {
      let levels = 0;
      for (const context of contexts) levels += monitor.monitor(context, 0, TAG).entries.length;
      return levels;
    },
    units: ({ contexts }) => contexts.length,
    check({ setting, monitor, contexts }, levels) {
      expectEqual(levels, 4 * contexts.length, "entries of the paths");
      expectEqual(monitor.monitoredAddresses, setting.world.addresses, "addresses");
    },
  };
}

export const monitorRows = [
  batchRow("monitor-many-first", "ascending", (setting) => setting.freshMonitor()),
  batchRow("monitor-many", "ascending", (setting) => setting.emptyMonitor()),
  batchRow("monitor-many-random", "random", (setting) => setting.emptyMonitor()),
  singleRow("monitor-by-table", "byTable"),
  singleRow("monitor-random", "random"),
];
