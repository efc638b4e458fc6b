import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseCgroup,
  parseCpus,
  parseNames,
  parseTimeRange,
  SAMPLE_CHOICES,
  wishOf,
} from './sample-choices.js';

test('time ranges as perf spells them', () => {
  const moment = (ns: number) => ({ kind: 'moment', ns });
  const share = (part: number) => ({ kind: 'share', share: part });
  assert.deepEqual(parseTimeRange('12.5,20'), { from: moment(12.5e9), to: moment(20e9) });
  assert.deepEqual(parseTimeRange('7805.058617123,'), { from: moment(7805058617123) });
  assert.deepEqual(parseTimeRange(',20'), { to: moment(20e9) });
  for (const text of ['10%-20%', '10%,20%', '10%/2'])
    assert.deepEqual(parseTimeRange(text), { from: share(0.1), to: share(0.2) }, text);
  assert.deepEqual(parseTimeRange('50%,'), { from: share(0.5) });
  for (const text of [
    '',
    ',',
    '-',
    '5',
    'a,b',
    '20,10',
    '20%-10%',
    '10%-120%',
    '50%/3',
    '0%/1',
    '1,2,3',
    '-5,3',
  ])
    assert.throws(() => parseTimeRange(text), SyntaxError, text);
});

test('lists of CPUs and names, and paths of cgroups', () => {
  assert.deepEqual([...parseCpus('0-3,8')], [0, 1, 2, 3, 8]);
  for (const text of ['', '3-1', 'a', '0-9000', '1,'])
    assert.throws(() => parseCpus(text), SyntaxError, text);
  assert.deepEqual([...parseNames('redis-server, bio')], ['redis-server', 'bio']);
  assert.throws(() => parseNames('a,,b'), SyntaxError);
  assert.deepEqual(['/a/', 'cgroup:/a/b', '/'].map(parseCgroup), ['/a', '/a/b', '/']);
  assert.throws(() => parseCgroup('a'), SyntaxError);
  assert.equal(wishOf({ cgroup: [] }), undefined);
  assert.deepEqual(wishOf({ cpu: new Set([1]) }), { cpus: new Set([1]) });
});

test('what a configuration gives is taken when it is of the kind that reading makes', () => {
  const range = { from: { kind: 'share', share: 0 } };
  const isGiven = (field: keyof typeof SAMPLE_CHOICES, value: unknown) =>
    SAMPLE_CHOICES[field].isValue(value as never);
  for (const [
    value,
    isRange,
  ] of [[range, true], [null, false], ['10%', false], [undefined, false], [5, false]] as const) // biome-ignore format: rows
    assert.equal(isGiven('time', value), isRange, String(value));
  for (const name of ['tid', 'comm', 'cpu'] as const) {
    assert.equal(isGiven(name, new Set([1])), true, name);
    for (const other of [[1], '1', undefined]) assert.equal(isGiven(name, other), false, name);
  }
});
