/** Guards of what acting costs, and what their stops lead to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_STOPS, settled, stopped, USUAL_BACK_OFF, waitingBecause } from './back-off.js';
import type { Guard, GuardReading, Verdict } from './guard.js';
import { Guards } from './guards.js';
import { FreeBlocksGuard, LockTimeGuard, OverheadGuard, SuccessGuard } from './host-guards.js';
import { PressureGuard } from './pressure.js';
import { Windowed } from './windowed.js';

const MIB = 1024 * 1024;
const how = ({ objections }: Verdict) => objections.map((one) => one.how);
const why = ({ objections }: Verdict) => objections.map((one) => one.why).join('; ');

describe('pressure', () => {
  const memory = (some: number | undefined, full?: number): GuardReading => ({
    host: { memory: { some, full } },
    cgroup: {},
  });

  test('above a bound stands in the way, and goes on to until it is well below', () => {
    const guard = new PressureGuard();
    assert.deepEqual(how(guard.observe(0, memory(10))), []);
    assert.match(
      why(guard.observe(1, memory(10.1))),
      /^memory pressure of the host \(PSI some avg10\) is 10.1 %, bound is 10 %$/,
    );
    assert.deepEqual(how(guard.observe(2, memory(8.1))), ['hold']);
    assert.deepEqual(how(guard.observe(3, memory(8))), []);
    assert.deepEqual(how(guard.observe(4, memory(9))), []);
  });

  test('of each scope, resource and kind is judged by itself', () => {
    const guard = new PressureGuard();
    const all = { some: 100, full: 100 };
    const found = guard.observe(0, { host: { cpu: all, memory: all, io: all }, cgroup: { io: all } });
    assert.deepEqual(
      found.objections.map((one) => one.why.replace(/ is 100.*/, '')),
      [
        'cpu pressure of the host (PSI some avg10)',
        'memory pressure of the host (PSI some avg10)',
        'memory pressure of the host (PSI full avg10)',
        'io pressure of the host (PSI some avg10)',
        'io pressure of the host (PSI full avg10)',
        'io pressure of its cgroup (PSI some avg10)',
        'io pressure of its cgroup (PSI full avg10)',
      ],
    );
    assert.deepEqual(found.blind, []);
  });

  test('that is not known is told, and is no reason to wait', () => {
    const guard = new PressureGuard();
    assert.deepEqual(guard.observe(0, {}).blind, [
      'the pressure of the host is not known',
      'the pressure of its cgroup is not known',
    ]);
    assert.deepEqual(guard.observe(0, memory(undefined, undefined)), { objections: [], blind: [] });
    assert.deepEqual(how(guard.observe(0, memory(Number.NaN))), []);
  });
});

describe('free huge blocks', () => {
  test('below the bound stand in the way; none asked for, or none known, do not', () => {
    const guard = new FreeBlocksGuard(128 * MIB);
    assert.deepEqual(guard.observe(0, { freeHugeBytes: 128 * MIB }), { objections: [], blind: [] });
    assert.equal(
      why(guard.observe(0, { freeHugeBytes: 127.9 * MIB })),
      '127 MiB are free in huge blocks, bound is 128 MiB',
    );
    assert.deepEqual(how(new FreeBlocksGuard(0).observe(0, { freeHugeBytes: 0 })), []);
    assert.equal(guard.observe(0, {}).blind.length, 1);
    assert.equal(new FreeBlocksGuard(0).observe(0, {}).blind.length, 0);
  });
});

describe('lock time', () => {
  const held = (ms: number, overMs: number): GuardReading => ({
    lock: { heldNs: ms * 1e6, overNs: overMs * 1e6 },
  });

  test('beyond its share of the last minute is a stop, told once', () => {
    const guard = new LockTimeGuard(0.1);
    assert.deepEqual(how(guard.observe(0, held(100, 1000))), []);
    assert.match(
      why(guard.observe(1000, held(101, 1000))),
      /were held for 10\.1 % of the last 2 s, bound is 10 %$/,
    );
    assert.deepEqual(how(guard.observe(2000, held(0, 1000))), []);
  });

  test('of less than a second says nothing, nor does what is older than a minute', () => {
    const guard = new LockTimeGuard(0.1);
    assert.deepEqual(how(guard.observe(0, held(900, 999))), []);
    assert.deepEqual(how(guard.observe(60_000, held(1, 1000))), []);
    assert.deepEqual(how(new LockTimeGuard(0.1).observe(0, held(900, 1000))), ['stop']);
    assert.deepEqual(how(new LockTimeGuard(0).observe(0, held(900, 1000))), []);
    assert.equal(guard.observe(0, {}).blind.length, 1);
    assert.equal(new LockTimeGuard(0).observe(0, {}).blind.length, 0);
  });
});

describe('its own overhead', () => {
  const own = (share: number, residentBytes = 0): GuardReading => ({
    own: { cpuNs: share * 30e9, overNs: 30e9, residentBytes },
  });
  const guard = () => new OverheadGuard({ cpu: 0.05, residentBytes: 100 * MIB });

  test('of CPU beyond the bound is a reason to wait, far beyond it one to stop', () => {
    assert.deepEqual(how(guard().observe(0, own(0.05))), []);
    assert.deepEqual(how(guard().observe(0, own(0.06))), ['hold']);
    assert.deepEqual(how(guard().observe(0, own(0.1))), ['hold']);
    const one = guard();
    assert.match(
      why(one.observe(0, own(0.101))),
      /^the agent took 10.1 % of a CPU in the last 30 s, bound is 5 %$/,
    );
    assert.deepEqual(how(one.observe(1, own(0))), [], 'a stop is told once');
  });

  test('of memory is a stop; neither bound need be', () => {
    assert.deepEqual(how(guard().observe(0, own(0, 100 * MIB))), []);
    assert.equal(
      why(guard().observe(0, own(0, 101 * MIB))),
      'the agent has 101 MiB of memory, bound is 100 MiB',
    );
    const none = new OverheadGuard({ cpu: 0, residentBytes: 0 });
    assert.deepEqual(how(none.observe(0, own(1, 1e12))), []);
    assert.equal(none.observe(0, {}).blind.length, 1);
  });

  test('of a short time says nothing yet', () => {
    const short = { own: { cpuNs: 10e9, overNs: 29e9, residentBytes: 0 } };
    assert.deepEqual(how(guard().observe(0, short)), []);
  });
});

describe('success', () => {
  const met = (one: number, notMet: number): GuardReading => ({ verdicts: { met: one, notMet } });

  test('below nine in ten of the last steps is a stop, from twenty on', () => {
    const guard = new SuccessGuard();
    assert.deepEqual(how(guard.observe(0, met(9, 10))), []);
    assert.match(
      why(guard.observe(1, met(0, 1))),
      /^9 of the last 20 steps were met \(45 %\), bound is 90 %$/,
    );
    assert.deepEqual(how(guard.observe(2, met(0, 19))), [], 'what led to a stop is forgotten');
    assert.deepEqual(how(new SuccessGuard().observe(0, met(18, 2))), []);
    assert.deepEqual(how(new SuccessGuard().observe(0, met(17, 3))), ['stop']);
  });

  test('is of the last fifty steps within an hour, whatever became of the clock', () => {
    const guard = new SuccessGuard();
    for (let turn = 0; turn < 6; turn++) guard.observe(turn, met(10, 0));
    assert.deepEqual(how(guard.observe(7, met(5, 5))), [], '45 of 50');
    assert.deepEqual(how(guard.observe(8, met(9, 1))), ['stop'], '44 of 50');
    const early = new SuccessGuard();
    early.observe(0, met(0, 10));
    assert.deepEqual(how(early.observe(3_600_000, met(10, 0))), []);
    assert.deepEqual(how(early.observe(-3_600_001, met(0, 10))), [], 'of a clock that was set back');
    assert.deepEqual(how(early.observe(-3_600_000, met(0, 10))), ['stop']);
    assert.deepEqual(how(early.observe(-3_600_000, {})), []);
  });
});

describe('a part of a whole', () => {
  test('leaves out what is no number, and forgets what is old or of another clock', () => {
    const window = new Windowed(100);
    window.add(0, 1, 10);
    window.add(0, Number.NaN, 10);
    window.add(0, 1, Number.POSITIVE_INFINITY);
    window.add(0, -1, 10);
    assert.deepEqual(window.sums(), { part: 1, whole: 10 });
    window.add(99, 1, 10);
    assert.deepEqual(window.sums(), { part: 2, whole: 20 });
    window.add(100, 1, 10);
    assert.deepEqual(window.sums(), { part: 2, whole: 20 });
    window.add(-50, 1, 10);
    assert.deepEqual(window.sums(), { part: 1, whole: 10 });
    for (let entry = 0; entry < 600; entry++) window.add(0, 1, 1);
    assert.deepEqual(window.sums(), { part: 512, whole: 512 });
    window.clear();
    assert.deepEqual(window.sums(), { part: 0, whole: 0 });
  });
});

describe('back-off', () => {
  const { firstMs, longestMs, memoryMs } = USUAL_BACK_OFF;

  test('is twice as long each time, and then only watching', () => {
    let state = NO_STOPS;
    let now = 0;
    for (const pause of [1, 2, 4]) {
      state = stopped(state, now, `stop ${pause}`);
      assert.equal(state.untilMs - now, pause * firstMs);
      assert.equal(
        waitingBecause(state, now),
        `backing off for another ${(pause * firstMs) / 1000} s: stop ${pause}`,
      );
      now = state.untilMs;
      assert.equal(waitingBecause(state, now), undefined);
    }
    state = stopped(state, now, 'once more');
    assert.match(waitingBecause(state, now + 1e12) ?? '', /^only watched since 4 stops: once more; /);
    assert.equal(stopped(state, now + 1e12, 'again'), state);
  });

  test('is no longer for a stop that comes meanwhile', () => {
    const state = stopped(NO_STOPS, 0, 'one');
    assert.equal(stopped(state, firstMs - 1, 'two'), state);
    assert.equal(stopped(state, firstMs, 'two').stops.length, 2);
  });

  test('forgets stops after a day, and is bounded', () => {
    const state = stopped(NO_STOPS, 0, 'one');
    assert.equal(stopped(state, memoryMs - 1, 'two').stops.length, 2);
    assert.deepEqual(stopped(state, memoryMs, 'two').stops, [{ atMs: memoryMs, why: 'two' }]);
    const options = { ...USUAL_BACK_OFF, most: 20, memoryMs: 100 * memoryMs };
    let many = NO_STOPS;
    for (let at = 0; at < 12; at++) many = stopped(many, many.untilMs, 'so', options);
    assert.equal(many.untilMs - (many.stops.at(-1)?.atMs ?? 0), longestMs);
  });

  test('does not last for ever when the clock is set back', () => {
    const state = stopped(NO_STOPS, 1e12, 'then');
    const now = settled(state, 0);
    assert.equal(now.untilMs, longestMs);
    assert.deepEqual(now.stops, [{ atMs: 0, why: 'then' }]);
    assert.equal(settled(state, 1e12).untilMs, state.untilMs);
    assert.match(waitingBecause({ stops: [], untilMs: 5000 }, 0) ?? '', /5 s: it was stopped/);
  });
});

describe('all guards', () => {
  const saying = (name: string, said: (() => Verdict['objections'])[]): Guard => {
    let at = 0;
    return { name, observe: () => ({ objections: said[at++]?.() ?? [], blind: [`${name} is blind`] }) };
  };
  const one = (kind: 'hold' | 'stop') => () => [{ guard: 'x', how: kind, why: `a ${kind}` }] as const;
  const none = () => [];

  test('let act only when none objects, and see every reading', () => {
    const guards = new Guards([
      saying('one', [none, one('hold'), none]),
      saying('two', [none, none, one('stop')]),
    ]);
    const clear = guards.observe(0, {});
    assert.deepEqual([clear.state, clear.mayAct, clear.why], ['clear', true, []]);
    assert.deepEqual(clear.blind, ['one is blind', 'two is blind']);
    const held = guards.observe(1, {});
    assert.deepEqual([held.state, held.mayAct, held.why], ['holding', false, ['a hold']]);
    const stop = guards.observe(2, {});
    assert.deepEqual([stop.state, stop.mayAct], ['backing-off', false]);
    assert.deepEqual(stop.why, ['backing off for another 300 s: a stop', 'a stop']);
    assert.deepEqual(guards.observe(3, {}).why, ['backing off for another 300 s: a stop']);
    assert.equal(guards.observe(2 + USUAL_BACK_OFF.firstMs, {}).state, 'clear');
  });

  test('keep their state over a restart, until a person forgives', () => {
    const options = { ...USUAL_BACK_OFF, most: 1 };
    const before = new Guards([saying('one', [one('stop')])], NO_STOPS, options);
    assert.equal(before.observe(0, {}).state, 'observe-only');
    const after = new Guards([], before.state, options);
    assert.equal(after.observe(1e12, {}).state, 'observe-only');
    after.forgive();
    assert.equal(after.observe(1e12, {}).state, 'clear');
  });
});
