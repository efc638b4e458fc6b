import assert from 'node:assert/strict';
import { SOURCES, type SourceName } from '../../src/sources/kinds/catalogue.js';
import { describeSource, type SourceCase } from './source.js';
import { STAGES, type Stage } from './stages.js';

/** The tests never write to the DAMON of the machine that they run on; the lab does, on kernels of its own. */
const ownDamon = (stage: Stage) =>
  stage.kind === 'linux' && "it would write to this machine's DAMON (it runs in the lab: npm run lab)";

const CASES: { readonly [Name in SourceName | 'probe']: Omit<SourceCase, 'name'> } = {
  occupancy: {
    passive: true,
    says: (readings, { firstBlock }) => {
      const found = readings.filter((reading) => reading.kind === 'content');
      const of = (block: number) => found.find((reading) => reading.block === block)?.pages;
      assert.deepEqual(of(firstBlock), [0, 64, 128, 192, 256, 320, 384, 448]);
      assert.equal(of(firstBlock + 1)?.length, 512);
      assert.equal(of(firstBlock + 2), undefined, 'only huge pages are read');
    },
  },
  smaps: {
    passive: true,
    says: (readings, { firstBlock }) => {
      const blocks = readings.flatMap((reading) =>
        reading.kind === 'range'
          ? Array.from({ length: reading.blocks }, (_, i) => reading.firstBlock + i)
          : [],
      );
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => blocks.includes(firstBlock + i)),
        [true, true, false, false],
      );
    },
  },
  'damon-regions': { passive: false, skip: ownDamon },
  probe: { passive: false, skip: ownDamon },
};

for (const name of [...(Object.keys(SOURCES) as SourceName[]), 'probe'] as const)
  for (const stage of STAGES) describeSource({ name, ...CASES[name] }, stage);
