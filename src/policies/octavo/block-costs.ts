/** What being split costs each block beyond walks, and what a change of it costs once. */
import { undoneShare } from '../../belief/ledger.js';
import type { ProcessBelief } from '../../belief/process-belief.js';
import type { ThpSettings } from '../../vocabulary/thp-settings.js';
import type { WalkTimes } from '../../vocabulary/translation.js';
import { type Bytes, type Fraction, MIB, type Nanoseconds, type Pages } from '../../vocabulary/units.js';
import type { CostModel } from '../policy.js';
import { savedByHuge } from './curve.js';
import type { Parts } from './parts.js';
import type { Survey, Surveyed } from './survey.js';
import { chanceTaken, changeNs, lastingShare, REFAULT_NS, secondsBetweenVisits } from './switching.js';

/** What costs are worked out from. */
export interface CostFacts {
  readonly processes: readonly Surveyed[];
  readonly survey: Survey;
  readonly settings: ThpSettings | undefined;
  readonly costs: CostModel;
  readonly horizonSeconds: number;
  /** Memory free in whole huge blocks; undefined where the host does not tell. */
  readonly freeHugeBytes: Bytes | undefined;
  readonly cpu: WalkTimes;
  readonly parts: Pick<Parts, 'khugepaged' | 'refaults'>;
}

/** Costs of all blocks, as columns. */
export interface BlockCosts {
  /** Nanoseconds a second, by block: faults on pages that a split gives back. */
  readonly refaultNs: Float64Array;
  /** Nanoseconds of one split, with what khugepaged's taking it again would cost. */
  readonly splitNs: Float64Array;
  readonly collapseNs: Float64Array;
  /** Share of the horizon for which a split lasts. */
  readonly lasting: Float64Array;
  /** Probability that no huge block could be had again. */
  readonly noBlock: Fraction;
}

/** Free huge blocks at which one can be had again as likely as not; fewer are soon gone to fragmentation. */
const HALF_SURE_BLOCKS = 16;
/** Returned pages that come back within the horizon, before anything was observed: one in twenty. */
const PRIOR_BACK = 1;
const PRIOR_PAGES = 20;
/** Pages of one split come back together: so many at most count as independent. */
const MOST_INDEPENDENT = 200;

/** Returns the costs of every block of the survey's table. */
export function costsOf(facts: CostFacts): BlockCosts {
  const { survey, horizonSeconds, costs, processes } = facts;
  const { count, waste } = survey.table;
  const column = () => new Float64Array(count);
  const made: BlockCosts = {
    refaultNs: column(),
    splitNs: column(),
    collapseNs: column(),
    lasting: column().fill(1),
    noBlock: noBlockChance(facts),
  };
  const settings = facts.parts.khugepaged ? facts.settings : undefined;
  const visits = settings && secondsBetweenVisits(settings, presentPages(processes));
  const back = processes.map(({ belief }) =>
    facts.parts.refaults ? cameBackWithin(belief, horizonSeconds) : 0,
  );
  for (let block = 0; block < count; block++) {
    const { sizes } = processes[survey.process[block]];
    const { geometry } = sizes;
    const rate = survey.table.hugeShape[block] / survey.table.exposure[block];
    const zeroMiB = waste[block] / MIB;
    const splitUs = geometry.pagesPerBlock * costs.splitPageUs + zeroMiB * costs.splitZeroMiBUs;
    made.splitNs[block] = changeNs(splitUs, rate);
    made.collapseNs[block] = changeNs((geometry.blockBytes / MIB) * costs.collapseMiBUs, rate);
    const released = waste[block] / geometry.pageBytes;
    made.refaultNs[block] = (released * back[survey.process[block]] * REFAULT_NS) / horizonSeconds;
    if (visits === undefined || !isTakenByKhugepaged(facts, block)) continue;
    made.lasting[block] = lastingShare(visits, horizonSeconds);
    made.splitNs[block] += chanceTaken(visits, horizonSeconds) * made.collapseNs[block];
  }
  return made;
}

/** Nanoseconds a second that each block saves by being huge beyond walks, a change from what it is now included. */
export function beyondWalks({ survey, horizonSeconds }: CostFacts, costs: BlockCosts): Float64Array {
  return costs.refaultNs.map((refault, block) => {
    const change =
      survey.isHuge[block] === 1 ? costs.splitNs[block] / costs.lasting[block] : -costs.collapseNs[block];
    return refault + change / horizonSeconds;
  });
}

/** What it costs to be without the huge page when it is wanted again and none can be had: nanoseconds a second. */
export function irreversibleNs(facts: CostFacts, costs: BlockCosts, block: number, tau: number): Nanoseconds {
  const { survey, processes, cpu } = facts;
  const again = undoneShare(processes[survey.process[block]].belief.ledger);
  return costs.noBlock * again * Math.max(0, savedByHuge(survey.table, block, tau, cpu));
}

function noBlockChance({ freeHugeBytes, processes }: CostFacts): Fraction {
  if (freeHugeBytes === undefined || processes.length === 0) return 0.5;
  const free = freeHugeBytes / processes[0].sizes.geometry.blockBytes;
  return HALF_SURE_BLOCKS / (HALF_SURE_BLOCKS + free);
}

/** Expected share of returned pages that come back within `seconds`: Beta–Bernoulli on what was looked at. */
export function cameBackWithin({ returns }: Pick<ProcessBelief, 'returns'>, seconds: number): Fraction {
  if (returns === undefined || returns.returned === 0) return PRIOR_BACK / PRIOR_PAGES;
  const counted = Math.min(1, MOST_INDEPENDENT / returns.returned);
  const share = (returns.cameBack * counted + PRIOR_BACK) / (returns.returned * counted + PRIOR_PAGES);
  return 1 - (1 - share) ** (seconds / Math.max(1, returns.afterSeconds));
}

/** Whether khugepaged may collapse the block after a split: by the settings, its mapping and the holes it would have. */
function isTakenByKhugepaged({ processes, survey, settings }: CostFacts, block: number): boolean {
  const { sizes } = processes[survey.process[block]];
  const { flags } = sizes.mappings[sizes.blocks.mapping[survey.row[block]]];
  if (settings === undefined || sizes.thpDisabledByPrctl || flags.includes('nh')) return false;
  if (settings.enabled === 'madvise' && !flags.includes('hg')) return false;
  return sizes.geometry.pagesPerBlock - survey.used[block] <= settings.khugepaged.maxPtesNone;
}

function presentPages(processes: readonly Surveyed[]): Pages {
  return processes.reduce(
    (sum, { sizes }) =>
      sum + sizes.blocks.present.subarray(0, sizes.blocks.count).reduce((all, one) => all + one, 0),
    0,
  );
}
