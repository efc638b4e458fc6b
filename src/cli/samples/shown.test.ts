/** What is said of recordings and heat files: views, distributions, and why there is nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import type { MemoryUse } from '../../sources/distributions.js';
import type { ViewRow } from '../../sources/view-values.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import { distributionLines, distributionOf, distributionRows } from './distribution.js';
import type { Imported } from './imported.js';
import { nothingImported, nothingInHeat, nothingLines } from './nothing-sampled.js';
import { SliceClocks } from './slice-clocks.js';
import { joinedRows, viewLines, viewOf, viewRow, viewRows } from './view.js';

const row = (value: string, samples: number, more: Partial<ViewRow> = {}): ViewRow => ({
  ...{ pid: 7, mapping: '[heap]', view: 'tlb', value, samples, accesses: samples * 10, timed: 0, latency: 0 },
  ...more,
});

const TLB = [
  row('miss', 3, { timed: 2, latency: 300 }),
  row('first-level hit', 6),
  row('miss', 1, { pid: 9, mapping: '' }),
  row('L1 cache', 50, { view: 'source' }),
];

test('a view adds up what is of one value, in the order of its values, and says where, most samples first', () => {
  const view = viewOf(TLB, 'tlb', 'x');
  assert.deepEqual(view, {
    by: 'tlb',
    samples: 10,
    values: [
      { value: 'first-level hit', samples: 6, accesses: 60, share: 0.6, meanLatencyCycles: null },
      { value: 'miss', samples: 4, accesses: 40, share: 0.4, meanLatencyCycles: 150 },
    ],
    groups: [
      {
        value: 'first-level hit',
        samples: 6,
        accesses: 60,
        share: 0.6,
        meanLatencyCycles: null,
        pid: 7,
        mapping: '[heap]',
      },
      {
        value: 'miss',
        samples: 3,
        accesses: 30,
        share: 0.3,
        meanLatencyCycles: 150,
        pid: 7,
        mapping: '[heap]',
      },
      { value: 'miss', samples: 1, accesses: 10, share: 0.1, meanLatencyCycles: null, pid: 9, mapping: '' },
    ],
  });
  const ofOne = viewOf(TLB, 'tlb', 'x', new Set([9]));
  assert.deepEqual([ofOne.samples, ofOne.values.length, ofOne.groups.length], [1, 1, 1]);
  const equal = viewOf([row('miss', 2, { pid: 9 }), row('miss', 2)], 'tlb', 'x');
  assert.deepEqual(
    equal.groups.map(({ pid }) => pid),
    [7, 9],
    'of equal ones the smaller pid first',
  );
  assert.equal(viewOf([row('miss', 1, { accesses: 0 })], 'tlb', 'x').values[0].share, 0);
});

test('a view of which no sample tells is absent', () => {
  const absent = { code: 'VIEW_ABSENT', facts: { path: 'x', view: 'tlb' } };
  assert.throws(() => viewOf([row('not recorded', 5)], 'tlb', 'x'), absent);
  assert.throws(() => viewOf([], 'tlb', 'x'), absent);
  assert.throws(() => viewOf(TLB, 'tlb', 'x', new Set([1])), absent);
  assert.equal(viewOf([row('not recorded', 5), row('miss', 1)], 'tlb', 'x').values.length, 2);
});

test('a view in lines and in rows', () => {
  const view = viewOf(TLB, 'tlb', 'x');
  assert.deepEqual(viewLines(view, 2), [
    '10 samples by TLB outcome',
    '          6 samples   60.0 % of accesses  first-level hit',
    '          4 samples   40.0 % of accesses  mean   150.0 cycles  miss',
    '',
    'where',
    '         7          6 samples   60.0 % of accesses  first-level hit  [heap]',
    '         7          3 samples   30.0 % of accesses  mean   150.0 cycles  miss  [heap]',
    '  … and 1 more (--top, --format csv)',
  ]);
  assert.equal(
    viewLines(view, 3).at(-1),
    '         9          1 samples   10.0 % of accesses  miss  (mapping not recorded)',
  );
  assert.deepEqual(viewRow(view, view.groups[1]), {
    ...{
      by: 'tlb',
      value: 'miss',
      pid: 7,
      mapping: '[heap]',
      samples: 3,
      accesses: 30,
      share: 0.3,
      mean_latency_cycles: 150,
    },
  });
  assert.equal(viewRow(view, view.groups[0]).mean_latency_cycles, undefined);
});

test('rows of one mapping and value add up, and views of later versions are left out', () => {
  const joined = joinedRows([row('miss', 1, { timed: 1, latency: 5 }), row('miss', 2, { timed: 2, latency: 7 }), row('miss', 4, { pid: 8 }), row('hit', 8), row('miss', 16, { mapping: 'x' }), row('miss', 32, { view: 'kind' })]); // biome-ignore format: rows
  assert.deepEqual(joined.map(({ samples, accesses, timed, latency }) => [samples, accesses, timed, latency]), [[3, 30, 3, 12], [4, 40, 0, 0], [8, 80, 0, 0], [16, 160, 0, 0], [32, 320, 0, 0]]); // biome-ignore format: rows
  assert.deepEqual(
    viewRows({ views: [row('miss', 1), { ...row('miss', 1), view: 'of tomorrow' } as never] }).length,
    1,
  );
  assert.deepEqual(viewRows({}), []);
});

const moment = (who: string, atMs: number | undefined, workingSetBytes: number, footprintBytes: number) => ({ who, atMs, workingSetBytes, footprintBytes }); // biome-ignore format: one row
const USE: MemoryUse = {
  moments: [
    moment('a', 0, 400, 400),
    moment('a', 100, 100, 450),
    moment('a', 200, 300, 500),
    moment('a', 300, 200, 600),
    moment('b', undefined, 7, 7),
  ],
  idle: [{ who: 'a', idleMs: 2000, bytes: 1 }, { who: 'a', idleMs: 0, bytes: 2 }, { who: 'a', idleMs: 500, bytes: 1 }], // biome-ignore format: rows
};

test('sizes are told by percentiles of moments, as damo takes them', () => {
  const [a, b] = distributionOf('wss', USE).groups;
  assert.deepEqual(a.percentiles.map(({ percent, value }) => [percent, value]), [[0, 100], [25, 200], [50, 300], [75, 400], [100, 400]]); // biome-ignore format: rows
  assert.deepEqual([a.who, a.mean, b.mean, b.points], ['a', 250, 7, [{ ms: null, bytes: 7 }]]);
  const footprint = distributionOf('footprint', USE);
  assert.deepEqual([footprint.unit, footprint.groups[0].mean], ['bytes', 487.5]);
});

test('idle times are told by percentiles of memory', () => {
  const { groups, unit } = distributionOf('recency', USE);
  assert.equal(unit, 'ms');
  const [{ percentiles, mean, points }] = groups;
  assert.deepEqual(
    percentiles.map(({ value }) => value),
    [0, 0, 500, 2000, 2000],
  );
  assert.deepEqual([mean, points.map(({ ms }) => ms)], [625, [0, 500, 2000]]);
  const none = distributionOf('recency', { moments: [], idle: [{ who: 'x', idleMs: 5, bytes: 0 }] });
  assert.deepEqual([none.groups[0].mean, none.groups[0].percentiles[0].value], [0, 5]);
});

test('a distribution in rows', () => {
  assert.deepEqual([...distributionRows(distributionOf('recency', USE))].at(-1), {
    distribution: 'recency',
    who: 'a',
    idle_ms: 2000,
    bytes: 1,
  });
  const rows = [...distributionRows(distributionOf('wss', USE))];
  assert.deepEqual([rows[1], rows.at(-1)], [{ distribution: 'wss', who: 'a', at_ms: 100, bytes: 100 }, { distribution: 'wss', who: 'b', at_ms: undefined, bytes: 7 }]); // biome-ignore format: rows
});

test('a distribution in lines: percentiles, the mean, and a bar for each moment that is known', () => {
  const lines = distributionLines(distributionOf('wss', { moments: [moment('a', 0, 4096, 0), moment('a', 1500, 2048, 0)], idle: [] }, ['a note'])); // biome-ignore format: one row
  assert.deepEqual(lines, [
    'working-set size: memory accessed at a moment, by percentile of moments',
    '',
    'a',
    '     0 %  2 KiB',
    '    25 %  2 KiB',
    '    50 %  4 KiB',
    '    75 %  4 KiB',
    '   100 %  4 KiB',
    '   mean  3 KiB',
    '  over time',
    `        0 ms  ${'█'.repeat(40)}  4 KiB`,
    `       1.5 s  ${'█'.repeat(20)}${' '.repeat(20)}  2 KiB`,
    '',
    'a note',
  ]);
  const recency = distributionLines(distributionOf('recency', USE));
  assert.deepEqual(recency.slice(-2), ['   100 %  2.0 s', '   mean  625 ms']);
  assert.ok(
    !distributionLines(
      distributionOf('wss', { moments: [moment('a', 0, 1, 1), moment('a', undefined, 1, 1)], idle: [] }),
    ).includes('  over time'),
  );
});

test('of many moments at most 20 are drawn, evenly chosen', () => {
  const drawn = (count: number) => {
    const moments = Array.from({ length: count }, (_, at) => moment('a', at * 1000, at, at));
    return distributionLines(distributionOf('wss', { moments, idle: [] })).filter((line) =>
      / {2}[█ ]{40} {2}/.test(line),
    );
  };
  assert.deepEqual(
    [drawn(20).length, drawn(21).length, drawn(40).length, drawn(41).length],
    [20, 11, 20, 14],
  );
  assert.match(drawn(41)[1], /^ +3\.0 s /);
});

const TALLY = { samples: 0, withAddress: 0, withPhysical: 0, guests: { samples: 0 } };
const imported = (more: object, tally: object = {}) =>
  ({ regions: 0, regionRows: 0, losses: {}, events: [], maps: [], unplaced: {}, resolved: undefined, ...more, tally: { ...TALLY, ...tally } }) as unknown as Imported; // biome-ignore format: one row

const why = (more: object, tally: object = {}) => nothingImported(imported(more, tally))?.why;
const EVENT = { name: 'loads', nature: 'loads' };

test('a recording that shows nothing says why, by the first reason that holds', () => {
  assert.equal(why({ regions: 5 }), 'none of the 5 regions of DAMON was found accessed');
  assert.equal(why({ regions: 5, regionRows: 1 }), undefined);
  assert.equal(
    why({ losses: { 'samples of processes not asked for': 3 } }),
    'all 3 samples are of processes that --pid does not name',
  );
  assert.equal(
    why({ losses: { 'bytes of AUX data of another kind': 9 } }),
    'its 9 bytes of AUX data are no samples of memory (Intel PT, CoreSight)',
  );
  assert.equal(why({}), 'it has no event');
  assert.equal(why({ events: [EVENT, { name: 'b' }] }), 'no sample of loads, b was taken');
  assert.equal(
    why({}, { guests: { samples: 4 } }),
    'all 4 samples are of guests, whose addresses are of another machine',
  );
  assert.equal(why({ events: [EVENT] }, { samples: 6 }), 'none of the 6 samples of loads has an address');
  assert.equal(why({}, { samples: 6 }), 'none of the 6 samples has an address');
  assert.equal(
    why({ events: [EVENT] }, { samples: 6, withPhysical: 1 }),
    'its samples have physical addresses only',
  );
  assert.equal(why({ events: [EVENT], resolved: {} }, { samples: 6, withPhysical: 1 }), undefined);
  const placed = { samples: 6, withAddress: 6 };
  assert.equal(
    why({ events: [EVENT], unplaced: { odd: 2, even: 4 } }, placed),
    'no sample lies in memory of a process: 2 odd, 4 even',
  );
  assert.equal(why({ events: [EVENT], unplaced: { odd: 2 }, maps: [{}] }, placed), undefined);
  assert.equal(why({ events: [EVENT] }, placed), undefined);
  const faults = { name: 'page-faults', nature: 'first-touches' };
  assert.equal(
    why({ events: [faults, faults] }, placed),
    'it has samples of page faults only, which say nothing of heat',
  );
  assert.equal(why({ events: [faults, EVENT] }, placed), undefined);
  assert.equal(why({ events: [] }, placed), undefined);
});

const facts = (more: object) =>
  ({ processes: [], unplaced: {}, samples: 0, ...more }) as unknown as HeatFacts;
const process = (pid: number, command = 'x') => ({ pid, command, startTicks: null });

test('an empty heat file says why, and names its processes to whoever asked for others', () => {
  assert.equal(nothingInHeat(facts({}), undefined).why, 'no sample was taken');
  assert.equal(
    nothingInHeat(facts({ samples: 9 }), undefined).why,
    'none of the 9 samples lies in memory of a process',
  );
  assert.equal(
    nothingInHeat(facts({ samples: 9, unplaced: { odd: 9 } }), new Set([1])).why,
    'none of the 9 samples lies in memory of a process: 9 odd',
  );
  const named = nothingInHeat(facts({ processes: [process(5, 'redis'), process(6, '')] }), new Set([1, 2]));
  assert.deepEqual(named, {
    why: 'the file has no samples of process 1, 2',
    remedy: 'Give one of its processes: 5 redis, 6.',
  });
  const many = (count: number) =>
    facts({ processes: Array.from({ length: count }, (_, pid) => process(pid)) });
  assert.match(nothingInHeat(many(11), new Set([99])).remedy, /9 x, …\.$/);
  assert.match(nothingInHeat(many(10), new Set([99])).remedy, /9 x\.$/);
  assert.deepEqual(nothingLines({ why: 'w', remedy: 'R.' }), ['nothing to see: w', 'R.']);
});

const session = (clock?: { wallNs: bigint; clockNs: bigint }) =>
  ({ state: { features: { clock } } }) as unknown as PerfSession;
const booted = (...bootIds: readonly (string | undefined)[]) =>
  bootIds.map((bootId) => ({ bootId })) as unknown as RecordingFacts[];

test('times are of the wall clock where every recording relates its own to it', () => {
  const clocks = new SliceClocks();
  const [wall, own] = [session({ wallNs: 100n, clockNs: 40n }), session()];
  assert.deepEqual([clocks.offsetOf(wall), clocks.offsetOf(wall)], [60, 60]);
  assert.deepEqual(
    [clocks.clock(booted(undefined)), clocks.clock(booted('a', 'a'))],
    ['wall', 'none'],
    'one of two recordings says nothing',
  );
  assert.equal(clocks.offsetOf(own), 0);
  assert.equal(clocks.clock(booted('a', 'a')), 'none');
  const plain = new SliceClocks();
  plain.offsetOf(own);
  assert.deepEqual([booted(undefined), booted('a', 'a'), booted('a', 'b'), booted(undefined, undefined)].map((all) => plain.clock(all)), ['recording', 'recording', 'none', 'none']); // biome-ignore format: one row
  assert.equal(new SliceClocks().clock(booted('a')), 'recording');
});
