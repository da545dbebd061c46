/**
 * Where the core comes from: what a user has configured, kept apart so that no declaration of it needs the DOM's types.
 */

import { PageTableError } from "../model/errors.js";
import type { ModuleLike, UrlLike } from "../model/platform.js";

interface Configuration {
  readonly module?: ModuleLike;
  readonly url?: string;
}

let configured: Configuration = {};
let isInUse = false;

/**
 * Names where the core comes from, before the first other call: a compiled module, or the address of the package's
 * `core/private-simd.wasm`. For pages whose Content-Security-Policy or bundler wants the core as a file of its own.
 */
export function configureCore(options: { module?: ModuleLike; url?: string | UrlLike }): void {
  const { module, url } = options;
  if (module !== undefined && !(module instanceof WebAssembly.Module)) {
    throw new PageTableError("invalid-core", "configureCore: module must be a WebAssembly.Module");
  }
  if (isInUse) {
    throw new PageTableError("core-in-use", "configureCore must come before the first other call: the core is already loaded");
  }
  configured = { ...(module ? { module } : {}), ...(url === undefined ? {} : { url: typeof url === "string" ? url : url.href }) };
}

/** What is configured; from here on it can no longer be changed. */
export function takeConfiguration(): Configuration {
  isInUse = true;
  return configured;
}
