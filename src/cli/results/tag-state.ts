/** Addresses that carry one tag: an address watched twice counts for the tag that came first. */
export interface TagState {
  readonly tag: string;
  readonly watched: number;
  readonly backed: number;
}
