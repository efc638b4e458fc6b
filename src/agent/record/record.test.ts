import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { failure, success } from '../../base/result.js';
import { FIELDS, type Observation, valuesOf } from '../../history/observation.js';
import type { Network, Page, PageServer } from '../../host/host.js';
import type { AgentReading } from '../../metrics/agent-reading.js';
import type { PublishPlaces } from '../../metrics/publisher.js';
import { loadConfiguration } from '../configuration/read.js';
import { parseListenPlace } from '../patterns/listen-place.js';
import type { TurnRecord } from '../turn/turn-record.js';
import { merged, observationOf } from './observations.js';
import { Recorder } from './recorder.js';
import { TurnCounts } from './turn-counts.js';

const host = new ScriptedHost([]);
host.texts.set(
  '/a.yaml',
  'octavo: agent\nversion: 1\ntargets: [{ name: a, match: { unit: x }, act: true, policy: octavo }]\n',
);
const [TARGET] = loadConfiguration(host, '/a.yaml').targets;
const RECORD: TurnRecord = {
  ...{ target: 'a', by: TARGET, atMs: 5, end: 'failed', why: 'it broke', taken: undefined },
  ...{ standing: 'backing-off', cpuMs: 1.5, tookMs: 7 },
};
const observed = (values: Partial<Observation['values']>, target = 'a'): Observation => ({
  ...{ target, atMs: 1, policy: 'chain', state: 'acting', notes: [] },
  values: valuesOf(values),
});

describe('an observation', () => {
  test('of a turn that failed knows its cost and why, and nothing else', () => {
    const observation = observationOf(RECORD);
    assert.deepEqual(observation, {
      ...{ target: 'a', atMs: 5, policy: 'octavo', state: 'backing-off', notes: ['it broke'] },
      values: valuesOf({ ownCpuNs: 1_500_000 }),
    });
  });

  test('says whether the target is acted on', () => {
    const stateOf = (change: Partial<TurnRecord>, act = true) =>
      observationOf({ ...RECORD, ...change, by: { ...TARGET, act } }).state;
    assert.equal(stateOf({ standing: 'observe-only' }), 'stopped');
    assert.equal(stateOf({ standing: 'holding' }), 'backing-off');
    assert.equal(stateOf({ standing: 'clear', end: 'acted' }), 'acting');
    assert.equal(stateOf({ standing: 'clear', end: 'held' }), 'observing');
    assert.equal(stateOf({ standing: 'clear', end: 'observed' }, false), 'observing');
  });

  test('of two turns adds up what happened, and has gauges of the later, as far as they are known', () => {
    const both = merged(
      observed({ splits: 2, hugeBytes: 10, residentBytes: 7 }),
      observed({ splits: 3, hugeBytes: 4 }),
    );
    assert.deepEqual(both.values, valuesOf({ splits: 5, hugeBytes: 4, residentBytes: 7 }));
    assert.equal(FIELDS.splits.nature, 'sum');
  });
});

describe('a recorder', () => {
  const READING: AgentReading = {
    ...{ version: '1', startedAtMs: 0, lastTurnAtMs: null, lastTurnMs: null, turns: 0, turnsFailed: 0 },
    ...{ cpuNs: 0, residentBytes: 0, configOk: true, configLoadedAtMs: 0, targets: 1, guards: [] },
  };
  const recorder = (places: Omit<PublishPlaces, 'healthyMs'>, network?: Network) => {
    const disk = Object.assign(new ScriptedHost([]), network && { network });
    const troubles: (readonly [string, string | undefined])[] = [];
    const made = new Recorder({
      ...{ host: disk, history: undefined, mostTargets: 10, reading: () => READING },
      places: { ...places, healthyMs: 1000 },
      trouble: (what, problem) => void troubles.push([what, problem]),
    });
    return { disk, made, troubles };
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test('serves counters since the start and the last gauges, also of targets without a new turn', async () => {
    const published: (readonly Page[])[] = [];
    let closed = 0;
    const place = parseListenPlace('unix:/run/m.sock');
    const server: PageServer = {
      place,
      publish: (pages) => void published.push(pages),
      ended: new Promise(() => undefined),
      close: async () => void closed++,
    };
    const { made } = recorder(
      { listen: place },
      {
        serve: async () => success(server),
        get: async () => failure({ errno: 'EIO', call: 'GET' }),
        answer: async () => failure({ errno: 'EIO', call: 'listen' }),
        pageFile: () => failure({ errno: 'ENOENT', call: 'open' }),
      },
    );
    await made.publish();
    made.note(observed({ splits: 2, hugeBytes: 10 }));
    made.flush(new Set(['a', 'b']));
    made.note(observed({ splits: 1, hugeBytes: 1 }, 'b'));
    made.flush(new Set(['a', 'b']));
    await settled();
    const [open, plain, healthy] = published.at(-1) ?? [];
    assert.match(plain.body, /octavo_target_splits_total\{target="a"\} 2\n/);
    assert.match(plain.body, /octavo_target_huge_bytes\{target="a"\} 10\n/);
    assert.match(plain.body, /octavo_target_huge_bytes\{target="b"\} 1\n/);
    assert.deepEqual(
      [open.path, open.accepts, plain.accepts, healthy.path, healthy.freshMs],
      ['/metrics', 'application/openmetrics-text', undefined, '/-/healthy', 1000],
    );
    made.note(observed({ hugeBytes: 2 }, 'b'));
    made.flush(new Set(['b']));
    await settled();
    assert.doesNotMatch(published.at(-1)?.[1].body ?? '', /huge_bytes\{target="a"\}/);
    await made.close();
    assert.equal(closed, 1);
  });

  test('writes a file for node_exporter while it runs, and tells when it cannot', async () => {
    const textfile = '/metrics/octavo.prom';
    const { disk, made, troubles } = recorder({ textfile });
    made.note(observed({ splits: 2 }));
    made.flush(new Set(['a']));
    assert.match(disk.texts.get(textfile) ?? '', /octavo_target_splits_total\{target="a"\} 2/);
    await settled();
    assert.deepEqual(troubles.at(-1), ['metrics', undefined]);
    disk.full = true;
    made.flush(new Set(['a']));
    await settled();
    assert.match(troubles.at(-1)?.[1] ?? '', /octavo.prom cannot be written \(ENOSPC\)/);
    await made.close();
    assert.ok(!disk.texts.has(textfile));
  });

  test('counts turns and failures', () => {
    const counts = new TurnCounts();
    counts.add(RECORD);
    counts.add({ ...RECORD, end: 'observed', atMs: 9, tookMs: 3 });
    assert.deepEqual(counts.facts, { turns: 2, turnsFailed: 1, lastTurnAtMs: 9, lastTurnMs: 3 });
  });
});

test('a place to listen at is a socket or a loopback port', () => {
  assert.deepEqual(parseListenPlace('unix:/run/x.sock'), { kind: 'unix', path: '/run/x.sock', mode: 0o660 });
  assert.deepEqual(parseListenPlace('127.0.0.1:0'), { kind: 'tcp', address: '127.0.0.1', port: 0 });
  assert.deepEqual(parseListenPlace('[::1]:65535'), { kind: 'tcp', address: '::1', port: 65_535 });
  for (const text of [
    '0.0.0.0:1',
    'unix:x',
    'unix:',
    '127.0.0.1',
    '127.0.0.1:65536',
    ':9',
    `unix:/${'x'.repeat(107)}`,
  ])
    assert.throws(() => parseListenPlace(text), SyntaxError, text);
  assert.equal(parseListenPlace(`unix:/${'x'.repeat(106)}`).kind, 'unix');
});
