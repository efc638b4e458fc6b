import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BackOffRow, hourWith } from './compare.js';
import { mechanisms } from './mechanisms.js';

/** A fresh mechanism each time: they remember. */
function hour(name: string): BackOffRow {
  const found = mechanisms().find((mechanism) => mechanism.name === name);
  assert.ok(found, name);
  return hourWith(found);
}

test('without any mechanism what was split is collapsed and split again all the time', () => {
  const row = hour('none');
  assert.ok(row.recollapses > 1000 && row.splits > row.recollapses, JSON.stringify(row));
  assert.deepEqual([row.dense, row.late, row.turned], ['32 of 32', '16 of 16', '8 of 8']);
});

test('the young test ends that, and lets what has become hot be huge again', () => {
  const [none, young] = [hour('none'), hour('young test')];
  assert.equal(young.recollapses, 0);
  assert.equal(young.splits, 32, 'each sparse block once');
  assert.ok(young.savedMib > none.savedMib * 1.3);
  assert.deepEqual([young.dense, young.late, young.turned], ['32 of 32', '16 of 16', '8 of 8']);
  assert.ok(young.khugepagedMs < none.khugepagedMs / 10);
});

test('what forbids more than the range costs huge pages elsewhere, or for ever', () => {
  assert.deepEqual([hour('prctl').late, hour('mm back-off').late], ['0 of 16', '0 of 16']);
  assert.equal(hour('nohugepage').turned, '0 of 8');
  const range = hour('range back-off');
  assert.equal(range.late, '16 of 16');
  assert.ok(range.recollapses > 0 && range.recollapses < 300, 'it has to try again now and then');
});
