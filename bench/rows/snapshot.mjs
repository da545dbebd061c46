/**
 * processSnapshot where nothing has changed: every monitored table is read and compared. The unit is a byte, both sides
 * counted; the driver's copying is part of it.
 */

import { expectEqual } from "../expect.mjs";

const TABLE_BYTES = 4096;

export const snapshotRows = [
  {
    id: "snapshot-unchanged",
    async prepare(setting) {
      return { setting, monitor: await setting.fullMonitor() };
    },
    run: ({ setting, monitor }) => monitor.processSnapshotColumns(setting.guest),
    units: ({ monitor }) => 2 * TABLE_BYTES * monitor.monitoredTables,
    check: (_, events) => expectEqual(events.length, 0, "events"),
  },
];
