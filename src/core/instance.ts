/**
 * An instance of the core. Apart from what it exports: that is part of the public declarations, which name no WebAssembly.
 */

import type { CoreExports } from "./exports.js";

/** An instance of the core and the memory it works on. */
export interface CoreInstance {
  readonly module: WebAssembly.Module;
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
}
