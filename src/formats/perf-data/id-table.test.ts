/** Event ids against a Map: many of them, colliding, at the end of the table, and given again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdTable } from './id-table.js';

test('thousands of ids are found again, each with its event, and others are not', () => {
  const table = new IdTable();
  const model = new Map<string, number>();
  let state = 9;
  for (let turn = 0; turn < 6000; turn++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const [low, high] = [state % 3000, (state >>> 16) % 2];
    table.set(low, high, turn % 50);
    model.set(`${low} ${high}`, turn % 50);
    assert.equal(table.size, model.size);
  }
  for (let low = 0; low < 3100; low++) {
    for (const high of [0, 1, 2]) assert.equal(table.get(low, high), model.get(`${low} ${high}`) ?? -1);
  }
});

test('ids that fall on the last slot go on at the first one', () => {
  const slotOf = (low: number) => (Math.imul(low, 0x9e3779b1) >>> 7) & 255;
  const last = Array.from({ length: 20_000 }, (_, low) => low).filter((low) => slotOf(low) === 255);
  const table = new IdTable();
  for (const low of last.slice(0, 40)) table.set(low, 0, low);
  for (const low of last.slice(0, 40)) assert.equal(table.get(low, 0), low);
  assert.equal(table.get(last[40], 0), -1);
});
