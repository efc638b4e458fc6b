/** What will become of an action: whether the kernel may undo it, what would keep it, what undo can put back. */
import { type BlockCase, khugepagedObstacles } from '../kernel-rules/eligibility.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Forecast, Proposal } from '../vocabulary/plan.js';
import type { Pages } from '../vocabulary/units.js';

export interface ForecastCase extends Omit<BlockCase, 'state'> {
  readonly before: BlockState;
  readonly proposal: Proposal;
  /** Whether the actuator leaves the split pages without references (MADV_COLD over the whole block first). */
  readonly clearsReferences: boolean;
}

export function forecast(facts: ForecastCase): Forecast {
  return facts.proposal.action === 'split' ? forecastSplit(facts) : forecastCollapse(facts);
}

/**
 * What keeps a split, as far as it would for this block: prctl's `except-advised` exempts memory marked MADV_HUGEPAGE,
 * and a bound on holes helps only where the split leaves more of them than are allowed.
 */
function keeping(facts: ForecastCase, holes: Pages): string {
  const { geometry, mapping, settings } = facts;
  const size = settings.sizes.some(({ order }) => order === geometry.hugeOrder)
    ? `hugepages-${geometry.blockBytes / 1024}kB/enabled=never`
    : 'transparent_hugepage/enabled=never';
  const advised = mapping.flags.includes('hg');
  const launched = advised ? 'octavo launch --thp never' : 'octavo launch';
  const rule = advised
    ? 'PR_SET_THP_DISABLE for all of it, since its memory is marked MADV_HUGEPAGE'
    : 'PR_SET_THP_DISABLE except-advised';
  return [
    `${size} system-wide`,
    ...(holes > 0 ? [`khugepaged/max_ptes_none below ${holes} system-wide`] : []),
    'MADV_NOHUGEPAGE by the process (or --allow-sticky)',
    `or starting it under ${rule} (${launched})`,
  ].join(', ');
}

function forecastSplit(facts: ForecastCase): Forecast {
  const after = stateAfterSplit(facts);
  const obstacles = khugepagedObstacles({ ...facts, state: after });
  const kept = keeping(facts, facts.geometry.pagesPerBlock - after.present - after.swapped);
  const refill = facts.proposal.gain.returnedBytes;
  const undoing = {
    reversible: refill > 0 ? ('partly' as const) : ('yes' as const),
    irreversible:
      refill > 0
        ? 'undo collapses it again and takes the returned zeroes back; the frames are others'
        : 'undo collapses it again by a copy; the frames are others',
  };
  if (obstacles.length > 0) {
    return {
      undoneByKernel: 'no',
      why: `khugepaged leaves it alone: ${obstacles[0].why}`,
      keptBy: 'nothing more is needed',
      ...undoing,
    };
  }
  if (facts.clearsReferences) {
    const why = 'khugepaged collapses it again once a sub-page is touched and its scan comes by';
    return { undoneByKernel: 'if-touched', why, keptBy: kept, ...undoing };
  }
  const why =
    'the pieces inherit the references of the huge page, so khugepaged may take it on its next scan';
  return { undoneByKernel: 'likely', why, keptBy: kept, ...undoing };
}

function stateAfterSplit({ before, proposal, geometry }: ForecastCase): BlockState {
  const freed = proposal.gain.returnedBytes / geometry.pageBytes;
  return { ...before, level: 'pte', present: before.present - freed, zeroMapped: before.zeroMapped + freed };
}

function forecastCollapse({ before, proposal, geometry }: ForecastCase): Forecast {
  const holes = geometry.pagesPerBlock - before.present;
  const large = before.pagesByOrder.some(
    (pages, order) => order > 0 && order < geometry.hugeOrder && pages > 0,
  );
  const lost = [
    ...(large ? ['the folio orders it had between base pages and PMD size'] : []),
    'the frames it had',
    ...(proposal.cost.copiedBytes > 0 && before.flags.includes('shared')
      ? ['sharing with other processes']
      : []),
  ];
  return {
    undoneByKernel: 'no',
    why: 'only reclaim under memory pressure splits it again',
    keptBy: 'nothing more is needed',
    reversible: 'partly',
    irreversible: `undo splits it to base pages${holes > 0 ? ' and returns filled holes that stayed zero' : ''}; it cannot give back ${lost.join(', nor ')}`,
  };
}
