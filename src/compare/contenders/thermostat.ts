import { SeededRandom } from '../../base/seeded-random.js';
import { type Contender, SPLITTING } from './contender.js';
import { ruleKind } from './rule-memory.js';

/** Share of the huge pages that is split and watched in each turn. */
const WATCHED = 0.05;
/** Slowdown that cold memory may cause. */
const SLOWDOWN = 0.03;

/** Thermostat: cold huge pages found by splitting a few at random. */
export const thermostat: Contender = {
  name: 'thermostat',
  brief:
    'split 5 % of the huge pages at random, watch them, keep the cold ones split within a slowdown of 3 %',
  source: 'Agarwal and Wenisch, "Thermostat", ASPLOS 2017 (abstract): random 5 %, slowdown budget 3 %',
  simplified:
    'samples count the accesses instead of poisoned pages; cold memory stays in small pages instead of going to a slow tier; the budget is a share of the samples',
  thp: SPLITTING,
  rule() {
    const random = new SeededRandom(0x7e57);
    const watched = new Set<number>();
    const cold = new Set<number>();
    const kind = ruleKind('thermostat', 'random 5 %', (blocks) => {
      const all = blocks.reduce((sum, { samples }) => sum + samples, 0);
      let spent = blocks
        .filter(({ block }) => cold.has(block))
        .reduce((sum, { samples }) => sum + samples, 0);
      const judged = blocks.filter(({ block, isHuge }) => watched.has(block) && !isHuge);
      watched.clear();
      const hot = judged
        .sort((a, b) => a.samples - b.samples)
        .filter(({ block, samples }) => {
          const isHot = spent + samples > SLOWDOWN * all;
          if (!isHot) cold.add(block);
          if (!isHot) spent += samples;
          return isHot;
        });
      const drawn = blocks.filter(
        ({ isHuge, block }) => isHuge && !cold.has(block) && random.fraction() < WATCHED,
      );
      for (const { block } of drawn) watched.add(block);
      return [
        ...hot.map((block) => ({
          block,
          action: 'collapse' as const,
          priority: block.samples,
          reason: `${block.samples} samples do not fit into a slowdown of 3 %`,
        })),
        ...drawn.map((block) => ({
          block,
          action: 'split' as const,
          priority: 0,
          reason: 'drawn to be watched in small pages',
        })),
      ];
    });
    return { kind, samples: true };
  },
};
