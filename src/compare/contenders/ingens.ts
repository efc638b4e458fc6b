import { COLLAPSING, type Contender } from './contender.js';
import { ruleKind } from './rule-memory.js';

/** Utilisation from which a region is promoted. */
const UTILISED = 0.9;

/** Ingens: collapse by utilization, hot regions first. */
export const ingens: Contender = {
  name: 'ingens',
  brief: 'collapse regions of which 90 % are present, the more often accessed first',
  source: 'Kwon et al., "Coordinated and Efficient Huge Page Management with Ingens", OSDI 2016',
  simplified:
    'samples stand for its scan of accessed bits; fairness between virtual machines and demotion for page sharing are left out',
  thp: COLLAPSING,
  rule({ geometry }) {
    const kind = ruleKind('ingens', '90 % present', (blocks) =>
      blocks
        .filter(({ isHuge, present }) => !isHuge && present >= UTILISED * geometry.pagesPerBlock)
        .map((block) => ({
          block,
          action: 'collapse',
          priority: block.samples,
          reason: `${block.present} of ${geometry.pagesPerBlock} pages are present, at least 90 %`,
        })),
    );
    return { kind, samples: true };
  },
};
