import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../host/host.js';
import type { Source } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { HeatProvenance, RecordedProcess, RecordingFacts } from '../vocabulary/recording.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import { fadeOf, judgeHeat } from './whose-heat.js';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 10);
/** The machine booted a day ago. */
const BOOT_S = NOW / 1000 - 86_400;

const hostWith = (readText: (path: string) => unknown): Host =>
  ({
    identity: { bootId: 'this-boot' },
    clock: { wallMs: () => NOW },
    files: { readText },
  }) as unknown as Host;

const HOST = hostWith(() => ({ ok: true, value: `cpu 1 2\nbtime ${BOOT_S}\nprocesses 9\n` }));

/** Started an hour after boot. */
const DB: ProcessIdentity = { pid: 7, startTicks: 360_000, command: 'db', cgroup: '/' };
const WEB: ProcessIdentity = { pid: 8, startTicks: 360_000, command: 'web', cgroup: '/' };

const ORIGIN: SampleOrigin = {
  source: 'heat-file',
  detail: 'a.parquet',
  tells: 'heat',
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  nature: 'all-accesses',
  ...COMPLETE,
  windowNs: undefined,
};

function recorded(more: Partial<RecordingFacts> = {}): RecordingFacts {
  return {
    name: 'perf.data',
    fingerprint: 'f1',
    sketch: ['00a', '00b'],
    samples: 2,
    event: 'e',
    period: 1,
    nature: 'all-accesses',
    unseenShare: 0,
    span: { fromMs: NOW - 2 * HOUR, toMs: NOW - HOUR, isExact: true },
    bootId: undefined,
    host: '',
    kernel: '',
    cpu: '',
    ...more,
  };
}

function sourceOf(
  recordings: readonly RecordingFacts[],
  processes: readonly RecordedProcess[] = [],
  more: Partial<HeatProvenance> = {},
  detail = 'a.parquet',
): Source {
  return {
    name: 'heat-file',
    origin: { ...ORIGIN, detail },
    async *read() {},
    account: () => ({ losses: {}, bytesRead: 0, notes: [] }),
    provenance: () => ({ recordings, processes, unknown: '', ...more }),
  };
}

const was = (command: string, startTicks?: number): RecordedProcess => ({ pid: 7, command, startTicks });
const refusal = (code: string, words: RegExp) => (problem: unknown) => {
  assert.ok(problem instanceof OctavoError);
  assert.equal(problem.code, code);
  assert.match(problem.message, words);
  return true;
};

test('heat of the same process is used, and fades by half in a half-life', () => {
  const judged = judgeHeat(HOST, [sourceOf([recorded()], [was('db', DB.startTicks)])], [DB], HOUR);
  assert.equal(judged.origins[0].fade, 0.5);
  assert.equal(judged.without.size, 0);
  assert.match(
    judged.notes.join(),
    /recorded 1 h ago \(until 2026-01-09T23:00:00Z\); at a half-life of 1 h it still weighs 50\.0 %/,
  );
  assert.equal(fadeOf(0, HOUR), 1);
  assert.equal(fadeOf(3 * HOUR, HOUR), 0.125);
});

test('a source of this moment has no age, and no need to know when the machine booted', () => {
  const blind = hostWith(() => assert.fail('nothing is read'));
  const { provenance: _, ...live } = sourceOf([]);
  const judged = judgeHeat(blind, [live], [DB], HOUR);
  assert.deepEqual([judged.origins[0].fade, judged.notes], [1, []]);
});

test('the time of a file bounds an age from below; without any time that is said', () => {
  const span = { fromMs: undefined, toMs: NOW - 2 * 86_400_000 + 4 * HOUR + 40 * HOUR, isExact: false };
  assert.match(
    judgeHeat(HOST, [sourceOf([recorded({ span })])], [DB], HOUR).notes.join(),
    /recorded at least 4 h ago/,
  );
  const unsaid = judgeHeat(HOST, [sourceOf([recorded({ span: undefined })])], [DB], HOUR);
  assert.match(unsaid.notes.join(), /how old its heat is cannot be told/);
  assert.equal(unsaid.origins[0].fade, 1);
  const ahead = { fromMs: undefined, toMs: NOW + HOUR, isExact: false };
  assert.equal(judgeHeat(HOST, [sourceOf([recorded({ span: ahead })])], [DB], HOUR).origins[0].fade, 1);
});

test('the oldest of several recordings decides the age', () => {
  const older = recorded({
    fingerprint: 'f2',
    sketch: ['00c'],
    span: { fromMs: 0, toMs: NOW - 3 * HOUR, isExact: true },
  });
  assert.equal(judgeHeat(HOST, [sourceOf([recorded(), older])], [DB], HOUR).origins[0].fade, 0.125);
});

test('heat of another command, an earlier process, another boot, or an earlier time is refused', () => {
  const refused = (source: Source, words: RegExp) =>
    assert.throws(() => judgeHeat(HOST, [source], [DB], HOUR), refusal('HEAT_OTHER_PROCESS', words));
  refused(sourceOf([recorded()], [was('postgres')]), /process 7: it was recorded as postgres, and is now db/);
  refused(sourceOf([recorded()], [was('db', 5)]), /an earlier process with the same pid/);
  refused(sourceOf([recorded({ bootId: 'other' })], [was('db')]), /another boot/);
  const span = { fromMs: undefined, toMs: (BOOT_S + 3600) * 1000 - 2001, isExact: false };
  refused(sourceOf([recorded({ span })], [was('db')]), /before the process started \(2026-01-09T01:00:00Z\)/);
});

test('what was not recorded, and clocks that differ by seconds, speak against nothing', () => {
  const span = { fromMs: undefined, toMs: (BOOT_S + 3600) * 1000 - 2000, isExact: false };
  for (const source of [
    sourceOf([recorded({ span })], [was('')]),
    sourceOf([recorded({ bootId: 'this-boot' })]),
    sourceOf([recorded({ span: undefined })], [was('db')]),
  ]) {
    assert.equal(judgeHeat(HOST, [source], [DB], HOUR).without.size, 0);
  }
});

test('of several processes the strange ones go without heat, and that is said', () => {
  const judged = judgeHeat(
    HOST,
    [sourceOf([recorded()], [was('postgres'), { ...was('web'), pid: 8 }])],
    [DB, WEB],
    HOUR,
  );
  assert.deepEqual([...judged.without], [7]);
  assert.match(
    judged.notes.join(),
    /heat of a\.parquet for process 7 is not used: it was recorded as postgres/,
  );
});

test('a host that does not say when it booted refuses nothing by time', () => {
  const span = { fromMs: undefined, toMs: 1000, isExact: true };
  const source = sourceOf([recorded({ span })]);
  const silent = hostWith(() => ({ ok: false, error: { errno: 'ENOENT' } }));
  const lacking = hostWith(() => {
    throw new OctavoError('RECORDING_LACKS', { path: 'r', what: '/proc/stat' });
  });
  for (const host of [silent, lacking]) assert.equal(judgeHeat(host, [source], [DB], HOUR).without.size, 0);
  const broken = hostWith(() => {
    throw new OctavoError('FILE_UNREADABLE', { path: 'r', errno: 'EIO' });
  });
  assert.throws(() => judgeHeat(broken, [source], [DB], HOUR), refusal('FILE_UNREADABLE', /EIO/));
});

test('recordings that share samples are refused, whatever holds them', () => {
  const again = sourceOf(
    [recorded({ name: 'b', fingerprint: 'f2', sketch: ['00b', '00c'] })],
    [],
    {},
    'b.parquet',
  );
  assert.throws(
    () => judgeHeat(HOST, [sourceOf([recorded()]), again], [DB], HOUR),
    refusal('HEAT_REPEATED', /b repeats samples of perf\.data \(about 50 % of them\)/),
  );
  const other = sourceOf([recorded({ name: 'b', fingerprint: 'f2', sketch: ['00c', '00d'] })]);
  assert.equal(judgeHeat(HOST, [sourceOf([recorded()]), other], [DB], HOUR).origins.length, 2);
});

test('a file that does not say what it was made of may be alone, and not beside others', () => {
  const mute = sourceOf([], [], { unknown: 'version 1' }, 'old.parquet');
  assert.match(judgeHeat(HOST, [mute], [DB], HOUR).notes.join(), /cannot be told \(version 1\)/);
  assert.throws(
    () => judgeHeat(HOST, [mute, sourceOf([recorded()])], [DB], HOUR),
    refusal(
      'HEAT_REPEATED',
      /old\.parquet repeats samples of a\.parquet \(it cannot be ruled out: version 1\)/,
    ),
  );
});

test('heat of the future is refused where a clock says so, and told where only a file does', () => {
  const later = (isExact: boolean) =>
    sourceOf([recorded({ span: { fromMs: NOW, toMs: NOW + HOUR, isExact } })], [was('db')]);
  assert.throws(
    () => judgeHeat(HOST, [later(true)], [DB], HOUR),
    refusal('HEAT_OTHER_PROCESS', /in the future \(2026-01-10T01:00:00Z\)/),
  );
  assert.match(judgeHeat(HOST, [later(false)], [DB], HOUR).notes.join(), /its age is not known/);
  const soon = sourceOf([recorded({ span: { fromMs: NOW, toMs: NOW + 1000, isExact: true } })], [was('db')]);
  assert.doesNotMatch(judgeHeat(HOST, [soon], [DB], HOUR).notes.join(), /future|not known/);
});

test('two seconds of the future are the slack of clocks, a millisecond more is the future', () => {
  const until = (ms: number) =>
    sourceOf([recorded({ span: { fromMs: NOW, toMs: NOW + ms, isExact: true } })], [was('db')]);
  assert.equal(judgeHeat(HOST, [until(2000)], [DB], HOUR).without.size, 0);
  assert.throws(() => judgeHeat(HOST, [until(2001)], [DB], HOUR), refusal('HEAT_OTHER_PROCESS', /future/));
});

test('ages are told in the largest unit that holds them once', () => {
  const age = (ms: number) => {
    const span = { fromMs: undefined, toMs: NOW - ms, isExact: true };
    const [note] = judgeHeat(HOST, [sourceOf([recorded({ span })], [was('db')])], [DB], HOUR).notes;
    return /recorded (.+) ago/.exec(note)?.[1];
  };
  const rows = [
    [500, '0.5 s'], [1000, '1 s'], [59_999, '60 s'], [60_000, '1 min'], [HOUR - 1, '60 min'], [HOUR, '1 h'],
  ] as const; // biome-ignore format: rows
  for (const [ms, told] of rows) assert.equal(age(ms), told, `${ms}`);
});

test('another host name or kernel is told', () => {
  const files: Record<string, string> = {
    '/proc/stat': `btime ${BOOT_S}\n`,
    '/proc/sys/kernel/hostname': 'here\n',
    '/proc/sys/kernel/osrelease': '6.18.0\n',
  };
  const host = hostWith((path) => ({ ok: true, value: files[path] }));
  const notes = (more: Partial<RecordingFacts>) =>
    judgeHeat(host, [sourceOf([recorded(more)], [was('db')])], [DB], HOUR).notes.join();
  assert.match(notes({ host: 'there', kernel: '6.18.0' }), /recorded on there, Linux 6\.18\.0; this is here/);
  assert.match(notes({ kernel: '6.1.0' }), /recorded on a machine without a name, Linux 6\.1\.0/);
  assert.doesNotMatch(notes({ host: 'here', kernel: '6.18.0' }), /recorded on/);
  assert.doesNotMatch(notes({}), /recorded on/);
});
