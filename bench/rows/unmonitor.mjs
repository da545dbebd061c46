/**
 * Giving addresses back: one by one out of all of them, and all at once.
 */

import { expectEqual } from "../expect.mjs";

function singleRow(id, order) {
  return {
    id,
    async prepare(setting) {
      return { setting, ...setting.sample(order) };
    },
    async before(state) {
      state.monitor = await state.setting.fullMonitor();
    },
    run({ monitor, contexts }) {
      for (const context of contexts) monitor.unmonitor(context, 0);
    },
    units: ({ contexts }) => contexts.length,
    check({ setting, monitor, contexts }) {
      expectEqual(monitor.monitoredAddresses, setting.world.addresses - contexts.length, "addresses");
      expectEqual(monitor.pagedInEntries, monitor.monitoredAddresses, "backed addresses");
    },
  };
}

const unmonitorAll = {
  id: "unmonitor-all",
  prepare: async (setting) => ({ setting }),
  async before(state) {
    state.monitor = await state.setting.fullMonitor();
  },
  run: ({ monitor }) => monitor.unmonitorAll(),
  units: ({ setting }) => setting.world.addresses,
  check: ({ monitor }) => expectEqual(monitor.monitoredTables, 0, "tables"),
};

export const unmonitorRows = [singleRow("unmonitor-by-table", "byTable"), singleRow("unmonitor-random", "random"), unmonitorAll];
