import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryValue } from './query-answer.js';

const vector = (...values: readonly unknown[]) =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value })) },
  });
const why = (text: string) => {
  const found = queryValue(text);
  return found.ok ? String(found.value) : found.error;
};

test('a query gives one number, or says why it does not', () => {
  assert.deepEqual(queryValue(vector([1.5e9, '0.25'])), { ok: true, value: 0.25 });
  const scalar = { status: 'success', data: { resultType: 'scalar', result: [1, '-3'] } };
  assert.deepEqual(queryValue(JSON.stringify(scalar)), { ok: true, value: -3 });
  for (const [text, says] of [
    ['<html>', 'its answer is no JSON of Prometheus'],
    ['null', 'its answer is no JSON of Prometheus'],
    ['{"status":"error","error":"parse error"}', 'parse error'],
    ['{"status":"error","error":7}', 'it tells no success'],
    ['{}', 'it tells no success'],
    ['{"status":"success"}', 'the query is no number'],
    ['{"status":"success","data":{"resultType":"matrix","result":[]}}', 'the query is no number'],
    ['{"status":"success","data":{"resultType":"vector","result":{}}}', 'the query is no number'],
    [vector(), 'the query has 0 series, and must have one'],
    [vector([1, '1'], [1, '2']), 'the query has 2 series, and must have one'],
    [vector([1, 'NaN']), 'its value is no number'],
    [vector([1, '+Inf']), 'its value is no number'],
    [vector([1, '']), 'its value is no number'],
    [vector([1, 2]), 'its value is no number'],
    [vector('x'), 'its value is no number'],
    ['{"status":"success","data":{"resultType":"vector","result":[null]}}', 'its value is no number'],
  ] as const)
    assert.equal(why(text), says, text);
  assert.equal(why(`{"status":"error","error":"${'x'.repeat(500)}"}`).length, 100);
});
