/** Files whose writes may block until a kdamond has done something. */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { WriteAnswer } from '../../state/file-tree.js';
import type { Pending } from '../core/kdamond-calls.js';
import { isPending, type WriteOutcome } from './damon-system.js';

/** Runs the model forward until a blocking command is answered. */
export type WaitFor = (pending: Pending) => ErrnoName | undefined;

/** A file's writes, for callers that can wait and for those that cannot. */
export interface BlockingWrites {
  /** Begins a write: its answer, or what to wait for. */
  begin(text: string): WriteAnswer | Pending;
  /** A write that moves the model forward until it is answered. */
  write(text: string): WriteAnswer;
}

/** Returns both kinds of writes for a file that does `act`. */
export function blockingWrites(act: (text: string) => WriteOutcome, waitFor: WaitFor): BlockingWrites {
  const begin = (text: string): WriteAnswer | Pending => {
    const outcome = act(text);
    if (isPending(outcome)) return outcome.answer === undefined ? outcome : errnoOf(outcome);
    return outcome.ok ? undefined : outcome.error;
  };
  const write = (text: string): WriteAnswer => {
    const begun = begin(text);
    return typeof begun === 'object' ? waitFor(begun) : begun;
  };
  return { begin, write };
}

function errnoOf({ answer }: Pending): ErrnoName | undefined {
  return answer === undefined || answer.ok ? undefined : answer.error;
}
