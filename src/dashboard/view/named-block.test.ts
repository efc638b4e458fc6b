import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NamedBlock } from './named-block.js';

const HERE = '7@0x7f0000000000';
const THERE = '7@0x7f0000200000';

/** A map with these addresses, each on the line where it stands in the list. */
function mapOf(...addresses: readonly string[]): (at: string) => number | undefined {
  return (at) => (addresses.includes(at) ? addresses.indexOf(at) : undefined);
}

const NONE = mapOf();
const NOTHING = { kind: 'nothing' };

describe('the block that a link names', () => {
  test('is asked about once, whatever maps come', () => {
    const named = new NamedBlock();
    assert.deepEqual(named.follow(HERE, mapOf(THERE, HERE), true), { kind: 'ask', line: 1 });
    assert.deepEqual(named.follow(HERE, mapOf(HERE), true), NOTHING);
    assert.deepEqual(named.follow(HERE, NONE, true), NOTHING);
  });

  test('is told once to be missing, and asked about by the first map that has it', () => {
    const named = new NamedBlock();
    const [title, words] = ['0x7f0000000000 is not on the map yet', 'It is told here once it was looked at.'];
    assert.deepEqual(named.follow(HERE, NONE, true), { kind: 'missing', title, words });
    assert.deepEqual(named.follow(HERE, NONE, true), NOTHING);
    assert.deepEqual(named.follow(HERE, mapOf(HERE), true), { kind: 'ask', line: 0 });
    assert.deepEqual(named.follow(HERE, mapOf(HERE), true), NOTHING);
  });

  test('is not promised where the map grows no more', () => {
    const named = new NamedBlock();
    assert.match(JSON.stringify(named.follow(HERE, NONE, true)), /is not on the map yet/);
    const step = named.follow(HERE, NONE, false);
    assert.match(JSON.stringify(step), /"0x7f0000000000 is not on the map","words":"What is shown here/);
    assert.deepEqual(named.follow(HERE, NONE, false), NOTHING);
  });

  test('is another when the link is, also while one is waited for', () => {
    const named = new NamedBlock();
    named.follow(HERE, NONE, true);
    assert.deepEqual(named.follow(THERE, mapOf(THERE), true), { kind: 'ask', line: 0 });
    assert.deepEqual(named.follow(THERE, mapOf(THERE, HERE), true), NOTHING, 'the one before is forgotten');
    assert.deepEqual(named.follow(HERE, mapOf(THERE, HERE), true), { kind: 'ask', line: 1 }, 'back again');
    assert.equal(named.follow(`${HERE}0`, mapOf(HERE), true).kind, 'missing');
    assert.equal(named.follow(`${THERE}0`, mapOf(HERE), true).kind, 'missing', 'of each it is told');
  });

  test('is hidden once the link names none', () => {
    const named = new NamedBlock();
    assert.deepEqual(named.follow(undefined, NONE, true), NOTHING);
    named.follow(HERE, NONE, true);
    assert.deepEqual(named.follow(undefined, mapOf(HERE), true), { kind: 'hide' });
    assert.deepEqual(named.follow(undefined, mapOf(HERE), true), NOTHING);
  });
});

describe('a block that was chosen on the map', () => {
  test('is not asked about again when the link says so, and takes the place of what was waited for', () => {
    const named = new NamedBlock();
    named.follow(HERE, NONE, true);
    named.chosen(THERE);
    assert.deepEqual(named.follow(THERE, mapOf(HERE, THERE), true), NOTHING);
  });

  test('is asked about again by the next map where it was lost', () => {
    const named = new NamedBlock();
    named.chosen(HERE);
    named.lost();
    assert.deepEqual(named.follow(HERE, mapOf(THERE, HERE), true), { kind: 'ask', line: 1 });
    named.lost();
    assert.equal(named.follow(HERE, NONE, true).kind, 'missing');
  });

  test('is gone when the panel is closed', () => {
    const named = new NamedBlock();
    named.follow(HERE, NONE, true);
    named.chosen(undefined);
    assert.deepEqual(named.follow(undefined, mapOf(HERE), true), NOTHING);
  });
});
