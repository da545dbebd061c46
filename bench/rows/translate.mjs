/**
 * translateMany over tables that are in memory already, in three orders; and the first call, which reads them.
 */

import { expectEqual, expectPas } from "../expect.mjs";

function translateRow(id, order) {
  return {
    id,
    async prepare(setting) {
      return { setting, monitor: await setting.translator(), order, vas: setting.vas(order) };
    },
    run({ setting, monitor, vas }) {
      return setting.spaces.map(({ root }, i) => monitor.translateMany(root, vas[i]));
    },
    units: ({ setting }) => setting.world.addresses,
    check({ setting }, pas) {
      setting.spaces.forEach((space, i) => {
        expectPas(space, order, pas[i]);
      });
    },
  };
}

const translateFirst = {
  id: "translate-first",
  async prepare(setting) {
    return { setting, vas: setting.vas("byTable") };
  },
  async before(state) {
    state.monitor = await state.setting.library.PageTableMonitor.create({ memory: state.setting.guest.asImmutable() });
  },
  run({ setting, monitor, vas }) {
    return setting.spaces.map(({ root }, i) => monitor.translateMany(root, vas[i]));
  },
  units: ({ setting }) => setting.world.addresses,
  check: (_, pas) => expectEqual(pas.length > 0, true, "answers"),
};

export const translateRows = [
  translateRow("translate-random", "random"),
  translateRow("translate-ascending", "ascending"),
  translateRow("translate-by-table", "byTable"),
  translateFirst,
];
