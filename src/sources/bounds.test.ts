/** Small parts of sources at their bounds and in their refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { hostOf } from '../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { Host } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { compressionOf } from './compressed.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from './damon-regions.js';
import { isNamed } from './event-sorter.js';
import { markFilled, OCCUPANCY_DEFAULTS, OccupancySource } from './occupancy.js';
import { PerfFileSource } from './perf-file.js';
import { shareInterval } from './probe/estimate.js';
import { PROBE_DEFAULTS, ProbeSource } from './probe.js';
import { eventsElsewhere, maySeeKernel, samplingEvent, scopeOf } from './sampling-event.js';

test('a compressed file is told by all bytes of its magic', () => {
  const magics = {
    gzip: [0x1f, 0x8b, 0x08],
    xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    zstd: [0x28, 0xb5, 0x2f, 0xfd],
  };
  for (const [name, magic] of Object.entries(magics)) {
    assert.equal(compressionOf(Uint8Array.from(magic)), name);
    for (let at = 0; at < magic.length; at++) {
      const other = Uint8Array.from(magic, (byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(compressionOf(other), undefined, `${name} with another byte ${at}`);
    }
    assert.equal(compressionOf(Uint8Array.from(magic.slice(0, -1))), undefined);
  }
});

test('page 0 is a place: an event whose samples lie there counts', async () => {
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  const builder = new PerfBuilder()
    .attr({ sampleType, ids: [1] })
    .describeEvents()
    .describeMachine();
  builder.sample({ id: 1, pid: 5, addr: 0x10n, time: 1n });
  const source = new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K });
  const context = {
    host: hostOf({ x: builder.file() }),
    processes: [],
    progress: () => {},
    signal: new AbortController().signal,
  };
  for await (const reading of source.read(context)) assert.equal(reading.kind, 'samples');
  assert.deepEqual(source.sorter.found, ['all-accesses']);
});

test('the name of a PMU is what stands before the first slash', () => {
  assert.deepEqual(
    ['ibs_op/cnt_ctl=1/', '/ibs_op/', 'ibs_op'].map((event) => isNamed(event, 'ibs_op')),
    [true, false, true],
  );
  assert.equal(isNamed('cycles', ''), false);
});

test('each source says how finely it sees and what it tells', () => {
  const probe = new ProbeSource(GEOMETRY_4K, {} as never, PROBE_DEFAULTS).origin;
  const content = new OccupancySource().origin;
  const damon = new DamonRegionsSource(GEOMETRY_4K).origin;
  assert.deepEqual(
    [probe, content, damon].map(({ granularity, tells, nature, fade, unseenShare }) => [
      granularity.pages,
      granularity.blindInsideHugePages,
      granularity.blindToCachedTranslations,
      tells,
      nature,
      fade,
      unseenShare,
    ]),
    [
      [1, false, true, 'heat', 'page-bits', 1, 0],
      [1, false, false, 'content', 'content', 1, 0],
      [512, true, true, 'heat', 'access-bits', 1, 0],
    ],
  );
  assert.deepEqual([damon.windowNs, content.windowNs], [5e9, undefined]);
});

test('what sources do unless told otherwise', () => {
  assert.deepEqual(DAMON_REGIONS_DEFAULTS, { windowMs: 5000, share: false, mostExactBlocks: 512 });
  assert.deepEqual(OCCUPANCY_DEFAULTS, { bytesPerSecond: 1024 * MIB });
  assert.equal(PROBE_DEFAULTS.shareDamon, false);
});

test('a page is filled when any of its words is, and only it', () => {
  const pageBytes = 4096;
  for (const word of [0, 1, 6, 7, 8, 512, 1023]) {
    const memory = new Uint8Array(9 * pageBytes);
    new Int32Array(memory.buffer)[8 * 1024 + word] = 1;
    const filled = new Uint8Array(2).fill(255);
    markFilled(memory, pageBytes, filled);
    assert.deepEqual([...filled], [0, 1], `word ${word}`);
  }
  const memory = new Uint8Array(8 * pageBytes);
  const words = new Int32Array(memory.buffer);
  words[0] = 5;
  words[1] = 5;
  words[7 * 1024 + 9] = -1;
  const filled = new Uint8Array(1);
  markFilled(memory, pageBytes, filled);
  assert.equal(filled[0], 0b1000_0001);
});

const PMUS = '/sys/bus/event_source/devices';

/** A machine of these files, whose CPU name is answered as given. */
function machine(
  paths: readonly string[],
  texts: Record<string, string | OctavoError>,
  isPrivileged = false,
): Host {
  const readText = (path: string) => {
    const text = texts[path];
    if (text instanceof Error) throw text;
    return text === undefined ? { ok: false } : { ok: true, value: text };
  };
  const files = {
    list: () => ({ ok: true, value: paths.map((path) => path.split('/')[0]) }),
    status: (path: string) => ({ ok: paths.includes(path.slice(PMUS.length + 1)) }),
    readText,
  };
  return { files, identity: { isPrivileged } } as unknown as Host;
}

test('any kind of core before Haswell makes the machine an old one', () => {
  const cores = ['cpu_core/events/mem-loads', 'cpu_atom/events/mem-loads'];
  for (const name of ['sandybridge', 'ivybridge']) {
    const event = samplingEvent(machine(cores, { [`${PMUS}/cpu_atom/caps/pmu_name`]: name }, true), {
      physical: false,
    });
    assert.match(typeof event === 'string' ? event : event.notes.join(), /by load latency only/);
  }
  const newer = samplingEvent(machine(cores, { [`${PMUS}/cpu_atom/caps/pmu_name`]: 'gracemont' }, true), {
    physical: false,
  });
  assert.match(typeof newer === 'string' ? newer : newer.notes.join(), /sampled by one period/);
});

test('a recorded host without the name of its CPU is taken for a newer one, and no other problem is', () => {
  const cores = ['cpu/events/mem-loads'];
  const name = `${PMUS}/cpu/caps/pmu_name`;
  const lacks = new OctavoError('RECORDING_LACKS', { path: 'h', what: name });
  const event = samplingEvent(machine(cores, { [name]: lacks }, true), { physical: false });
  assert.match(typeof event === 'string' ? event : event.notes.join(), /sampled by one period/);
  const other = new OctavoError('STOPPED', { signal: 'SIGINT' });
  assert.throws(() => samplingEvent(machine(cores, { [name]: other }, true), { physical: false }), other);
});

test('a kernel that does not say its paranoia has the usual one, a user without a mask no capability', () => {
  const paranoid = '/proc/sys/kernel/perf_event_paranoid';
  const status = '/proc/self/status';
  assert.equal(maySeeKernel(machine([], {})), false);
  assert.equal(maySeeKernel(machine([], { [paranoid]: '1\n' })), true);
  assert.equal(maySeeKernel(machine([], { [paranoid]: '2\n', [status]: 'Name:\tx\n' })), false);
  assert.equal(
    maySeeKernel(machine([], { [paranoid]: '2\n', [status]: 'CapEff:\t0000004000000000\n' })),
    true,
  );
});

test('a method that this machine lacks is named, and elsewhere each has its own kind', () => {
  const none = machine([], {}, true);
  for (const [
    method,
    words,
  ] of [['spe', 'Arm SPE'], ['ibs', 'AMD IBS'], ['pebs', 'Intel PEBS load latency']] as const) // biome-ignore format: a table
    assert.equal(
      samplingEvent(none, { method, physical: false }),
      `this machine offers no ${words} (${PMUS})`,
    );
  const pebs = eventsElsewhere(none, { method: 'pebs', physical: false }).map(({ machine: kind }) => kind);
  assert.deepEqual(pebs, [
    'Intel since Haswell',
    'Intel with performance and efficiency cores',
    'Intel before Haswell',
  ]);
  const both = machine(['ibs_op', 'cpu/events/mem-loads'], {}, true);
  const chosen = samplingEvent(both, { method: 'pebs', physical: false });
  assert.equal(typeof chosen === 'string' ? chosen : chosen.method, 'pebs');
});

test('a target that is no cgroup is its processes', () => {
  assert.deepEqual(scopeOf('cgroup', [1], false), { kind: 'processes', pids: [1] });
  assert.deepEqual(scopeOf('cgroup:///', [1], false), { kind: 'system' });
});

test('an interval for a share is that of Wilson, narrower the more of the whole was looked at', () => {
  const near = (found: readonly number[], expected: readonly number[]) =>
    assert.ok(
      found.every((end, at) => Math.abs(end - expected[at]) < 5e-5),
      `${found}`,
    );
  near(shareInterval(5, 50, 1e12), [0.04348, 0.2136]);
  near(shareInterval(10, 20, 1e12), [0.29929, 0.70071]);
  // Of 100, 51 were not looked at: z² shrinks to 50/99 of itself.
  near(shareInterval(5, 50, 100), [0.05507, 0.17482]);
});
