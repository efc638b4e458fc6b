import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { observe } from '../../verification/observe.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { KnownContent } from './known-content.js';

/** What was read of some blocks: sub-pages with data, by row. */
function heatOf(sizes: ReturnType<typeof look>, filled: Readonly<Record<number, number>>): HotMap {
  const { blocks, process } = sizes;
  const byBlock = new Map(Object.entries(filled).map(([row, pages]) => [blocks.block[Number(row)], pages]));
  const block = (number: number) =>
    byBlock.has(number) ? { samples: 0, filled: byBlock.get(number) } : undefined;
  return { process, block, blocks: () => Float64Array.from(byBlock.keys()) } as unknown as HotMap;
}

const look = (host: ScriptedHost) => observe(host, PID).sizes;

test('what earlier turns read of other blocks stands, and what nobody has read is not known', () => {
  const sizes = look(new ScriptedHost([9, 9, 0]));
  const content = new KnownContent();
  assert.equal(content.note('a', [sizes], []), undefined, 'nothing was read');
  assert.equal(content.note('a', [sizes], [heatOf(sizes, { 0: 12 })]), undefined, 'one of two was');
  assert.equal(content.note('a', [sizes], [heatOf(sizes, { 1: 512 })]), 500 * 4096);
  assert.equal(content.note('a', [sizes], [heatOf(sizes, { 0: 112 })]), 400 * 4096, 'the newest holds');
  assert.equal(content.note('b', [sizes], []), undefined, 'each target for itself');
});

test('blocks that are split are forgotten, as is another process with the same pid', () => {
  const content = new KnownContent();
  const before = look(new ScriptedHost([9, 9]));
  assert.equal(content.note('a', [before], [heatOf(before, { 0: 12, 1: 512 })]), 500 * 4096);
  assert.equal(content.note('a', [look(new ScriptedHost([0, 9]))], []), 0);
  assert.equal(content.note('a', [before], []), undefined, 'huge again, and not read since');
  const other = { ...before, process: { ...before.process, startTicks: 1 } };
  assert.equal(content.note('a', [before], [heatOf(before, { 0: 12, 1: 512 })]), 500 * 4096);
  assert.equal(content.note('a', [other], []), undefined);
  assert.equal(content.note('a', [], []), 0);
});
