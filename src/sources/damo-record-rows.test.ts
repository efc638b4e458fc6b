import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegionRecord } from '../formats/damo-record/region.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { readDamoRecord } from './damo-file.js';
import { type DamoInput, DamoRecordSource } from './damo-record.js';

const BLOCK = GEOMETRY_4K.blockBytes;

const region = (block: number, accesses: number, endNs: number, target = '0'): RegionRecord => ({
  ...{ target, endNs, accesses, age: 0 },
  ...{ start: block * BLOCK, end: (block + 1) * BLOCK },
});

const source = (regions: readonly RegionRecord[], more: Partial<DamoInput> = {}) =>
  new DamoRecordSource({
    path: 'r',
    regions,
    bytesRead: 9,
    pids: [],
    isPhysical: false,
    geometry: GEOMETRY_4K,
    ...more,
  });

/** Rows `[pid, block, weight, aggregations, time]`. */
function rows(of: DamoRecordSource, slices?: number): number[][] {
  return [...of.batches(slices)].flatMap(({ count, pid, virtualPage, weight, times, time }) =>
    Array.from({ length: count }, (_, row) => [
      pid[row],
      virtualPage[row] / 512,
      weight[row],
      times?.[row] ?? 0,
      time[row],
    ]),
  );
}

test('a block has the accesses of all its aggregations, and how many these were', () => {
  const found = rows(
    source([region(1, 3, 10), region(1, 4, 20), region(1, 0, 30), region(2, 5, 30)], { pids: [7] }),
  );
  assert.deepEqual(found, [[7, 1, 7, 2, Number.NaN], [7, 2, 5, 1, Number.NaN]]); // biome-ignore format: rows
});

test('in slices each part of the time has rows of its own, with the time of its first region', () => {
  const regions = [
    region(1, 1, 100),
    region(1, 2, 149),
    region(1, 4, 150),
    region(1, 8, 199),
    region(1, 16, 200),
  ];
  const parts = (slices: number) =>
    rows(source(regions), slices).map(([, , weight, , time]) => [weight, time]);
  assert.deepEqual(parts(2), [[7, 100], [24, 199]]); // biome-ignore format: rows
  assert.deepEqual(parts(1), [[31, Number.NaN]]);
  assert.deepEqual(parts(200).length, 5);
  assert.deepEqual(rows(source([region(1, 1, 100)]), 4).length, 1, 'a moment alone is one slice');
  assert.deepEqual(rows(source([]), 4), []);
});

test('targets get their processes in order, and those without one are told', () => {
  const regions = [region(1, 1, 1, 'b'), region(2, 1, 1, 'a'), region(3, 1, 2, 'b')];
  const named = source(regions, { pids: [70, 80] });
  assert.deepEqual(rows(named).map(([pid, block]) => [pid, block]), [[70, 1], [70, 3], [80, 2]]); // biome-ignore format: rows
  assert.equal(named.account().notes.length, 1);
  assert.deepEqual(
    rows(named).map(([pid]) => pid),
    [70, 70, 80],
    'also when read again',
  );
  const unnamed = source(regions, { pids: [70] });
  assert.deepEqual(
    rows(unnamed).map(([pid]) => pid),
    [70, 70, -1],
  );
  assert.match(unnamed.account().notes[1], /^The record has 2 targets without a process: name their pids/);
});

test('a record of physical memory has frames, no pages of processes', () => {
  const [batch] = [...source([region(4, 1, 1)], { isPhysical: true }).batches()];
  assert.deepEqual(
    [batch.virtualPage[0], batch.physicalPage[0], batch.tid[0], batch.flags[0], batch.kind[0]],
    [-1, 4 * 512, -1, 0, 0],
  );
  const [virtual] = [...source([region(4, 1, 1)]).batches()];
  assert.deepEqual([virtual.virtualPage[0], virtual.physicalPage[0]], [4 * 512, -1]);
});

test('each loss is counted from 1 on, and bytes are those that were read', () => {
  const idle = source([region(1, 0, 1)]);
  const impossible = source([{ ...region(1, 1, 1), start: -1 }]);
  const large = source([{ ...region(0, 1, 1), end: 2 ** 50 }]);
  const losses = [idle, impossible, large].map((each) => {
    rows(each);
    return each.account().losses;
  });
  assert.deepEqual(losses, [
    { 'regions without accesses': 1 },
    { 'regions with addresses that no machine has': 1 },
    { 'regions too large to say anything of their blocks': 1 },
  ]);
  assert.deepEqual([source([]).account().losses, source([]).account().bytesRead], [{}, 9]);
});

test('the origin spans the record, and what it is not is told', () => {
  const { origin } = source([region(1, 1, 300), region(1, 1, 100), region(1, 1, 250)]);
  assert.deepEqual(
    [origin.windowNs, origin.nature, origin.event, origin.source, origin.detail, origin.tells],
    [200, 'access-bits', 'damon:damon_aggregated', 'damo-record', 'r', 'heat'],
  );
  assert.equal(source([]).origin.windowNs, undefined);
});

test('more blocks than a batch holds come in several, none twice', () => {
  const regions = Array.from({ length: 9000 }, (_, block) => region(block, 1, 1));
  const sizes: number[] = [];
  const blocks: number[] = [];
  for (const { count, virtualPage } of source(regions).batches()) {
    sizes.push(count);
    for (let row = 0; row < count; row++) blocks.push(virtualPage[row] / 512);
  }
  assert.deepEqual([sizes, blocks], [[4096, 4096, 808], regions.map((_, block) => block)]);
  assert.deepEqual([...source(regions.slice(0, 4096)).batches()].length, 1);
});

test('reading gives samples, and its facts tell one record from another', async () => {
  const kinds: string[] = [];
  for await (const { kind } of source([region(1, 1, 1)]).read()) kinds.push(kind);
  assert.deepEqual(kinds, ['samples']);
  const span = { fromMs: 1, toMs: 2, isExact: true };
  const facts = source([region(1, 1, 1), region(2, 0, 1)], { span }).facts();
  assert.deepEqual(
    [facts.samples, facts.span, facts.unseenShare, facts.host, facts.nature],
    [2, span, 0, '', 'access-bits'],
  );
  const prints = [
    [region(1, 1, 1)],
    [region(2, 1, 1)],
    [region(1, 2, 1)],
    [region(1, 1, 2)],
    [region(1, 1, 1), region(1, 1, 1)],
    [region(1, 1, 1), region(1, 1, 1, 'x')],
  ].map((regions) => source(regions).facts().fingerprint);
  assert.equal(new Set(prints).size, prints.length);
  const twice = [source([region(1, 1, 1, 'x')]), source([region(1, 1, 1, 'y')])].map(
    (each) => each.facts().fingerprint,
  );
  assert.equal(twice[0], twice[1], 'the name of a target says nothing: older kernels wrote a pointer');
  const many = Array.from({ length: 9000 }, (_, block) => region(block, 1, 1));
  assert.notEqual(source(many).facts().fingerprint, source(many.slice(0, 8999)).facts().fingerprint);
  assert.equal(source([]).provenance().recordings.length, 1);
});

test('a text that is longer than the memory allowed is refused with both sizes', () => {
  const line =
    'kdamond.0 1 [000] 1.000001: damon:damon_aggregated: target_id=0 nr_regions=1 4096-8192: 4 3\n';
  const bytes = new TextEncoder().encode(line.padEnd(2 * MIB + 1));
  assert.throws(() => readDamoRecord('r', bytes, 1.5 * MIB), {
    code: 'FILE_MALFORMED',
    facts: {
      path: 'r',
      place: 'its end',
      problem: 'is 3 MiB of text, of which 1 MiB fit in the memory allowed (--max-memory)',
    },
  });
  assert.equal(readDamoRecord('r', bytes, 2 * MIB + 1)?.length, 1);
  const trace =
    'kdamond.0-1 [000] d..1. 1.000001: damon_aggregated: target_id=0 nr_regions=1 4096-8192: 4 3\n';
  assert.equal(readDamoRecord('r', new TextEncoder().encode(trace))?.length, 1);
  const broken = new TextEncoder().encode('x: damon_aggregated: target_id=0\n');
  assert.throws(() => readDamoRecord('r', broken), { facts: { path: 'r', place: 'its records', problem: 'holds no line of damon_aggregated' } }); // biome-ignore format: one row
});

test('a region that begins within a page has the page that it begins in', () => {
  const odd = { ...region(1, 3, 10), start: BLOCK + 5000, end: 2 * BLOCK };
  const [batch] = [...source([odd], { pids: [7] }).batches()];
  assert.equal(Number.isInteger(batch.virtualPage[0]), true);
});
