import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { Bytes, PerfBuilder } from '../../test/support/perf-builder.js';
import { readRows } from '../../test/support/perf-rows.js';
import { parseDamonLine } from '../formats/damo-record/perf-script.js';
import type { RegionRecord } from '../formats/damo-record/region.js';
import { SAMPLE_FIELD as F, FEATURE } from '../formats/perf-abi/constants.js';
import { OctavoError } from '../vocabulary/errors.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { readDamoRecord } from './damo-file.js';
import { DamoRecordSource } from './damo-record.js';

const encode = (text: string) => new TextEncoder().encode(text);

/** As damo writes it: numbers with commas for people, in ages of several units. */
const RECORD = [
  {
    kdamond_idx: '0',
    target_id: '0',
    snapshots: [
      {
        start_time: '1 m 200 ms',
        end_time: '1 m 300 ms',
        regions: [
          {
            start: '4,194,304',
            end: '8,388,608',
            nr_accesses: { samples: '7', percent: '35 %' },
            age: { usec: '0 us', aggr_intervals: '3' },
          },
          {
            start: '8388608',
            end: '12582912',
            nr_accesses: { samples: '0', percent: null },
            age: { usec: null, aggr_intervals: '12' },
          },
        ],
        total_bytes: '8.000 MiB',
      },
      {
        end_time: 61e9,
        regions: [{ start: 0, end: 0, nr_accesses: { samples: -1 }, age: { aggr_intervals: -1 } }],
      },
    ],
  },
];
const EXPECTED: RegionRecord[] = [
  { target: '0', endNs: 60.3e9, start: 4 << 20, end: 8 << 20, accesses: 7, age: 3 },
  { target: '0', endNs: 60.3e9, start: 8 << 20, end: 12 << 20, accesses: 0, age: 12 },
];

test('json and json_compressed records give the same regions', () => {
  const text = encode(JSON.stringify(RECORD));
  assert.deepEqual(readDamoRecord('r', text), EXPECTED);
  assert.deepEqual(readDamoRecord('r', deflateSync(text)), EXPECTED);
});

test('lines of perf script, with and without age', () => {
  const line =
    'kdamond.0  4452 [000] 82877.315633: damon:damon_aggregated: target_id=0 nr_regions=17 140731667070976-140731668037632: 4 3';
  assert.deepEqual(parseDamonLine(line), {
    target: '0',
    endNs: 82877.315633e9,
    start: 140731667070976,
    end: 140731668037632,
    accesses: 4,
    age: 3,
  });
  assert.equal(parseDamonLine(line.replace(/ 3$/, ''))?.age, undefined);
  assert.equal(parseDamonLine('kdamond.0  4452 [000] 1.000001: sched:sched_switch: x'), undefined);
  assert.equal(readDamoRecord('r', encode(`# comment\n${line}\n`))?.length, 1);
});

test('damaged records are a coded error, other files are none of damo', () => {
  const text = encode(JSON.stringify(RECORD));
  const coded = (problem: unknown) => problem instanceof OctavoError && problem.code === 'FILE_MALFORMED';
  for (const bytes of [
    text.subarray(0, -5),
    deflateSync(text).subarray(0, 40),
    encode('[{"snapshots": 3}]'),
  ]) {
    assert.throws(() => readDamoRecord('r', bytes), coded);
  }
  assert.equal(readDamoRecord('r', encode('hello')), undefined);
});

test('regions become rows of whole blocks, marked as blind inside them', () => {
  const source = new DamoRecordSource({
    path: 'r',
    regions: EXPECTED,
    bytesRead: 1,
    pids: [4711],
    isPhysical: false,
    geometry: GEOMETRY_4K,
  });
  const rows = [...source.batches()].flatMap((batch) =>
    Array.from({ length: batch.count }, (_, row) => [
      batch.pid[row],
      batch.virtualPage[row],
      batch.weight[row],
    ]),
  );
  assert.deepEqual(rows, [
    [4711, 1024, 7],
    [4711, 1536, 7],
  ]);
  assert.deepEqual(source.origin.granularity, {
    pages: 512,
    blindInsideHugePages: true,
    blindToCachedTranslations: true,
  });
  assert.deepEqual(source.account().losses, { 'regions without accesses': 1 });
});

test('perf.data of damon_aggregated is read from its raw fields, of either byte order', async () => {
  for (const isBig of [false, true]) {
    const raw = new Bytes(isBig).u16(1).u8(0).u8(0).u32(77).u64(0).u32(2).u32(0);
    raw
      .u64(4 << 20)
      .u64(8 << 20)
      .u32(7)
      .u32(3);
    const builder = new PerfBuilder(isBig).attr({
      type: 2,
      config: 500,
      sampleType: F.tid | F.time | F.raw,
      name: 'damon:damon_aggregated',
    });
    builder.describeEvents().feature(FEATURE.hostname, new Bytes(isBig).featureText('here').done());
    const { rows, source } = await readRows(
      builder.sample({ pid: 77, time: 60_300_000_000n, raw: raw.done() }).file(),
    );
    assert.deepEqual(
      rows.map(({ pid, address, page }) => ({ pid, address, page })),
      [{ pid: 77, address: 0n, page: -1 }],
    );
    assert.deepEqual(source.session.samples.regions, [EXPECTED[0]]);
  }
});
