/** Worlds for the policy `octavo`: processes with drawn counts on the sub-pages that they use. */

import { SeededRandom } from '../../src/base/seeded-random.js';
import { Beliefs } from '../../src/belief/beliefs.js';
import { HotMapBuilder } from '../../src/hotness/hot-map-builder.js';
import { DEFAULT_PARAMETERS, type PolicyFacts, type PolicyInput } from '../../src/policies/policy.js';
import type { SampleOrigin } from '../../src/vocabulary/sample.js';
import { USUAL_TRANSLATION } from '../../src/vocabulary/translation.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { FIRST_BLOCK, PROCESS, pageSizes, SETTINGS, SUB_PAGE_ORIGIN } from './drawing.js';

export const CPU = { ...USUAL_TRANSLATION, entries: 256, hugeEntries: 256 };
export const NEVER = { ...SETTINGS, enabled: 'never' as const };

export interface Block {
  /** Sub-pages with data. */
  readonly used: number;
  /** Samples of the block, spread evenly over those. */
  readonly samples: number;
  readonly isSmall?: boolean;
  /** A huge page whose content was not read. */
  readonly isUnread?: boolean;
}

export interface World {
  readonly blocks: readonly Block[];
  /** Accesses that a sample stands for. */
  readonly each?: number;
  readonly origin?: Partial<SampleOrigin>;
  readonly facts?: Partial<PolicyFacts>;
  readonly seed?: number;
  readonly pid?: number;
}

/** A process with Poisson counts on its used sub-pages, in a window of one second. */
export function inputOf({
  blocks,
  each = 500,
  origin,
  facts,
  seed = 1,
  pid = PROCESS.pid,
}: World): PolicyInput {
  const random = new SeededRandom(seed);
  const process = { ...PROCESS, pid };
  const builder = new HotMapBuilder(process, GEOMETRY_4K);
  blocks.forEach(({ used, samples, isSmall, isUnread }, index) => {
    const block = FIRST_BLOCK + index;
    const filled = new Uint8Array(64);
    for (let page = 0; page < used; page++) filled[page >> 3] |= 1 << (page & 7);
    if (isSmall !== true && isUnread !== true) builder.setContent(block, filled);
    for (let sample = 0; sample < samples; sample++) {
      builder.addSample(block * 512 + random.below(Math.max(1, used)), each);
    }
  });
  const from: SampleOrigin = { ...SUB_PAGE_ORIGIN, nature: 'all-accesses', windowNs: 1e9, ...origin };
  const content: SampleOrigin = { ...from, tells: 'content', source: 'occupancy' };
  const heat = builder.build([from, content]);
  const sizes = {
    ...pageSizes(blocks.map(({ used, isSmall }) => (isSmall === true ? `4*${used}` : 'H'))),
    process,
  };
  const belief = new Beliefs({ geometry: GEOMETRY_4K }).learn(process, heat, {
    elapsedSeconds: 0,
    windowSeconds: 1,
    atMs: 1,
  });
  return {
    sizes,
    heat,
    parameters: DEFAULT_PARAMETERS,
    facts: { belief, translation: CPU, settings: NEVER, freeHugeBytes: 2 ** 40, ...facts },
  };
}
