/** What is said of a block in two recordings at the very ends of its interval. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { compareMaps, type HeatChange, ratioBounds } from './compare.js';
import { HotMapBuilder } from './hot-map-builder.js';

const ALL = 1000;

function mapOf(samples: number) {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  builder.addCount(3, samples, samples);
  builder.addBlock(5);
  return builder.build([SUB_PAGE_ORIGIN]);
}

const compared = (before: number, after: number, factor: number) =>
  compareMaps(mapOf(before), mapOf(after), { before: ALL, after: ALL }, { factor, sparseBelow: 0.1 });
const changeOf = (before: number, after: number, factor: number): HeatChange =>
  compared(before, after, factor)[0].heat;
const boundsOf = (before: number, after: number) =>
  ratioBounds({ samples: before, of: ALL }, { samples: after, of: ALL });

/** Numbers of samples for which 1 / (1 / bound) is the bound itself, so that a factor can meet it. */
function* exact(of: 'low' | 'high'): Generator<readonly [before: number, after: number, bound: number]> {
  for (let before = 100; before < 160; before++) {
    const bound = boundsOf(before, 60)[of];
    if (1 / (1 / bound) === bound) yield [before, 60, bound];
  }
}

test('hotter is at least the factor, colder at most one part of it', () => {
  const { low } = boundsOf(60, 200);
  assert.equal(changeOf(60, 200, low), 'hotter');
  assert.equal(changeOf(60, 200, low * 1.000001), 'unknown');
  let met = 0;
  for (const [before, after, high] of exact('high')) {
    if (high >= 1) continue;
    met++;
    assert.equal(changeOf(before, after, 1 / high), 'colder');
    assert.notEqual(changeOf(before, after, 1.000001 / high), 'colder');
  }
  assert.ok(met > 0);
});

test('the same is surely less than the factor either way', () => {
  const { low, high } = boundsOf(200, 210);
  assert.ok(low > 1 / high);
  assert.equal(changeOf(200, 210, high), 'unknown');
  assert.equal(changeOf(200, 210, high * 1.000001), 'same');
  let met = 0;
  for (const [before, after, bound] of exact('low')) {
    met++;
    assert.equal(changeOf(before, after, 1 / bound), 'unknown');
    assert.equal(changeOf(before, after, 1.000001 / bound), 'same');
  }
  assert.ok(met > 0);
  assert.equal(changeOf(300, 200, 1.4), 'unknown', 'low is too low, high is not');
});

test('a block with one sample in all is compared, one without any is not', () => {
  assert.deepEqual(
    compared(0, 1, 2).map(({ block }) => block),
    [0],
  );
  assert.deepEqual(
    compared(1, 0, 2).map(({ block }) => block),
    [0],
  );
  assert.deepEqual(compared(0, 0, 2), []);
});

test('one sample bounds the ratio from one side; none bounds nothing, even of empty files', () => {
  const one = boundsOf(0, 1);
  assert.ok(one.low > 0 && one.high === Number.POSITIVE_INFINITY);
  const gone = boundsOf(1, 0);
  assert.ok(gone.low === 0 && gone.high < Number.POSITIVE_INFINITY);
  const nothing = { samples: 0, of: 0 };
  assert.deepEqual(ratioBounds(nothing, nothing), { low: 0, high: Number.POSITIVE_INFINITY });
});
