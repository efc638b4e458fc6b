/** damo's records as JSON: numbers for people and for machines, what is no region, and what is no record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { parseDamoJson } from './json.js';
import { damoKind } from './region.js';
import { isDamoSizes, parseDamoSizes } from './sizes.js';

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const MOST = 1 << 20;

/** A record of one snapshot with one region. */
const record = (region: object, end_time: number | string = 5, target_id?: unknown) => [
  {
    ...(target_id === undefined ? {} : { target_id }),
    snapshots: [{ end_time, regions: [{ start: 4096, end: 8192, nr_accesses: 3, ...region }] }],
  },
];
function one(region: object, endTime?: number | string, target?: unknown) {
  const parsed = parseDamoJson(bytes(record(region, endTime, target)), false, MOST);
  assert.ok(typeof parsed !== 'string', String(parsed));
  return parsed[0];
}

test('numbers are read as people and as machines write them', () => {
  assert.deepEqual(one({ age: 7 }), { target: '0', endNs: 5, start: 4096, end: 8192, accesses: 3, age: 7 });
  assert.deepEqual(
    one({ start: '1,048,576', end: ' 2,097,152 B', nr_accesses: '12 samples', age: '1,000 aggr' }),
    {
      ...{ target: '0', endNs: 5, start: 1_048_576, end: 2_097_152, accesses: 12, age: 1000 },
    },
  );
  assert.equal(one({ nr_accesses: { samples: '4' } }).accesses, 4);
  assert.equal(one({ nr_accesses: '2.5' }).accesses, 2.5);
  assert.equal(one({ age: { aggr_intervals: 9 } }).age, 9);
  for (const age of [null, undefined, {}, { aggr_intervals: null }])
    assert.equal(one({ age }).age, undefined);
});

test('targets have their numbers, 0 where none is told', () => {
  for (const [given, target] of [[undefined, '0'], [null, '0'], [7, '7'], ['a', 'a']] as const) // biome-ignore format: rows
    assert.equal(one({}, 5, given).target, target);
});

test('times are nanoseconds, or words with their units', () => {
  const rows = [
    [12, 12], ['12', 12], ['1,234', 1234], ['5 ns', 5], ['5 us', 5e3], ['5 ms', 5e6], ['5 s', 5e9], ['5 m', 300e9], ['5 h', 18_000e9],
    ['5 d', 432_000e9], ['1 h 2 m 3.5 s', 3600e9 + 120e9 + 3.5e9], ['3 s 20 ms', 3.02e9], ['1,000 us', 1e6], ['2s', 2e9],
  ] as const; // biome-ignore format: rows
  for (const [given, ns] of rows) assert.equal(one({}, given).endNs, ns, String(given));
});

test('what is empty, reversed or without a number of accesses is no region', () => {
  for (const region of [
    { end: 4096 },
    { end: 4095 },
    { start: 'x' },
    { end: '' },
    { nr_accesses: -1 },
    { nr_accesses: null },
    { nr_accesses: {} },
    { nr_accesses: { samples: null } },
    { nr_accesses: 'many' },
  ])
    assert.deepEqual(parseDamoJson(bytes(record(region)), false, MOST), [], JSON.stringify(region));
  assert.equal(one({ nr_accesses: 0 }).accesses, 0);
  assert.equal(one({ end: 4097 }).end, 4097);
});

test('what is no record says why', () => {
  assert.match(String(parseDamoJson(bytes('[{'), false, MOST)), /ends too early/);
  assert.match(String(parseDamoJson(bytes([{}]), false, MOST)), /^is no record of damo: .*snapshots/);
  const packed = deflateSync(bytes(record({})));
  assert.equal((parseDamoJson(packed, true, MOST) as unknown[]).length, 1);
  for (const [given, longest] of [[packed, 10], [packed.subarray(0, 9), MOST]] as const) // biome-ignore format: rows
    assert.match(String(parseDamoJson(given, true, longest)), /damaged or too long/);
  const plain = bytes(record({}));
  assert.notEqual(typeof parseDamoJson(plain, false, plain.length), 'string');
  assert.match(String(parseDamoJson(plain, false, plain.length - 1)), /too long/);
});

test('the kind of a file is told by its beginning', () => {
  const rows: readonly (readonly [string | Uint8Array, string | undefined])[] = [
    ['[', 'json'],
    [' \n [{', 'json'],
    [deflateSync(bytes('[]')), 'compressed-json'],
    [Uint8Array.of(0x78, 0x9d), undefined],
    [Uint8Array.of(0x79, 0x9c), undefined],
    ['kdamond.0 1 [0] 1.0: damon:damon_aggregated: target', 'perf-script'],
    ['k damon:damos_before_apply: y', 'perf-script'],
    ['kdamond.0-1 [000] 1.0: damon_aggregated: target_id=0', 'trace'],
    ['damon_aggregated', undefined],
    ['', undefined],
    [`${' '.repeat(4095)}[`, 'json'],
    [`${' '.repeat(4096)}[`, undefined],
  ];
  for (const [given, kind] of rows)
    assert.equal(damoKind(typeof given === 'string' ? bytes(given) : given), kind, String(given).trim());
});

test('sizes are those that say everything', () => {
  const footprint = (more: object) => ({ pid: 7, footprint: { size: 9, resident: 4, ...more } });
  const told = (footprints: readonly object[]) => parseDamoSizes(JSON.stringify([{ time: 2.5, footprints }]));
  assert.deepEqual(told([footprint({})]), [{ pid: 7, seconds: 2.5, sizePages: 9, residentPages: 4 }]);
  for (const lacking of [
    footprint({ size: null }),
    footprint({ resident: null }),
    { ...footprint({}), pid: null },
  ])
    assert.deepEqual(told([lacking]), []);
  assert.match(String(parseDamoSizes('[')), /ends too early/);
  assert.match(String(parseDamoSizes('[{}]')), /^holds no sizes as damo writes them/);
  assert.deepEqual(['[{"time": 1', ' [ { "time":', '[{"times":', 'x[{"time":'].map(isDamoSizes), [
    true,
    true,
    false,
    false,
  ]);
});
