import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegionRecord } from '../formats/damo-record/region.js';
import { SampledUse, useOfRegions, useOfSizes } from './distributions.js';

const MS = 1e6;

/** A region of target 0 told at a millisecond. */
const region = (
  atMs: number,
  start: number,
  end: number,
  accesses: number,
  more: Partial<RegionRecord> = {},
): RegionRecord => ({
  target: '0',
  start,
  end,
  accesses,
  age: 0,
  endNs: atMs * MS,
  ...more, // biome-ignore format: one row
});

test('the working set is what was accessed at a moment, the footprint what was up to it', () => {
  const { moments } = useOfRegions(
    [region(100, 0, 10, 5), region(100, 10, 30, 4), region(200, 5, 15, 5), region(300, 40, 50, 9)],
    5,
  );
  assert.deepEqual(
    moments.map(({ atMs, workingSetBytes, footprintBytes }) => [atMs, workingSetBytes, footprintBytes]),
    [[0, 10, 10], [100, 10, 15], [200, 10, 25]], // biome-ignore format: rows
  );
  assert.deepEqual(new Set(moments.map(({ who }) => who)), new Set(['target 0']));
});

test('each target has its own footprint, and all count from the first moment of any', () => {
  const { moments } = useOfRegions([region(300, 0, 10, 1), region(100, 0, 4, 1, { target: '7' })], 1);
  assert.deepEqual(
    moments.map(({ who, atMs, footprintBytes }) => [who, atMs, footprintBytes]),
    [['target 0', 200, 10], ['target 7', 0, 4]], // biome-ignore format: rows
  );
});

test('moments are in order, whatever the order of the regions', () => {
  const { moments } = useOfRegions(
    [region(300, 0, 10, 1), region(100, 20, 24, 1), region(300, 10, 12, 1)],
    1,
  );
  assert.deepEqual(moments.map(({ atMs, workingSetBytes, footprintBytes }) => [atMs, workingSetBytes, footprintBytes]), [[0, 4, 4], [200, 12, 16]]); // biome-ignore format: rows
});

test('ranges that touch or overlap count once in the footprint, whichever comes first', () => {
  const footprint = (...ranges: readonly (readonly [number, number])[]) =>
    useOfRegions(ranges.map(([start, end], at) => region(at, start, end, 1)), 1).moments.map((each) => each.footprintBytes); // biome-ignore format: one
  assert.deepEqual(footprint([0, 10], [10, 20]), [10, 20]);
  assert.deepEqual(footprint([10, 20], [0, 10]), [10, 20]);
  assert.deepEqual(footprint([0, 10], [20, 30], [5, 25]), [10, 20, 30]);
  assert.deepEqual(footprint([0, 30], [10, 20]), [30, 30]);
  assert.deepEqual(footprint([10, 20], [0, 30]), [10, 30]);
  assert.deepEqual(footprint([40, 50], [0, 5], [20, 25], [0, 45], [60, 61]), [10, 15, 20, 50, 51]);
  assert.deepEqual(footprint([0, 1], [2, 3], [4, 5], [6, 7], [3, 4]), [1, 2, 3, 4, 5]);
});

test('regions that no process can have are left out: empty, reversed, beyond 57 bits', () => {
  const most = 2 ** 57;
  const { moments } = useOfRegions(
    [
      region(1, 5, 5, 9),
      region(1, 6, 5, 9),
      region(1, most - 2 ** 20, most + 2 ** 20, 9),
      region(2, most - 2 ** 20, most, 9),
    ],
    1,
  );
  assert.deepEqual(
    moments.map(({ atMs, footprintBytes }) => [atMs, footprintBytes]),
    [[0, 2 ** 20]],
  );
  assert.deepEqual(useOfRegions([], 1), { moments: [], idle: [] });
});

test('memory is idle for its age at the end, in the usual time between moments', () => {
  const before = [100, 200, 300, 1000].map((atMs) => region(atMs, 0, 1, 0));
  const { idle } = useOfRegions(
    [
      ...before,
      region(1100, 0, 10, 0, { age: 3 }),
      region(1100, 10, 30, 2, { age: 8 }),
      region(1100, 30, 60, 1, { age: 5 }),
    ],
    2,
  );
  assert.deepEqual(idle, [
    { who: 'target 0', idleMs: 300, bytes: 10 },
    { who: 'target 0', idleMs: 0, bytes: 20 },
    { who: 'target 0', idleMs: 500, bytes: 30 },
  ]);
});

test('without ages, or with one moment alone, it is not known how long memory is idle', () => {
  const old = { age: undefined };
  const { idle } = useOfRegions([region(1, 0, 1, 0), region(2, 0, 5, 0, old), region(2, 5, 8, 1, old)], 1);
  assert.deepEqual(idle, [{ who: 'target 0', idleMs: 0, bytes: 3 }]);
  assert.deepEqual(useOfRegions([region(1, 0, 1, 0, { age: 4 })], 1).idle, []);
});

test('sampled pages: each page counts in every slice that saw it, and is new in its first', () => {
  const use = new SampledUse('pid 5', 4096);
  for (const [page, at] of [[3, 200], [3, 100], [3, 300], [4, 200], [9, 300]]) use.add(page, at); // biome-ignore format: rows
  assert.deepEqual(use.finish(100, 400), {
    moments: [
      { who: 'pid 5', atMs: 0, workingSetBytes: 4096, footprintBytes: 4096 },
      { who: 'pid 5', atMs: 100, workingSetBytes: 8192, footprintBytes: 8192 },
      { who: 'pid 5', atMs: 200, workingSetBytes: 8192, footprintBytes: 12_288 },
    ],
    idle: [
      { who: 'pid 5', idleMs: 100, bytes: 8192 },
      { who: 'pid 5', idleMs: 200, bytes: 4096 },
    ],
  });
});

test('page 0 is a page, and samples without a time have no moment', () => {
  const use = new SampledUse('pid 5', 10);
  use.add(0, 0);
  use.add(1, -1);
  assert.deepEqual(use.finish(0, 50), {
    moments: [
      { who: 'pid 5', atMs: undefined, workingSetBytes: 10, footprintBytes: 10 },
      { who: 'pid 5', atMs: 0, workingSetBytes: 10, footprintBytes: 20 },
    ],
    idle: [{ who: 'pid 5', idleMs: 50, bytes: 10 }],
  });
  assert.deepEqual(new SampledUse('x', 1).finish(0, 1), { moments: [], idle: [] });
});

test('a slice that saw no new page adds nothing to the footprint', () => {
  const use = new SampledUse('pid 5', 10);
  for (const [page, at] of [[1, 0], [1, 100], [2, 0]]) use.add(page, at); // biome-ignore format: rows
  assert.deepEqual(
    use
      .finish(0, 200)
      .moments.map(({ workingSetBytes, footprintBytes }) => [workingSetBytes, footprintBytes]),
    [[20, 20], [10, 20]], // biome-ignore format: rows
  );
});

test('sizes of one process alone are its own; of several they are told together, too', () => {
  const size = (pid: number, seconds: number, sizePages: number, residentPages: number) => ({
    ...{ pid, seconds, sizePages, residentPages },
  });
  const recorded = [size(7, 12, 5, 1), size(7, 10, 6, 2), size(8, 10, 7, 3)];
  const told = (pids?: ReadonlySet<number>) =>
    useOfSizes(recorded as never, 4096, pids).sizes?.map(({ who, atMs, sizeBytes, residentBytes }) => [
      who,
      atMs,
      sizeBytes / 4096,
      residentBytes / 4096,
    ]);
  const [late, early, other] = [['process 7', 2000, 5, 1], ['process 7', 0, 6, 2], ['process 8', 0, 7, 3]]; // biome-ignore format: rows
  assert.deepEqual(told(new Set([7])), [late, early]);
  assert.deepEqual(told(new Set([8])), [other]);
  assert.deepEqual(told(new Set()), []);
  assert.deepEqual(told(), [['all processes', 2000, 5, 1], ['all processes', 0, 13, 5], late, early, other]); // biome-ignore format: rows
});
