import { type Contender, SPLITTING } from './contender.js';
import { ruleKind, SampleMemory } from './rule-memory.js';

/** "Sparse" in the histogram of the series: fewer than a tenth of the sub-pages accessed. */
const SPARSE = 0.1;

/** The rule of the DAMON mTHP series: a split wherever few sub-pages have samples. */
export const rfc: Contender = {
  name: 'rfc',
  brief: 'split blocks with samples on less than 10 % of the sub-pages, however few the samples',
  source: 'RESEND RFC PATCH v2, "mm/damon: add mTHP collapse and split actions" (2 July 2026), with spe_hist',
  simplified:
    'splits to base pages, which gives memory back; the series splits to 16 KiB, which gives none back in most blocks',
  thp: SPLITTING,
  rule({ geometry }) {
    const seen = new SampleMemory(geometry.pagesPerBlock, 1);
    const kind = ruleKind('rfc', 'hot share below 10 %', (blocks, input) => {
      seen.take(input);
      return blocks.flatMap((block) => {
        const touched = seen.counts(block.block)?.filter((count) => count > 0).length ?? 0;
        if (!block.isHuge || touched === 0 || touched >= SPARSE * geometry.pagesPerBlock) return [];
        const reason = `samples fell on ${touched} of ${geometry.pagesPerBlock} sub-pages, fewer than a tenth`;
        return [{ block, action: 'split', priority: geometry.pagesPerBlock - touched, reason }];
      });
    });
    return { kind, samples: true };
  },
};
