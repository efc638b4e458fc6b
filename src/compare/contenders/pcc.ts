import { COLLAPSING, type Contender } from './contender.js';
import { ruleKind } from './rule-memory.js';

/** Share of the footprint that is promoted in a turn. */
const A_TURN = 0.04;
/** Entries of the promotion candidate cache. */
const CANDIDATES = 128;

/** Promotion candidate caches: collapse where TLB misses are. */
export const pcc: Contender = {
  name: 'pcc',
  brief: 'collapse the regions with the most sampled TLB misses, 4 % of the footprint a turn',
  source:
    'Manocha et al., "Architectural Support for Optimizing Huge Page Selection", MICRO 2022/2023 (core.ac.uk works/152615263)',
  simplified:
    'samples that missed the TLB stand for its hardware table; where the PMU does not tell, all samples of small blocks do',
  thp: COLLAPSING,
  rule() {
    const walks = new Map<number, number>();
    const kind = ruleKind('pcc', 'most walks first', (blocks) => {
      for (const { block, walks: now, samples } of blocks)
        walks.set(block, (walks.get(block) ?? 0) / 2 + (now ?? samples));
      const ranked = blocks
        .filter(({ isHuge, block }) => !isHuge && (walks.get(block) ?? 0) >= 1)
        .sort((a, b) => (walks.get(b.block) ?? 0) - (walks.get(a.block) ?? 0));
      return ranked.slice(0, Math.min(CANDIDATES, Math.ceil(A_TURN * blocks.length))).map((block) => ({
        block,
        action: 'collapse',
        priority: walks.get(block.block) ?? 0,
        reason: `${(walks.get(block.block) ?? 0).toFixed(1)} sampled TLB misses, among the most`,
      }));
    });
    return { kind, samples: true };
  },
};
