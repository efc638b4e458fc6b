/** A map that grows with each look: what is seen, what is not known, and what happens at its bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heatWords } from '../../reports/heat/scale.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { MapSchema } from '../wire/map.js';
import { NO_MEMORY, shareOfCode } from '../wire/tile.js';
import { LIVE_BOUNDS, LiveMap, type SeenProcess } from './live-map.js';

const WORDS = heatWords('some-accesses', true);
const MIB = 2 ** 20;
const BLOCK = GEOMETRY_4K.pagesPerBlock;

function process(
  huge: readonly number[],
  small: readonly number[],
  change: Partial<SeenProcess> = {},
): SeenProcess {
  const seen = (isHuge: boolean) => (block: number) => ({ block, mapping: '[heap]', isHuge });
  return {
    ...{ pid: 5, command: 'db', target: 'service', changed: [], heat: undefined },
    levels: [...huge.map(seen(true)), ...small.map(seen(false))],
    ...change,
  };
}

/** Pages of a block with so many accesses a second. */
const rates = (block: number, pages: Readonly<Record<number, number>>) =>
  [block, Float64Array.from({ length: BLOCK }, (_, page) => pages[page] ?? 0)] as const;

const at = (map: LiveMap, level: number, row: number, column: number) => {
  const model = map.build(1);
  assert.ok(model);
  const { rate, huge } = model.parts.segments[0].row({ level, row, zoom: 0, column, count: 1 });
  return { rate: rate[0], huge: huge[0] };
};

test('blocks that huge pages map, look by look; of one that went is known that no memory is there', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS);
  assert.ok(map.isEmpty);
  assert.equal(map.build(1), undefined);
  map.add(0, { atMs: 1000, processes: [process([100, 101], [102])] });
  map.add(1000, { atMs: 3000, processes: [process([100], [101])] });
  const model = map.build(2);
  assert.ok(model);
  const view = MapSchema.parse(model.view(1, (name) => (name === 'service' ? 't3' : null)));
  assert.deepEqual(view.columns, [
    { fromMs: 0, toMs: 1000, isGap: false },
    { fromMs: 1000, toMs: 3000, isGap: false },
  ]);
  assert.deepEqual(
    [view.leastLevel, view.hasHeat, view.hasHuge, view.segments[0].target],
    [9, false, true, 't3'],
  );
  assert.match(view.notes.join(), /Heat is not known/);
  const huge = (row: number, column: number) => at(map, 9, row, column).huge;
  assert.deepEqual([huge(0, 0), huge(0, 1), huge(1, 0), huge(1, 1), huge(2, 0)], [1, 1, 1, 0, 0]);
  assert.equal(huge(2, 1), NO_MEMORY);
  assert.equal(view.segments[0].hugeBytes, 2 * MIB);
  assert.deepEqual(model.placeOf(5, 101 * BLOCK + 3), { segment: 0, page: BLOCK + 3 });
  assert.equal(model.placeOf(6, 101 * BLOCK), undefined);
  assert.equal(model.placeOf(5, 103 * BLOCK), undefined);
});

test('a block that a run emptied before the first look has a place, and no memory there', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS, { ...LIVE_BOUNDS, columns: 2 });
  const look = (atMs: number, change: Partial<SeenProcess>, small: readonly number[] = []) =>
    map.add(atMs - 10, { atMs, processes: [process([100], small, { changed: [101], ...change })] });
  look(10, {});
  look(20, { levels: undefined });
  const model = map.build(1);
  assert.ok(model);
  assert.deepEqual(model.placeOf(5, 101 * BLOCK), { segment: 0, page: BLOCK });
  const cell = (column: number) => model.cell({ segment: 0, level: 9, zoom: 0, row: 1, column });
  assert.deepEqual([cell(0).hugeShare, cell(0).words], [null, 'no memory there']);
  assert.deepEqual([cell(1).hugeShare, cell(1).words], [null, 'heat not known']);
  // Of both blocks together, and of both looks, the share is of what has memory.
  assert.equal(model.cell({ segment: 0, level: 10, zoom: 1, row: 0, column: 0 }).hugeShare, 1);
  look(30, {}, [101]);
  assert.deepEqual([at(map, 9, 1, 0).huge, at(map, 9, 1, 1).huge], [NO_MEMORY, 0]);
});

test('heat by page; without samples a block is cold only where they tell that', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS);
  const seen = (tellsCold: boolean) =>
    process([100, 101], [], { heat: { rates: [rates(100, { 7: 4 })], tellsCold } });
  map.add(0, { atMs: 2000, processes: [seen(false)] });
  assert.equal(at(map, 0, 7, 0).rate, 4);
  assert.equal(at(map, 0, 8, 0).rate, 0);
  assert.ok(Number.isNaN(at(map, 9, 1, 0).rate));
  map.add(2000, { atMs: 3000, processes: [seen(true)] });
  assert.equal(at(map, 9, 1, 1).rate, 0);
  assert.equal(at(map, 0, 7, 1).rate, 4);
  map.add(3000, { atMs: 4000, processes: [process([100, 101], [])] });
  assert.ok(Number.isNaN(at(map, 0, 7, 2).rate));
});

test('folios by order, as far as they were looked at; the mean of what has memory, and none where there is none', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS);
  const block = (number: number, order?: number) => ({
    ...{ block: number, mapping: '[heap]', isHuge: order === 9, order },
  });
  const look = (atMs: number, levels: readonly ReturnType<typeof block>[]) =>
    map.add(atMs - 1000, { atMs, processes: [process([], [], { levels })] });
  look(1000, [block(100, 9), block(101, 4), block(102), block(103, 4.5)]);
  look(2000, [block(100, 9), block(102), block(103, 0)]);
  const model = map.build(1);
  assert.ok(model);
  assert.equal(model.view(1, () => null).hasOrders, true);
  const cell = (row: number, column: number, [level, zoom] = [9, 0]) =>
    model.cell({ segment: 0, level, zoom, row, column });
  const orders = [0, 1, 2, 3].map((row) => [cell(row, 0).order, cell(row, 1).order]);
  const exactly = orders.map((pair) => pair.map((order) => order && Number(order.toFixed(6))));
  assert.deepEqual(exactly, [
    [9, 9],
    [4, null],
    [null, null],
    [4.5, 0],
  ]);
  assert.equal(cell(1, 1).words, 'no memory there');
  assert.match(cell(1, 0).words, /small pages, folios of 64 KiB$/);
  assert.match(cell(3, 0).words, /mixed folios, 91 KiB in the mean$/);
  assert.equal(cell(0, 0, [10, 0]).order?.toFixed(6), '6.500000');
  assert.equal(cell(0, 0, [10, 1]).order?.toFixed(3), ((9 + 9 + 4) / 3).toFixed(3));
  const { order } = model.tile({ layout: 1, segment: 0, level: 9, zoom: 0, row: 0, column: 0 });
  assert.deepEqual(
    [order[0], shareOfCode(order[256 + 1]), order[2 * 256], order[4 * 256]],
    [253, NO_MEMORY, 255, 255],
  );
});

test('a look that this user may not take leaves the sizes unknown', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS);
  map.add(0, {
    atMs: 10,
    processes: [
      process([], [], { levels: undefined, heat: { rates: [rates(9, { 0: 1 })], tellsCold: true } }),
    ],
  });
  const { rate, huge } = at(map, 9, 0, 0);
  assert.ok(rate > 0 && Number.isNaN(huge));
});

test('more columns than are kept become half as many, twice as long, with the same sums', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS, { ...LIVE_BOUNDS, columns: 4 });
  const heat = { rates: [rates(100, { 7: 6 })], tellsCold: true };
  for (let look = 0; look < 5; look++)
    map.add(look * 1000, {
      atMs: (look + 1) * 1000,
      processes: [process(look < 3 ? [100] : [], look < 3 ? [] : [100], { heat })],
    });
  const model = map.build(1);
  assert.deepEqual(
    model?.parts.columns.map(({ fromMs, toMs }) => [fromMs, toMs]),
    [
      [0, 2000],
      [2000, 4000],
      [4000, 5000],
    ],
  );
  for (const column of [0, 1, 2]) assert.equal(at(map, 0, 7, column).rate, 6);
  assert.deepEqual(
    [0, 1, 2].map((column) => at(map, 9, 0, column).huge),
    [1, 0.5, 0],
  );
});

test('more cells than are kept do the same, and cells do not grow without bound', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS, { ...LIVE_BOUNDS, cells: 1000 });
  const all = Object.fromEntries(Array.from({ length: 100 }, (_, page) => [page, 1]));
  for (let look = 0; look < 100; look++)
    map.add(look * 1000, {
      atMs: (look + 1) * 1000,
      processes: [process([100], [], { heat: { rates: [rates(100, all)], tellsCold: true } })],
    });
  const model = map.build(1);
  assert.ok(model && model.view(1, () => null).cells <= 1000);
  assert.ok(Math.abs(at(map, 0, 5, 0).rate - 1) < 1e-6);
});

test('when there are too many processes, those that ended leave the map', () => {
  const map = new LiveMap(GEOMETRY_4K, WORDS, { ...LIVE_BOUNDS, processes: 2 });
  const pids = () => map.build(1)?.parts.segments.map(({ facts }) => facts.pid);
  map.add(0, { atMs: 10, processes: [process([100], []), process([200], [], { pid: 6 })] });
  map.add(10, { atMs: 20, processes: [process([200], [], { pid: 6 })] });
  assert.deepEqual(pids(), [5, 6]);
  map.add(20, { atMs: 30, processes: [process([200], [], { pid: 6 }), process([300], [], { pid: 7 })] });
  assert.deepEqual(pids(), [6, 7]);
});
