/** Lines of `perf script` that damo keeps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDamonLine, parseDamonScript } from './perf-script.js';

const REGION = 'kdamond.0 1 [000] 12.000345: damon:damon_aggregated: target_id=0 nr_regions=3 4096-8192: 5';

test('a line is one region, with its age where it tells one', () => {
  const region = { target: '0', endNs: 12_000_345_000, start: 4096, end: 8192, accesses: 5 };
  assert.deepEqual(parseDamonLine(REGION), { ...region, age: undefined });
  assert.deepEqual(parseDamonLine(`${REGION} 7`), { ...region, age: 7 });
  assert.equal(parseDamonLine('something else'), undefined);
});

test('lines of something else are counted; empty ones and comments are not', () => {
  const { regions, otherLines } = parseDamonScript(`# a comment\n\n${REGION}\nodd\n  \nodd again\n`);
  assert.equal(regions.length, 1);
  assert.equal(otherLines, 2);
});
