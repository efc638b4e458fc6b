import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfSession } from '../../formats/perf-data/session.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { SliceClocks } from './slice-clocks.js';

function session(clock?: { readonly wallNs: bigint; readonly clockNs: bigint }): PerfSession {
  const made = new PerfSession({ geometry: GEOMETRY_4K });
  if (clock !== undefined) made.state.features.clock = clock;
  return made;
}

const of = (...boots: readonly (string | undefined)[]) =>
  boots.map((bootId) => ({ bootId })) as RecordingFacts[];
const WALL = { wallNs: 1_700_000_000_000_000_000n, clockNs: 5_000_000_000n };

test('a recording that says how its clock relates to the wall has wall time, and keeps what it said first', () => {
  const clocks = new SliceClocks();
  const recording = session(WALL);
  assert.equal(clocks.offsetOf(recording), 1_699_999_995_000_000_000);
  recording.state.features.clock = { wallNs: 9n, clockNs: 1n };
  assert.equal(clocks.offsetOf(recording), 1_699_999_995_000_000_000);
  assert.equal(clocks.clock(of(undefined)), 'wall');
});

test('clocks of several recordings are one only by the wall, or within one boot', () => {
  const clockOf = (sessions: readonly PerfSession[], boots: readonly (string | undefined)[]) => {
    const clocks = new SliceClocks();
    for (const each of sessions) clocks.offsetOf(each);
    return clocks.clock(of(...boots));
  };
  assert.equal(clockOf([session()], [undefined]), 'recording');
  assert.equal(clockOf([session(), session()], [undefined, undefined]), 'none');
  assert.equal(clockOf([session(), session()], ['a', 'a']), 'recording');
  assert.equal(clockOf([session(), session()], ['a', 'b']), 'none');
  assert.equal(clockOf([session(WALL), session(WALL)], [undefined, undefined]), 'wall');
  assert.equal(clockOf([session(WALL), session()], ['a', 'a']), 'none');
  // One of the two has no samples of its own clock: a record of DAMON.
  assert.equal(clockOf([session(WALL)], [undefined, undefined]), 'none');
});
