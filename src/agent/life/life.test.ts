import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { NO_STOPS, stopped } from '../../guards/back-off.js';
import { Allowance } from './allowance.js';
import { ClockWatch } from './clock-watch.js';
import { OwnCpu } from './own-cpu.js';
import { keepLives, readLives } from './state-file.js';
import { readStatus } from './status.js';
import { TargetLife } from './target-life.js';

const NONE = {
  blocksPerMinute: 0,
  blocksPerHour: 0,
  bytesPerMinute: 0,
  bytesPerHour: 0,
  lockPerMinute: 0,
  lockPerHour: 0,
};

describe('an allowance', () => {
  test('leaves what a minute and an hour have not used', () => {
    const allowance = new Allowance();
    const budgets = { ...NONE, blocksPerMinute: 10, blocksPerHour: 12, bytesPerHour: 100, lockPerMinute: 5 };
    allowance.note(0, { blocks: 4, bytes: 40, lockMs: 2 });
    assert.deepEqual(allowance.left(0, budgets), { blocks: 6, bytes: 60, lockMs: 3 });
    allowance.note(30_000, { blocks: 6, bytes: 70, lockMs: 4 });
    assert.deepEqual(allowance.left(30_000, budgets), { blocks: 0, bytes: 0, lockMs: 0 });
    assert.deepEqual(allowance.left(59_999, budgets), { blocks: 0, bytes: 0, lockMs: 0 });
    assert.deepEqual(allowance.left(60_000, budgets), { blocks: 2, bytes: 0, lockMs: 1 });
    assert.deepEqual(allowance.left(3_600_000, budgets), { blocks: 6, bytes: 30, lockMs: 5 });
    assert.deepEqual(allowance.left(3_700_000, budgets), { blocks: 10, bytes: 100, lockMs: 5 });
  });

  test('is endless without bounds, and keeps no more than an hour holds', () => {
    const allowance = new Allowance();
    for (let at = 0; at < 10_000; at++) allowance.note(at * 1000, { blocks: 1, bytes: 1, lockMs: 1 });
    const left = allowance.left(10_000_000, NONE);
    assert.deepEqual(left, { blocks: Infinity, bytes: Infinity, lockMs: Infinity });
    assert.ok(allowance.entries(10_000_000).length <= 720, String(allowance.entries(10_000_000).length));
  });

  test('takes no note of nothing, and puts acts together at the later time', () => {
    const allowance = new Allowance();
    allowance.note(0, { blocks: 0, bytes: 0, lockMs: 0 });
    assert.deepEqual(allowance.entries(0), []);
    allowance.note(0, { blocks: 1, bytes: 2, lockMs: 3 });
    allowance.note(4999, { blocks: 1, bytes: 2, lockMs: 3 });
    allowance.note(9999, { blocks: 1, bytes: 0, lockMs: 0 });
    assert.deepEqual(allowance.entries(9999), [
      { atMs: 4999, blocks: 2, bytes: 4, lockMs: 6 },
      { atMs: 9999, blocks: 1, bytes: 0, lockMs: 0 },
    ]);
  });
});

const DAY = 86_400_000;

describe('own CPU time', () => {
  const withCpu = () => {
    const host = new ScriptedHost([]);
    const set = (ticks: number) =>
      host.texts.set(
        `/proc/${host.identity.pid}/stat`,
        `1 (a b) R 1 1 1 0 -1 0 0 0 0 0 ${ticks} 2 0 0 20 0 1 0 9 0 0`,
      );
    set(0);
    return { host, set };
  };

  test('that is overdrawn is waited for, at the share', () => {
    const { host, set } = withCpu();
    const own = new OwnCpu(host, () => 0.01);
    assert.equal(own.waitMs(0), 0);
    set(300);
    // 2 s of credit for the start, and 20 ms that were there at the beginning; a tenth of the share is for what lies beside turns.
    const waitMs = own.waitMs(0);
    assert.ok(Math.abs(waitMs - 102_000 / 0.9) < 1, String(waitMs));
    assert.equal(own.totalMs, 3020);
    assert.ok(Math.abs(own.waitMs(waitMs / 2) - waitMs / 2) < 1);
    assert.equal(own.waitMs(waitMs + 1), 0);
  });

  test('is saved for some minutes and no longer, and that of others counts', () => {
    const { host, set } = withCpu();
    host.texts.set('/proc/77/stat', '77 (x) R 1 1 1 0 -1 0 0 0 0 0 10 0 0 0 20 0 1 0 9 0 0');
    const own = new OwnCpu(
      host,
      () => 0.5,
      () => [77],
    );
    own.waitMs(0);
    assert.equal(own.totalMs, 120);
    own.waitMs(3_600_000);
    set(20_000);
    const waitMs = own.waitMs(3_600_000);
    assert.ok(Math.abs(waitMs - (200_000 - 135_000) / 0.45) < 1, String(waitMs));
    host.texts.delete('/proc/77/stat');
    own.waitMs(3_600_000);
    assert.equal(own.totalMs, 200_120);
  });
});

test('a jump of the wall clock is told once, in both directions, and small corrections are not', () => {
  const host = new ScriptedHost([]);
  let wall = 1e12;
  host.clock.wallMs = () => wall + host.nowNs / 1e6;
  const watch = new ClockWatch(host.clock);
  host.nowNs += 1e12;
  assert.equal(watch.look(), 0);
  wall += 4999;
  assert.equal(watch.look(), 0);
  wall += 31_536_000_000;
  assert.equal(Math.round(watch.look()), 31_536_000_000);
  assert.equal(watch.look(), 0);
  wall -= 6000;
  assert.equal(Math.round(watch.look()), -6000);
});

describe('the state on disk', () => {
  const life = () => {
    const one = new TargetLife('a', stopped(NO_STOPS, 0, 'why'));
    one.allowance.note(0, { blocks: 3, bytes: 4, lockMs: 5 });
    one.add({ turns: 2, returnedBytes: 7 });
    return one;
  };

  test('is what it was at the next start, with its times', () => {
    const host = new ScriptedHost([]);
    assert.equal(keepLives(host, '/state', [life()]), undefined);
    host.nowNs += 30e9;
    const { lives, notes } = readLives(host, '/state');
    const found = lives.get('a');
    assert.deepEqual([notes, found?.backOff], [[], { stops: [{ atMs: 0, why: 'why' }], untilMs: 300_000 }]);
    assert.deepEqual(found?.allowance.entries(30_000), [{ atMs: 0, blocks: 3, bytes: 4, lockMs: 5 }]);
    assert.deepEqual([found?.totals.turns, found?.totals.returnedBytes, found?.totals.met], [2, 7, 0]);
  });

  test('binds no longer than it may after the clock was set back or ahead by a year', () => {
    const year = 365 * DAY;
    for (const jump of [-year, year]) {
      const host = new ScriptedHost([]);
      let wall = 1e12;
      host.clock.wallMs = () => wall + host.nowNs / 1e6;
      keepLives(host, '/state', [life()]);
      wall += jump;
      Object.assign(host.identity, { bootId: 'another' });
      const found = readLives(host, '/state').lives.get('a');
      assert.ok(found !== undefined && found.backOff.untilMs <= DAY, String(found?.backOff.untilMs));
      assert.ok(found.backOff.stops.every(({ atMs }) => atMs <= 1));
      assert.ok(found.allowance.entries(0).every(({ atMs }) => atMs <= 1));
    }
  });

  test('binds as before within a boot, whatever the clock was set to', () => {
    for (const jump of [-365 * DAY, 365 * DAY]) {
      const host = new ScriptedHost([]);
      let wall = 1e12;
      host.clock.wallMs = () => wall + host.nowNs / 1e6;
      keepLives(host, '/state', [life()]);
      wall += jump;
      host.nowNs += 30e9;
      const found = readLives(host, '/state').lives.get('a');
      assert.deepEqual(found?.backOff, { stops: [{ atMs: 0, why: 'why' }], untilMs: 300_000 });
      assert.deepEqual(
        found?.allowance.entries(30_000).map(({ atMs }) => atMs),
        [0],
      );
    }
  });

  test('that is damaged, or of a later version, is set aside and told', () => {
    for (const text of [
      '{',
      '{}',
      '{"octavo":"agent-state","version":99}',
      '{"octavo":"agent-state","version":1,"targets":5}',
      'null',
    ]) {
      const host = new ScriptedHost([]);
      host.texts.set('/state/agent.json', text);
      const { lives, notes } = readLives(host, '/state');
      assert.equal(lives.size, 0);
      assert.match(notes[0], /\/state\/agent.json is .*begin anew; \/state\/agent.json.damaged keeps it/);
      assert.equal(host.texts.get('/state/agent.json.damaged'), text);
    }
    const full = new ScriptedHost([]);
    full.texts.set('/state/agent.json', '{');
    full.full = true;
    assert.match(readLives(full, '/state').notes[0], /it could not be set aside \(ENOSPC\)/);
  });

  test('of an older version is upgraded, one version after the other', () => {
    const host = new ScriptedHost([]);
    host.texts.set('/state/agent.json', '{"octavo":"agent-state","version":-1}');
    const upgraders = {
      [-1]: (older: Record<string, unknown>) => ({ ...older, version: 0 }),
      0: (older: Record<string, unknown>) => ({ ...older, version: 1, targets: {} }),
    };
    assert.deepEqual(readLives(host, '/state', upgraders).notes, []);
    assert.match(readLives(host, '/state').notes[0], /is of version -1/);
  });

  test('that is absent is nothing to tell, one that cannot be read or written is', () => {
    const host = new ScriptedHost([]);
    assert.deepEqual(readLives(host, '/state').notes, []);
    host.texts.set('/state/agent.json', '{}');
    host.unreadable.set('/state/agent.json', 'EACCES');
    assert.match(readLives(host, '/state').notes[0], /cannot be read \(EACCES\)/);
    host.full = true;
    assert.match(keepLives(host, '/state', [life()]) ?? '', /agent.json cannot be written \(ENOSPC\)/);
  });
});

test('a status that is absent, no status, or not for this user is refused with the reason', () => {
  const host = new ScriptedHost([]);
  const fails = (code: string, message: RegExp) =>
    assert.throws(
      () => readStatus(host, '/run'),
      (problem: Error & { code?: string }) => problem.code === code && message.test(problem.message),
    );
  fails('AGENT_ABSENT', /there is no \/run\/status.json/);
  host.texts.set('/run/status.json', '{');
  fails('AGENT_ABSENT', /is no status/);
  host.texts.set('/run/status.json', '{}');
  fails('AGENT_ABSENT', /is no status/);
  host.unreadable.set('/run/status.json', 'EACCES');
  fails('PERMISSION', /EACCES/);
});
