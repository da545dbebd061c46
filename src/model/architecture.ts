/**
 * A paging mode: what the monitor, the walk and a person need to know of it.
 */

export interface EntryFlag {
  /** The manual's name: "P", "R/W", "PAT". */
  readonly name: string;
  /** "0", "58:52". */
  readonly bits: string;
  readonly value: bigint;
  /** For a person: what this value means. */
  readonly meaning: string;
}

export interface EntryDescription {
  /** "PDE" */
  readonly name: string;
  readonly kind: "not-present" | "table" | "leaf" | "malformed";
  /** PA of the next table, or of the page. */
  readonly target?: bigint;
  readonly flags: readonly EntryFlag[];
}

export interface Architecture {
  /** What `--arch` takes: "amd64", "amd64-la57". */
  readonly name: string;
  readonly levels: number;
  readonly virtualAddressBits: number;
  /** For a person: what an entry of that level says, by the manual's names. */
  describeEntry(level: number, value: bigint): EntryDescription;
}
