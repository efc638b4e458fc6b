import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegionRecord } from '../formats/damo-record/region.js';
import { ThreadTable } from '../formats/perf-data/threads.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { needsMoments, type SampleWish } from '../vocabulary/sample-wish.js';
import { regionsWithin, SampleFilter } from './sample-filter.js';

/** Rows `[tid, time]` of process 1, each of whose columns holds the row's number. */
function rows(given: readonly (readonly [tid: number, time: number])[], timeOrigin = 0n): AccessColumns {
  const words = () => new Uint32Array(given.length);
  const batch: AccessColumns = {
    ...sampleColumns(given.length),
    capacity: given.length,
    ...{ addressLow: words(), addressHigh: words(), physicalLow: words(), physicalHigh: words() },
    ...{ latency: words(), event: new Uint16Array(given.length) },
  };
  for (const [row, [tid, time]] of given.entries()) {
    const { virtualPage, physicalPage, kind, weight, flags, latency, event } = batch;
    const { addressLow, addressHigh, physicalLow, physicalHigh } = batch;
    const numbered = [virtualPage, physicalPage, kind, weight, flags, latency, event];
    for (const column of [...numbered, addressLow, addressHigh, physicalLow, physicalHigh])
      column[row] = row + 1;
    [batch.pid[row], batch.tid[row], batch.time[row]] = [1, tid, time];
  }
  batch.count = given.length;
  batch.timeOrigin = timeOrigin;
  return batch;
}

const moment = (ns: number) => ({ kind: 'moment' as const, ns });
const share = (of: number) => ({ kind: 'share' as const, share: of });

function passed(
  wish: SampleWish,
  batch: AccessColumns,
  threads = new ThreadTable(),
  moments = { first: 100, last: 200 },
) {
  const filter = new SampleFilter(wish, threads, moments);
  filter.apply(batch);
  return { rows: [...batch.weight.subarray(0, batch.count)], leftOut: filter.leftOut, kept: filter.kept };
}

test('rows that are not wanted are removed from every column, and counted', () => {
  const batch = rows([[5, 1], [6, 2], [5, 3], [6, 4], [5, 5]]); // biome-ignore format: rows
  const { leftOut, kept } = passed({ tids: new Set([6]) }, batch);
  assert.deepEqual([batch.count, kept, leftOut], [2, 2, { 'samples of threads not asked for': 3 }]);
  const { time, tid, virtualPage, physicalPage, kind, weight, flags } = batch;
  const { addressLow, addressHigh, physicalLow, physicalHigh, latency, event } = batch;
  for (const column of [
    virtualPage,
    physicalPage,
    kind,
    weight,
    flags,
    addressLow,
    addressHigh,
    physicalLow,
    physicalHigh,
    latency,
    event,
  ])
    assert.deepEqual([...column.subarray(0, 2)], [2, 4]);
  assert.deepEqual(
    [[...time.subarray(0, 2)], [...tid.subarray(0, 2)]],
    [
      [2, 4],
      [6, 6],
    ],
  );
});

test('what was kept adds up over batches', () => {
  const filter = new SampleFilter({ tids: new Set([6]) }, new ThreadTable(), undefined);
  filter.apply(rows([[6, 1], [5, 2]])); // biome-ignore format: rows
  filter.apply(rows([[6, 3], [6, 4], [5, 2]])); // biome-ignore format: rows
  assert.deepEqual([filter.kept, filter.leftOut], [3, { 'samples of threads not asked for': 2 }]);
});

test('a command is that of the thread, or else of its process', () => {
  const threads = new ThreadTable();
  threads.addName(1, 'server');
  threads.addThreadName(6, 'worker');
  const given = () => rows([[6, 1], [7, 2]]); // biome-ignore format: rows
  assert.deepEqual(passed({ commands: new Set(['worker']) }, given(), threads).rows, [1]);
  assert.deepEqual(passed({ commands: new Set(['server']) }, given(), threads).rows, [2]);
  const { rows: none, leftOut } = passed({ commands: new Set(['server']) }, given());
  assert.deepEqual([none, leftOut], [[], { 'samples of commands not asked for': 2 }]);
});

test('both moments belong to the range, and time is that after the origin', () => {
  const given = () => rows([[1, 9], [1, 10], [1, 20], [1, 21], [1, Number.NaN]], 1000n); // biome-ignore format: rows
  const between = passed({ time: { from: moment(1010), to: moment(1020) } }, given());
  assert.deepEqual([between.rows, between.leftOut], [[2, 3], { 'samples outside of the time asked for': 3 }]);
  assert.deepEqual(passed({ time: { from: moment(1010) } }, given()).rows, [2, 3, 4]);
  assert.deepEqual(passed({ time: { to: moment(1010) } }, given()).rows, [1, 2]);
  assert.deepEqual(
    passed({}, given()).rows,
    [1, 2, 3, 4, 5],
    'rows without a time are wanted when none is asked for',
  );
});

test('a share ends before the next one begins, and the last one with the recording', () => {
  const given = () => rows([[1, 100], [1, 149], [1, 150], [1, 199], [1, 200]]); // biome-ignore format: rows
  assert.deepEqual(passed({ time: { from: share(0), to: share(0.5) } }, given()).rows, [1, 2]);
  assert.deepEqual(passed({ time: { from: share(0.5), to: share(1) } }, given()).rows, [3, 4, 5]);
  assert.deepEqual(passed({ time: { from: share(0.5) } }, given()).rows, [3, 4, 5]);
  assert.deepEqual(passed({ time: { to: moment(150) } }, given()).rows, [1, 2, 3], 'a moment belongs to it');
  assert.deepEqual(
    passed({ time: { from: share(0.494) } }, given()).rows,
    [2, 3, 4, 5],
    'rounded to a nanosecond',
  );
});

test('regions are taken by the time at which they were told', () => {
  const region = (endNs: number): RegionRecord => ({
    target: '0',
    start: 0,
    end: 1,
    accesses: 1,
    age: 0,
    endNs,
  });
  const regions = [30, 10, 20, 50].map(region);
  const ends = (time: SampleWish['time']) => regionsWithin(regions, time ?? {}).map(({ endNs }) => endNs);
  assert.deepEqual(ends({ from: share(0.5) }), [30, 50]);
  assert.deepEqual(ends({ to: share(0.5) }), [10, 20]);
  assert.deepEqual(ends({ from: moment(20), to: moment(30) }), [30, 20]);
  assert.deepEqual(ends({}), [30, 10, 20, 50]);
});

test('only a share needs the first and last moment of the recording', () => {
  assert.deepEqual([{}, { time: {} }, { time: { from: moment(1), to: moment(2) } }].map(needsMoments), [
    false,
    false,
    false,
  ]);
  assert.deepEqual(
    [
      { time: { from: share(0.1) } },
      { time: { to: share(0.1) } },
      { time: { from: moment(1), to: share(1) } },
    ].map(needsMoments),
    [true, true, true],
  );
});
