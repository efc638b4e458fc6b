/** What was spent is spent for an hour, however many runs come after it and whatever the wall clock is set to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grant } from '../../../test/support/grants.js';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { Allowance } from './allowance.js';

const HOUR_NS = 3600e9;
const grantOf = (name: string) => grant({ name, bytesPerHour: 100, pauseMs: 1000 });

test('many small runs make nobody forget the bytes of a large one', () => {
  const host = new ScriptedHost([9]);
  const atMs = host.clock.wallMs();
  const many = Array.from({ length: 4095 }, () => ({ target: 'many', atMs, bytes: 0 }));
  const spent = [{ target: 'alone', atMs, bytes: 60 }, { target: 'many', atMs, bytes: 7 }, ...many.slice(1)];
  host.texts.set('/state/allowance.json', JSON.stringify({ octavo: 'allowance', version: 1, spent }));
  const allowance = new Allowance(host);
  for (let run = 0; run < 3; run++) allowance.begin('many', 1);
  const left = (one: Allowance) => [one.bytesLeft(grantOf('alone')), one.bytesLeft(grantOf('many'))];
  assert.deepEqual(left(allowance), [40, 90]);
  assert.deepEqual(left(new Allowance(host)), [40, 90], 'nor is the file too long to be read');
  host.nowNs += HOUR_NS;
  assert.deepEqual(left(allowance), [100, 100]);
});

test('an hour is an hour while the wall clock is set ahead and back', () => {
  const host = new ScriptedHost([9]);
  const { wallMs } = host.clock;
  let setByMs = 0;
  host.clock.wallMs = () => wallMs() + setByMs;
  const allowance = new Allowance(host);
  allowance.begin('db', 60);
  const left = () => [
    allowance.bytesLeft(grantOf('db')),
    Math.round(allowance.pauseLeftMs(grantOf('db')) / 10) * 10,
  ];
  for (const years of [1, -1, 0]) {
    setByMs = years * 365 * 86_400_000;
    assert.deepEqual(left(), [40, 1000], `${years}`);
  }
  host.nowNs += 400e6;
  setByMs = 86_400_000;
  assert.deepEqual(left(), [40, 600]);
  host.nowNs += HOUR_NS;
  assert.deepEqual(left(), [100, 0]);
});
