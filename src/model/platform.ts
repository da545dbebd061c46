/**
 * What the platform brings, by shape alone, so that our declarations need neither the DOM's types nor Node's.
 *
 * The real `Blob`, `File`, `AbortSignal`, `URL` and `WebAssembly.Module` all fit.
 */

/** A `Blob` or `File`. */
export interface BlobLike {
  readonly size: number;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** An `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A `URL`. */
export interface UrlLike {
  readonly href: string;
}

/** A `WebAssembly.Module`. */
export type ModuleLike = object;
