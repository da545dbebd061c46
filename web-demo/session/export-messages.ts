/** What the page and its export worker say to each other. */

export type ExportFormat = "json" | "csv" | "parquet";

export interface ExportStart {
  readonly type: "start";
  readonly kind: "changes" | "events";
  readonly format: ExportFormat;
  /** True: several steps of changes, a file each in a ZIP, by dump. */
  readonly isSplit: boolean;
  readonly root: bigint;
  readonly tags: readonly string[];
  /** Names by step. */
  readonly dumps: readonly string[];
}

/** Rows as the store has them, those that are exported. */
export interface ExportRows {
  readonly type: "rows";
  readonly length: number;
  readonly step: Uint16Array;
  readonly kind: Uint8Array;
  readonly va: BigUint64Array;
  readonly pages: Float64Array;
  readonly tag: Uint32Array;
  readonly beforePa: BigUint64Array;
  readonly beforeSize: Uint8Array;
  readonly beforeAccess: Uint8Array;
  readonly afterPa: BigUint64Array;
  readonly afterSize: Uint8Array;
  readonly afterAccess: Uint8Array;
  readonly fault: Uint8Array;
}

export type ExportMessage = ExportStart | ExportRows | { readonly type: "end" };

export type ExportAnswer =
  | { readonly type: "taken" }
  | { readonly type: "done"; readonly file: Blob }
  | { readonly type: "failed"; readonly problem: string };
