/** Looks of a target with `sources: auto`, and sources that another side reads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, success } from '../../base/result.js';
import type { Reading, SourceContext } from '../../sources/source.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ActingSide, Told } from '../hands/acting-side.js';
import type { Looked, LookOffers, SampleRequest } from '../hands/protocol.js';
import { ActingSource, type ActingSourceOptions } from './acting-source.js';
import { ChosenLooks } from './chosen-looks.js';
import type { TurnWatch } from './hands.js';

const ALL: LookOffers = { pmu: true, 'damon-regions': true, occupancy: true, smaps: true };
const wishing = (...blocks: readonly number[]): Plan =>
  ({
    wishes: blocks.map((block) => ({ process: { pid: 5 }, block, regretNs: 1000 })),
  }) as unknown as Plan;

describe('looks of a turn', () => {
  test('are one of heat and those of content, as far as the host offers them', () => {
    const looks = (offers: LookOffers) => new ChosenLooks(() => 0).next('a', offers);
    assert.deepEqual(looks(ALL), ['pmu', 'occupancy', 'smaps']);
    assert.deepEqual(looks({ ...ALL, pmu: 'none' }), ['damon-regions', 'occupancy', 'smaps']);
    assert.deepEqual(looks({ ...ALL, pmu: 'none', 'damon-regions': 'taken' }), ['occupancy', 'smaps']);
  });

  test('are those that are due, wished for or paid for', () => {
    let now = 0;
    const chosen = new ChosenLooks(() => now);
    for (const look of chosen.next('a', ALL)) chosen.took('a', look, 1e6);
    chosen.note('a', wishing());
    now = 200_000;
    assert.deepEqual(chosen.next('a', ALL), [], 'fresh enough');
    chosen.note('a', wishing(7, 9));
    assert.deepEqual(new Set(chosen.next('a', ALL)), new Set(['pmu', 'occupancy', 'smaps']));
    assert.equal(chosen.next('b', ALL).length, 3, 'another target');
    chosen.took('a', 'occupancy', 60e9);
    assert.deepEqual(chosen.next('a', ALL), [], 'its share is used up');
  });

  test('of content are of the blocks that are wished for, once all was read', () => {
    const chosen = new ChosenLooks(() => 5);
    chosen.note('a', wishing(7, 9));
    assert.equal(chosen.wished('a', 'occupancy'), undefined);
    chosen.took('a', 'occupancy', 1);
    assert.deepEqual(chosen.wished('a', 'occupancy'), new Map([[5, new Set([7, 9])]]));
    assert.equal(chosen.wished('a', 'pmu'), undefined);
    chosen.note('a', {} as Plan);
    assert.equal(chosen.wished('a', 'occupancy'), undefined);
  });

  test('that failed are others for a while', () => {
    const chosen = new ChosenLooks(() => 0);
    chosen.failed('pmu', 'perf is not installed');
    assert.deepEqual(chosen.next('a', ALL), ['damon-regions', 'occupancy', 'smaps']);
  });
});

describe('a source of the acting side', () => {
  const context = {
    processes: [{ process: { pid: 5, startTicks: 6, command: 'x', cgroup: '/' } }],
    signal: new AbortController().signal,
  } as unknown as SourceContext;
  const watch = { signal: context.signal, sleep: async () => undefined } as unknown as TurnWatch;
  const own = { name: 'occupancy', origin: { source: 'own' } as never };
  const range: Reading = { kind: 'range', range: { pid: 5, firstBlock: 1, blocks: 1 } };

  async function read(told: Told<Looked>, options?: ActingSourceOptions) {
    const asked: SampleRequest[] = [];
    const sample: ActingSide['sample'] = async (request, take) => {
      asked.push(request);
      if (told.ok) take(range);
      return told;
    };
    const source = new ActingSource(own, { sample } as unknown as ActingSide, watch, options);
    const readings: Reading[] = [];
    for await (const reading of source.read(context)) readings.push(reading);
    return { source, asked, readings };
  }

  const looked = (more: Partial<Looked> = {}): Looked => ({
    ...{ origins: [], account: { losses: {}, bytesRead: 3, notes: [] }, ownCpuNs: 9 },
    ...more,
  });

  test('asks for the blocks that are wanted, and tells what was read of what', async () => {
    const told = success(looked({ origins: [{ source: 'theirs' } as never] }));
    const { source, asked, readings } = await read(told, { only: new Map([[5, new Set([7])]]) });
    assert.deepEqual(asked, [
      {
        ...{ look: 'occupancy', processes: [{ pid: 5, startTicks: 6 }], windowMs: 5000 },
        only: [{ pid: 5, blocks: [7] }],
      },
    ]);
    assert.deepEqual(readings, [range]);
    assert.deepEqual(source.origins(), [{ source: 'theirs' }]);
    assert.deepEqual([source.account().bytesRead, source.looked?.ownCpuNs], [3, 9]);
    assert.deepEqual((await read(success(looked()))).source.origins(), [own.origin]);
  });

  test('that is refused fails the turn, or is told where the turn can do without it', async () => {
    const denied = failure({ code: 'failed' as const, why: 'DAMON is used by another' });
    await assert.rejects(read(denied), { code: 'HANDS_DENIED' });
    const failed: string[] = [];
    const { source, readings } = await read(denied, { failed: (why) => failed.push(why) });
    assert.deepEqual([failed, readings], [['DAMON is used by another'], []]);
    assert.deepEqual(source.account().notes, ['occupancy: DAMON is used by another']);
    const later = await read(failure({ code: 'not-now' as const, why: 'not now' }), {
      failed: (why) => failed.push(why),
    });
    assert.deepEqual([later.source.account().notes, failed.length], [['occupancy: not now'], 1]);
  });
});
