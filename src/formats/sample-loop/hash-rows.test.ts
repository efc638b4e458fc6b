import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fingerprint } from '../../vocabulary/fingerprint.js';
import { SAMPLE_FLAG } from '../../vocabulary/sample.js';
import type { LoopHost } from './binary.js';
import { SampleLoop } from './sample-loop.js';

const HOST: LoopHost = {
  eventOf: () => 0,
  isWanted: () => 1,
  meaningOfSource: () => 0,
  processOf: () => -1,
  seekThread: () => 0,
};

/** Values at which conversions to 32 bits differ between careless translations. */
const TIMES = [
  0,
  1,
  -5,
  2 ** 31,
  2 ** 32 + 7,
  -(2 ** 40) - 3,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  Number.NaN,
];
const PAGES = [0, 1, 0x7ffff, 2 ** 32, 2 ** 36 + 5, 2 ** 52 - 1, -1];
const WEIGHTS = [0, 1, 100_003, 2 ** 32 + 1, 2 ** 63, 2 ** 64];

test('the loop over the columns hashes rows as the fingerprint itself does', () => {
  const loop = SampleLoop.take(HOST);
  const { columns } = loop;
  const [own, looped] = [new Fingerprint(), new Fingerprint()];
  for (const origin of [0n, 0xffff_fff0n, 2n ** 63n + 11n]) {
    columns.timeOrigin = origin;
    columns.count = 0;
    let drawn = 1;
    while (columns.count < columns.capacity) {
      const row = columns.count++;
      drawn = (Math.imul(drawn, 1103515245) + 12345) >>> 0;
      columns.time[row] = row % 3 === 0 ? TIMES[row % TIMES.length] : drawn * 17;
      columns.virtualPage[row] = row % 5 === 0 ? PAGES[row % PAGES.length] : drawn % 100_000;
      columns.physicalPage[row] = PAGES[(row + 3) % PAGES.length];
      columns.weight[row] = WEIGHTS[row % WEIGHTS.length];
      columns.tid[row] = row % 4 === 0 ? -1 : drawn | 0;
      columns.pid[row] = (drawn >>> 3) | 0;
    }
    columns.flags.fill(0);
    columns.event.fill(3);
    own.add(columns);
    looped.addHashed(loop.hashRows(looped.bound), columns.timeOrigin);
    assert.equal(looped.digest, own.digest);
    assert.deepEqual(looped.sketch, own.sketch);
    assert.deepEqual([looped.count, looped.first, looped.last], [own.count, own.first, own.last]);
  }
  assert.deepEqual([columns.flagsSeen, columns.isOneEvent], [0, true]);
  columns.flags[5] = SAMPLE_FLAG.tlbMiss;
  columns.flags[columns.count - 1] = SAMPLE_FLAG.guest;
  columns.event[columns.count - 1] = 4;
  loop.hashRows(0);
  assert.deepEqual([columns.flagsSeen, columns.isOneEvent], [SAMPLE_FLAG.tlbMiss | SAMPLE_FLAG.guest, false]);
  columns.count--;
  loop.hashRows(0);
  assert.deepEqual([columns.flagsSeen, columns.isOneEvent], [SAMPLE_FLAG.tlbMiss, true]);
  loop.giveBack();
  const again = SampleLoop.take(HOST);
  assert.deepEqual([again.columns.flagsSeen, again.columns.isOneEvent], [undefined, undefined]);
  again.giveBack();
});
