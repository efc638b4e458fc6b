/** Octavo as programs import it: recordings in, hot maps and decisions out. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PROCESS } from '../../test/support/drawing.js';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { HEAT_VERSION } from '../formats/heat-file/schema.js';
import { writeHeatFile } from '../formats/heat-file/write.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { OctavoError } from '../vocabulary/errors.js';
import * as octavo from './library.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-library-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const GEOMETRY = octavo.pageGeometry(4096, 2 << 20);
const HERE = octavo.geometryHere();
const code = (wanted: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === wanted;

/** Samples `[pid, page]` of all loads; `seed` makes recordings differ in their times. */
function recorded(name: string, samples: readonly (readonly [number, number])[], seed = 0): string {
  const builder = new PerfBuilder().attr({
    ...{ name: 'loads', config: 0x81d0, period: 1009, ids: [1] },
    sampleType: F.identifier | F.tid | F.time | F.addr,
  });
  builder.describeEvents().describeMachine().comm(5, 5, 'five');
  samples.forEach(([pid, page], index) => {
    builder.sample({ id: 1, pid, addr: BigInt(page) * 4096n, time: BigInt(seed + 1000 * index) });
  });
  const path = join(folder, name);
  writeFileSync(path, builder.file());
  return path;
}

function heatFile(name: string, { pageBytes, blockBytes } = HERE): string {
  const geometry = octavo.pageGeometry(pageBytes, blockBytes);
  const builder = new HotMapBuilder(PROCESS, geometry);
  for (let page = 0; page < 3; page++) builder.addCount(10 * geometry.pagesPerBlock + page, 4, 400);
  const file = writeHeatFile(
    [builder.build([])],
    {
      ...{ octavo: 'heat', version: HEAT_VERSION, written_as: HEAT_VERSION, nature: 'loads' },
      ...{ page_bytes: pageBytes, block_bytes: blockBytes, samples: 12, unplaced: {}, losses: { torn: 2 } },
      ...{ origins: [], recordings: [], processes: [], thinned_to: 1 },
      slices: { clock: 'none', widthMs: null },
    },
    () => ({ name: 'm', end: 2 ** 50 }),
  );
  const path = join(folder, name);
  writeFileSync(path, file);
  return path;
}

const pagesOf = async (samples: AsyncIterable<octavo.Samples>) => {
  const found: [string, number, number][] = [];
  for await (const { nature, batch } of samples)
    for (let row = 0; row < batch.count; row++) found.push([nature, batch.pid[row], batch.virtualPage[row]]);
  return found;
};

describe('samples of a recording', () => {
  const path = recorded('three.data', [[5, 512], [6, 513], [5, 1024]]); // biome-ignore format: rows

  it('come with their nature, in the order of the file', async () => {
    assert.deepEqual(await pagesOf(octavo.readSamples(path, { geometry: GEOMETRY })), [
      ['loads', 5, 512],
      ['loads', 6, 513],
      ['loads', 5, 1024],
    ]);
  });

  it('are those of the processes and of the event asked for', async () => {
    const five = await pagesOf(octavo.readSamples(path, { geometry: GEOMETRY, pids: [5] }));
    assert.deepEqual(
      five.map(([, , page]) => page),
      [512, 1024],
    );
    await assert.rejects(pagesOf(octavo.readSamples(path, { event: 'nosuch' })), code('EVENT_ABSENT'));
  });

  it('go on past the start of another program', async () => {
    const builder = new PerfBuilder().attr({
      ...{ name: 'loads', config: 0x81d0, period: 1009, ids: [1] },
      sampleType: F.identifier | F.tid | F.time | F.addr,
    });
    builder.describeEvents().describeMachine().comm(5, 5, 'five');
    builder.sample({ id: 1, pid: 5, addr: 512n * 4096n, time: 1000n });
    builder.comm(5, 5, 'other', builder.attrs[0], 0x2000, 2000n); // PERF_RECORD_MISC_COMM_EXEC
    builder.sample({ id: 1, pid: 5, addr: 514n * 4096n, time: 3000n });
    const replaced = join(folder, 'replaced.data');
    writeFileSync(replaced, builder.file());
    assert.deepEqual(await pagesOf(octavo.readSamples(replaced, { geometry: GEOMETRY })), [
      ['loads', 5, 512],
      ['loads', 5, 514],
    ]);
  });

  it('of a heat file are its counts', async () => {
    const found = await pagesOf(octavo.readSamples(heatFile('rows.parquet')));
    assert.deepEqual(
      found.map(([nature, , page]) => [nature, page % HERE.pagesPerBlock]),
      [['loads', 0], ['loads', 1], ['loads', 2]], // biome-ignore format: rows
    );
  });

  it('end with STOPPED when asked to, and with a code when there is no such file', async () => {
    const signal = AbortSignal.abort('SIGINT');
    await assert.rejects(pagesOf(octavo.readSamples(path, { signal })), code('STOPPED'));
    await assert.rejects(pagesOf(octavo.readSamples(join(folder, 'nosuch'))), code('FILE_UNREADABLE'));
    writeFileSync(join(folder, 'short'), 'no recording at all');
    await assert.rejects(pagesOf(octavo.readSamples(join(folder, 'short'))), code('FILE_MALFORMED'));
    mkdirSync(join(folder, 'empty'));
    await assert.rejects(pagesOf(octavo.readSamples(join(folder, 'empty'))), code('FILE_MALFORMED'));
  });
});

describe('hot maps of recordings', () => {
  const [first, second] = [recorded('a.data', [[6, 512], [5, 512]]), recorded('b.data', [[5, 513]], 7)]; // biome-ignore format: rows

  it('are one for each process, with its name, of all files together', async () => {
    const { maps, origins, losses } = await octavo.readHeat([first, second], { geometry: GEOMETRY });
    assert.deepEqual(
      maps.map((map) => [map.process.pid, map.process.command, map.nature, map.size]),
      [[5, 'five', 'loads', 1], [6, '', 'loads', 1]], // biome-ignore format: rows
    );
    const counts = new Uint16Array(512);
    assert.ok(maps[0].counts(1, counts));
    assert.deepEqual([...counts.subarray(0, 3)], [1, 1, 0]);
    assert.deepEqual([origins.map(({ detail }) => detail), losses], [[first, second], {}]);
  });

  it('are those asked for, even when nothing was sampled of one', async () => {
    const { maps } = await octavo.readHeat([first], { geometry: GEOMETRY, pids: [5, 77] });
    assert.deepEqual(
      maps.map((map) => [map.process.pid, map.size]),
      [[5, 1], [77, 0]], // biome-ignore format: rows
    );
    assert.deepEqual(maps[1].process, { pid: 77, startTicks: 0, command: '', cgroup: '/' });
    assert.deepEqual([maps[0].process.startTicks, maps[0].process.command], [0, 'five']);
  });

  it('refuse samples that count twice', async () => {
    await assert.rejects(octavo.readHeat([first, first]), code('HEAT_REPEATED'));
  });

  it('tell what was lost and what was given up', async () => {
    const { losses } = await octavo.readHeat([heatFile('lost.parquet')]);
    assert.deepEqual(losses, { torn: 2 });
    const many = Array.from({ length: 3000 }, (_, index) => [5, 512 * index] as const);
    const { notes } = await octavo.readHeat([recorded('many.data', many)], { mostBytes: 1 << 15 });
    assert.match(notes.join('\n'), /Heat of 1 in \d+ blocks was kept/);
    assert.doesNotMatch((await octavo.readHeat([first])).notes.join('\n'), /was kept, chosen at random/);
  });

  it('refuse a heat file of other page sizes, and take it with its own', async () => {
    const other = { ...HERE, pageBytes: HERE.pageBytes * 4, blockBytes: HERE.blockBytes * 16 };
    const path = heatFile('other.parquet', other);
    await assert.rejects(octavo.readHeat([path]), code('FILE_MALFORMED'));
    const taller = heatFile('taller.parquet', { ...HERE, blockBytes: HERE.blockBytes * 2 });
    await assert.rejects(octavo.readHeat([taller]), code('FILE_MALFORMED'));
    const geometry = octavo.pageGeometry(other.pageBytes, other.blockBytes);
    const { maps } = await octavo.readHeat([path], { geometry });
    assert.equal(maps[0].size, 1);
  });
});

describe('decisions', () => {
  it('name every policy of the catalogue, with its parameters', () => {
    const found = octavo.policies();
    assert.deepEqual(
      found.map(({ name }) => name),
      Object.keys(POLICIES),
    );
    const sparse = found.find(({ name }) => name === 'split-sparse');
    assert.equal(sparse?.brief, POLICIES['split-sparse'].brief);
    assert.ok(sparse?.parameters.every(({ name, brief }) => name !== '' && brief !== ''));
    assert.ok(sparse?.parameters.some(({ fallback }) => fallback !== undefined));
  });

  it('are made of memory as it is, and of no heat', { skip: process.platform !== 'linux' }, () => {
    const sizes = octavo.pageSizesOf(process.pid);
    assert.equal(sizes.process.pid, process.pid);
    const { decisions, passedOver } = octavo.decide('return-empty', { sizes });
    assert.deepEqual(decisions, []);
    assert.ok(passedOver.every(({ blocks, why }) => blocks > 0 && why !== ''));
  });

  it('say the block, what becomes of it, and why', () => {
    const sizes = halfHuge();
    const { decisions } = octavo.decide('collapse-dense', {
      sizes,
      parameters: { collapseByResidency: true },
    });
    const [{ reason, durationUs, ...decision }] = decisions;
    assert.deepEqual(decision, {
      pid: 5,
      address: `0x${(10 * HERE.blockBytes).toString(16)}`,
      bytes: HERE.blockBytes,
      ...{ action: 'collapse', targetOrder: HERE.hugeOrder, returnedBytes: 0, grownBytes: 0 },
    });
    assert.ok(durationUs > 0 && reason !== '');
  });

  it('refuse policies, parameters and processes that there are not', () => {
    const sizes = halfHuge();
    assert.throws(() => octavo.decide('nosuch', { sizes }), code('KIND_UNKNOWN'));
    const wrong = { sizes, parameters: { nosuch: 1 } };
    assert.throws(() => octavo.decide('return-empty', wrong), code('PARAMETER_INVALID'));
    assert.throws(() => octavo.pageSizesOf(2 ** 30), code('TARGET_GONE'));
  });
});

/** A process with one mapping of one block, all of whose pages are there as small ones. */
function halfHuge(): octavo.PageSizes {
  const { pagesPerBlock, hugeOrder } = HERE;
  const block = 10;
  const start = block * pagesPerBlock;
  const pagesByOrder = new Uint16Array(hugeOrder + 1);
  pagesByOrder[0] = pagesPerBlock;
  return {
    process: { pid: 5, startTicks: 1, command: 'five', cgroup: '/' },
    ...{ geometry: HERE, takenAtMs: 0, ordersKnown: true, thpDisabledByPrctl: false },
    mappings: [
      {
        ...{ start, end: start + pagesPerBlock, offset: 0, permissions: 'rw-p', name: '', kind: 'anon' },
        ...{ flags: ['hg'], thpEligible: true },
      },
    ],
    blocks: {
      ...{ count: 1, block: Float64Array.of(block), mapping: Uint32Array.of(0), unmapped: Uint32Array.of(0) },
      ...{ level: Uint8Array.of(octavo.MAPPING_LEVEL.pte), present: Uint16Array.of(pagesPerBlock) },
      flags: Uint16Array.of(octavo.BLOCK_FLAG.wholeInMapping),
      ...{ zeroMapped: Uint16Array.of(0), swapped: Uint16Array.of(0), firstFrame: Float64Array.of(1000) },
      ...{ pagesByOrder, orders: hugeOrder + 1 },
    },
  };
}
