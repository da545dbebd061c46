/** Calls that must be refused; `va` and `root` are good ones. */

import type { AddressContext } from "../../../src/model/address.js";
import type { Monitor } from "../subject.js";
import type { Answer } from "./compare.js";
import type { BadArgument } from "./scenario.js";

export function callBadly(kind: BadArgument, monitor: Monitor, { va, root }: AddressContext): Answer {
  switch (kind) {
    case "negative-va":
      return monitor.monitor({ va: -1n, root }, 0, "tag");
    case "large-va":
      return void monitor.unmonitor({ va: 1n << 64n, root }, 0);
    case "non-canonical-va":
      return monitor.translate({ va: 1n << 62n, root });
    case "large-root":
      return monitor.monitor({ va, root: 1n << 64n }, 0, "tag");
    case "negative-pa":
      return monitor.markDirtyEntry(-8n, 0, 0);
    case "large-pa":
      return monitor.markDirtyRange(1n << 52n, 8, 0, 0);
    case "tag-count":
      return monitor.monitorMany(root, new BigUint64Array([va]), 0, ["one", "two"]);
    case "batch-va":
      return monitor.monitorMany(root, new BigUint64Array([va, 1n << 62n, 1n << 63n]), 0, "tag");
  }
}
