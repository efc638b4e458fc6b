/** One scheme over given blocks on a slot that answers as it is told: ends, refusals, waits and portions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, success } from '../../base/result.js';
import type { DamonSlot, SchemeStatistics } from '../../damon/slot.js';
import type { Refusal } from '../../host/host.js';
import type { DamonContext } from '../../vocabulary/damon.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { NO_PACING, type Pacing } from './block-context.js';
import { runOnBlocks } from './run-blocks.js';

const SIZE = 0x200000;
const REFUSED: Refusal = { errno: 'EBUSY', call: 'write state' };

interface Scripted {
  readonly snapshotLimit?: boolean;
  readonly maps?: string;
  readonly stage?: Refusal;
  readonly start?: Refusal;
  readonly stop?: Refusal;
  /** Answers in turn, the last one for ever. */
  readonly statistics?: readonly (Partial<SchemeStatistics> | Refusal)[];
  readonly busyNs?: number;
}

const NOTHING: SchemeStatistics = {
  ...{ tried: 0n, triedBytes: 0n, applied: 0n, appliedBytes: 0n, quotaExceeds: 0n, snapshots: undefined },
};

function scripted(given: Scripted) {
  const log: string[] = [];
  const contexts: DamonContext[] = [];
  let now = 5e9;
  let asked = 0;
  const answers = given.statistics ?? [{ snapshots: 1n, tried: 2n }];
  const said = (refusal: Refusal | undefined) => (refusal ? failure(refusal) : success(undefined));
  const slot = {
    host: {
      identity: { geometry: GEOMETRY_4K },
      files: {
        readText: () =>
          given.maps === undefined
            ? failure({ errno: 'ENOENT' as const, call: 'read maps' })
            : success(given.maps),
      },
      clock: {
        monotonicNs: () => now,
        sleep: async (ms: number) => {
          log.push(`sleep ${ms}`);
          now += ms * 1e6;
        },
      },
    },
    features: () => ({ snapshotLimit: given.snapshotLimit ?? true }),
    stage: async (context: DamonContext) => {
      log.push('stage');
      contexts.push(context);
      return said(given.stage);
    },
    start: async () => {
      log.push('start');
      return said(given.start);
    },
    stop: async () => {
      log.push('stop');
      return said(given.stop);
    },
    statistics: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      return 'errno' in answer ? failure(answer) : success({ ...NOTHING, ...answer });
    },
    busyNs: () => given.busyNs,
  };
  const run = (blocks: readonly number[], pacing: Pacing = NO_PACING, signal?: AbortSignal) =>
    runOnBlocks(
      slot as unknown as DamonSlot,
      { pid: 7, action: 'collapse', targetOrder: undefined, blocks },
      pacing,
      signal,
    );
  return { run, log, contexts, seconds: () => (now - 5e9) / 1e9 };
}

const maps = (first: number, end: number) =>
  `${(first * SIZE).toString(16)}-${(end * SIZE).toString(16)} rw-p 00000000 00:00 0 \n`;
const regionsOf = (context: DamonContext) =>
  context.targets[0].regions.map(({ start }) => Number(start) / SIZE);

describe('a scheme', () => {
  test('is done when its kernel made a snapshot, or when all bytes of distinct blocks were tried', async () => {
    const bySnapshot = scripted({
      statistics: [{ snapshots: 0n }, { snapshots: 1n, applied: 3n }],
      busyNs: 9,
    });
    const done = await bySnapshot.run([10, 11, 12]);
    assert.deepEqual([done.end, done.statistics.applied, done.busyNs, done.cut], ['done', 3n, 9, []]);
    assert.deepEqual(bySnapshot.log, ['stage', 'start', 'sleep 60', 'sleep 60', 'stop']);
    const bytes = BigInt(2 * SIZE);
    const byBytes = scripted({ statistics: [{ triedBytes: bytes - 1n }, { triedBytes: bytes }] });
    assert.equal((await byBytes.run([10, 11, 11])).end, 'done');
    assert.equal(byBytes.log.filter((line) => line === 'sleep 60').length, 2);
  });

  test('that makes no pass is given ten seconds, a tenth for each block, and twice what its pace takes', async () => {
    for (const [pacing, snapshotLimit, seconds] of [
      [NO_PACING, true, 10.4],
      [{ blocksPerSecond: 2, minFreePermil: 0 }, true, 14.4],
      [{ blocksPerSecond: 0, minFreePermil: 500 }, false, 10.4],
    ] as const) {
      const never = scripted({ snapshotLimit, statistics: [{ snapshots: 0n, tried: 1n }] });
      const { end, statistics, refusal } = await never.run([10, 11, 12, 13], pacing);
      assert.deepEqual([end, statistics.tried, refusal], ['no-pass', 1n, undefined]);
      assert.ok(Math.abs(never.seconds() - seconds) < 0.07, `${never.seconds()} s of ${seconds}`);
      assert.equal(never.log.at(-1), 'stop');
    }
  });

  test('ends at a stop signal without asking again', async () => {
    const stop = new AbortController();
    stop.abort();
    const { run, log } = scripted({ statistics: [REFUSED] });
    assert.equal((await run([10], NO_PACING, stop.signal)).end, 'no-pass');
    assert.deepEqual(log, ['stage', 'start', 'sleep 60', 'stop']);
  });

  test('that is refused says by what, whenever it is, and what is not staged is not started', async () => {
    const staging = scripted({ stage: REFUSED });
    const refused = { end: 'refused', statistics: NOTHING, refusal: REFUSED, busyNs: 0, cut: [] };
    assert.deepEqual(await staging.run([10]), refused);
    assert.deepEqual(staging.log, ['stage']);
    const starting = scripted({ start: REFUSED });
    assert.deepEqual(await starting.run([10]), refused);
    assert.deepEqual(starting.log, ['stage', 'start']);
    const stopping = await scripted({ stop: REFUSED }).run([10]);
    assert.deepEqual([stopping.end, stopping.refusal], ['done', REFUSED]);
    const asking = await scripted({ statistics: [{ tried: 4n }, REFUSED] }).run([10]);
    assert.deepEqual([asking.end, asking.refusal, asking.statistics.tried], ['refused', REFUSED, 4n]);
  });

  test('whose kdamond has ended by itself lost its target, with what was done until then', async () => {
    const gone = scripted({ statistics: [{ tried: 4n }, { errno: 'ECANCELED', call: 'write state' }] });
    const { end, refusal, statistics } = await gone.run([10]);
    assert.deepEqual([end, refusal, statistics.tried], ['target-gone', undefined, 4n]);
  });
});

describe('blocks', () => {
  test('that are not whole in one mapping are left out; of none, nothing is staged', async () => {
    const some = scripted({ maps: maps(10, 12) });
    assert.deepEqual((await some.run([9, 10, 11, 12])).cut, [9, 12]);
    assert.deepEqual(
      regionsOf(some.contexts[0]).filter((block) => block >= 9 && block <= 12),
      [10, 11],
    );
    const none = scripted({ maps: maps(10, 12), busyNs: 5 });
    const run = await none.run([9, 12]);
    assert.deepEqual(run, {
      ...{ end: 'done', statistics: NOTHING, refusal: undefined, busyNs: 0, cut: [9, 12] },
    });
    assert.deepEqual(none.log, []);
  });

  test('of a process that does not show are the kernel’s to refuse', async () => {
    const { run, contexts } = scripted({});
    assert.deepEqual((await run([10, 11, 12])).cut, []);
    assert.deepEqual(regionsOf(contexts[0]), [10, 11, 12]);
  });
});

describe('where the kernel does not end a scheme by itself', () => {
  const slow: Pacing = { blocksPerSecond: 2.5, minFreePermil: 0 };
  const one = {
    ...NOTHING,
    tried: 1n,
    triedBytes: BigInt(99 * SIZE),
    applied: 1n,
    appliedBytes: 5n,
    quotaExceeds: 2n,
  };

  test('a pace is kept by portions of a second, whose counts and times add up', async () => {
    const { run, log, contexts } = scripted({ snapshotLimit: false, statistics: [one], busyNs: 7 });
    const { end, statistics, busyNs } = await run([10, 11, 12, 13, 14], slow);
    assert.deepEqual([end, busyNs], ['done', 21]);
    assert.deepEqual(statistics, {
      ...{ tried: 3n, triedBytes: BigInt(297 * SIZE), applied: 3n, appliedBytes: 15n, quotaExceeds: 6n },
      snapshots: undefined,
    });
    assert.deepEqual(
      contexts.map((context) => regionsOf(context).filter((block) => block >= 10)),
      [[10, 11], [12, 13], [14]],
    );
    assert.deepEqual(
      log.filter((line) => line.startsWith('sleep') && line !== 'sleep 60'),
      ['sleep 800', 'sleep 800'],
    );
  });

  test('less than a block a second is one block in a portion', async () => {
    const { run, contexts, log } = scripted({ snapshotLimit: false, statistics: [one] });
    const { busyNs } = await run([10, 11], { blocksPerSecond: 0.5, minFreePermil: 0 });
    assert.deepEqual([contexts.length, busyNs, log.includes('sleep 2000')], [2, undefined, true]);
  });

  test('a portion that does not end well is the last', async () => {
    const { run, contexts } = scripted({ snapshotLimit: false, statistics: [one, REFUSED] });
    const { end, statistics } = await run([10, 11, 12, 13, 14], slow);
    assert.deepEqual([end, statistics.tried, contexts.length], ['refused', 1n, 2]);
  });

  test('without a pace all go at once', async () => {
    const { run, contexts } = scripted({ snapshotLimit: false, statistics: [one] });
    assert.equal((await run([10, 11, 12])).end, 'done');
    assert.equal(contexts.length, 1);
  });

  test('and where it does, all go at once with a pace as well', async () => {
    const { run, contexts } = scripted({ statistics: [{ snapshots: 1n }] });
    await run([10, 11, 12, 13], slow);
    assert.equal(contexts.length, 1);
  });
});
