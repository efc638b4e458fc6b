import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../test/support/properties.js';
import { parseJson } from './json-text.js';

describe('JSON that is none is told with its place', () => {
  const rows: readonly (readonly [text: string, problem: string, place: string])[] = [
    ['', 'the JSON text ends too early', 'line 1, column 1'],
    ['{', 'the JSON text ends too early', 'line 1, column 2'],
    ['{"a": 1', 'the JSON text ends too early', 'line 1, column 8'],
    ['[1, 2,]', 'is no JSON', 'line 1, column 7'],
    ['{"a" 1}', 'is no JSON', 'line 1, column 6'],
    ['{a: 1}', 'is no JSON', 'line 1, column 2'],
    ['{"a": 1,}', 'is no JSON', 'line 1, column 9'],
    ['{"a": 1]', 'is no JSON', 'line 1, column 8'],
    ['[1}', 'is no JSON', 'line 1, column 3'],
    ['{} x', 'is no JSON', 'line 1, column 4'],
    ['{}\n{}', 'is no JSON', 'line 2, column 1'],
    ['[\n  1,\n  tru\n]', 'is no JSON', 'line 3, column 3'],
    ['01', 'is no JSON', 'line 1, column 1'],
    ['"a\nb"', 'is no JSON', 'line 1, column 1'],
    ['{"a":: 1}', 'is no JSON', 'line 1, column 6'],
    ['["a": 1]', 'is no JSON', 'line 1, column 5'],
    [']', 'is no JSON', 'line 1, column 1'],
    [':', 'is no JSON', 'line 1, column 1'],
    [',', 'is no JSON', 'line 1, column 1'],
    ['{"a" }', 'is no JSON', 'line 1, column 6'],
  ];
  for (const [text, problem, place] of rows)
    test(JSON.stringify(text), () =>
      assert.deepEqual(parseJson(text), { ok: false, error: { problem, place } }),
    );
});

test('JSON is read as ever', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const read = parseJson(text);
      assert.ok(read.ok);
      assert.equal(JSON.stringify(read.value), text);
    }),
  );
});

test('the place is where a sound text was broken off or spoiled, never behind it', () => {
  fc.assert(
    fc.property(fc.object(), fc.nat(), (value, cut) => {
      const text = JSON.stringify(value);
      const at = cut % text.length;
      const torn = parseJson(text.slice(0, at));
      assert.ok(!torn.ok);
      // A token may be torn: then it is told where that begins.
      assert.ok(Number(/column (\d+)/.exec(torn.error.place)?.[1]) <= at + 1);
      const spoiled = parseJson(`${text}\u0001`);
      assert.deepEqual(spoiled, {
        ok: false,
        error: { problem: 'is no JSON', place: `line 1, column ${text.length + 1}` },
      });
    }),
  );
});
