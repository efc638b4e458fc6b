/** Tiles as bytes: what goes in comes out, and what is not known is never cold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  COLD_HEAT,
  decodeTile,
  encodeTile,
  heatCode,
  NO_MEMORY,
  rateOfCode,
  shareCode,
  shareOfCode,
  TILE_HEADER,
  type Tile,
  UNKNOWN_HEAT,
  UNKNOWN_SHARE,
} from './tile.js';

const RANGE = { least: 1e-3, most: 1e4 };

test('a rate keeps its size through its code, within 4 %, and its order', () => {
  let before = COLD_HEAT;
  for (let rate = RANGE.least; rate <= RANGE.most; rate *= 1.3) {
    const code = heatCode(rate, RANGE);
    assert.ok(code > before || rate === RANGE.least, `${rate}`);
    assert.ok(Math.abs(rateOfCode(code, RANGE) / rate - 1) < 0.04, `${rate}`);
    before = code;
  }
  assert.equal(heatCode(RANGE.least, RANGE), 2);
  assert.equal(heatCode(RANGE.most, RANGE), 255);
});

test('unknown, cold and the ends of the scale are told apart', () => {
  assert.equal(heatCode(Number.NaN, RANGE), UNKNOWN_HEAT);
  assert.equal(heatCode(0, RANGE), COLD_HEAT);
  assert.equal(heatCode(1e-9, RANGE), 2);
  assert.equal(heatCode(1e9, RANGE), 255);
  assert.equal(heatCode(5, { least: 5, most: 5 }), 255);
  assert.ok(Number.isNaN(rateOfCode(UNKNOWN_HEAT, RANGE)));
  assert.equal(rateOfCode(COLD_HEAT, RANGE), 0);
});

test('a share above none is not none, and one below the whole is not the whole', () => {
  assert.deepEqual([0, 1e-9, 0.5, 1 - 1e-9, 1].map(shareCode), [0, 1, 127, 252, 253]);
  assert.equal(shareCode(Number.NaN), UNKNOWN_SHARE);
  assert.deepEqual([0, 253].map(shareOfCode), [0, 1]);
  assert.ok(Math.abs(shareOfCode(shareCode(0.5)) - 0.5) < 0.005);
  assert.equal(shareOfCode(shareCode(NO_MEMORY)), NO_MEMORY);
  assert.notEqual(shareCode(NO_MEMORY), UNKNOWN_SHARE);
  assert.ok(Number.isNaN(shareOfCode(UNKNOWN_SHARE)));
});

test('a tile is what it was after its way as bytes', () => {
  const plane = (start: number) => Uint8Array.from({ length: 6 }, (_, at) => start + at);
  const tile: Tile = {
    ...{ layout: 7, segment: 3, level: 21, zoom: 5, row: 70_000, column: 9, rows: 2, columns: 3 },
    ...{ heat: plane(0), touched: plane(100), huge: plane(200), order: plane(50) },
  };
  const bytes = encodeTile(tile);
  assert.equal(bytes.length, TILE_HEADER + 24);
  assert.deepEqual(decodeTile(bytes), tile);
  const shifted = new Uint8Array(bytes.length + 5);
  shifted.set(bytes, 5);
  assert.deepEqual(decodeTile(shifted.subarray(5)), tile);
});

test('what is no tile is none', () => {
  const bytes = encodeTile({
    ...{ layout: 1, segment: 0, level: 0, zoom: 0, row: 0, column: 0, rows: 1, columns: 1 },
    ...{
      heat: new Uint8Array(1),
      touched: new Uint8Array(1),
      huge: new Uint8Array(1),
      order: new Uint8Array(1),
    },
  });
  assert.equal(decodeTile(bytes.subarray(0, 10)), undefined);
  assert.equal(decodeTile(bytes.subarray(0, bytes.length - 1)), undefined);
  const other = bytes.slice();
  other[0]++;
  assert.equal(decodeTile(other), undefined);
});
