import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import type { Answer, Program } from '../../host/host.js';
import type { GuardOptions } from './guard-options.js';
import { freeHugeBytes, hostPressure, residentBytes, worstPressure } from './host-readings.js';
import { MetricReader } from './metric-reader.js';
import { TargetGuards } from './target-guards.js';

const psi = (some: number, full: number) =>
  `some avg10=${some.toFixed(2)} avg60=0.00 avg300=0.00 total=0\nfull avg10=${full.toFixed(2)} avg60=0.00 avg300=0.00 total=0\n`;

describe('readings of the host', () => {
  test('are the pressures that it tells, and the worst of some groups', () => {
    const host = new ScriptedHost([]);
    host.texts.clear();
    assert.deepEqual(hostPressure(host), {});
    host.texts.set('/proc/pressure/memory', psi(3, 1));
    assert.deepEqual(hostPressure(host), { memory: { some: 3, full: 1 } });
    host.texts.set('/sys/fs/cgroup/a/memory.pressure', psi(5, 2));
    host.texts.set('/sys/fs/cgroup/b/memory.pressure', psi(4, 3));
    host.texts.set('/sys/fs/cgroup/b/io.pressure', psi(7, 6));
    assert.deepEqual(worstPressure(host, ['/', '/a', '/b', '/c']), {
      memory: { some: 5, full: 3 },
      io: { some: 7, full: 6 },
    });
    assert.equal(worstPressure(host, ['/', '/c']), undefined);
  });

  test('are free huge blocks and resident memory, as far as they can be read', () => {
    const host = new ScriptedHost([]);
    host.texts.delete('/proc/buddyinfo');
    assert.equal(freeHugeBytes(host), undefined);
    host.texts.set('/proc/buddyinfo', 'Node 0, zone Normal 0 0 0 0 0 0 0 0 0 2 1\n');
    assert.equal(freeHugeBytes(host), 4 * 2 ** 21);
    host.texts.set('/proc/7/statm', '100 25 1 1 0 1 0');
    assert.equal(residentBytes(host, [7, 8]), 25 * 4096);
  });
});

/** A host that starts programs which print a text and end. */
function starting(end: number | string, ...pieces: readonly string[]) {
  const host = new ScriptedHost([]);
  const started: string[] = [];
  const signals: string[] = [];
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  host.calls.start = (command, parameters): Answer<Program> => {
    started.push([command, ...parameters].join(' '));
    const output = (async function* () {
      for (const piece of pieces) yield new TextEncoder().encode(piece);
      await over;
    })();
    const program = { pid: 9, output, errors: () => '', write: () => undefined, ended: over.then(() => end) };
    return { ok: true, value: { ...program, signal: (name) => void signals.push(name) } };
  };
  return { host, started, signals, finish };
}

describe('a metric of Prometheus', () => {
  const body = (value: string) =>
    `{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"${value}"]}]}}`;

  /** A host whose Prometheus answers in turn. */
  function answering(...answers: readonly (Answer<string> | undefined)[]) {
    const asked: string[] = [];
    const get = async (url: string, withinMs: number, mostBytes: number) => {
      asked.push(`${url} ${withinMs} ${mostBytes}`);
      return answers[asked.length - 1] ?? new Promise<never>(() => undefined);
    };
    const host = Object.assign(new ScriptedHost([]), { network: { get } as never });
    return { host, asked };
  }

  test('is the last value that came, and why there is none', async () => {
    const refused = { ok: false, error: { errno: 'ETIMEDOUT', call: 'GET' } } as const;
    const { host, asked } = answering({ ok: true, value: body('7') }, refused, { ok: true, value: '{}' });
    const reader = new MetricReader(host, { prometheus: 'http://127.0.0.1:9090/', query: 'a{b="c d"}' });
    const read = async () => {
      reader.read(0, false);
      await turn();
      return reader.read(0, false);
    };
    assert.deepEqual(reader.read(0, true), {
      ...{ value: undefined, problem: 'Prometheus has not answered yet', acted: true },
    });
    await turn();
    assert.deepEqual(reader.read(0, false), { value: 7, acted: false });
    await turn();
    assert.equal((await read()).problem, 'Prometheus: it tells no success');
    assert.equal(asked.length, 4, 'one question at a time');
    assert.equal(asked[0], 'http://127.0.0.1:9090/api/v1/query?query=a%7Bb%3D%22c%20d%22%7D 2000 65536');
  });

  test('may be the control alone, and needs a network', async () => {
    const { host } = answering({ ok: true, value: body('3') });
    host.texts.set('/m', '5');
    const reader = new MetricReader(host, { file: '/m', prometheus: 'http://localhost', controlQuery: 'x' });
    reader.read(0, false);
    await turn();
    assert.deepEqual(reader.read(0, false), { value: 5, control: 3, acted: false });
    const alone = new MetricReader(new ScriptedHost([]), { prometheus: 'http://localhost', query: 'x' });
    alone.read(0, false);
    await turn();
    assert.equal(alone.read(0, false).problem, 'this host has no network');
  });

  test('and a file that is a pipe or a large one are never waited for', () => {
    const host = new ScriptedHost([]);
    host.texts.set('/m', '5');
    const status = { kind: 'other' as const, mode: 0o600, bytes: 0, modifiedMs: 0 };
    host.files.status = () => ({ ok: true, value: status });
    assert.equal(new MetricReader(host, { file: '/m' }).read(0, false).problem, '/m is no small file');
    host.files.status = () => ({ ok: true, value: { ...status, kind: 'file', bytes: 2 ** 20 + 1 } });
    assert.equal(new MetricReader(host, { file: '/m' }).read(0, false).problem, '/m is no small file');
    host.files.status = () => ({ ok: true, value: { ...status, kind: 'file', bytes: 2 ** 20 } });
    assert.equal(new MetricReader(host, { file: '/m' }).read(0, false).value, 5);
  });
});

describe('a metric', () => {
  test('in a file is its last word, or the reason why it is none', () => {
    const host = new ScriptedHost([]);
    const reader = new MetricReader(host, { file: '/m' });
    assert.match(reader.read(0, false).problem ?? '', /\/m cannot be read \(ENOENT\)/);
    host.texts.set('/m', 'p99 12.5\n');
    assert.deepEqual(reader.read(1, true), { value: 12.5, acted: true });
    for (const text of ['', 'fast', '12 ms']) {
      host.texts.set('/m', text);
      assert.match(reader.read(2, false).problem ?? '', /\/m ends with no number/);
    }
  });

  test('has a control at the same moment, which may fail by itself', () => {
    const host = new ScriptedHost([]);
    host.texts.set('/m', '5');
    host.texts.set('/c', '4');
    const reader = new MetricReader(host, { file: '/m', controlFile: '/c' });
    assert.deepEqual(reader.read(0, false), { value: 5, control: 4, acted: false });
    host.texts.delete('/c');
    const { control, problem } = reader.read(0, false);
    assert.ok(Number.isNaN(control));
    assert.match(problem ?? '', /its control: \/c cannot be read/);
  });

  test('of a command is what it printed last; one that hangs is ended, and never two run at once', async () => {
    const { host, started, signals, finish } = starting(0, 'ops 1', '5\n');
    const reader = new MetricReader(host, { command: ['probe', '-x'] });
    assert.match(reader.read(0, false).problem ?? '', /has printed nothing yet/);
    reader.read(5000, false);
    assert.deepEqual([started, signals], [['probe -x'], []]);
    reader.read(5001, false);
    assert.deepEqual(signals, ['SIGKILL']);
    finish();
    await turn();
    assert.equal(reader.read(6000, false).value, 15);
    assert.equal(started.length, 2);
  });

  test('of a command that fails, or cannot be started, has the reason', async () => {
    const { host, finish } = starting(3, '7');
    const reader = new MetricReader(host, { command: ['probe'] });
    reader.read(0, false);
    finish();
    await turn();
    assert.match(reader.read(1, false).problem ?? '', /probe ended with 3/);
    host.calls.start = () => ({ ok: false, error: { errno: 'ENOENT', call: 'execve probe' } });
    const absent = new MetricReader(host, { command: ['probe'] });
    assert.match(absent.read(0, false).problem ?? '', /probe cannot be started \(ENOENT\)/);
  });
});

describe('guards of a target', () => {
  const OPTIONS: GuardOptions = {
    pressure: { some: { cpu: 0, memory: 10, io: 0 }, full: { cpu: 0, memory: 0, io: 0 } },
    ...{ freeHuge: 0, lockShare: 0.2, ownCpu: 0, ownMemory: 0, success: 0.9, metric: undefined },
  };
  const shared = (memory: number) => ({ host: { memory: { some: memory, full: 0 } } });

  test('hold while there is pressure, tell each change once, and let go when it is over', () => {
    const guards = new TargetGuards(new ScriptedHost([]), OPTIONS);
    assert.equal(guards.observe(0, shared(1), undefined), false);
    assert.equal(guards.observe(2000, shared(50), undefined), true);
    assert.deepEqual([guards.decision.state, guards.decision.mayAct], ['holding', false]);
    assert.equal(guards.observe(4000, shared(50), undefined), false);
    assert.equal(guards.observe(6000, shared(0), undefined), true);
    assert.equal(guards.decision.mayAct, true);
  });

  test('stop when steps are not met, by what turns did since the last reading', () => {
    const guards = new TargetGuards(new ScriptedHost([]), OPTIONS);
    guards.observe(0, shared(0), undefined);
    guards.note({ acted: true, met: 10, notMet: 5, heldNs: 0 });
    guards.note({ acted: false, met: 5, notMet: 5, heldNs: 0 });
    guards.observe(2000, shared(0), undefined);
    assert.equal(guards.decision.state, 'backing-off');
    assert.equal(guards.state.stops.length, 1);
  });

  test('stop when locks were held for too long, and when a turn failed', () => {
    const guards = new TargetGuards(new ScriptedHost([]), OPTIONS);
    guards.observe(0, shared(0), undefined);
    guards.note({ acted: true, met: 1, notMet: 0, heldNs: 1e9 });
    guards.observe(2000, shared(0), undefined);
    assert.match(guards.decision.why[0], /locks were held for 50 %/);
    const others = new TargetGuards(new ScriptedHost([]), OPTIONS, guards.state);
    others.observe(3000, shared(0), undefined);
    assert.equal(others.decision.state, 'backing-off', 'a restart is no way around it');
    const failing = new TargetGuards(new ScriptedHost([]), OPTIONS);
    failing.fail(5, 'it broke');
    assert.match(failing.decision.why[0], /backing off for another 300 s: it broke/);
  });

  test('learn a metric before anything is done', () => {
    const host = new ScriptedHost([]);
    host.texts.set('/m', '5');
    const metric = { name: 'p99', worse: 'higher' as const, margin: 0.1, source: { file: '/m' } };
    const guards = new TargetGuards(host, { ...OPTIONS, metric });
    guards.observe(0, shared(0), undefined);
    assert.match(guards.decision.why[0], /learning what p99 does by itself/);
  });
});
