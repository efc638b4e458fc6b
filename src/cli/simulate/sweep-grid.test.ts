import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OctavoError } from '../../vocabulary/errors.js';
import { gridOf } from './sweep-grid.js';

const points = (...sweeps: string[]) =>
  gridOf(sweeps).map((point) => point.map(([key, value]) => `${key}=${value}`).join(' '));

test('each value is a point, several keys are a grid', () => {
  assert.deepEqual(points('host.cpu=zen4,ice-lake'), ['host.cpu=zen4', 'host.cpu=ice-lake']);
  assert.deepEqual(points('a=1,2', 'b.0.c=x,y'), [
    'a=1 b.0.c=x',
    'a=1 b.0.c=y',
    'a=2 b.0.c=x',
    'a=2 b.0.c=y',
  ]);
});

test('a key that is given again has more values', () => {
  assert.deepEqual(points('a=1', 'b=x', 'a=2'), ['a=1 b=x', 'a=2 b=x']);
});

test('commas in brackets, braces and quotes belong to the value', () => {
  assert.deepEqual(points('a=[0, 5],[10,20]'), ['a=[0, 5]', 'a=[10,20]']);
  assert.deepEqual(points('a={x: [1,2], y: 3},none'), ['a={x: [1,2], y: 3}', 'a=none']);
  assert.deepEqual(points(`a="1,2",'3,"4'`), ['a="1,2"', `a='3,"4'`]);
});

test('what is no key with values is refused, also what is left open', () => {
  for (const wrong of ['host.cpu', '=1', 'a=', 'a=1,', 'a=,1', 'a=[1,2', 'a=1]', 'a="1', 'a b=1'])
    assert.throws(
      () => gridOf([wrong]),
      (problem: OctavoError) => problem.code === 'USAGE' && problem.message.includes(wrong),
      wrong,
    );
});
