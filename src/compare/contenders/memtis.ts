import { type Contender, SPLITTING } from './contender.js';
import { ruleKind, SampleMemory, type SeenBlock } from './rule-memory.js';

/** htmm_core.c: cooling halves; at most so many folios a scan; the split pays when the benefit is above 5 %. */
const COOLING = 0.5;
const MOST_A_SCAN = 50;
const WORTH = 0.95;
/** Share of the resident memory that the fast tier is taken to hold. */
const FAST_SHARE = 0.5;

/** MEMTIS: split by skew. */
export const memtis: Contender = {
  name: 'memtis',
  brief: 'split the most skewed huge pages, as many as base pages would serve more samples from a fast tier',
  source:
    'cosmoss-jigu/memtis htmm_core.c (SOSP 2023): skew = Σ H² / 11 / U / U; split while 0.95 eHR > rHR; ≤ 50 folios a scan',
  simplified:
    'there is no slow tier: half of the resident memory stands for the fast one, and the latency terms of the number to split are left out; samples of a block instead of its bucket decide who is too hot to split (none)',
  thp: SPLITTING,
  rule({ geometry }) {
    const heat = new SampleMemory(geometry.pagesPerBlock, COOLING);
    const kind = ruleKind('memtis', 'most skewed first', (blocks, input) => {
      heat.take(input);
      const gain = WORTH * hitRatio(blocks, heat, 1) - hitRatio(blocks, heat, geometry.pagesPerBlock);
      if (gain <= 0) return [];
      const ranked = blocks
        .filter(({ isHuge, block }) => isHuge && heat.total(block) > 0)
        .map((block) => ({ block, skew: skewOf(heat.counts(block.block) ?? new Float64Array(0)) }))
        .sort((a, b) => b.skew - a.skew);
      return ranked
        .slice(0, Math.min(MOST_A_SCAN, Math.ceil(gain * ranked.length)))
        .map(({ block, skew }) => ({
          block,
          action: 'split',
          priority: skew,
          reason: `skew ${skew.toFixed(3)}; base pages would serve ${(100 * gain).toFixed(1)} % more samples from a fast tier`,
        }));
    });
    return { kind, samples: true };
  },
};

function skewOf(counts: Float64Array): number {
  const used = counts.filter((count) => count > 0).length;
  return used === 0 ? 0 : counts.reduce((sum, count) => sum + count * count, 0) / 11 / used / used;
}

/** Share of the samples on the hottest pieces of so many pages that fill the fast tier. */
function hitRatio(blocks: readonly SeenBlock[], heat: SampleMemory, piece: number): number {
  const weights = blocks.flatMap(({ block, present }) => {
    const counts = heat.counts(block);
    if (piece === 1) return [...(counts ?? new Float64Array(present))].slice(0, Math.max(present, 1));
    return [heat.total(block)];
  });
  const resident = blocks.reduce((sum, { present }) => sum + present, 0);
  weights.sort((a, b) => b - a);
  const held = weights.slice(0, Math.floor((FAST_SHARE * resident) / piece));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return all === 0 ? 0 : held.reduce((sum, weight) => sum + weight, 0) / all;
}
