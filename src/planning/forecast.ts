/** What will become of an action: whether the kernel may undo it, what would keep it, what undo can put back. */
import { khugepagedObstacles } from '../kernel-rules/eligibility.js';
import type { BlockCase } from '../kernel-rules/obstacle.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Forecast, Proposal } from '../vocabulary/plan.js';
import type { Bytes, Fraction, Pages } from '../vocabulary/units.js';

/** A proposal on one block, and what is known of both. */
export interface ForecastCase extends Omit<BlockCase, 'state'> {
  readonly before: BlockState;
  readonly proposal: Proposal;
  /** Whether the actuator leaves the split pages without references (MADV_COLD over the whole block first). */
  readonly clearsReferences: boolean;
  /** Share of what earlier splits returned to the process that came back; undefined when nothing was looked at. */
  readonly cameBackShare?: Fraction | undefined;
}

/** Returns what will become of the action, in words and as codes. */
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

type Undoing = Pick<Forecast, 'reversible' | 'irreversible' | 'returned'>;

function forecastSplit(facts: ForecastCase): Forecast {
  const { kind } = facts.mapping;
  if (kind === 'shmem' || kind === 'file') return FORECAST_OF_CACHE;
  const after = stateAfterSplit(facts);
  const obstacles = khugepagedObstacles({ ...facts, state: after });
  const kept = keeping(facts, facts.geometry.pagesPerBlock - after.present - after.swapped);
  const undoing = undoOfSplit(facts);
  const lasting = obstacles.find(({ code }) => code !== 'too-many-holes');
  if (lasting) {
    const why = `khugepaged leaves it alone: ${lasting.why}`;
    return { undoneByKernel: 'no', why, keptBy: 'nothing more is needed', ...undoing };
  }
  // Holes are filled by touches: the process may bring the block back under the limit by itself.
  if (obstacles.length > 0) {
    const why = `khugepaged leaves it alone while ${obstacles[0].why}; a touch of more sub-pages ends that`;
    return { undoneByKernel: 'if-touched', why, keptBy: kept, ...undoing };
  }
  if (facts.clearsReferences) {
    const why = 'khugepaged collapses it again once a sub-page is touched and its scan comes by';
    return { undoneByKernel: 'if-touched', why, keptBy: kept, ...undoing };
  }
  const why =
    'the pieces inherit the references of the huge page, so khugepaged may take it on its next scan';
  return { undoneByKernel: 'likely', why, keptBy: kept, ...undoing };
}

/** Memory of the page cache stays there: a split only takes it out of the page tables (unmap_folio()). */
const FORECAST_OF_CACHE: Forecast = {
  undoneByKernel: 'unknown',
  why: 'the process maps its pages again one by one; khugepaged may make it huge where its file system allows that',
  keptBy: 'a file system mounted with huge=never or huge=advise',
  reversible: 'yes',
  irreversible: 'undo collapses it again by a copy; the frames are others',
  returned: 'nothing: shared and file memory stays in the page cache, it only leaves the page tables and RSS',
};

function undoOfSplit({ before, proposal, geometry, cameBackShare }: ForecastCase): Undoing {
  const freed = proposal.gain.returnedBytes;
  const unmapped = before.level === 'pmd' ? 0 : (before.unmapped ?? 0) * geometry.pageBytes;
  const returned = whatReturns(freed, unmapped, cameBackShare);
  if (unmapped !== 0) {
    const irreversible =
      'undo leaves it as it is: its pages stay mapped as they were, and the rest was not in use';
    return { reversible: 'no', irreversible, ...returned };
  }
  if (freed === 0) {
    const irreversible = 'undo collapses it again by a copy; the frames are others';
    return { reversible: 'yes', irreversible, ...returned };
  }
  const zeroes =
    freed === null ? 'takes back what zeroes the split returned' : 'takes the returned zeroes back';
  const irreversible = `undo collapses it again and ${zeroes}; the frames are others`;
  return { reversible: 'partly', irreversible, ...returned };
}

/** Whether what a split returns stays returned. Zeroes come back by a touch, what no process maps has no address. */
function whatReturns(
  freed: Bytes | null,
  unmapped: Bytes,
  share: Fraction | undefined,
): Pick<Forecast, 'returned'> {
  if (freed === 0) return {};
  if (freed !== null && freed === unmapped)
    return { returned: 'stays returned: no address leads to pages that no process maps' };
  const before =
    share === undefined
      ? 'how many is not known'
      : `${Math.round(100 * share)} % of what earlier splits returned came back`;
  const zeroes = `zero-filled pages come back one by one as the process writes to them (${before})`;
  return { returned: unmapped === 0 ? zeroes : `${zeroes}; pages that no process maps stay returned` };
}

/** Zero-filled pages are mapped to the zero page afterwards; pages that no process maps are of no interest to khugepaged. */
function stateAfterSplit({ before, proposal, geometry }: ForecastCase): BlockState {
  const freed = (proposal.gain.returnedBytes ?? 0) / geometry.pageBytes;
  const zeroes = Math.max(0, freed - (before.unmapped ?? 0));
  return {
    ...before,
    level: 'pte',
    present: before.present - zeroes,
    zeroMapped: before.zeroMapped + zeroes,
  };
}

function forecastCollapse({ before, mapping, proposal, geometry }: ForecastCase): Forecast {
  // Holes of shared memory are filled in the page cache, where a split leaves them.
  const holes = mapping.kind === 'anon' ? geometry.pagesPerBlock - before.present : 0;
  const large = before.pagesByOrder.some(
    (pages, order) => order > 0 && order < geometry.hugeOrder && pages > 0,
  );
  const lost = [
    ...(large ? ['the folio orders it had between base pages and PMD size'] : []),
    'the frames it had',
    ...(mapping.kind === 'anon' && proposal.cost.copiedBytes > 0 && before.flags.includes('shared')
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
