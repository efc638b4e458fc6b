import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LruTimes, seemingEntries } from './lru-times.js';

const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`);

test('an entry is there with the chance that it was used within the time', () => {
  const times = new LruTimes({
    firstEntry: Int32Array.of(0, 2, 3),
    entries: Float64Array.of(0.3, 0.2, 0.5),
    pieces: Float64Array.of(0.5, 0.5),
    blocks: Float64Array.of(1),
  });
  const { hits, entries, piece, block, most } = times.at(4);
  const chance = (share: number) => 1 - Math.exp(-share * 4);
  near(hits[0], 0.3 * chance(0.3) + 0.2 * chance(0.2));
  near(hits[1], 0.5 * chance(0.5));
  near(entries[0], chance(0.3) + chance(0.2));
  near(piece[0], chance(0.5));
  near(block[0], chance(1));
  near(most, chance(0.3) + chance(0.2) + chance(0.5));
  assert.equal(times.at(4), times.at(4), 'known times are kept');
});

test('after any time all that is accessed is there, and nothing else', () => {
  const shares = Float64Array.of(1, 0);
  const times = new LruTimes({
    firstEntry: Int32Array.of(0, 1, 2),
    entries: shares,
    pieces: shares,
    blocks: shares,
  });
  const { entries, block } = times.at(Number.POSITIVE_INFINITY);
  near(entries[0], 1);
  assert.deepEqual([entries[1], block[1]], [0, 0]);
});

test('chance makes a TLB seem larger by about the root of its entries', () => {
  for (const entries of [64, 2112]) {
    const more = seemingEntries(entries) - entries;
    assert.ok(more > Math.sqrt(entries) && more < 2 * Math.sqrt(entries) + 3, `${more} more than ${entries}`);
  }
});
