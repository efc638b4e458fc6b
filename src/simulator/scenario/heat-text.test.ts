import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { writeHeatFile } from '../../formats/heat-file/write.js';
import { HotMapBuilder } from '../../hotness/hot-map-builder.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { GEOMETRY_4K, MIB, type PageGeometry, pageGeometry } from '../../vocabulary/units.js';
import { heatText } from './heat-text.js';

test('text is taken as it is', async () => {
  const text = '# offset, weight\n0,1\n5,2\n';
  assert.equal(await heatText(new TextEncoder().encode(text), 'heat.csv', GEOMETRY_4K), text);
});

test('Parquet that is no heat file is refused', async () => {
  const bytes = new TextEncoder().encode(`PAR1${'x'.repeat(40)}PAR1`);
  await assert.rejects(
    heatText(bytes, 'other.parquet', GEOMETRY_4K),
    (problem: OctavoError) => problem instanceof OctavoError && problem.code === 'FILE_MALFORMED',
  );
});

/** What a heat file of sources says that see so many pages at a time each. */
function heatFacts(granularities: readonly number[], geometry = GEOMETRY_4K): HeatFacts {
  const origins = granularities.map((size) => ({
    source: 'damo-record',
    detail: 'x',
    granularity: { pages: size, blindInsideHugePages: size > 1, blindToCachedTranslations: true },
    tells: 'heat' as const,
    windowNs: null,
    nature: 'access-bits' as const,
    event: '',
    unseenShare: 0,
  }));
  return {
    octavo: 'heat' as const,
    version: 3 as const,
    page_bytes: geometry.pageBytes,
    block_bytes: geometry.blockBytes,
    nature: 'access-bits' as const,
    ...{
      origins,
      recordings: [],
      processes: [],
      thinned_to: 1,
      slices: { clock: 'none' as const, widthMs: null },
      written_as: 3,
      samples: 1,
      unplaced: {},
      losses: {},
    },
  };
}

/** A heat file whose rows stand at these pages, seen so many pages at a time by each source. */
function heatFile(
  pages: readonly number[],
  granularities: readonly number[],
  geometry = GEOMETRY_4K,
): Uint8Array {
  const builder = new HotMapBuilder({ pid: 7, startTicks: 0, command: 'db', cgroup: '/' }, geometry);
  for (const page of pages) builder.addCount(page, 10, 10);
  const facts = heatFacts(granularities, geometry);
  return writeHeatFile([builder.build([])], facts, () => ({ name: '', end: Number.MAX_SAFE_INTEGER }));
}

const linesOf = async (bytes: Uint8Array, geometry: PageGeometry = GEOMETRY_4K) =>
  (await heatText(bytes, 'heat.parquet', geometry)).trim().split('\n');

test('pages keep their place in the block; blocks without heat are left out', async () => {
  const text = await linesOf(heatFile([512 * 1000 + 3, 512 * 1000 + 511, 512 * 2000], [1]));
  assert.deepEqual(text, ['3,10,1', '511,10,1', '512,10,1']);
});

test('a row of a source that sees blocks only is a whole block', async () => {
  assert.deepEqual(await linesOf(heatFile([512 * 1000, 512 * 1001, 512 * 9000], [512])), [
    '0,10,512',
    '512,10,512',
    '1024,10,512',
  ]);
});

test('of several sources the finer shows itself by where its rows stand', async () => {
  const text = await linesOf(heatFile([512 * 10, 512 * 10 + 7, 512 * 20], [1, 512]));
  assert.deepEqual(text, ['0,10,1', '7,10,1', '512,10,512']);
});

test('a block of large pages is many blocks of small ones, and small pages are one large one', async () => {
  const arm = pageGeometry(65_536, 512 * MIB);
  assert.deepEqual(await linesOf(heatFile([8192 * 5, 8192 * 6], [8192], arm)), [
    '0,10,131072',
    '131072,10,131072',
  ]);
  assert.deepEqual(await linesOf(heatFile([512 * 16], [512]), arm), ['512,10,32']);
});

test('slices of time stay apart, and the last ends as wide as the file says', async () => {
  const process = { pid: 7, startTicks: 0, command: 'db', cgroup: '/' };
  const mapOf = (pages: readonly number[]) => {
    const builder = new HotMapBuilder(process, GEOMETRY_4K);
    for (const page of pages) builder.addCount(page, 10, 10);
    return builder.build([]);
  };
  const slices = [
    { timeMs: 5000, maps: [mapOf([512 * 1000])] },
    { timeMs: 6000, maps: [mapOf([512 * 1000 + 3, 512 * 2000])] },
  ];
  const facts = { ...heatFacts([1]), slices: { clock: 'recording' as const, widthMs: 500 } };
  const whole = [mapOf([512 * 1000, 512 * 1000 + 3, 512 * 2000])];
  const bytes = writeHeatFile(whole, facts, () => ({ name: '', end: Number.MAX_SAFE_INTEGER }), slices);
  assert.deepEqual(await linesOf(bytes), ['@0', '0,10,1', '@1000', '3,10,1', '512,10,1', '@1500']);
});
