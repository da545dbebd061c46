/**
 * Rounds: all touched nodes stand, a level at a time from the top down, since what a level leads to is known once it
 * has been read.
 *
 *   begin -> stand a level -> its tables named -> (TypeScript protects and reads them) -> resume -> absorb
 *         -> cut what could not be read -> stand the next level -> ... -> 0: every touched node stands
 *
 * Both answer how many tables are named in READS; 0 at the end; NO_MEMORY or TOO_MANY where the call is to be taken
 * back.
 */
import {
  CONTROL,
  CONTROL_AFFECTED,
  CONTROL_FIRST_TABLE,
  CONTROL_LEVELS,
  CONTROL_MOST_TABLES,
  CONTROL_ROUND,
  CONTROL_TABLES,
  CONTROL_TOUCHED,
  NO_MEMORY,
  OK,
  ROUNDS_PROCESSING,
  TABLE_FIRST_NODE,
  TABLE_FLAG_UNREAD,
  TABLE_FLAGS,
  TABLE_NEXT,
  TOO_MANY,
  VECTOR_USED,
} from "../layout";
import { PagingMode } from "../mode";
import { listMoves, move } from "./moves";
import { absorb } from "./reads";
import { settleLevel, standLevel } from "./stand";

/** Starts the rounds: ROUNDS_…. */
export function beginRounds<M extends PagingMode>(rounds: u32): u32 {
  return standFrom<M>(load<u32>(CONTROL, CONTROL_LEVELS), rounds);
}

/** Goes on when the first `count` of READS have been read, or could not be. */
export function resumeRounds<M extends PagingMode>(count: u32, rounds: u32): u32 {
  const named = absorb(count);
  if (named) return named;
  const level = load<u32>(CONTROL, CONTROL_ROUND);
  const refusal = endRound(level, rounds);
  return refusal ? refusal : standFrom<M>(level - 1, rounds);
}

function standFrom<M extends PagingMode>(top: u32, rounds: u32): u32 {
  for (let level = top; level > 0; level--) {
    if (!load<u32>(CONTROL + ((<usize>level) << 2), CONTROL_TOUCHED)) continue;
    store<u32>(CONTROL, level, CONTROL_ROUND);
    const named = standLevel<M>(level, rounds);
    if (named) return named;
    const refusal = endRound(level, rounds);
    if (refusal) return refusal;
  }
  return rounds == ROUNDS_PROCESSING ? 0 : moveAtOnce<M>();
}

function endRound(level: u32, rounds: u32): u32 {
  if (settleLevel(level, rounds) != OK) return NO_MEMORY;
  return isOverBound() ? TOO_MANY : 0;
}

function moveAtOnce<M extends PagingMode>(): u32 {
  if (!load<u32>(CONTROL + CONTROL_AFFECTED, VECTOR_USED)) return 0;
  if (listMoves() != OK) return NO_MEMORY;
  move<M>();
  return 0;
}

/** Of the tables that there are those count that will be kept: that have been read and that a node stands on. */
function isOverBound(): bool {
  const most = load<u32>(CONTROL, CONTROL_MOST_TABLES);
  if (load<u32>(CONTROL, CONTROL_TABLES) <= most) return false;
  let kept: u32 = 0;
  for (let table: usize = load<u32>(CONTROL, CONTROL_FIRST_TABLE); table; table = load<u32>(table, TABLE_NEXT)) {
    if (!(load<u32>(table, TABLE_FLAGS) & TABLE_FLAG_UNREAD) && load<u32>(table, TABLE_FIRST_NODE)) kept++;
  }
  return kept > most;
}
