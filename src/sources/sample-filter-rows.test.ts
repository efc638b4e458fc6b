import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadTable } from '../formats/perf-data/threads.js';
import { type AccessColumns, instructionColumns } from '../vocabulary/access-columns.js';
import { sampleColumns } from '../vocabulary/sample.js';
import type { SampleWish } from '../vocabulary/sample-wish.js';
import { regionsWithin, SampleFilter } from './sample-filter.js';

/** Row n: nanosecond n after `origin`, thread 100 + n, process 10 + n; every other column holds n. */
function batchOf(rows: number, origin = 0n): AccessColumns {
  const words = () => Uint32Array.from({ length: rows }, (_, row) => row);
  const batch: AccessColumns = {
    ...sampleColumns(rows),
    capacity: rows,
    ...{ addressLow: words(), addressHigh: words(), physicalLow: words(), physicalHigh: words() },
    ...{ latency: words(), event: Uint16Array.from(words()), instructions: instructionColumns(rows) },
  };
  batch.count = rows;
  batch.timeOrigin = origin;
  for (let row = 0; row < rows; row++) {
    batch.time[row] = row;
    batch.pid[row] = 10 + row;
    batch.tid[row] = 100 + row;
    for (const column of [batch.virtualPage, batch.physicalPage, batch.kind, batch.weight, batch.flags])
      column[row] = row;
    for (const column of [batch.instructions?.low, batch.instructions?.high, batch.instructions?.isExact])
      if (column !== undefined) column[row] = row;
  }
  return batch;
}

/** Rows that pass, by their number, after checking that all columns moved together. */
function passing(filter: SampleFilter, batch: AccessColumns): number[] {
  filter.apply(batch);
  return Array.from({ length: batch.count }, (_, at) => {
    const row = batch.virtualPage[at];
    const { instructions } = batch;
    const columns = [batch.physicalPage, batch.kind, batch.weight, batch.flags, batch.time, batch.addressLow, batch.addressHigh, batch.physicalLow, batch.physicalHigh, batch.latency, batch.event, instructions?.low, instructions?.high, instructions?.isExact]; // biome-ignore format: one list
    for (const column of columns) assert.equal(column?.[at], row);
    assert.deepEqual([batch.pid[at], batch.tid[at]], [10 + row, 100 + row]);
    return row;
  });
}

const MOMENTS = { first: 1000, last: 1009 };
const ns = (value: number) => ({ kind: 'moment', ns: value }) as const;
const share = (value: number) => ({ kind: 'share', share: value }) as const;

test('rows of a time range pass, both ends with it; of a share all but its end', () => {
  const cases: readonly (readonly [SampleWish['time'], number[]])[] = [
    [{ from: ns(1003), to: ns(1005) }, [3, 4, 5]],
    [{ from: ns(1008) }, [8, 9]],
    [{ to: ns(1000) }, [0]],
    [{ from: ns(2000) }, []],
    [{ from: share(0), to: share(1) }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ from: share(0), to: share(0.5) }, [0, 1, 2, 3, 4]],
    [{ from: share(0.5) }, [5, 6, 7, 8, 9]],
  ];
  for (const [time, expected] of cases) {
    const filter = new SampleFilter(time === undefined ? {} : { time }, new ThreadTable(), MOMENTS);
    assert.deepEqual(passing(filter, batchOf(10, 1000n)), expected, JSON.stringify(time));
    const left = 10 - expected.length;
    assert.deepEqual(filter.leftOut, left === 0 ? {} : { 'samples outside of the time asked for': left });
    assert.equal(filter.kept, expected.length);
  }
});

test('parts of ten tenths have every sample once', () => {
  const found = Array.from({ length: 10 }, (_, part) => {
    const time = { from: share(part / 10), to: share((part + 1) / 10) };
    return passing(new SampleFilter({ time }, new ThreadTable(), { first: 0, last: 249 }), batchOf(250));
  }).flat();
  assert.deepEqual(
    found,
    Array.from({ length: 250 }, (_, row) => row),
  );
});

test('a sample without a time is in no range, and in all that asks for none', () => {
  const timeless = () => {
    const batch = batchOf(2);
    batch.time.fill(Number.NaN);
    return batch;
  };
  const asked = new SampleFilter({ time: { from: ns(0) } }, new ThreadTable(), undefined);
  asked.apply(timeless());
  assert.equal(asked.kept, 0);
  const free = new SampleFilter({ tids: new Set([100, 101]) }, new ThreadTable(), undefined);
  free.apply(timeless());
  assert.equal(free.kept, 2);
});

test('threads and commands: by the name of the thread, else of its process, at that moment', () => {
  const threads = new ThreadTable();
  threads.addName(10, 'main');
  threads.addThreadName(101, 'io');
  threads.addName(11, 'main');
  const byName = (...names: string[]) =>
    passing(new SampleFilter({ commands: new Set(names) }, threads, undefined), batchOf(4));
  assert.deepEqual(byName('main'), [0], 'thread 101 has a name of its own');
  assert.deepEqual(byName('io'), [1]);
  assert.deepEqual(byName('main', 'io'), [0, 1]);
  threads.addThreadName(101, 'worker');
  assert.deepEqual(byName('io'), []);
  const filter = new SampleFilter({ tids: new Set([102]), commands: new Set(['main']) }, threads, undefined);
  assert.deepEqual(passing(filter, batchOf(4)), []);
  assert.deepEqual(filter.leftOut, {
    'samples of threads not asked for': 3,
    'samples of commands not asked for': 1,
  });
});

test('regions of DAMON pass by the end of their aggregation', () => {
  const region = (endNs: number) => ({ target: '0', endNs, start: 0, end: 1, accesses: 1, age: undefined });
  const regions = [100, 200, 300, 400].map(region);
  const ends = (time: NonNullable<SampleWish['time']>) =>
    regionsWithin(regions, time).map(({ endNs }) => endNs);
  assert.deepEqual(ends({ from: ns(200), to: ns(300) }), [200, 300]);
  assert.deepEqual(ends({ from: share(0.5) }), [300, 400]);
  assert.deepEqual(ends({ to: share(0.5) }), [100, 200]);
});
