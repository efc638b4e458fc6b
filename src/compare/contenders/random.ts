import { SeededRandom } from '../../base/seeded-random.js';
import { type Contender, SPLITTING } from './contender.js';
import { ruleKind } from './rule-memory.js';

/** The control: splits that know nothing. */
export const random: Contender = {
  name: 'random',
  brief: 'splits half of the huge pages, drawn at random: what a rule must beat to know anything',
  source: 'a control of ours',
  simplified: '',
  thp: SPLITTING,
  rule() {
    const draws = new SeededRandom(0xd1ce);
    const drawn = new Map<number, boolean>();
    const kind = ruleKind('random', 'half of them', (blocks) =>
      blocks.flatMap((block) => {
        const before = drawn.get(block.block);
        const isSplit = before ?? draws.fraction() < 0.5;
        drawn.set(block.block, isSplit);
        if (!isSplit || before !== undefined || !block.isHuge) return [];
        return [{ block, action: 'split', priority: 0, reason: 'drawn at random' }];
      }),
    );
    return { kind, samples: false };
  },
};
