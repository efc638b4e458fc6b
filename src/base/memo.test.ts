import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memo } from './memo.js';

test('a value is made once while it is remembered, and anew once too many were', () => {
  const made: string[] = [];
  const memo = new Memo<string>(2);
  const of = (key: string) =>
    memo.of(key, () => {
      made.push(key);
      return `${key}!`;
    });
  assert.deepEqual(['a', 'b', 'a', 'b'].map(of), ['a!', 'b!', 'a!', 'b!']);
  assert.deepEqual(made, ['a', 'b']);
  assert.equal(of('c'), 'c!');
  assert.deepEqual(['c', 'a', 'c'].map(of), ['c!', 'a!', 'c!']);
  assert.deepEqual(made, ['a', 'b', 'c', 'a']);
});
