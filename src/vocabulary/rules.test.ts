/** Small rules of the vocabulary, at their bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import { drawnPlan } from '../../test/support/drawn-plan.js';
import { anonymousPolicy, type Features } from './abilities.js';
import { OctavoError } from './errors.js';
import { type Printed, SKETCH_SIZE, sharedSamples } from './fingerprint.js';
import { findRepetition, repetitionOf, shareInWords } from './independence.js';
import { loopMemory } from './loop-memory.js';
import { bestNature, obstacle } from './nature.js';
import { fromOlder } from './older-plans.js';
import { BLOCK_FLAG, rowOfBlock, unmappedPages, wholeMapping } from './page-sizes.js';
import { incoherence } from './plan-coherence.js';
import { coveredNs, type RecordingFacts } from './recording.js';
import { throwIfStopped } from './stopping.js';
import {
  addressToPage,
  blockToPage,
  bytesToPages,
  GEOMETRY_4K,
  pageGeometry,
  pagesToBytes,
  pageToAddress,
  pageToBlock,
} from './units.js';

test('geometry is what the sizes say, and impossible ones are refused', () => {
  const g = pageGeometry(65_536, 2 ** 29);
  assert.deepEqual(
    { ...g },
    { pageBytes: 65_536, pageShift: 16, hugeOrder: 13, pagesPerBlock: 8192, blockBytes: 2 ** 29 },
  );
  assert.deepEqual(
    { ...GEOMETRY_4K },
    { pageBytes: 4096, pageShift: 12, hugeOrder: 9, pagesPerBlock: 512, blockBytes: 2 ** 21 },
  );
  assert.equal(pageGeometry(4096, 8192).hugeOrder, 1);
  for (const [
    page,
    block,
  ] of [[4096, 4096], [4096, 2048], [4095, 4095 * 2], [4096, 3 * 4096], [0, 4096]] as const) // biome-ignore format: a table
    assert.throws(() => pageGeometry(page, block), RangeError);
});

test('pages, bytes, blocks and addresses are converted both ways', () => {
  assert.deepEqual([pagesToBytes(3, GEOMETRY_4K), bytesToPages(12_288, GEOMETRY_4K)], [12_288, 3]);
  assert.deepEqual(
    [pageToBlock(511, GEOMETRY_4K), pageToBlock(512, GEOMETRY_4K), blockToPage(2, GEOMETRY_4K)],
    [0, 1, 1024],
  );
  assert.equal(pageToAddress(2 ** 52 - 1, GEOMETRY_4K), '0xfffffffffffff000');
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0xfff', 0],
    ['0x1000', 1],
    ['4096', 1],
    ['4095', 0],
    ['0xFFFFFFFFFFFFFFFF', 2 ** 52 - 1],
    ['18446744073709551615', 2 ** 52 - 1], // biome-ignore format: rows
    ['18446744073709551616', undefined],
    ['0x10000000000000000', undefined],
    ['', undefined],
    ['-1', undefined],
    ['12g', undefined],
    ['x0x1', undefined], // biome-ignore format: rows
  ];
  for (const [address, page] of cases) assert.equal(addressToPage(address, GEOMETRY_4K), page, address);
});

const features = (sizes: readonly { order: number; effective: string }[], enabled: string | null = null) =>
  ({ thp: { sizes, enabled }, geometry: GEOMETRY_4K }) as unknown as Features;

test('the policy of an order is that of its size, of the whole where sizes are none, else never', () => {
  const sized = features([{ order: 4, effective: 'always' }, { order: 9, effective: 'madvise' }], 'always'); // biome-ignore format: rows
  assert.deepEqual(
    [4, 9, 5].map((order) => anonymousPolicy(sized, order)),
    ['always', 'madvise', 'never'],
  );
  const plain = features([], 'madvise');
  assert.deepEqual(
    [9, 4].map((order) => anonymousPolicy(plain, order)),
    ['madvise', 'never'],
  );
  assert.equal(anonymousPolicy(features([]), 9), 'never');
});

test('older plans guard free memory in blocks; what is none is left as it is', () => {
  const older = { budgets: { minFreeBlocks: 3, other: 1 }, geometry: { blockBytes: 100 }, x: 1 };
  assert.deepEqual(fromOlder(older), {
    budgets: { minFreeBytes: 300, other: 1 },
    geometry: { blockBytes: 100 },
    x: 1,
  });
  const both = { budgets: { minFreeBlocks: 3, minFreeBytes: 7 }, geometry: { blockBytes: 100 } };
  assert.deepEqual(fromOlder(both), { budgets: { minFreeBytes: 7 }, geometry: { blockBytes: 100 } });
  const [budgets, geometry] = [{ minFreeBlocks: 1 }, { blockBytes: 1 }];
  for (const other of [undefined, null, 5, 'x', [], [older], { budgets }, { geometry }, { budgets: null, geometry }, { budgets: [], geometry }, { budgets, geometry: [] }, { budgets, geometry: 5 }, { budgets: { minFreeBlocks: '3' }, geometry }, { budgets: {}, geometry }, { budgets, geometry: { blockBytes: '1' } }]) // biome-ignore format: a list
    assert.equal(fromOlder(other), other, JSON.stringify(other));
});

test('a row of a block is the first of its rows, wherever it stands', () => {
  const { blocks } = pageSizes(['4', '4', '.', '4', '4', '4']);
  const columns = { ...blocks, count: 6, block: Float64Array.of(10, 12, 12, 12, 15, 20) };
  assert.deepEqual(
    [10, 12, 15, 20, 9, 11, 13, 21].map((block) => rowOfBlock(columns, block)),
    [0, 1, 4, 5, -1, -1, -1, -1],
  );
  assert.equal(rowOfBlock({ ...columns, count: 0 }, 10), -1);
  assert.equal(rowOfBlock({ ...columns, count: 5 }, 20), -1, 'rows beyond the count are none');
  assert.equal(rowOfBlock({ ...columns, count: 2, block: Float64Array.of(7, 7) }, 7), 0);
});

test('unmapped pages are known unless a flag says otherwise', () => {
  const { blocks } = pageSizes(['4']);
  const columns = { ...blocks, unmapped: Uint32Array.of(5) };
  const of = (flags: number) => unmappedPages({ ...columns, flags: Uint16Array.of(flags) }, 0);
  const { unmappedUnknown, ordersUnknown, shared } = BLOCK_FLAG;
  assert.deepEqual([0, shared, unmappedUnknown, ordersUnknown].map(of), [5, 5, undefined, undefined]);
});

test('a block lies whole in a mapping from its first page to its last', () => {
  const sizes = { ...pageSizes(['4']), mappings: [{ start: 512, end: 1536 }, { start: 1537, end: 2560 }] } as never; // biome-ignore format: rows
  const found = [0, 1, 2, 3, 4].map((block) => wholeMapping(sizes, block)?.start);
  assert.deepEqual(found, [undefined, 512, 512, undefined, 1537]);
});

test('a stop is told with its signal', () => {
  const stop = new AbortController();
  assert.doesNotThrow(() => throwIfStopped(stop.signal));
  stop.abort('SIGHUP');
  assert.throws(() => throwIfStopped(stop.signal), { code: 'STOPPED', facts: { signal: 'SIGHUP' } });
});

test('memory that cannot be reserved is an ability that is missing', () => {
  assert.equal(loopMemory(1, 2).buffer.byteLength, 65_536);
  assert.throws(() => loopMemory(2, 1), (problem) => problem instanceof OctavoError && problem.code === 'ABILITY_MISSING'); // biome-ignore format: one row
});

test('the best of some natures, and why another conclusion may not be drawn', () => {
  assert.deepEqual([bestNature(['stores', 'loads', 'unknown']), bestNature([])], ['loads', undefined]);
  assert.equal(obstacle('all-accesses', 'sparse'), '');
  assert.match(obstacle('loads', 'sparse'), /written without being read/);
});

const EMPTY: Printed = { fingerprint: 'a', sketch: [] };
const hash = (number: number) => number.toString(16).padStart(14, '0');
const sketchOf = (numbers: readonly number[]) => numbers.map(hash);
const range = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);

test('sketches are compared below the bounds of those that are full', () => {
  const small = { fingerprint: 'b', sketch: sketchOf([1, 2, 3, 900]) };
  assert.equal(sharedSamples({ fingerprint: 'c', sketch: sketchOf([2, 900, 1000]) }, small), 0.5);
  assert.equal(sharedSamples(EMPTY, small), 0);
  assert.equal(sharedSamples(small, EMPTY), 0);
  assert.equal(sharedSamples(EMPTY, EMPTY), 1, 'the very same');
  const full = { fingerprint: 'd', sketch: sketchOf(range(2, SKETCH_SIZE)) };
  assert.equal(sharedSamples(full, small), 2 / 3, '900 is beyond what the full one knows');
  const atBound = { fingerprint: 'e', sketch: sketchOf([SKETCH_SIZE + 1, SKETCH_SIZE + 2]) };
  assert.equal(sharedSamples(full, atBound), 1, 'its last hash is known');
  const lower = { fingerprint: 'f', sketch: sketchOf(range(1, SKETCH_SIZE)) };
  assert.equal(sharedSamples(full, lower), (SKETCH_SIZE - 1) / SKETCH_SIZE);
  assert.equal(sharedSamples(lower, full), 1);
});

const facts = (name: string, sketch: readonly string[], samples = 1) =>
  ({ name, fingerprint: name, sketch, samples }) as unknown as RecordingFacts;

test('the larger share of both directions counts, and the first pair is named', () => {
  const [part, whole] = [facts('part', sketchOf([1])), facts('whole', sketchOf([1, 2, 3, 4]))];
  assert.deepEqual([repetitionOf([part], whole)?.share, repetitionOf([whole], part)?.share], [1, 1]);
  assert.equal(repetitionOf([], part), undefined);
  assert.equal(repetitionOf([part], facts('none', sketchOf([1]), 0)), undefined);
  const other = facts('other', sketchOf([9]));
  const found = findRepetition([other, part, whole]);
  assert.deepEqual([found?.first.name, found?.second.name], ['part', 'whole']);
  assert.equal(findRepetition([part]), undefined, 'a recording does not repeat itself');
  assert.deepEqual([0.5, 0.001, 0.0149, 0.994, 1, 1.2].map(shareInWords), ['about 50 % of them', 'about 1 % of them', 'about 1 % of them', 'about 99 % of them', 'all of them', 'all of them']); // biome-ignore format: one row
});

const span = (fromMs: number | undefined, toMs: number) => ({ fromMs, toMs, isExact: true });

test('time that recordings cover counts once, and is not known when one does not say', () => {
  assert.equal(coveredNs([span(10, 20), span(15, 30), span(40, 50), span(42, 45)]), 30e6);
  assert.equal(coveredNs([span(40, 50), span(10, 20)]), 20e6);
  assert.deepEqual(
    [coveredNs([]), coveredNs([undefined]), coveredNs([span(1, 2), span(undefined, 5)])],
    [undefined, undefined, undefined],
  );
});

test('a plan contradicts itself where a process, number or block stands twice, or is none of it', () => {
  const plan = drawnPlan(2);
  assert.equal(incoherence(plan), undefined);
  const [process] = plan.processes;
  const [first, second] = plan.steps;
  const of = (changed: object) => incoherence({ ...plan, ...changed });
  const withSecond = (changed: object) => of({ steps: [first, { ...second, ...changed }] });
  assert.deepEqual(of({ processes: [process, process] }), {
    problem: 'stands there twice',
    place: 'processes.1.pid',
  });
  assert.deepEqual(withSecond({ id: first.id }), {
    problem: `repeats the number \`${first.id}\` of another step`,
    place: 'steps.1.id',
  });
  const stranger = { ...second.proposal, process: { ...second.proposal.process, startTicks: 1 } };
  assert.deepEqual(withSecond({ proposal: stranger }), {
    problem: 'is none of the processes of the plan',
    place: 'steps.1.proposal.process',
  });
  const elsewhere = { ...second.proposal, block: first.proposal.block };
  assert.deepEqual(withSecond({ proposal: elsewhere }), {
    problem: 'is another block than that of the proposal',
    place: 'steps.1.before.block',
  });
  assert.deepEqual(withSecond({ proposal: elsewhere, before: first.before }), {
    problem: 'repeats the block of another step',
    place: 'steps.1.proposal.block',
  });
});
