/** Beliefs number for number: priors and the ledger by hand, whole turns as they were accepted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { assertGolden } from '../../test/support/golden.js';
import { SeededRandom } from '../base/seeded-random.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { Beliefs } from './beliefs.js';
import {
  bytesWeight,
  ledgerWords,
  NEW_LEDGER,
  undoneShare,
  walkWeight,
  withSteps,
  withWalks,
} from './ledger.js';
import {
  blockMean,
  exposureWithPrior,
  shapeBetween,
  shapeWithin,
  sureShapeBetween,
  unevennessOf,
} from './prior.js';
import { restoreBeliefs, saveBeliefs } from './saved-beliefs.js';

const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${found} for ${wanted}`);

test('the shape between blocks is squares by excess, within its bounds', () => {
  // Squares 16 + 16 + 4 = 36; excess (81 − 4) + (0 − 4) + (1 − 2) = 72.
  near(shapeBetween([13, 4, 3], [4, 4, 2]), 0.5);
  assert.equal(shapeBetween([4, 4], [4, 4]), 30, 'alike where nothing spreads');
  assert.equal(shapeBetween([2, 6], [4, 4]), 30, 'an excess of nothing');
  assert.equal(shapeBetween([100, 0], [1, 1]), 0.3);
  near(shapeBetween([4 + Math.sqrt(4.5)], [4]), 30);
  near(shapeBetween([7], [4]), 16 / 5);
});

test('a shape is relied on as far as its blocks tell', () => {
  assert.deepEqual(
    [sureShapeBetween(5, 0, 3), sureShapeBetween(5, 9, 0), sureShapeBetween(5, 9, -1)],
    [0.3, 0.3, 0.3],
  );
  near(sureShapeBetween(5, 100, 2), 1 / (0.2 + 1.28 * Math.sqrt(2.5 / 100)));
  assert.equal(sureShapeBetween(0.3, 1, 0.01), 0.3);
});

test('a block’s mean goes from what is expected to what was counted', () => {
  near(blockMean(10, 5, 4, 2), ((10 + 2) * 4) / (4 + 2) / 5);
  assert.deepEqual([blockMean(10, 5, 0, 2), blockMean(10, 0, 4, 2)], [0, 0]);
});

test('the shape within blocks is that of what spreads beyond chance', () => {
  near(shapeWithin({ squares: 50, excess: 35 }), 2);
  assert.deepEqual(
    [shapeWithin({ squares: 50, excess: 10 }), shapeWithin({ squares: 50, excess: 0 })],
    [200, 200],
  );
  assert.deepEqual(
    [shapeWithin({ squares: 2, excess: 1e9 }), shapeWithin({ squares: 2e6, excess: 2001 })],
    [0.02, 200],
  );
  assert.deepEqual(unevennessOf(10, 40, 5, 2), { squares: 20, excess: 40 - 40 + 20 - 10 });
  near(exposureWithPrior(3, 2, 4), 4.5);
  assert.ok(exposureWithPrior(3, 2, 0) > 1e300);
});

test('a ledger forgets a tenth with each run, and weighs between a half and twice', () => {
  const entry = { steps: 10, predictedBytes: 2 ** 25, observedBytes: 2 ** 24, undone: 2 };
  const once = withSteps(NEW_LEDGER, entry);
  assert.deepEqual(once, { ...NEW_LEDGER, ...entry });
  const twice = withSteps(once, { ...entry, observedBytes: -(2 ** 30) });
  near(twice.steps, 19);
  near(twice.predictedBytes, 1.9 * 2 ** 25);
  near(twice.undone, 3.8);
  assert.equal(twice.observedBytes, 0);
  near(bytesWeight(once), (16 + 8) / (32 + 8));
  assert.deepEqual([bytesWeight(twice), bytesWeight(NEW_LEDGER)], [0.5, 1]);
  assert.equal(bytesWeight({ ...NEW_LEDGER, observedBytes: 2 ** 30 }), 2);
  const walked = withWalks(withWalks(NEW_LEDGER, 100, 300), 50, 20);
  near(walked.predictedWalks, 140);
  near(walked.observedWalks, 290);
  near(walkWeight(walked), 490 / 340);
  near(undoneShare(once), 3 / 30);
});

test('a ledger in words, none of a process on which nothing was done', () => {
  assert.equal(ledgerWords(NEW_LEDGER), '');
  const ledger = {
    ...NEW_LEDGER,
    steps: 3,
    predictedBytes: 3 * 2 ** 20,
    observedBytes: 2 ** 20,
    undone: 1.6,
  };
  const words = ledgerWords(ledger);
  assert.match(
    words,
    /^earlier splits were to give back 3072 KiB and gave back 1024 KiB, 2 of them undone by others; /,
  );
  assert.match(words, /; bytes count 0\.818 times, walks 1 times what is believed$/);
  assert.doesNotMatch(ledgerWords({ ...ledger, undone: 0 }), /undone/);
});

const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;

/** A turn of drawn samples: from the third on other pages are hot; every third block's content is known. */
function turnOf(turn: number) {
  const random = new SeededRandom(turn);
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let block = 0; block < 6; block++) {
    const first = turn < 3 ? 0 : 256;
    for (let sample = 0; sample < 20 * block; sample++)
      builder.addSample((100 + block) * 512 + first + random.below(64), 100 + turn);
    if (turn > 3) builder.addTlbMisses((100 + block) * 512 + first, block, block * 10);
    if (block % 3 === 0) builder.setContent(100 + block, new Uint8Array(64).fill(block + 1));
  }
  return builder.build([{ ...SUB_PAGE_ORIGIN, source: 'pmu', nature: 'all-accesses', windowNs: 2e9 }]);
}

test('turns of samples and of none, saved and restored, with little room and with much', () => {
  const lines: string[] = [];
  for (const mostBytes of [2 ** 20, 5000]) {
    let beliefs = new Beliefs({ geometry: GEOMETRY_4K, mostBytes });
    for (let turn = 1; turn <= 7; turn++) {
      const heat = turn === 5 ? undefined : turnOf(turn);
      beliefs.learn(PROCESS, heat, { elapsedSeconds: 3 * turn, windowSeconds: 2, atMs: turn * 1000 });
      const one = beliefs.of(PROCESS);
      assert.ok(one);
      const { exposure, seeing, accessesPerSample, tellsWalks, seeingShare } = one;
      lines.push(
        `turn ${turn} ${JSON.stringify({ exposure, seeing, accessesPerSample, tellsWalks, seeingShare }, rounded)}`,
      );
      for (let block = 99; block < 107; block++) {
        const counts = new Float64Array(512);
        const belief = one.block(block, counts);
        const shown = [0, 1, 63, 64, 256, 300, 319, 511].map((page) => counts[page]);
        const filled = one.counts.filled(block)?.slice(0, 2);
        const last = one.counts.lastTurn(block);
        lines.push(
          `  ${block} ${JSON.stringify([belief, shown, counts.reduce((sum, count) => sum + count), filled && [...filled], last], rounded)}`,
        );
      }
      if (turn === 4 || turn === 6) {
        const read = restoreBeliefs(saveBeliefs(beliefs, 'boot'), {
          geometry: GEOMETRY_4K,
          mostBytes,
          bootId: 'boot',
        });
        assert.ok(read.ok);
        beliefs = read.value;
      }
    }
    lines.push(...beliefs.notes());
  }
  assertGolden('belief/turns.txt', `${lines.join('\n')}\n`);
});
