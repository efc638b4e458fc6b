/** Readings, plans and records that lack what others have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { HotMaps } from '../hotness/hot-maps.js';
import type { Source } from '../sources/source.js';
import type { Plan, Proposal } from '../vocabulary/plan.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { coldBytes, splitsOf } from './cold-in-huge.js';
import { gatherHeat } from './gather-heat.js';
import { LockPace } from './lock-pace.js';

const context = { host: undefined, signal: new AbortController().signal, progress: () => {} } as never;

test('samples are of the nature that a reading says, else of their source’s; a source may settle on another', async () => {
  const batch = sampleColumns(1);
  batch.pid[0] = PROCESS.pid;
  batch.weight[0] = 1;
  batch.count = 1;
  const natures = async (nature: string | undefined, settled?: object) => {
    const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
    const source = {
      name: 'drawn',
      origin: { ...SUB_PAGE_ORIGIN, nature: 'loads' },
      async *read() {
        yield nature === undefined ? { kind: 'samples', batch } : { kind: 'samples', batch, nature };
      },
      ...(settled && { settled: () => settled }),
    };
    await gatherHeat(maps, [source as unknown as Source], context);
    return maps.natures();
  };
  assert.deepEqual(await natures(undefined), ['loads']);
  assert.deepEqual(await natures('stores'), ['stores']);
  assert.deepEqual(await natures('unknown', { from: 'unknown', to: 'stores' }), ['stores']);
});

const proposal = (block: number, more: Partial<Proposal> = {}) =>
  ({
    process: PROCESS,
    block,
    action: 'split',
    gain: { reclaimableBytes: 10 ** block },
    ...more,
  }) as Proposal;

test('cold bytes are those of the process’s own splits, made or lacking the means alone', () => {
  const plan = {
    steps: [
      proposal(1),
      proposal(2, { action: 'collapse' }),
      proposal(3, { process: { ...PROCESS, pid: 5 } }),
    ].map((one) => ({ proposal: one })),
    refused: [
      { code: 'not-able', proposal: proposal(4) },
      { code: 'no-gain', proposal: proposal(5) },
    ],
  } as unknown as Plan;
  assert.deepEqual([...splitsOf(plan, PROCESS.pid).keys()].sort(), [1, 4]);
  const heat = { nature: 'loads' } as never;
  assert.equal(coldBytes(heat, plan, PROCESS.pid), 10 + 10 ** 4);
  assert.equal(coldBytes(heat, plan, 6), 0);
  assert.equal(coldBytes(undefined, plan, PROCESS.pid), undefined);
  assert.equal(coldBytes({ nature: undefined } as never, plan, PROCESS.pid), undefined);
});

test('without a share nothing is kept of what was held, and nothing waits', () => {
  const pace = new LockPace(0);
  const hold = { kind: 'split', steps: 1, heldUs: 5000, span: { beganNs: 0, endedNs: 5e6 } };
  pace.add(hold);
  assert.deepEqual([pace.waitMs(5e6, 100), pace.burst('split')], [0, Number.POSITIVE_INFINITY]);
  assert.equal(pace.expectedUs('split', 1), 5000, 'what a step takes is learned all the same');
  // A share from now on: a hold of a time without any owes nothing.
  pace.share = 0.01;
  const fresh = new LockPace(0.01);
  assert.equal(pace.waitMs(6e6, 100), fresh.waitMs(6e6, 100));
  pace.share = 0;
  assert.equal(pace.waitMs(6e6, 100), 0);
  pace.share = 1e-9;
  assert.ok(Number.isFinite(pace.burst('split')));
});

test('acts of no step or of no time are none', () => {
  const pace = new LockPace(0.01);
  const span = { beganNs: 0, endedNs: 1e6 };
  const before = pace.waitMs(2e6, 100);
  pace.add({ kind: 'split', steps: 0, heldUs: 900, span });
  pace.add({ kind: 'split', steps: 3, heldUs: 0, span });
  assert.deepEqual([pace.waitMs(2e6, 100), pace.expectedUs('split', 77)], [before, 77]);
  pace.add({ kind: 'split', steps: 3, heldUs: 0.5, span });
  assert.ok(Math.abs(pace.expectedUs('split', 77) - 0.5 / 3) < 1e-12);
});
