/** Samples that missed the TLB against what is believed: blocks that walk more than their rates say are worth more. */
import type { Translation } from '../../vocabulary/translation.js';
import { characteristicTime, hugeMisses, smallMisses } from './residency.js';
import type { Survey } from './survey.js';

/** Samples that are put on both sides, so that a few do not decide. */
const PRIOR_WALKS = 20;
const LEAST_WORTH = 0.5;
const MOST_WORTH = 2;

/** Walks in samples of a process: as believed in the layout of now, and as sampled. */
export interface WalkCount {
  predicted: number;
  observed: number;
}

/** Scales the worth of blocks whose samples tell of walks; returns the sums of each process that has such samples. */
export function scaleByWalks(
  { table, process, isHuge, recent, walks }: Survey,
  cpu: Translation,
): Map<number, WalkCount> {
  const sums = new Map<number, WalkCount>();
  if (walks.every(Number.isNaN)) return sums;
  const tau = characteristicTime(table, isHuge, cpu.entries);
  for (let block = 0; block < table.count; block++) {
    const observed = walks[block];
    if (Number.isNaN(observed)) continue;
    const misses = isHuge[block] === 1 ? hugeMisses(table, block, tau) : smallMisses(table, block, tau);
    const rate = table.hugeShape[block] / table.exposure[block];
    const predicted = rate === 0 ? 0 : (recent[block] * misses) / rate;
    const ratio = (observed + PRIOR_WALKS) / (predicted + PRIOR_WALKS);
    table.worth[block] *= Math.min(MOST_WORTH, Math.max(LEAST_WORTH, ratio));
    const sum = sums.get(process[block]) ?? { predicted: 0, observed: 0 };
    sum.predicted += predicted;
    sum.observed += observed;
    sums.set(process[block], sum);
  }
  return sums;
}
