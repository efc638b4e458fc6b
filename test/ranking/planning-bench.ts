/** CPU time that policy octavo takes for a plan, beside that of reading all counters once. */
import { SeededRandom } from '../../src/base/seeded-random.js';
import { Beliefs } from '../../src/belief/beliefs.js';
import { HotMapBuilder } from '../../src/hotness/hot-map-builder.js';
import { octavo } from '../../src/policies/octavo/octavo.js';
import { DEFAULT_PARAMETERS, type PolicyInput, policyOf } from '../../src/policies/policy.js';
import { GEOMETRY_4K, GIB } from '../../src/vocabulary/units.js';
import { FIRST_BLOCK, PROCESS, pageSizes, SUB_PAGE_ORIGIN } from '../support/drawing.js';

export interface BenchOptions {
  readonly gib: number;
  readonly samplesPerBlock: number;
  readonly rounds: number;
}

const PAGES = 512;

/** Median CPU milliseconds of each part. */
export function planningBench({ gib, samplesPerBlock, rounds }: BenchOptions) {
  const blocks = Math.round((gib * GIB) / GEOMETRY_4K.blockBytes);
  const sizes = pageSizes(Array.from({ length: blocks }, () => 'H'));
  const heat = drawnHeat(blocks, samplesPerBlock);
  const beliefs = new Beliefs({ geometry: GEOMETRY_4K });
  const learn = median(rounds, () =>
    beliefs.learn(PROCESS, heat, { elapsedSeconds: 1, windowSeconds: 1, atMs: 1 }),
  );
  const input: PolicyInput = {
    sizes,
    heat,
    parameters: DEFAULT_PARAMETERS,
    facts: { belief: beliefs.begin(PROCESS) },
  };
  const policy = policyOf(octavo, { goal: 'bloat=50%' });
  const plan = median(rounds, () => policy.propose(input));
  const counters = new Float64Array(blocks * PAGES).fill(1);
  const read = median(rounds, () => counters.reduce((sum, one) => sum + one, 0));
  return { plan, learn, read };
}

function drawnHeat(blocks: number, samples: number) {
  const random = new SeededRandom(1);
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let block = FIRST_BLOCK; block < FIRST_BLOCK + blocks; block++) {
    const used = 30 + random.below(PAGES - 30);
    const filled = new Uint8Array(PAGES / 8);
    for (let page = 0; page < used; page++) filled[page >> 3] |= 1 << (page & 7);
    builder.setContent(block, filled);
    const hits = random.below(2 * samples);
    for (let hit = 0; hit < hits; hit++) builder.addSample(block * PAGES + random.below(used), 1000);
  }
  return builder.build([SUB_PAGE_ORIGIN, { ...SUB_PAGE_ORIGIN, tells: 'content' }]);
}

function median(rounds: number, work: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return times.sort((one, other) => one - other)[rounds >> 1];
}
