export declare class SyntheticGuest {
  constructor(options: { readonly frames: number; readonly tables: number; readonly pages: number; readonly seed: number });
  /** GFNs of the tables of the last level. */
  readonly leaves: readonly number[];
  random(limit: number): number;
  map(leaf: number, index: number): void;
  write(path: string): void;
}
