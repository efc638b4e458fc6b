import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegionRecord } from '../formats/damo-record/region.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { DamoRecordSource } from './damo-record.js';
import { blockHeat } from './region-heat.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const BASE = 0x7f0000000000;

function region(start: number, bytes: number, accesses: number, endNs = 0): RegionRecord {
  return { target: '1', endNs, start: BASE + start, end: BASE + start + bytes, accesses, age: undefined };
}

function heatOf(regions: readonly RegionRecord[]) {
  const losses = { idle: 0, impossible: 0, tooLarge: 0 };
  const blocks = [...blockHeat(regions, GEOMETRY_4K, losses)];
  const first = BASE / (2 * MIB);
  return { heat: blocks.map(({ block, accesses, times }) => [block - first, accesses, times]), losses };
}

test('many small regions of a block weigh as much as one large region that is as hot', () => {
  const small = Array.from({ length: 16 }, (_, index) => region(2 * MIB + index * (MIB / 8), MIB / 8, 20));
  assert.deepEqual(heatOf([region(0, 2 * MIB, 20), ...small]).heat, [[0, 20, 1], [1, 20, 1]]); // biome-ignore format: rows
});

test('a region counts by the share of the block that it covers', () => {
  assert.deepEqual(heatOf([region(MIB, 2 * MIB, 8)]).heat, [[0, 4, 1], [1, 4, 1]]); // biome-ignore format: rows
});

test('blocks rank by accesses, not by how often a region was recorded', () => {
  const often = Array.from({ length: 20 }, (_, index) => region(0, 2 * MIB, 1, index));
  const hot = Array.from({ length: 10 }, (_, index) => region(2 * MIB, 2 * MIB, 20, index));
  assert.deepEqual(heatOf([...often, ...hot]).heat, [[0, 20, 20], [1, 200, 10]]); // biome-ignore format: rows
});

test('idle regions and impossible addresses are in no block, and told', () => {
  const { heat, losses } = heatOf([
    region(0, 2 * MIB, 0),
    { ...region(0, 1, 5), end: 2 ** 60 },
    { ...region(0, 1, 5), end: 0 },
  ]);
  assert.deepEqual(heat, []);
  assert.deepEqual(losses, { idle: 1, impossible: 2, tooLarge: 0 });
});

test('a run of more than 256 GiB says nothing of its blocks', () => {
  const { heat, losses } = heatOf([region(0, 256 * GIB + 1, 3), region(300 * GIB, MIB, 4)]);
  assert.equal(losses.tooLarge, 1);
  assert.deepEqual(heat, [[150 * 1024, 2, 1]]);
});

test('all runs together are bounded', () => {
  const runs = Array.from({ length: 9 }, (_, index) => region(index * 300 * GIB, 256 * GIB, 1));
  const { heat, losses } = heatOf(runs);
  assert.equal(heat.length, 1 << 20);
  assert.equal(losses.tooLarge, 1);
});

test('absurd regions that are recorded hundreds of times are cut into blocks once', () => {
  const regions = Array.from({ length: 300 }, (_, index) => region(0, 256 * GIB, 1, index));
  const source = new DamoRecordSource({
    path: 'big.json',
    regions,
    bytesRead: 0,
    pids: [7],
    isPhysical: false,
    geometry: GEOMETRY_4K,
  });
  let rows = 0;
  for (const batch of source.batches()) {
    rows += batch.count;
    assert.equal(batch.weight[0], 300);
    assert.equal(batch.times?.[0], 300);
  }
  assert.equal(rows, 256 * 512);
});

test('two records are told apart by their regions, and one is known again', () => {
  const recordOf = (regions: readonly RegionRecord[]) =>
    new DamoRecordSource({
      path: 'r',
      regions,
      bytesRead: 0,
      pids: [],
      isPhysical: false,
      geometry: GEOMETRY_4K,
    }).facts();
  const one = recordOf([region(0, MIB, 5, 1), region(MIB, MIB, 0, 1)]);
  assert.equal(one.fingerprint, recordOf([region(0, MIB, 5, 1), region(MIB, MIB, 0, 1)]).fingerprint);
  assert.notEqual(one.fingerprint, recordOf([region(0, MIB, 6, 1), region(MIB, MIB, 0, 1)]).fingerprint);
  assert.equal(one.samples, 2);
});
