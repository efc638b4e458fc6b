import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { HotMapBuilder } from '../../hotness/hot-map-builder.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import type { ColumnValues } from '../parquet/columns.js';
import { EncodeLoop, type LoopColumn } from '../parquet/encode-loop/encode-loop.js';
import { DamagedParquet } from '../parquet/read.js';
import { ParquetFile } from '../parquet/writer.js';
import type { HeatFacts } from './facts.js';
import { HeatFile } from './read.js';
import { FACTS_KEY, HEAT_COLUMNS, HEAT_VERSION } from './schema.js';
import { writeHeatFile } from './write.js';

const FACTS: HeatFacts = {
  octavo: 'heat',
  version: HEAT_VERSION,
  page_bytes: 4096,
  block_bytes: 2 << 20,
  nature: 'all-accesses',
  origins: [],
  recordings: [],
  processes: [],
  thinned_to: 1,
  written_as: HEAT_VERSION,
  slices: { clock: 'none', widthMs: null },
  samples: 3,
  unplaced: { 'kernel address': 1 },
  losses: {},
};

const NO_NAME = { name: '', end: Number.MAX_SAFE_INTEGER };

async function rowsOf(file: HeatFile) {
  const rows: [number, string, string, bigint, number, number][] = [];
  for await (const group of file.groups()) {
    for (let i = 0; i < group.count; i++) {
      rows.push([
        group.pid[i],
        group.command[i],
        group.mapping[i],
        group.address[i],
        group.samples[i],
        group.accesses[i],
      ]);
    }
  }
  return rows;
}

test('what is written is read again: processes, mappings, addresses, counts and weights', async () => {
  const page = fc.tuple(fc.constantFrom(5, 9), fc.nat(2000), fc.integer({ min: 1, max: 9 }));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(page, { maxLength: 80, selector: ([pid, at]) => `${pid}/${at}` }),
      async (pages) => {
        const maps = [9, 5].map((pid) => {
          const builder = new HotMapBuilder(
            { pid, startTicks: 0, command: `c${pid}`, cgroup: '/' },
            GEOMETRY_4K,
          );
          for (const [owner, at, samples] of pages)
            if (owner === pid) builder.addCount(0x7f0000000 + at, samples, samples * 3);
          return builder.build([]);
        });
        const file = HeatFile.open(
          writeHeatFile(maps, FACTS, (pid, at) => ({
            name: at % 2 === 0 ? `m${pid}` : '',
            end: at + 1,
          })),
        );
        assert.ok(file instanceof HeatFile);
        assert.deepEqual(file.facts, FACTS);
        const expected = [...pages]
          .sort((a, b) => a[0] - b[0] || a[1] - b[1])
          .map(([pid, at, samples]) => [
            pid,
            `c${pid}`,
            at % 2 === 0 ? `m${pid}` : '',
            BigInt(0x7f0000000 + at) * 4096n,
            samples,
            samples * 3,
          ]);
        assert.deepEqual(await rowsOf(file), expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('more rows than one group holds, and counters at their limit', async () => {
  const builder = new HotMapBuilder({ pid: 5, startTicks: 0, command: '', cgroup: '/' }, GEOMETRY_4K);
  for (let at = 0; at < 70_000; at++) builder.addCount(at, 1, 1);
  builder.addCount(3, 100_000, 100_000);
  const file = HeatFile.open(writeHeatFile([builder.build([])], FACTS, () => NO_NAME));
  assert.ok(file instanceof HeatFile);
  const rows = await rowsOf(file);
  assert.equal(rows.length, 70_000);
  assert.equal(rows[3][4], 100_001);
});

test('other files are refused with a reason', () => {
  assert.equal(HeatFile.open(new Uint8Array(100)), 'is no Parquet file');
  const whole = writeHeatFile([], FACTS, () => NO_NAME);
  const other = writeHeatFile([], { ...FACTS, version: 99 as never }, () => NO_NAME);
  assert.match(String(HeatFile.open(other)), /version/);
  for (let at = 4; at < whole.length - 4; at += 3) {
    const damaged = whole.slice();
    damaged[at] ^= 0x55;
    const opened = HeatFile.open(damaged);
    assert.ok(typeof opened === 'string' || opened instanceof HeatFile);
  }
});

test('sizes that no kernel has are refused with the reason, before anything is made of them', () => {
  for (const sizes of [
    { page_bytes: 4016 },
    { page_bytes: 2048 },
    { block_bytes: 4096 },
    { block_bytes: 2 ** 40 },
    { page_bytes: 16384, block_bytes: 3 << 20 },
  ]) {
    const file = HeatFile.open(writeHeatFile([], { ...FACTS, ...sizes }, () => NO_NAME));
    assert.match(String(file), /page_bytes and block_bytes are no sizes/);
  }
  const arm = { page_bytes: 65536, block_bytes: 512 << 20 };
  assert.ok(HeatFile.open(writeHeatFile([], { ...FACTS, ...arm }, () => NO_NAME)) instanceof HeatFile);
});

/** What the language or a library says of itself. */
const RAW =
  /undefined|null|not a function|instance of|Cannot read|Invalid|should be a multiple|Offset|bound|parquet \w+:|thrift/i;

test('a flipped byte is told with its place in words of ours, or changes a value', {
  timeout: 120_000,
}, async () => {
  const builder = new HotMapBuilder({ pid: 5, startTicks: 0, command: 'redis', cgroup: '/' }, GEOMETRY_4K);
  for (let at = 0; at < 3000; at++) builder.addCount(at * 3, (at % 7) + 1, at + 1);
  const whole = writeHeatFile([builder.build([])], FACTS, () => ({ name: '[heap]', end: 9000 }));
  let told = 0;
  for (let at = 4; at < whole.length - 4; at += at > whole.length - 900 ? 1 : 13) {
    for (const mask of [0x01, 0x80, 0x55]) {
      const damaged = whole.slice();
      damaged[at] ^= mask;
      const problem = await problemOf(damaged);
      if (problem === undefined) continue;
      told++;
      assert.doesNotMatch(problem, RAW, `byte ${at} ^ ${mask}`);
      assert.match(problem, /byte \d+|row \d+|page_bytes|facts|footer|no heat file|no Parquet/, problem);
    }
  }
  assert.ok(told > 100, `${told} damages were noticed`);
});

async function problemOf(bytes: Uint8Array): Promise<string | undefined> {
  const file = HeatFile.open(bytes);
  if (typeof file === 'string') return file;
  try {
    await rowsOf(file);
    return undefined;
  } catch (problem) {
    assert.ok(problem instanceof DamagedParquet, String((problem as Error).stack));
    return `${problem.message} at ${problem.place}`;
  }
}
const V1_COLUMNS = HEAT_COLUMNS.filter(({ name }) => name !== 'tlb_misses' && name !== 'time_ms');

/** Sets the first value of a column. */
function put(loop: EncodeLoop, column: LoopColumn, value: number): LoopColumn {
  const bytes = loop.bytes(column, 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (column.bits === 64) view.setBigInt64(0, BigInt(value), true);
  else view.setInt32(0, value, true);
  return column;
}

/** 10 samples of the fourth page of a process, for 30 accesses. */
function oneRow(loop: EncodeLoop): ColumnValues[] {
  const { pids, commands, mappings, blocks, subPages, addresses, samples, accesses } = loop.columns;
  const numbers = [pids, blocks, subPages, addresses, samples];
  const [pid, block, page, address, count] = [7, 0, 3, 12288, 10].map((value, at) => ({ kind: 'numbers' as const, values: put(loop, numbers[at], value) })); // biome-ignore format: a row
  const text = (entry: string, column: LoopColumn) =>
    ({ kind: 'dictionary', entries: [entry], indices: put(loop, column, 0) }) as const;
  const bytes = loop.bytes(accesses, 1);
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(0, 30, true);
  return [pid, text('db', commands), text('//anon', mappings), block, page, address, count, { kind: 'plain', values: accesses }]; // biome-ignore format: a row
}

/** One row of a file as version 1 wrote it. */
function versionOne(pages: number): Uint8Array {
  const loop = new EncodeLoop();
  const parquet = new ParquetFile(V1_COLUMNS, loop);
  parquet.addGroup(1, oneRow(loop));
  const granularity = { pages, blindInsideHugePages: pages > 1, blindToCachedTranslations: pages > 1 };
  const origins = [{ source: 'perf-file', detail: 'perf.data', granularity, tells: 'heat', windowNs: null }];
  const facts = { octavo: 'heat', version: 1, page_bytes: 4096, block_bytes: 2 << 20, origins, samples: 10 };
  return parquet.finish('octavo', { [FACTS_KEY]: JSON.stringify({ ...facts, unplaced: {}, losses: {} }) });
}

test('a file of version 1 is read: its rows as they are, its nature as far as it can be known', async () => {
  const file = HeatFile.open(versionOne(1));
  assert.ok(file instanceof HeatFile, String(file));
  assert.deepEqual(await rowsOf(file), [[7, 'db', '//anon', 12288n, 10, 30]]);
  const { nature, recordings, processes, written_as, thinned_to, version } = file.facts;
  assert.deepEqual([nature, recordings, processes, written_as, thinned_to, version], ['unknown', [], [], 1, 1, HEAT_VERSION]); // biome-ignore format: facts
  for await (const group of file.groups()) assert.deepEqual([...Array.from(group.tlbMisses)], [0]);
  const regions = HeatFile.open(versionOne(512));
  assert.ok(regions instanceof HeatFile);
  assert.equal(regions.facts.nature, 'access-bits');
});

test('samples that missed the TLB come back, never more than there are samples', async () => {
  const builder = new HotMapBuilder({ pid: 7, startTicks: 0, command: '', cgroup: '/' }, GEOMETRY_4K);
  builder.addCount(3, 4, 4);
  builder.addCount(9, 2, 2);
  builder.addTlbMisses(3, 1, 1);
  builder.addTlbMisses(9, 5, 5);
  builder.addTlbMisses(10, 0, 0);
  const file = HeatFile.open(writeHeatFile([builder.build([])], FACTS, () => NO_NAME));
  assert.ok(file instanceof HeatFile);
  for await (const group of file.groups()) assert.deepEqual(Array.from(group.tlbMisses), [1, 2]);
});

test('a page sampled in several slices has a row for each, beside each other, ascending by time', async () => {
  const builder = () => new HotMapBuilder({ pid: 7, startTicks: 0, command: 'db', cgroup: '/' }, GEOMETRY_4K);
  const [all, early, late, nobody] = [builder(), builder(), builder(), builder()];
  for (const [page, samples, slice] of [[3, 4, early], [3, 2, late], [8, 5, late]] as const) // biome-ignore format: a table
    for (const into of [all, slice]) into.addCount(page, samples, samples * 10);
  const slices = [early, nobody, late].map((each, at) => ({
    timeMs: 1000 * (at + 1),
    maps: [each.build([])],
  }));
  const facts: HeatFacts = { ...FACTS, slices: { clock: 'wall', widthMs: 1000 } };
  const file = HeatFile.open(writeHeatFile([all.build([])], facts, () => NO_NAME, slices));
  assert.ok(file instanceof HeatFile, String(file));
  assert.deepEqual(file.facts.slices, { clock: 'wall', widthMs: 1000 });
  for await (const group of file.groups()) {
    assert.deepEqual(Array.from(group.address, Number), [12288, 12288, 32768]);
    assert.deepEqual(Array.from(group.timeMs), [1000, 3000, 3000]);
    assert.deepEqual(Array.from(group.samples), [4, 2, 5]);
    assert.deepEqual(Array.from(group.accesses), [40, 20, 50]);
  }
});

test('slices whose first pages come in another order than their times', async () => {
  const builder = () => new HotMapBuilder({ pid: 7, startTicks: 0, command: 'db', cgroup: '/' }, GEOMETRY_4K);
  const [all, first, second, third] = [builder(), builder(), builder(), builder()];
  for (const [page, slice] of [[1, third], [2, second], [5, first], [600, second]] as const) // biome-ignore format: a table
    for (const into of [all, slice]) into.addCount(page, 1, 1);
  const slices = [first, second, third].map((each, at) => ({ timeMs: 100 * at, maps: [each.build([])] }));
  const file = HeatFile.open(writeHeatFile([all.build([])], FACTS, () => NO_NAME, slices));
  assert.ok(file instanceof HeatFile, String(file));
  for await (const group of file.groups()) {
    assert.deepEqual(Array.from(group.address, Number), [4096, 8192, 20480, 600 * 4096]);
    assert.deepEqual(Array.from(group.timeMs), [200, 100, 0, 100]);
  }
});

test('counters that are full get what they lost, up to what a column holds', async () => {
  const builder = new HotMapBuilder({ pid: 7, startTicks: 0, command: '', cgroup: '/' }, GEOMETRY_4K);
  builder.addCount(1, 70_000, 70_000);
  builder.addCount(513, 2 ** 40, 2 ** 40);
  const file = HeatFile.open(writeHeatFile([builder.build([])], FACTS, () => NO_NAME));
  assert.ok(file instanceof HeatFile);
  for await (const group of file.groups()) assert.deepEqual(Array.from(group.samples), [70_000, 0x7fffffff]);
});

test('more slices of a block than rows fit into what is left of a group', async () => {
  const process = { pid: 7, startTicks: 0, command: '', cgroup: '/' };
  const slices = Array.from({ length: 40 }, (_, timeMs) => {
    const builder = new HotMapBuilder(process, GEOMETRY_4K);
    for (let page = 0; page < 512; page++)
      for (const at of [page, page + 512, page + 1024, page + 1536]) builder.addCount(at, 1, 1);
    return { timeMs, maps: [builder.build([])] };
  });
  const file = HeatFile.open(writeHeatFile(slices[0].maps, FACTS, () => NO_NAME, slices));
  assert.ok(file instanceof HeatFile);
  assert.equal(file.rows, 40 * 2048);
  let rows = 0;
  for await (const group of file.groups())
    for (let row = 0; row < group.count; row++, rows++) {
      assert.equal(group.timeMs[row], rows % 40);
      assert.equal(Number(group.address[row]), 4096 * Math.floor(rows / 40));
    }
});

test('a file of version 2 is read as one slice of no known time', async () => {
  const loop = new EncodeLoop();
  const columns = HEAT_COLUMNS.filter(({ name }) => name !== 'time_ms');
  const parquet = new ParquetFile(columns, loop);
  parquet.addGroup(1, [...oneRow(loop), { kind: 'numbers', values: put(loop, loop.columns.tlbMisses, 2) }]);
  const { slices: _, ...facts } = FACTS;
  const bytes = parquet.finish('octavo', {
    [FACTS_KEY]: JSON.stringify({ ...facts, version: 2, written_as: 2 }),
  });
  const file = HeatFile.open(bytes);
  assert.ok(file instanceof HeatFile, String(file));
  assert.deepEqual(file.facts, { ...FACTS, written_as: 2 });
  assert.deepEqual(await rowsOf(file), [[7, 'db', '//anon', 12288n, 10, 30]]);
  for await (const group of file.groups()) {
    assert.deepEqual(Array.from(group.tlbMisses), [2]);
    assert.deepEqual(Array.from(group.timeMs), [-1]);
  }
});
