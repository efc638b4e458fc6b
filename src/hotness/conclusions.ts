/** What the samples of a hot map allow to be said of its blocks, by what they are samples of. */
import type { HotFraction, HotMap } from '../vocabulary/hot-map.js';
import { type Conclusion, NATURES, obstacle } from '../vocabulary/nature.js';
import type { BlockNumber } from '../vocabulary/units.js';
import { hotFraction } from './confidence.js';

/** Why `conclusion` may not be drawn from the samples of a map, as a sentence for reasons; empty when it may. */
export function whyNot(map: Pick<HotMap, 'nature'>, conclusion: Conclusion): string {
  const { nature } = map;
  if (nature === undefined) return '';
  const why = obstacle(nature, conclusion);
  return why === '' ? '' : `of ${NATURES[nature].says} cannot tell: ${why}`;
}

/**
 * What the samples of a block prove, as far as their nature lets it be bounded from either side; undefined without samples,
 * or when the source sees no sub-pages.
 */
export function boundedFraction(map: HotMap, block: BlockNumber): HotFraction | undefined {
  const fraction = hotFraction(map, block);
  if (fraction === undefined) return undefined;
  return {
    ...fraction,
    ...(whyNot(map, 'dense') === '' ? {} : { low: 0 }),
    ...(whyNot(map, 'sparse') === '' ? {} : { high: 1, kept: [] }),
  };
}

/**
 * How much a block is worth a huge page: its accesses that missed the TLB where any samples tell, else its accesses. Only
 * to be compared with that of other blocks of the same map.
 */
export function collapseRank(map: HotMap, block: BlockNumber): number {
  const misses = map.apart.find(({ nature }) => nature === 'tlb-misses');
  if (misses !== undefined) return misses.block(block)?.tlbMisses ?? 0;
  const own = map.block(block);
  return own?.tlbMisses ?? own?.weight ?? 0;
}
