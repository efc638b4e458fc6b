/** The map against a slow and plain one: every level and zoom tells the same as its pages and slices. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { MapSchema } from '../wire/map.js';
import { rateOfCode, shareOfCode, TILE_COLUMNS, TILE_ROWS, UNKNOWN_HEAT } from '../wire/tile.js';
import { type BuildFacts, MapBuilder } from './build.js';
import { CellCollector, CellLevels, firstAt } from './cells.js';
import type { MapModel } from './map-model.js';

const BLOCK = GEOMETRY_4K.pagesPerBlock;
const FIRST = 1000 * BLOCK;

const FACTS: BuildFacts = {
  ...{ geometry: GEOMETRY_4K, clock: 'wall', granularity: 1, isThinned: false, widthMs: 1000, notes: [] },
  words: { unit: 'accesses a second and page', one: 'access', isTimed: true, caution: '' },
};
const layoutOf = (blocks: number) => ({
  ...{ rows: blocks * BLOCK, rowPages: 1 },
  segments: [
    {
      ...{ pid: 7, command: 'db', mapping: '[heap]', firstPage: FIRST, pages: blocks * BLOCK },
      ...{ firstRow: 0, rows: blocks * BLOCK },
    },
  ],
});
const columnsOf = (count: number, gaps: readonly number[] = []) =>
  Array.from({ length: count }, (_, at) => ({ fromMs: at * 1000, seconds: 1, isGap: gaps.includes(at) }));

interface Access {
  readonly page: number;
  readonly column: number;
  readonly accesses: number;
}

function built(
  blocks: number,
  columns: number,
  accesses: readonly Access[],
  facts = FACTS,
  gaps: number[] = [],
) {
  const builder = new MapBuilder(layoutOf(blocks), columnsOf(columns, gaps), facts);
  for (const { page, column, accesses: count } of accesses)
    builder.add({
      ...{ pid: 7, command: 'db', mapping: '[heap]', page: FIRST + page },
      ...{ samples: 1, accesses: count, timeMs: column * 1000 },
    });
  return builder;
}

function randomAccesses(blocks: number, columns: number, count: number): Access[] {
  const random = new SeededRandom(11);
  const below = (most: number) => random.below(most);
  return Array.from({ length: count }, () => ({
    ...{ page: below(blocks * BLOCK), column: below(columns), accesses: 1 + below(9) },
  }));
}

/** Mean accesses a second and page of a cell, by going through all of them. */
function plainRate(
  accesses: readonly Access[],
  [level, row, zoom, column]: readonly number[],
  columns: number,
) {
  const [from, to] = [row * 2 ** level, (row + 1) * 2 ** level];
  const [first, last] = [column * 2 ** zoom, Math.min(columns, (column + 1) * 2 ** zoom)];
  const sum = accesses
    .filter(({ page, column: at }) => page >= from && page < to && at >= first && at < last)
    .reduce((total, one) => total + one.accesses, 0);
  return sum / 2 ** level / (last - first);
}

describe('a map', () => {
  const [BLOCKS, COLUMNS] = [8, 21];
  const accesses = randomAccesses(BLOCKS, COLUMNS, 3000);
  const model = built(BLOCKS, COLUMNS, accesses).build(5);

  test('tells at every level and zoom what its pages and slices tell', () => {
    for (const level of [0, 1, 3, 4, 5, 9, 11, model.mostLevel])
      for (const zoom of [0, 1, 3, model.mostZoom]) {
        const [segment] = model.parts.segments;
        const count = Math.ceil(COLUMNS / 2 ** zoom);
        for (const row of [0, 1, segment.rows(level) - 1].filter((one) => one < segment.rows(level))) {
          const { rate } = segment.row({ level, row, zoom, column: 0, count });
          for (let column = 0; column < count; column++) {
            const wanted = plainRate(accesses, [level, row, zoom, column], COLUMNS);
            assert.ok(
              Math.abs(rate[column] - wanted) < 1e-5,
              `level ${level} row ${row} zoom ${zoom} column ${column}`,
            );
          }
        }
      }
  });

  test('counts the pages that were accessed, the most of any slice', () => {
    const [segment] = model.parts.segments;
    const { touched } = segment.row({ level: 9, row: 2, zoom: 1, column: 3, count: 1 });
    const within = (column: number) =>
      new Set(
        accesses
          .filter((one) => one.column === column && Math.floor(one.page / BLOCK) === 2)
          .map(({ page }) => page),
      ).size;
    assert.ok(Math.abs(touched[0] - Math.max(within(6), within(7)) / BLOCK) < 1e-6);
  });

  test('is described by its schema, and has the places that it says it has', () => {
    const view = model.view(3, () => null);
    MapSchema.parse(view);
    assert.deepEqual(
      [view.layout, view.revision, view.leastLevel, view.mostLevel, view.mostZoom],
      [5, 3, 0, 12, 5],
    );
    assert.deepEqual([view.hasHeat, view.hasTouched, view.hasHuge], [true, true, false]);
    assert.equal(view.segments[0].address, '0x7d000000');
    const at = { segment: 0, level: 0, zoom: 0, row: 0, column: 0 };
    const tiles = (change: object) => model.has({ ...at, ...change }, [TILE_ROWS, TILE_COLUMNS]);
    assert.ok(tiles({}) && tiles({ row: 15 }) && tiles({ level: 12, zoom: 5 }));
    for (const beyond of [
      { row: 16 },
      { column: 1 },
      { segment: 1 },
      { level: 13 },
      { zoom: 6 },
      { segment: -1 },
    ])
      assert.ok(!tiles(beyond), JSON.stringify(beyond));
  });

  test('gives tiles that are its rows, and nothing beyond its last column', () => {
    const place = { layout: 5, segment: 0, level: 3, zoom: 0, row: 1, column: 0 };
    const tile = model.tile(place);
    const { rate } = model.parts.segments[0].row({ ...place, row: TILE_ROWS + 4, count: TILE_COLUMNS });
    for (let column = 0; column < COLUMNS; column++) {
      const found = rateOfCode(tile.heat[4 * TILE_COLUMNS + column], model.range);
      assert.ok(rate[column] === 0 ? found === 0 : Math.abs(found / rate[column] - 1) < 0.05);
    }
    assert.equal(tile.heat[4 * TILE_COLUMNS + COLUMNS], UNKNOWN_HEAT);
    assert.ok(Number.isNaN(shareOfCode(tile.touched[4 * TILE_COLUMNS + COLUMNS])));
  });

  test('tells a cell exactly, and in words', () => {
    const [one] = accesses;
    const cell = model.cell({ segment: 0, level: 0, zoom: 0, row: one.page, column: one.column });
    const same = accesses.filter(({ page, column }) => page === one.page && column === one.column);
    assert.equal(
      cell.accesses,
      same.reduce((sum, { accesses: count }) => sum + count, 0),
    );
    assert.equal(cell.samples, same.length);
    assert.equal(cell.touchedShare, 1);
    assert.match(cell.words, /^\d+ accesses a second and page, 100\.0 % of its pages accessed$/);
    assert.deepEqual([cell.fromMs, cell.toMs], [one.column * 1000, one.column * 1000 + 1000]);
    const last = model.cell({ segment: 0, level: 12, zoom: 5, row: 0, column: 0 });
    assert.deepEqual([last.bytes, last.fromMs, last.toMs], [BLOCKS * BLOCK * 4096, 0, COLUMNS * 1000]);
  });
});

describe('what is not known', () => {
  const rateAt = (
    model: MapModel,
    place: readonly [level: number, row: number, zoom: number, column: number],
  ) => {
    const [level, row, zoom, column] = place;
    return model.parts.segments[0].row({ level, row, zoom, column, count: 1 }).rate[0];
  };

  test('is a gap of time, and not cold; over a gap and a slice the slice counts', () => {
    const model = built(1, 4, [{ page: 3, column: 3, accesses: 8 }], FACTS, [2]).build(1);
    assert.equal(rateAt(model, [0, 0, 0, 1]), 0);
    assert.ok(Number.isNaN(rateAt(model, [0, 3, 0, 2])));
    assert.equal(rateAt(model, [0, 3, 1, 1]), 8);
    assert.equal(model.cell({ segment: 0, level: 0, zoom: 0, row: 3, column: 2 }).words, 'heat not known');
    assert.equal(model.cell({ segment: 0, level: 0, zoom: 0, row: 2, column: 1 }).rate, 0);
  });

  test('is a block that a thinned file left out; a larger cell is of the blocks that are known', () => {
    const accesses = [0, 1, 2, 3].map((page) => ({ page, column: 0, accesses: BLOCK }));
    const model = built(2, 1, accesses, { ...FACTS, isThinned: true }).build(1);
    assert.equal(rateAt(model, [0, 9, 0, 0]), 0);
    assert.ok(Number.isNaN(rateAt(model, [0, BLOCK, 0, 0])));
    assert.ok(Number.isNaN(rateAt(model, [9, 1, 0, 0])));
    assert.equal(rateAt(model, [10, 0, 0, 0]), 4);
  });

  test('is what huge pages map where nobody looked', () => {
    const spans = [
      { unit: 0, from: 0, to: 2, share: 1 },
      { unit: 0, from: 2, to: 4, share: 0 },
      { unit: 1, from: 3, to: 4, share: 1 },
    ];
    const model = built(4, 4, [], FACTS).build(1, [spans]);
    const [segment] = model.parts.segments;
    const share = (level: number, row: number, zoom = 0, column = 0) =>
      segment.row({ level, row, zoom, column, count: 1 }).huge[0];
    assert.deepEqual([share(9, 0), share(9, 0, 0, 3), share(9, 0, 2, 0), share(0, 5)], [1, 0, 0.5, 1]);
    assert.ok(Number.isNaN(share(9, 1)));
    assert.ok(Number.isNaN(share(9, 3)));
    assert.equal(share(10, 0, 0, 3), 0.5);
    assert.equal(share(4, 33, 0, 3), 1);
    assert.deepEqual([model.view(1, () => null).hasHuge, model.view(1, () => null).hasHeat], [true, false]);
    assert.equal(model.view(1, () => 't0').segments[0].hugeBytes, 2 ** 21);
    const words = (row: number, column: number) =>
      model.cell({ segment: 0, level: 9, zoom: 0, row, column }).words;
    assert.equal(words(0, 0), 'looked at, nothing seen, 0.0 % of its pages accessed, huge pages');
    assert.match(words(0, 3), /small pages$/);
  });
});

describe('bounds', () => {
  test('more cells than are kept make rows larger, and say so; sums stay', () => {
    const accesses = randomAccesses(4, 5, 4000);
    const model = built(4, 5, accesses, { ...FACTS, mostCells: 500 }).build(1);
    assert.ok(model.parts.leastLevel >= 2, `${model.parts.leastLevel}`);
    assert.ok(model.parts.segments[0].cells.base.count <= 500);
    assert.match(model.parts.notes.join(), /more heat than is kept here: \d+ pages are shown as one/);
    const whole = model.parts.segments[0].row({ level: 11, row: 0, zoom: 3, column: 0, count: 1 }).rate[0];
    assert.ok(Math.abs(whole - plainRate(accesses, [11, 0, 3, 0], 5)) < 1e-4);
    assert.equal(model.view(1, () => null).hasTouched, false);
  });

  test('more slices than columns are put together', () => {
    const model = built(1, 9000, [{ page: 0, column: 8999, accesses: 9 }]).build(1);
    assert.equal(model.parts.columns.length, 3000);
    assert.match(model.parts.notes.join(), /3 slices of time are shown as one/);
    assert.deepEqual(model.parts.columns[2999], {
      fromMs: 8_997_000,
      toMs: 9_000_000,
      seconds: 3,
      isGap: false,
    });
    const { rate } = model.parts.segments[0].row({ level: 0, row: 0, zoom: 0, column: 2999, count: 1 });
    assert.equal(rate[0], 3);
  });

  test('rows of another process, page or time are left out', () => {
    const builder = built(1, 2, []);
    const row = { pid: 7, command: '', mapping: '', page: FIRST, samples: 1, accesses: 1, timeMs: 0 };
    for (const change of [
      { pid: 8 },
      { page: FIRST - 1 },
      { page: FIRST + BLOCK },
      { timeMs: 5 },
      { timeMs: -1 },
    ])
      builder.add({ ...row, ...change });
    assert.equal(builder.build(1).view(1, () => null).cells, 0);
  });
});

test('cells in any order are put in order, and added up', () => {
  const collector = new CellCollector();
  for (const [row, column] of [
    [5, 1],
    [2, 3],
    [5, 1],
    [2, 0],
    [5, 0],
    [2, 3],
  ])
    collector.add({ row, column, accesses: 1, samples: 2, touched: 1 });
  const cells = collector.sorted();
  const rows = Array.from({ length: cells.count }, (_, at) => [
    cells.row[at],
    cells.column[at],
    cells.accesses[at],
    cells.samples[at],
    cells.touched[at],
  ]);
  assert.deepEqual(rows, [
    [2, 0, 1, 2, 1],
    [2, 3, 2, 4, 1],
    [5, 0, 1, 2, 1],
    [5, 1, 2, 4, 1],
  ]);
  assert.deepEqual(
    [0, 2, 3, 5, 6].map((row) => firstAt(cells, row)),
    [0, 0, 2, 2, 4],
  );
  const levels = new CellLevels(cells, 0, 9);
  assert.deepEqual(
    levels.stores.map(({ level }) => level),
    [0, 4, 8],
  );
  assert.deepEqual(
    [0, 3, 4, 7, 60].map((level) => levels.at(level).level),
    [0, 0, 4, 4, 8],
  );
  assert.deepEqual([...levels.at(4).cells.column], [0, 1, 3]);
});
