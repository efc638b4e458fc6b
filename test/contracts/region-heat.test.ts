/**
 * DAMON's records in each of their formats, on the whole way to a policy: marked as what they are, so that nothing is
 * split by them, whether they come alone or together with samples that do see sub-pages.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { RegionRecord } from '../../src/formats/damo-record/region.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { heatHistogram } from '../../src/hotness/histogram.js';
import { HotMaps } from '../../src/hotness/hot-maps.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../../src/policies/policy.js';
import { readDamoRecord } from '../../src/sources/damo-file.js';
import { DamoRecordSource } from '../../src/sources/damo-record.js';
import type { HotMap } from '../../src/vocabulary/hot-map.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { FIRST_BLOCK, hotMap, PROCESS, pageSizes, SUB_PAGE_ORIGIN } from '../support/drawing.js';
import { Bytes, PerfBuilder } from '../support/perf-builder.js';
import { readRows } from '../support/perf-rows.js';

const BLOCK = 2 ** 21;
const START = FIRST_BLOCK * BLOCK;
const END = START + 2 * BLOCK;
/** As often as a policy could wish for. */
const SNAPSHOTS = 400;

const encode = (text: string) => new TextEncoder().encode(text);

function json(): Uint8Array {
  const regions = [{ start: START, end: END, nr_accesses: { samples: 20 }, age: { aggr_intervals: 5 } }];
  const snapshots = Array.from({ length: SNAPSHOTS }, (_, index) => ({ end_time: index * 1e8, regions }));
  return encode(JSON.stringify([{ target_id: 0, snapshots }]));
}

function script(): Uint8Array {
  const line = (index: number) =>
    `kdamond.0  4452 [000] ${index}.100000: damon:damon_aggregated: target_id=0 nr_regions=1 ${START}-${END}: 20 5`;
  return encode(Array.from({ length: SNAPSHOTS }, (_, index) => line(index)).join('\n'));
}

/** The tracepoint's raw record: common fields, target, number of regions, bounds, accesses, age. */
async function perfData(): Promise<readonly RegionRecord[]> {
  const raw = new Bytes()
    .u16(1)
    .u8(0)
    .u8(0)
    .u32(77)
    .u64(0)
    .u32(1)
    .u32(0)
    .u64(START)
    .u64(END)
    .u32(20)
    .u32(5)
    .done();
  const builder = new PerfBuilder().attr({
    type: 2,
    config: 500,
    sampleType: F.tid | F.time | F.raw,
    name: 'damon:damon_aggregated',
  });
  builder.describeEvents();
  for (let index = 0; index < SNAPSHOTS; index++) builder.sample({ pid: 77, time: BigInt(index), raw });
  const { rows, source } = await readRows(builder.file());
  assert.ok(
    rows.every((row) => row.page === -1),
    'a region is no access',
  );
  return source.session.samples.regions;
}

const FORMATS: Readonly<Record<string, () => Promise<readonly RegionRecord[] | undefined>>> = {
  json: async () => readDamoRecord('r', json()),
  json_compressed: async () => readDamoRecord('r', deflateSync(json())),
  'perf script': async () => readDamoRecord('r', script()),
  'perf.data': perfData,
};

function mapOf(source: DamoRecordSource, isMixed: boolean): HotMap {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  for (const batch of source.batches()) maps.addSamples(batch, source.origin.nature);
  return maps.build(isMixed ? [SUB_PAGE_ORIGIN, source.origin] : [source.origin])[0];
}

for (const [format, read] of Object.entries(FORMATS)) {
  test(`regions in ${format} are heat of whole blocks, by which nothing is split`, async () => {
    const regions = await read();
    assert.equal(regions?.length, SNAPSHOTS);
    const source = new DamoRecordSource({
      path: format,
      regions: regions ?? [],
      bytesRead: 0,
      pids: [PROCESS.pid],
      isPhysical: false,
      geometry: GEOMETRY_4K,
    });
    for (const isMixed of [false, true]) {
      const heat = mapOf(source, isMixed);
      assert.equal(heat.subPageHeat, false);
      assert.ok((heat.block(FIRST_BLOCK)?.samples ?? 0) >= SNAPSHOTS);
      const output = policyOf(POLICIES['split-sparse']).propose({
        sizes: pageSizes(['H', 'H']),
        heat,
        parameters: DEFAULT_PARAMETERS,
      });
      assert.deepEqual(output.proposals, []);
      assert.deepEqual(
        output.passedOver.map(({ code, blocks }) => [code, blocks]),
        [['unknown-heat', 2]],
      );
      const { bins, ...histogram } = heatHistogram([heat]);
      assert.deepEqual(histogram, { blocks: 2, unknown: 2 });
      assert.ok(bins.every(({ least, most, seen }) => least === 0 && most === 2 && seen === 0));
    }
  });
}

test('the same number of samples on one sub-page, from a source that sees them, is split', () => {
  const heat = hotMap({ samples: { 0: [[0, SNAPSHOTS]] } });
  const output = policyOf(POLICIES['split-sparse']).propose({
    sizes: pageSizes(['H']),
    heat,
    parameters: DEFAULT_PARAMETERS,
  });
  assert.equal(output.proposals.length, 1);
});
