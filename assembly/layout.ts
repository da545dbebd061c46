/**
 * The memory plan, and every record that monitoring and translation have in it; those of whole address spaces are in
 * space-layout.ts. TypeScript's constants are generated from the two.
 *
 *   0x000000  zero page        4096 zeros, never written; pointer 0 is "none", and reading through it gives zeros
 *   0x001000  control          counters, index heads, arena cursors (CONTROL_…)
 *   0x002000  path             one walked path, top first (PATH_…)
 *             differences      512 x u16, in the same place: entries of a table that differ, while it is compared
 *   0x002400  path nodes       6 x u32, by level: the nodes on the way to an address whose path is shown
 *   0x002ff0  cell             a cell that is being merged into another
 *   0x004000  null links       a block of 2 KiB a level from 2 up: cells of absent children (LINKS_…)
 *   0x008000  link places      1024 x u32, scratch of the linked walk
 *   0x010000  batch in         8192 x u64  virtual addresses
 *   0x020000  batch out        8192 x u64  physical addresses, all ones where not backed
 *   0x030000  batch tags       8192 x u32
 *   0x038000  parked           8192 x u32  places in the batch whose walk waits for a frame
 *   0x040000  reads            256 x u32  the records that frames are read for
 *   0x040800  read flags       256 x u8  1: it was read
 *   0x041000  read GFNs        256 x f64
 *   0x090000  vCPU heads       65536 x u32  first mark of each vCPU
 *   0x0d1000  staging          256 frames as read, an odd number of pages away from the arena (aliasing)
 *   0x240000  events           a window of 32768 rows, column by column (EVENT_…)
 *   0x400000  arena            grows up: nodes, tables, copies, indexes, scratch
 *      …      marks' arena     grows down from the end: marks outlive what they mark, so they outlive a reset
 *
 * An instance that looks at whole spaces has no batch and no events; of it lie there
 *
 *   0x010000  batch in         places of frames, places of entries that differ, or where a root's entries lead to
 *   0x020000  batch out        a mask, or facts of a root (FACT_…)
 *   0x0d1000  staging          128 frames of the side before, then, from 0x152000 on, 128 of the side after; while frames
 *                              are classed, 256 in a row
 *   0x240000  window           rows of 64 bytes (SPACE_ROW_…)
 *
 * All integers are little-endian. A record pointer is a byte offset into this memory. No record is ever moved.
 */

// The frame-sized kernels' view of a table.
export const FRAME_BYTES: u32 = 4096;
export const ENTRIES: u32 = 512;
export const BITMAP_BYTES: u32 = 64; // one bit an entry

// Areas.
export const CONTROL: u32 = 0x1000;
export const PATH: u32 = 0x2000;
export const DIFFERENCES: u32 = 0x2000;
export const PATH_NODES: u32 = 0x2400;
export const CELL_SCRATCH: u32 = 0x2ff0;
export const NULL_LINKS: u32 = 0x4000;
export const LINK_PLACES: u32 = 0x8000;
export const LINK_PLACES_LENGTH: u32 = 1024;
export const BATCH_IN: u32 = 0x10000;
export const BATCH_OUT: u32 = 0x20000;
export const BATCH_TAGS: u32 = 0x30000;
export const BATCH_PARKED: u32 = 0x38000;
export const BATCH_LENGTH: u32 = 8192;
export const READS: u32 = 0x40000;
export const READ_FLAGS: u32 = 0x40800;
export const READ_GFNS: u32 = 0x41000;
export const READS_LENGTH: u32 = 256;
export const VCPU_HEADS: u32 = 0x90000;
export const VCPUS: u32 = 65536;
export const STAGING: u32 = 0xd1000;
export const ARENA: u32 = 0x400000;

// Geometry of the tries: 512 slots a node, 4 KiB a slot of the lowest.
export const PAGE_BITS: u32 = 12;
export const SLOT_BITS: u32 = 9;
export const LEAF_REACH_LOG2: u32 = 21; // bytes below a table, and a node, of the lowest level

// Status of a kernel that may run out of memory.
export const OK: u32 = 0;
export const EXHAUSTED: u32 = 1;

// In place of a number that a kernel answers: why it could not go on. Both are above every number.
export const TOO_MANY: u32 = 0xffff_fffe; // more tables than may be kept
export const NO_MEMORY: u32 = 0xffff_ffff; // memory is exhausted

// What rounds are part of.
export const ROUNDS_MONITORING: u32 = 0; // addresses change tries at once
export const ROUNDS_PROCESSING: u32 = 1; // what moves is noted, to be undone; they change when all has been told

// Which monitored entries of a table are compared with what was read.
export const DIFF_MARKED: u32 = 0;
export const DIFF_ALL: u32 = 1;

// Where the changes are that are undone.
export const UNDO_UNCOMMITTED: u32 = 0; // listed only
export const UNDO_COMMITTED: u32 = 1; // in the copies

// How many references of an address are given back.
export const GIVE_BACK_ONE: u32 = 0;
export const GIVE_BACK_ALL: u32 = 1;

// What giving an address back leaves to do.
export const LEFT_SUSPECTS: u32 = 1; // tables that may no longer be monitored
export const LEFT_EMPTY_SPACE: u32 = 2; // the space has no address any more
export const LEFT_NOTHING: u32 = 4; // no address is monitored

// What marking an entry answers.
export const MARKED_ONLY: u32 = 0; // it is not monitored
export const MARKED_MONITORED: u32 = 1;
export const MARKED_NOT: u32 = 2; // memory is exhausted and nothing has changed

// Paging modes.
export const MODE_AMD64: u32 = 1; // with 4 levels; any other is the same with 5

// What an entry is.
export const KIND_NOT_PRESENT: u32 = 0;
export const KIND_TABLE: u32 = 1;
export const KIND_LEAF: u32 = 2;
export const KIND_MALFORMED: u32 = 3;

// What an entry grants. A path grants what all of its entries do.
export const ACCESS_READ: u32 = 1;
export const ACCESS_WRITE: u32 = 2;
export const ACCESS_EXECUTE: u32 = 4;
export const ACCESS_USER: u32 = 8;
export const ALL_ACCESS: u32 = 15;
export const ACCESS_BITS: u32 = 4;

// Why a path does not end in a leaf.
export const FAULT_NONE: u32 = 0;
export const FAULT_NOT_PRESENT: u32 = 1;
export const FAULT_RESERVED_BIT: u32 = 2;
export const FAULT_UNREADABLE_TABLE: u32 = 3;

/**
 * Outcome of a walk for one 4 KiB page, as a u64:
 *   bits 0-2 level of the leaf, 3 backed, 4-5 fault, 12-51 PA of the 4 KiB page.
 */
export const OUTCOME_LEVEL: u64 = 7;
export const OUTCOME_BACKED: u64 = 8;
export const OUTCOME_FAULT_SHIFT: u64 = 4;
export const OUTCOME_PA: u64 = 0x000f_ffff_ffff_f000;

// Control block, offsets from CONTROL.
export const CONTROL_ARENA_CURSOR: u32 = 0; // u32, first fresh page
export const CONTROL_MARKS_CURSOR: u32 = 4; // u32, end of the fresh pages
export const CONTROL_END: u32 = 8; // u32, bytes of memory
export const CONTROL_MODE: u32 = 12; // u32
export const CONTROL_RESERVED: u32 = 16; // u64, address bits past MAXPHYADDR
export const CONTROL_KEEP: u32 = 24; // u64, all but the encryption mask
export const CONTROL_ADDRESSES: u32 = 32; // u32, distinct monitored addresses
export const CONTROL_BACKED: u32 = 36; // u32, those that are backed
export const CONTROL_ENTRIES: u32 = 40; // u32, distinct monitored entries
export const CONTROL_TABLES: u32 = 44; // u32, table records
export const CONTROL_CUTS: u32 = 48; // u32, nodes in tries whose paths end at an unreadable table
export const CONTROL_TOUCHED: u32 = 52; // u32 x 6, nodes to stand, by level
export const CONTROL_QUEUE: u32 = 76; // u32, tables to read, first
export const CONTROL_QUEUE_LAST: u32 = 80; // u32
export const CONTROL_SUSPECTS: u32 = 84; // u32, tables that a node has left
export const CONTROL_FIRST_TABLE: u32 = 88; // u32, all table records, in the order in which they came
export const CONTROL_CURSOR_LEAF: u32 = 92; // u32, where the comparison goes on
export const CONTROL_CURSOR_SLOT: u32 = 96; // u32
export const CONTROL_CURSOR_OUTCOME: u32 = 100; // u32
export const CONTROL_CURSOR_ROW: u32 = 104; // u32, chained address within the page
export const CONTROL_MARKS: u32 = 108; // u32, mark records
export const CONTROL_FRAMES: u32 = 112; // u32, frames kept for translation
export const CONTROL_FIRST_FRAME: u32 = 116; // u32
export const CONTROL_LEVELS: u32 = 120; // u32
export const CONTROL_READ_FIRST: u32 = 124; // u32, next table to list
export const CONTROL_TABLE_INDEX: u32 = 128; // index head
export const CONTROL_MARK_INDEX: u32 = 144; // index head
export const CONTROL_FRAME_INDEX: u32 = 160; // index head
export const CONTROL_CHANGES: u32 = 176; // vector of changes
export const CONTROL_AFFECTED: u32 = 192; // vector of nodes
export const CONTROL_LEAVES: u32 = 208; // vector of affected leaves
export const CONTROL_OUTCOMES: u32 = 224; // vector of pairs of outcomes
export const CONTROL_RELOCATIONS: u32 = 240; // vector of { node, earlier table }
export const CONTROL_WORKED: u32 = 256; // vector of table records being processed
export const CONTROL_MOVES: u32 = 272; // vector of pages that change tries
export const CONTROL_EMPTIED: u32 = 288; // vector of nodes
export const CONTROL_LAST_LEAF: u32 = 304; // u32, leaf node found last in a trie 0; 0 where it has gone
export const CONTROL_LAST_SPACE: u32 = 308; // u32
export const CONTROL_LAST_REACH: u32 = 312; // u64, VA >> 21 of CONTROL_LAST_LEAF
export const CONTROL_FREE_PAGES: u32 = 320; // u32, freed blocks of a page
export const CONTROL_LAST_TABLE: u32 = 324; // u32, the last of all table records
export const CONTROL_COPIES: u32 = 328; // u32, next page of those set aside for tables' copies
export const CONTROL_COPIES_END: u32 = 332; // u32
export const CONTROL_ROUND: u32 = 336; // u32, level whose tables are being read
export const CONTROL_MOST_TABLES: u32 = 340; // u32, tables that may be kept
export const CONTROL_TAKEN: u32 = 344; // u32, addresses of the last window that were taken in
export const CONTROL_LAST_CELLS: u32 = 348; // u32, cells of CONTROL_LAST_LEAF where it has one for each slot, else 0
export const CONTROL_TOUCHED_LAST: u32 = 352; // u32 x 6, by level, the last of CONTROL_TOUCHED where there is a first
export const CONTROL_FREE: u32 = 512; // u32 x 32 free lists of the arena, by log2 of the size
export const CONTROL_BUMP: u32 = 640; // u32 x 32 fresh blocks within a page
export const CONTROL_MARKS_FREE: u32 = 768; // the same for the marks' arena
export const CONTROL_MARKS_BUMP: u32 = 896;

// Index head: open addressing, GFN and view -> record. Slots are { u64 key, u32 record, u32 second key }.
export const INDEX_SLOTS: u32 = 0; // u32 ptr
export const INDEX_BITS: u32 = 4; // u32, log2 of the slots
export const INDEX_USED: u32 = 8; // u32
export const SLOT_BYTES: u32 = 16;

// Vector head: a growing array.
export const VECTOR_ITEMS: u32 = 0; // u32 ptr
export const VECTOR_BITS: u32 = 4; // u32, log2 of the bytes
export const VECTOR_USED: u32 = 8; // u32, bytes

// A walked path: count, fault, leaf, then entries.
export const PATH_COUNT: u32 = 0; // u32
export const PATH_FAULT: u32 = 4; // u32
export const PATH_LEVEL: u32 = 8; // u32, of the leaf; 0 none
export const PATH_PA: u32 = 16; // u64
export const PATH_ENTRIES: u32 = 32; // { u64 entry PA, u64 value } top first

// Events window: columns of EVENT_ROWS rows.
export const EVENT_ROWS: u32 = 32768;
export const EVENT_VA: u32 = 0x240000; // u64
export const EVENT_PA: u32 = 0x280000; // u64
export const EVENT_TAG: u32 = 0x2c0000; // u32
export const EVENT_SPACE: u32 = 0x2e0000; // u32
export const EVENT_SIZE: u32 = 0x300000; // u32, bytes
export const EVENT_TYPE: u32 = 0x320000; // u8
export const EVENT_FAULT: u32 = 0x328000; // u8

/**
 * An address space under watch: one (view, root). Its addresses hang in tries over the bits of the VA: trie 0 holds
 * those whose path runs to its end, trie k those whose path ended before a table of level k that could not be read.
 */
export const SPACE_BYTES_LOG2: u32 = 6;
export const SPACE_ROOT_GFN: u32 = 0; // u64
export const SPACE_VIEW: u32 = 8; // u32
export const SPACE_ID: u32 = 12; // u32
export const SPACE_TRIES: u32 = 16; // u32 x 6 root nodes, by level of the cut
export const SPACE_ADDRESSES: u32 = 40; // u32
export const SPACE_CUTS: u32 = 44; // u32, root nodes of tries 1 and up
export const TRIES: u32 = 6;

/**
 * A node: 512 slots of a trie, at a level. It stands on the table that its path leads to, or nowhere.
 * Cells are packed by rank in the bitmap while they are few; 8 bytes each:
 *   upper   u32 child node, u32 the child's cells where it has one for each slot, else 0
 *   leaf    u32 tag, u32 { 0-11 offset in the page, 12 chained, 13 backed, 14-31 references }
 *   chained u32 first row, u32 { 12 }
 */
export const NODE_BYTES_LOG2: u32 = 7;
export const NODE_TABLE: u32 = 0; // u32
export const NODE_PARENT: u32 = 4; // u32
export const NODE_NEXT: u32 = 8; // u32, on the same table
export const NODE_PREVIOUS: u32 = 12; // u32
export const NODE_CELLS: u32 = 16; // u32 ptr
export const NODE_SLOT: u32 = 20; // u16, in the parent
export const NODE_LEVEL: u32 = 22; // u8
export const NODE_CAPACITY_LOG2: u32 = 23; // u8, cells
export const NODE_COUNT: u32 = 24; // u16, used slots
export const NODE_FLAGS: u32 = 26; // u8
export const NODE_CUT: u32 = 27; // u8, which of the space's tries
export const NODE_SPACE: u32 = 28; // u32
export const NODE_TOUCHED_NEXT: u32 = 32; // u32
export const NODE_SCRATCH: u32 = 36; // u32, while processing
export const NODE_VA: u32 = 40; // u64, first VA below it
export const NODE_CHAINED: u32 = 48; // u8, 1 once a cell of a leaf node has been chained
export const NODE_USED: u32 = 64; // bitmap
export const NODE_FLAG_TOUCHED: u32 = 1;
export const NODE_FLAG_STAND: u32 = 2; // where it stands is to be found
export const NODE_FLAG_MOVED: u32 = 4; // stands elsewhere than at the start of the call

export const CELL_OFFSET: u32 = 0xfff;
export const CELL_CHAINED: u32 = 1 << 12;
export const CELL_BACKED: u32 = 1 << 13; // counted among the backed addresses
export const CELL_REFERENCE: u32 = 1 << 14;
export const CELL_MOST_REFERENCES: u32 = (1 << 18) - 1;

// A row: one address of a page that holds several, ascending by offset.
export const ROW_BYTES_LOG2: u32 = 4;
export const ROW_NEXT: u32 = 0; // u32
export const ROW_TAG: u32 = 4; // u32
export const ROW_REFERENCES: u32 = 8; // u32
export const ROW_OFFSET: u32 = 12; // u32, offset in the page, CELL_BACKED

// A node's scratch while processing: bitmaps.
export const SCRATCH_BYTES_LOG2: u32 = 8;
export const SCRATCH_AFFECTED: u32 = 0; // slots whose entry is processed: all below is walked anew
export const SCRATCH_BELOW: u32 = 64; // slots with something affected below
export const SCRATCH_CUT: u32 = 128; // slots whose path ends here, the table being unreadable

/**
 * A table under watch: one (view, GFN). The copy holds committed values where `monitored` has a bit, elsewhere what was
 * read.
 */
export const TABLE_BYTES_LOG2: u32 = 7;
export const TABLE_KEY: u32 = 0; // u64, view << 40 | GFN
export const TABLE_COPY: u32 = 8; // u32 ptr
export const TABLE_FIRST_NODE: u32 = 12; // u32
export const TABLE_FLAGS: u32 = 16; // u32
export const TABLE_QUEUE_NEXT: u32 = 20; // u32
export const TABLE_ACCESS: u32 = 24; // u32, before it was protected
export const TABLE_SCRATCH: u32 = 28; // u32
export const TABLE_NEXT: u32 = 32; // u32, all tables
export const TABLE_PREVIOUS: u32 = 36; // u32
export const TABLE_SUSPECT_NEXT: u32 = 40; // u32
export const TABLE_NODES: u32 = 44; // u32, that stand on it
export const TABLE_COUNTS: u32 = 48; // u32 ptr, 512 x u32 nodes that use each entry; 0 while the nodes are few
export const TABLE_MONITORED: u32 = 64; // bitmap
export const TABLE_FLAG_UNREAD: u32 = 1; // no copy yet
export const TABLE_FLAG_QUEUED: u32 = 2;
export const TABLE_FLAG_SUSPECT: u32 = 4;
export const TABLE_FLAG_PROTECTED: u32 = 8;
export const TABLE_FLAG_NOTED: u32 = 16; // what is waited for stands in the scratch
export const GFN_BITS: u64 = 40;

// A table's scratch within a call: bitmaps.
export const TABLE_SCRATCH_BYTES_LOG2: u32 = 8;
export const TABLE_PENDING: u32 = 0; // entries to commit when the frame has been read
export const TABLE_MARKED: u32 = 64; // entries being processed
export const TABLE_VANISHED: u32 = 128; // entries being processed whose table could not be read
export const TABLE_CHANGED: u32 = 192; // u32, place of the table's first change, in bytes
export const TABLE_CHANGED_BYTES: u32 = 196; // u32, bytes of its changes; 0: none, or not known here

// A change: { u32 table, ... }.
export const CHANGE_BYTES: u32 = 24;
export const CHANGE_ENTRY: u32 = 4; // u16
export const CHANGE_VANISHED: u32 = 6; // u16, 1 where the table could not be read: it has no values then
export const CHANGE_NOW: u32 = 8; // u64, as read
export const CHANGE_BEFORE: u32 = 16; // u64, as committed until then
// An affected leaf: { u32 node, u32 first outcome, bitmap of its affected pages }.
export const LEAF_BYTES: u32 = 72;
// The outcomes of an affected page: { u64 as it was, u64 as it is }.
export const OUTCOME_BYTES: u32 = 16;
// A node that stands elsewhere: { u32 node, u32 table that it stood on }.
export const RELOCATION_BYTES: u32 = 8;
// A page that changes tries: { u64 va, u64 cell, u32 space, u32 trie }.
export const MOVE_BYTES: u32 = 24;

// Marks of one vCPU in one table.
export const MARK_BYTES_LOG2: u32 = 7;
export const MARK_KEY: u32 = 0; // u64, as TABLE_KEY
export const MARK_VCPU: u32 = 8; // u32
export const MARK_NEXT: u32 = 12; // u32, of the same vCPU
export const MARK_BITS: u32 = 64; // bitmap

// A frame kept for translation.
export const KEPT_BYTES_LOG2: u32 = 6;
export const KEPT_GFN: u32 = 0; // u64
export const KEPT_COPY: u32 = 8; // u32 ptr; 0: wanted or unreadable
export const KEPT_STATE: u32 = 12; // u32
export const KEPT_NEXT: u32 = 16; // u32, all kept frames
export const KEPT_LINKS: u32 = 24; // u32 x 4, links block for each level from 2 up that the frame serves as; 0 none

/**
 * Links of an upper table at a level: 512 x u32. At level 2 the child's copy, above that the child's links; where the
 * child is not known the null block of the next level, and the zero page at the end. Descending needs no test.
 */
export const LINKS_BYTES_LOG2: u32 = 11;
export const LINKS_LOWEST_LEVEL: u32 = 2;
export const LINKS_LEVELS: u32 = 4;
export const KEPT_WANTED: u32 = 0;
export const KEPT_READABLE: u32 = 1;
export const KEPT_UNREADABLE: u32 = 2;
