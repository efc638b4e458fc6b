/** What is in use again of the memory that earlier splits returned. Pure. */
import type { CameBack } from '../planning/regret.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Bytes, Milliseconds, Pages } from '../vocabulary/units.js';
import type { Act } from './acts.js';

/** A split, and its block as it is now. */
export interface LookedAt {
  readonly act: Act;
  readonly now: BlockState;
}

/** Sums over the splits of one process, newest run first; undefined when none of them returned zero-filled pages. */
export function cameBack(
  seen: readonly LookedAt[],
  pageBytes: Bytes,
  nowMs: Milliseconds,
): CameBack | undefined {
  const returning = seen.filter(({ act }) => returnedPages(act) > 0);
  const [newest] = returning;
  if (!newest) return undefined;
  const sum = (pages: (one: LookedAt) => Pages) =>
    pageBytes * returning.reduce((total, one) => total + pages(one), 0);
  return {
    returnedBytes: sum(({ act }) => returnedPages(act)),
    cameBackBytes: sum(backPages),
    run: newest.act.run.run,
    afterMs: nowMs - newest.act.run.begin.atMs,
  };
}

/** Zero-filled pages that left the page tables by the split; what nobody mapped is not among them. */
function returnedPages({ verdict }: Act): Pages {
  return Math.max(0, verdict.before.present - verdict.after.present);
}

/** A process touches one page after the other; a collapse takes all of them at once. */
function backPages({ act, now }: LookedAt): Pages {
  return Math.min(returnedPages(act), Math.max(0, now.present - act.verdict.after.present));
}
