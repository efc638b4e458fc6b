/** What policies conclude from samples of each nature. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, hotMap, PROCESS, pageSizes, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { type GivenToPolicy, proposalsOf } from '../../test/support/proposals.js';
import { HotMaps } from '../hotness/hot-maps.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { NATURE_NAMES, obstacle, type SampleNature } from '../vocabulary/nature.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';

type Hits = readonly (readonly [subPage: number, samples: number])[];

const SPARSE: Hits = [0, 60, 130, 400, 511].map((page) => [page, 400] as const);
const FULL: Hits = Array.from({ length: 512 }, (_, page) => [page, 20] as const);

const originOf = (nature: SampleNature) => ({ ...SUB_PAGE_ORIGIN, nature });

function propose(policy: 'split-sparse' | 'collapse-dense', heat: HotMap, more: GivenToPolicy = {}) {
  const blocks = policy === 'split-sparse' ? ['H', 'H'] : ['4', '4'];
  const careful = policy === 'collapse-dense' ? { collapseByResidency: false } : {};
  return proposalsOf(policy, { sizes: pageSizes(blocks), heat }, { ...careful, ...more });
}

for (const nature of NATURE_NAMES) {
  test(`split-sparse by samples of ${nature}: what they allow, else unknown with the reason`, () => {
    const output = propose('split-sparse', hotMap({ samples: { 0: SPARSE, 1: SPARSE } }, [originOf(nature)]));
    const why = obstacle(nature, 'sparse');
    assert.equal(output.proposals.length, why === '' ? 2 : 0);
    if (why === '') return;
    const [left] = output.passedOver;
    assert.deepEqual([left.code, left.blocks], ['unknown-heat', 2]);
    assert.ok(left.why.includes(why), left.why);
  });

  test(`collapse-dense by samples of ${nature}: what they allow, else by residency where that was asked for`, () => {
    const heat = hotMap({ samples: { 0: FULL } }, [originOf(nature)]);
    const why = obstacle(nature, 'dense');
    const output = propose('collapse-dense', heat);
    assert.equal(output.proposals.length, why === '' ? 1 : 0);
    if (why === '') return;
    assert.equal(output.passedOver[0].code, 'unknown-heat');
    assert.ok(output.passedOver[0].why.includes(why), output.passedOver[0].why);
    assert.equal(propose('collapse-dense', heat, { collapseByResidency: true }).proposals.length, 2);
  });
}

test('few pages of slow accesses do not make a block cold', () => {
  const heat = hotMap({ samples: { 0: SPARSE } }, [originOf('slow-accesses')]);
  assert.deepEqual(
    propose('collapse-dense', heat).passedOver.map(({ code }) => code),
    ['unknown-heat', 'unknown-heat'],
  );
});

/** A map of samples by nature: `[sub-page of block 0 or 1, weight]`. */
function mapOf(
  samples: Partial<Record<SampleNature, readonly (readonly [page: number, weight: number])[]>>,
): HotMap {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  for (const [nature, rows] of Object.entries(samples)) {
    const batch = sampleColumns(rows.length);
    rows.forEach(([page, weight], row) => {
      batch.virtualPage[row] = FIRST_BLOCK * 512 + page;
      batch.pid[row] = PROCESS.pid;
      batch.weight[row] = weight;
    });
    batch.count = rows.length;
    maps.addSamples(batch, nature as SampleNature);
  }
  return maps.build((Object.keys(samples) as SampleNature[]).map(originOf))[0];
}

const ranks = (heat: HotMap, more: GivenToPolicy = {}) =>
  propose('collapse-dense', heat, more).proposals.map(({ block, priority }) => [
    block - FIRST_BLOCK,
    priority,
  ]);

test('collapses rank by TLB misses where a recording has them, else by accesses', () => {
  // Nine samples of each page of the first block, one of each page of the second.
  const all = Array.from(
    { length: 10 * 512 },
    (_, row) => [row < 9 * 512 ? row % 512 : row - 8 * 512, 1] as const,
  );
  assert.deepEqual(ranks(mapOf({ 'all-accesses': all })), [[0, 512 * 9], [1, 512]]); // biome-ignore format: ranks
  const withMisses = mapOf({ 'all-accesses': all, 'tlb-misses': [[3, 5], [600, 70]] }); // biome-ignore format: rows
  assert.deepEqual(ranks(withMisses), [[0, 5], [1, 70]]); // biome-ignore format: ranks
});

test('by residency the hotter block goes first where samples allow that much to be said', () => {
  const byResidency = { collapseByResidency: true };
  assert.deepEqual(ranks(mapOf({ 'access-bits': [[0, 4], [512, 20]] }), byResidency), [[0, 4], [1, 20]]); // biome-ignore format: ranks
  assert.deepEqual(ranks(mapOf({ 'first-touches': [[0, 4], [512, 20]] }), byResidency), [[0, 512], [1, 512]]); // biome-ignore format: ranks
});
