/**
 * The records of whole address spaces: listing, comparing, summing, finding roots. An instance of the core does this or
 * monitors, in one memory plan: layout.ts draws it.
 */
import { BATCH_IN, BATCH_OUT } from "./layout";

// The two states of a space that are compared.
export const SIDE_BEFORE: u32 = 0;
export const SIDE_AFTER: u32 = 1; // also where there is but one state
export const SIDES: u32 = 2;

// Status of a kernel that works on until it needs its caller.
export const SPACE_DONE: u32 = 0;
export const SPACE_ROWS: u32 = 1; // as many rows as were asked for
export const SPACE_WANT_FRAMES: u32 = 2; // the frames listed in READS, half of it a side
export const SPACE_WANT_PAIRS: u32 = 3; // the pairs listed there
export const SPACE_UNREADABLE: u32 = 4; // the cursor says which table
export const SPACE_EXHAUSTED: u32 = 5; // no memory is left
export const SPACE_OVER_BOUND: u32 = 6; // no more tables may be kept
export const SPACE_PAUSED: u32 = 7; // as many steps as a call may take: the same call goes on
export const STEPS_A_CALL: u32 = 4096; // some milliseconds at most: whoever wants to stop is heard between two calls
export const SPACE_GO_ON: u32 = 0xff; // of parts of a kernel, which never answers it: what was to be done has been done

// Control block, offsets from CONTROL; behind those of layout.ts.
export const CONTROL_SPACE_INDEX: u32 = 1024; // index head, GFN and generation and side -> frame
export const CONTROL_PAIR_INDEX: u32 = 1040; // index head, two GFNs -> pair
export const CONTROL_SPACE_LEFT: u32 = 1056; // u32, tables that may still be kept
export const CONTROL_SPACE_READ: u32 = 1060; // u32, tables read
export const CONTROL_SPACE_ROUND: u32 = 1064; // u32, number of the last batch of wants
export const CONTROL_SPACE_WANTED: u32 = 1068; // u32 x 2, frames listed, by side
export const CONTROL_SPACE_ROWS: u32 = 1076; // u32, rows in the window
export const CONTROL_CLASS_INDEX: u32 = 1088; // index head, GFN >> 12 -> block of classes
export const CONTROL_FRAME_LIMIT: u32 = 1104; // f64, no frame of the guest has this GFN or a higher one
export const CONTROL_SAME_INDEX: u32 = 1120; // index head, GFN >> 6 and generation -> words of frames (same-frames.ts)
export const CONTROL_SAME_LAST: u32 = 1136; // { u64 GFN >> 6, u32 generation, u32 block } found last; block 0: none

// Half of READS, READ_FLAGS, READ_GFNS and the staging area is one side's. The halves lie an odd number of pages apart (aliasing).
export const HALF_READS: u32 = 128;
export const HALF_STAGING: u32 = 0x81000;

/** A frame read as a table, on one side. */
export const SPACE_FRAME_BYTES_LOG2: u32 = 6;
export const SPACE_FRAME_COPY: u32 = 0; // u32 ptr
export const SPACE_FRAME_STATE: u32 = 4; // u32, KEPT_…
export const SPACE_FRAME_ROUND: u32 = 8; // u32, batch that lists it
export const SPACE_FRAME_SAID: u32 = 12; // u32, the teller of a cursor that has said its absence last; 0 none
export const SPACE_FRAME_EMPTY: u32 = 16; // u32, bit L: nothing is mapped below it as a table of level L
export const SPACE_FRAME_SUMS: u32 = 20; // u32 x 5 from level 0 on, its sums as a table of that level
export const SPACE_FRAME_PLAUSIBLE: u32 = 42; // u16 x 5, from level 1 on: how good a table of the level; 0 not known
export const SPACE_FRAME_HELD: u32 = 52; // u16 x 5, the same where what is not in the dump speaks against it

/** Two frames, one a side, that stand at one place. */
export const PAIR_BYTES: u32 = 12;
export const PAIR_STATE: u32 = 0; // u16
export const PAIR_COUNT: u32 = 2; // u16, entries that differ as PTEs
export const PAIR_ENTRIES: u32 = 4; // u32 ptr, { u64 before, u64 after, u16 place }
export const PAIR_SAME: u32 = 8; // u32 ptr, 4 x 256 bits: levels 2 to 5, by both sides' access: nothing changes below
export const PAIR_COMPARED: u32 = 1;
export const PAIR_NO_BEFORE: u32 = 2;
export const PAIR_NO_AFTER: u32 = 4;
export const PAIR_ENTRY_BYTES: u32 = 18; // of one that differs, as most do that differ at all, a pair takes 32 bytes
export const PAIR_SAME_BYTES_LOG2: u32 = 7;

// Scratch of comparing two tables.
export const PAIR_PLACES: u32 = BATCH_IN; // u16 each, places that differ
export const PAIR_MASK: u32 = BATCH_OUT; // bitmap, all ones: every entry counts

/** Where a walk over a whole space stands. */
export const SPACE_CURSOR_BYTES_LOG2: u32 = 12;
export const SPACE_CURSOR_AT: u32 = 0; // u64, VA without its sign
export const SPACE_CURSOR_END: u32 = 8; // u64
export const SPACE_CURSOR_ROOT: u32 = 16; // f64, GFN
export const SPACE_CURSOR_LEVEL: u32 = 24; // u32, 0: not begun
export const SPACE_CURSOR_GENERATION: u32 = 28; // u32, added to the side
export const SPACE_CURSOR_OPEN: u32 = 32; // u32, 1: a row is open
export const SPACE_CURSOR_SAID_LEVEL: u32 = 36; // u32, the unreadable table
export const SPACE_CURSOR_SAID_SIDE: u32 = 40; // u32
export const SPACE_CURSOR_TELLER: u32 = 44; // u32, above 0: cursors of one say an absence once
export const SPACE_CURSOR_SAID_GFN: u32 = 48; // f64
export const SPACE_CURSOR_SAID_VA: u32 = 56; // u64
export const SPACE_CURSOR_SAID_ENTRY: u32 = 64; // u64; NO_ENTRY: it is the root
export const SPACE_CURSOR_ROW: u32 = 128; // the open row
export const SPACE_CURSOR_STEPS: u32 = 192; // a step a level, from 0
export const SPACE_CURSOR_SUMS: u32 = 576; // sums a level, from 0
export const SPACE_CURSOR_TRIMMED: u32 = 2880; // sums, bytes that the range cuts off
export const NO_ENTRY: u64 = ~(<u64>0);

/** A step: the table (or the large page, or nothing) at one level, a side each. */
export const STEP_BYTES: u32 = 64;
export const STEP_FRAME: u32 = 0; // u32 x 2
export const STEP_ACCESS: u32 = 8; // u32 x 2, of the path to it
export const STEP_KIND: u32 = 16; // u32 x 2, KIND_TABLE, KIND_LEAF or KIND_NOT_PRESENT
export const STEP_LEAF_LEVEL: u32 = 24; // u32 x 2
export const STEP_LEAF_PA: u32 = 32; // u64 x 2, of the page
export const STEP_PAIR: u32 = 48; // u32
export const STEP_WHOLE: u32 = 52; // u32, 1: the walk covers all of it
export const STEP_FRUITFUL: u32 = 56; // u32, 1: something was found below
export const STEP_ENTRY_ACCESS: u32 = 60; // u32, of the entry that leads to it

/** Sums: pages by level of the leaf (1 to 3) and access. */
export const SUMS_BYTES: u32 = 384; // u64 x 3 x 16
export const SUMS_BYTES_LOG2: u32 = 9;

/** A row in the window, which lies where a monitor has its events. */
export const SPACE_WINDOW: u32 = 0x240000;
export const SPACE_ROW_BYTES: u32 = 64;
export const SPACE_ROW_VA: u32 = 0; // u64, canonical in the window, without its sign in the cursor
export const SPACE_ROW_END: u32 = 8; // u64, VA in the cursor; length in the window
export const SPACE_ROW_PA: u32 = 16; // u64 x 2, by side
export const SPACE_ROW_LEVEL: u32 = 32; // u8 x 2, of the leaf; 0 not backed
export const SPACE_ROW_ACCESS: u32 = 34; // u8 x 2
export const SPACE_ROW_TYPE: u32 = 36; // u32, CHANGED_…
export const SPACE_ROW_DETAILS: u32 = 40; // u32 x 3, pages that are global, accessed, dirty

// How a page changed; the first that holds.
export const CHANGED_NOT: u32 = 0;
export const CHANGED_IN: u32 = 1;
export const CHANGED_OUT: u32 = 2;
export const CHANGED_PA: u32 = 3;
export const CHANGED_ACCESS: u32 = 4;
export const CHANGED_SIZE: u32 = 5;

// Finding roots: what every frame of a dump could be, a byte each, in blocks of 4096 frames.
export const CLASS_HELD: u32 = 1; // the dump holds the frame
export const CLASS_ZERO: u32 = 2;
export const CLASS_TOP: u32 = 4; // entries that lead to tables, as those of a top-level table do
export const CLASS_MIDDLE: u32 = 8; // entries that lead to tables or map large pages
export const CLASS_LAST: u32 = 16; // entries that map pages

// How plausible a table is: 0 not yet known, 1 nothing below it tells, else 2 + thousandths.
export const PLAUSIBLE_UNTOLD: u32 = 1;
export const PLAUSIBLE_NONE: u32 = 2;
export const PLAUSIBLE_ALL: u32 = 1002;

// Facts of a candidate, u32 from BATCH_OUT on, then a f64 a slot at BATCH_IN: GFN of the table it leads to, 0 none,
// negative for the kernel alone.
export const FACT_PLAUSIBLE: u32 = 0;
export const FACT_PLAUSIBLE_LOWER: u32 = 4; // of the slots of the lower half that user mode may use
export const FACT_TABLES: u32 = 8; // slots that lead to tables
export const FACT_MALFORMED: u32 = 12;
export const FACT_SELF_MAP: u32 = 16; // slot that leads back to the candidate, 512 none
export const FACT_HELD: u32 = 20; // FACT_PLAUSIBLE where what is not in the dump speaks against it
