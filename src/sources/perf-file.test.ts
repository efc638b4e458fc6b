/** What a perf.data source says of itself, and what it refuses, for files, directories and pipes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { hostOf, streamOf } from '../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { Host } from '../host/host.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { fileStream } from './file-bytes.js';
import { PerfFileSource, type PerfInput } from './perf-file.js';

const BASE = F.identifier | F.tid | F.time | F.addr;
const LOADS = { name: 'mem_inst_retired.all_loads:pp', config: 0x81d0, period: 1009, ids: [1] };

/** Samples `[page, time]` of all loads, with the features that a test adds. */
function recording(
  samples: readonly (readonly [page: number, time: number])[],
  more: { sampleType?: number; isFrequency?: boolean; cpu?: number } = {},
  change: (builder: PerfBuilder) => void = () => {},
): PerfBuilder {
  const { sampleType = BASE, cpu = 0, isFrequency = false } = more;
  const builder = new PerfBuilder().attr({ ...LOADS, sampleType, isFrequency });
  builder.describeEvents().describeMachine();
  change(builder);
  for (const [page, time] of samples)
    builder.sample({ id: 1, pid: 5, addr: BigInt(page) * 4096n, time: BigInt(time), cpu });
  return builder;
}

const feature =
  (id: number, ...words: readonly bigint[]) =>
  (builder: PerfBuilder) => {
    const body = builder.bytes();
    for (const word of words) body.u64(word);
    builder.feature(id, body.done());
  };
const sampleTime = (first: bigint, last: bigint) => feature(21, first, last);
/** u32 version, u32 clock in one word, then wall and clock. */
const clock = (wall: bigint, own: bigint) => feature(29, 1n, wall, own);

interface Reading {
  readonly source: PerfFileSource;
  readonly pages: number[];
}

async function read(
  bytes: Uint8Array,
  input: Partial<PerfInput> = {},
  host = hostOf({ x: bytes }),
): Promise<Reading> {
  const source = new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K, ...input });
  const pages: number[] = [];
  const context = { host, processes: [], progress: () => {}, signal: new AbortController().signal };
  for await (const reading of source.read(context))
    if (reading.kind === 'samples') pages.push(...reading.batch.virtualPage.subarray(0, reading.batch.count));
  return { source, pages };
}

/** A host whose file was last written at a moment. */
function written(bytes: Uint8Array, modifiedMs: number): Host {
  const { files } = hostOf({ x: bytes });
  const status = (path: string) => {
    const answer = files.status(path);
    return answer.ok ? { ...answer, value: { ...answer.value, modifiedMs } } : answer;
  };
  return { files: { ...files, status } } as unknown as Host;
}

const SAMPLES = [[1, 1000], [2, 3000]] as const; // biome-ignore format: rows

test('the facts of a recording are those of its features', async () => {
  const { source } = await read(recording(SAMPLES).file());
  const { name, event, nature, period, unseenShare, host, kernel, cpu, samples, bootId } = source.facts();
  assert.deepEqual(
    [name, event, nature, period, unseenShare, host, kernel, cpu, samples, bootId],
    ['x', LOADS.name, 'loads', 1009, 0, 'host', '7.3.4', 'a CPU', 2, undefined],
  );
  assert.deepEqual([source.provenance().recordings, source.provenance().unknown], [[source.facts()], '']);
  const { source: bare } = await read(recording(SAMPLES).file({ features: false }));
  const facts = bare.facts();
  assert.deepEqual([facts.host, facts.kernel, facts.cpu], ['', '', '']);
});

test('a CPU without a description, or with a damaged one, is told by its id', async () => {
  const { cpu } = (
    await read(recording(SAMPLES, {}, (builder) => builder.feature(8, new Uint8Array(0))).file())
  ).source.facts();
  assert.equal(cpu, 'GenuineIntel,6,143,8');
});

test('a frequency is no period, and before anything was read there is none', async () => {
  const { source } = await read(
    recording(SAMPLES, { isFrequency: true, sampleType: BASE | F.period }).file(),
  );
  assert.equal(source.facts().period, undefined);
  assert.equal(new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K }).facts().period, undefined);
});

test('processes are named as recorded', async () => {
  const { source } = await read(recording(SAMPLES, {}, (builder) => builder.comm(5, 5, 'redis')).file());
  assert.deepEqual(source.provenance().processes, [{ pid: 5, command: 'redis', startTicks: undefined }]);
});

test('the window is that of the samples, else what the recording says', async () => {
  const { source } = await read(recording(SAMPLES, {}, sampleTime(500n, 9500n)).file());
  assert.equal(source.origin.windowNs, 2000);
  const { source: one } = await read(recording([[1, 1000]], {}, sampleTime(500n, 9500n)).file());
  assert.equal(one.origin.windowNs, 9000);
  assert.equal((await read(recording([[1, 1000]]).file())).source.origin.windowNs, undefined);
  const { source: origin } = await read(recording(SAMPLES).file());
  assert.deepEqual(origin.origin.granularity, {
    pages: 1,
    blindInsideHugePages: false,
    blindToCachedTranslations: false,
  });
  assert.deepEqual(
    [origin.origin.tells, origin.origin.fade, origin.origin.source, origin.origin.detail],
    ['heat', 1, 'perf-file', 'x'],
  );
});

test('a recording is of its wall clock where it relates it to its own', async () => {
  const bytes = recording([[1, 5_000_000], [2, 9_000_000]], {}, clock(1_700_000_000_000_000_000n, 1_000_000n)).file(); // biome-ignore format: rows
  const { source } = await read(bytes, {}, written(bytes, 42));
  assert.deepEqual(source.facts().span, {
    fromMs: 1_700_000_000_004,
    toMs: 1_700_000_000_008,
    isExact: true,
  });
  const single = recording([[1, 5_000_000]], {}, clock(1_000_000_000n, 0n)).file();
  assert.deepEqual((await read(single)).source.facts().span, { fromMs: 1005, toMs: 1005, isExact: true });
});

test('else it ended when its file was last written, and began by its window before', async () => {
  const bytes = recording([[1, 1_000_000], [2, 4_000_000]]).file(); // biome-ignore format: rows
  const { source } = await read(bytes, {}, written(bytes, 1000));
  assert.deepEqual(source.facts().span, { fromMs: 997, toMs: 1000, isExact: false });
  const single = recording([[1, 1_000_000]]).file();
  assert.deepEqual((await read(single, {}, written(single, 1000))).source.facts().span, {
    fromMs: undefined,
    toMs: 1000,
    isExact: false,
  });
  const piped = await read(bytes, { stream: streamOf(bytes, 100) });
  assert.equal(piped.source.facts().span, undefined, 'a stream has no age');
  const empty = recording([], {}, clock(1_000_000_000n, 0n)).file();
  assert.deepEqual((await read(empty, {}, written(empty, 7))).source.facts().span, {
    fromMs: undefined,
    toMs: 7,
    isExact: false,
  });
});

const notes = ({ source }: Reading) => source.account().notes.join('\n');

test('a recording without samples says so, also one of which nothing was asked for', async () => {
  const nothing = recording([], {}, (builder) => builder.comm(5, 5, 'redis'));
  assert.equal(notes(await read(nothing.file())), 'x: nothing was sampled.');
  const others = await read(recording(SAMPLES).file(), { pids: new Set([9]) });
  assert.equal(notes(others), 'x: none of its 2 samples is of what was asked for.');
  const threads = await read(recording(SAMPLES).file(), { wish: { tids: new Set([9]) } });
  assert.match(notes(threads), /none of its 2 samples is of what was asked for/);
  assert.deepEqual(threads.source.account().losses, { 'samples of threads not asked for': 2 });
  const withoutPlace = await read(recording([[0, 1]]).file());
  assert.doesNotMatch(notes(withoutPlace), /nothing was sampled|none of its/);
});

test('samples are told by their nature and event once there are any', async () => {
  assert.match(
    notes(await read(recording(SAMPLES).file())),
    /^x: samples of all loads \(mem_inst_retired\.all_loads:pp; .+\)\.$/,
  );
  assert.deepEqual(new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K }).account().notes, [
    'x: nothing was sampled.',
  ]);
});

test('only samples of the CPUs asked for count, where samples say theirs', async () => {
  const bytes = recording(SAMPLES, { sampleType: BASE | F.cpu, cpu: 3 }).file();
  assert.deepEqual((await read(bytes, { wish: { cpus: new Set([3]) } })).pages, [1, 2]);
  const none = await read(bytes, { wish: { cpus: new Set([2]) } });
  assert.deepEqual(
    [none.pages, none.source.account().losses],
    [[], { 'samples of CPUs or cgroups not asked for': 2 }],
  );
  assert.match(notes(none), /none of its 2 samples/);
  await assert.rejects(read(recording(SAMPLES).file(), { wish: { cpus: new Set([3]) } }), {
    code: 'FIELD_ABSENT',
    facts: { path: 'x', field: 'CPU', option: 'perf record --sample-cpu' },
  });
  assert.deepEqual(
    (await read(recording([]).file(), { wish: { cpus: new Set([3]) } })).pages,
    [],
    'of nothing nothing is absent',
  );
});

test('a cgroup is told by its path, with those below it', async () => {
  const sampleType = BASE | F.cgroup;
  const named = (path: string) => (builder: PerfBuilder) => {
    builder.record(19, builder.bytes().u64(77).text(path).raw(builder.trailer(0, 0)).done());
  };
  const wish = { cgroups: ['/a'] };
  for (const [path, pages] of [['/a', [1, 2]], ['/a/b', [1, 2]], ['/ab', []], ['/', []]] as const) // biome-ignore format: a table
    assert.deepEqual(
      (await read(recording(SAMPLES, { sampleType }, named(path)).file(), { wish })).pages,
      pages,
      path,
    );
  const all = await read(recording(SAMPLES, { sampleType }, named('/x')).file(), {
    wish: { cgroups: ['/'] },
  });
  assert.deepEqual(all.pages, [1, 2]);
  const lacks = {
    code: 'FIELD_ABSENT',
    facts: { path: 'x', field: 'cgroup', option: 'perf record --all-cgroups' },
  };
  await assert.rejects(read(recording(SAMPLES).file(), { wish }), lacks);
  await assert.rejects(
    read(recording(SAMPLES, { sampleType }).file(), { wish }),
    lacks,
    'numbers without paths',
  );
});

const share = (of: number) => ({ kind: 'share' as const, share: of });
const LATER = { time: { from: share(0.5) } };

test('a share of the time is of what the recording says, else of a file read once more', async () => {
  const samples = [[1, 1000], [2, 2100], [3, 3000]] as const; // biome-ignore format: rows
  assert.deepEqual((await read(recording(samples).file(), { wish: LATER })).pages, [2, 3]);
  const said = recording(samples, {}, sampleTime(1000n, 5000n)).file();
  assert.deepEqual((await read(said, { wish: LATER })).pages, [3]);
});

test('a stream cannot be read twice: it must say its time before its samples', async () => {
  const samples = [[1, 1000], [2, 2100], [3, 3000]] as const; // biome-ignore format: rows
  const bytes = recording(samples).file();
  await assert.rejects(read(bytes, { stream: streamOf(bytes, 100), wish: LATER }), {
    code: 'TIME_UNBOUNDED',
    facts: { path: 'x' },
  });
  const said = recording(samples, {}, sampleTime(1000n, 5000n)).pipe();
  assert.deepEqual((await read(said, { stream: streamOf(said, 100), wish: LATER })).pages, [3]);
  const moments = { time: { from: { kind: 'moment' as const, ns: 2500 } } };
  assert.deepEqual((await read(bytes, { stream: streamOf(bytes, 100), wish: moments })).pages, [3]);
});

test('a command is asked of the names as they were at each sample', async () => {
  const named = (builder: PerfBuilder) => builder.comm(5, 5, 'before');
  const builder = recording([[1, 1]], {}, named)
    .comm(5, 5, 'after')
    .sample({ id: 1, pid: 5, addr: 8192n, time: 2n });
  assert.deepEqual((await read(builder.file(), { wish: { commands: new Set(['before']) } })).pages, [1]);
  assert.deepEqual((await read(builder.file(), { wish: { commands: new Set(['after']) } })).pages, [2]);
});

test('an event that is not there is refused with those that are', async () => {
  await assert.rejects(read(recording(SAMPLES).file(), { event: 'cycles' }), { code: 'EVENT_ABSENT', facts: { path: 'x', event: 'cycles', events: LOADS.name } }); // biome-ignore format: one row
  await assert.rejects(read(new PerfBuilder().pipe(), { event: 'cycles' }), {
    facts: { path: 'x', event: 'cycles', events: 'none' },
  });
});

const losses = ({ source }: Reading) => source.account().losses;

test('a data section that ends beyond the file is read as far as it goes, and the rest is damaged', async () => {
  const whole = recording(SAMPLES);
  const bytes = whole.file({ dataSize: whole.data().length + 800, features: false });
  const told = await read(bytes);
  assert.deepEqual(told.pages, [1, 2]);
  const { places } = told.source.session.damage;
  assert.deepEqual(
    [places[0].offset, places[0].bytes, places[0].reason],
    [bytes.length, 800, 'the data section ends beyond the file'],
  );
});

test('a file that perf did not finish is read to its end', async () => {
  const told = await read(recording(SAMPLES).file({ dataSize: 0, features: false }));
  assert.deepEqual([told.pages, losses(told)], [[1, 2], {}]);
});

test('damaged features and attrs are counted, and the samples are read all the same', async () => {
  const features = await read(
    recording(SAMPLES, {}, (builder) => builder.feature(12, Uint8Array.of(9, 0, 0, 0))).file(),
  );
  assert.deepEqual(features.pages, [1, 2]);
  assert.equal(features.source.session.damage.places[0].reason, 'feature 12');
  const bytes = recording(SAMPLES).file();
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, view.getBigUint64(32, true) + view.getBigUint64(16, true), true);
  for (const stream of [undefined, streamOf(bytes, 64)]) {
    const attrs = await read(bytes, stream === undefined ? {} : { stream });
    assert.ok(attrs.source.session.damage.places.some(({ reason }) => reason === 'event attrs or ids'));
  }
});

test('bytes are counted once each, also those before and behind the data', async () => {
  const bytes = recording(SAMPLES).file();
  for (const stream of [undefined, streamOf(bytes, 64)]) {
    const { source, pages } = await read(bytes, stream === undefined ? {} : { stream });
    assert.deepEqual([source.account().bytesRead, pages], [bytes.length, [1, 2]]);
    assert.equal(source.facts().host, 'host', 'features behind the data are read');
  }
});

test('progress counts bytes of all files of a directory', async () => {
  const bytes = recording(SAMPLES).file();
  const bare = recording([[3, 5000]]).data();
  const told: string[] = [];
  const host = hostOf({
    'd/data': bytes,
    'd/data.1': bare,
    'd/data.10': bare,
    'd/data.2': bare,
    'd/other': bare,
  });
  const source = new PerfFileSource({ path: 'd', geometry: GEOMETRY_4K });
  const pages: number[] = [];
  const context = { host, progress: (done: number, total: number, unit: string) => void told.push(`${done}/${total} ${unit}`), signal: new AbortController().signal }; // biome-ignore format: one row
  for await (const batch of source.batches(context))
    pages.push(...batch.virtualPage.subarray(0, batch.count));
  assert.deepEqual(pages, [1, 2, 3, 3, 3]);
  const total = bytes.length + 3 * bare.length;
  assert.equal(told.at(-1), `${total}/${total} bytes`);
});

test('a directory without `data` is none of perf', async () => {
  const host = hostOf({ 'd/data.1': new Uint8Array(8) });
  await assert.rejects(read(new Uint8Array(0), { path: 'd' }, host), { code: 'FILE_MALFORMED', facts: { path: 'd', problem: 'has no file `data`', place: 'the directory' } }); // biome-ignore format: one row
});

test('what is no perf.data is refused where it begins, and a file that cannot be opened with its errno', async () => {
  for (const stream of [undefined, streamOf(new Uint8Array(200), 7)])
    await assert.rejects(
      read(new Uint8Array(200), stream === undefined ? {} : { stream }),
      (problem: { code?: string; facts?: { place: string } }) => {
        assert.deepEqual([problem.code, problem.facts?.place], ['FILE_MALFORMED', 'byte 0']);
        return true;
      },
    );
  await assert.rejects(read(new Uint8Array(0), { path: 'absent' }), {
    code: 'FILE_UNREADABLE',
    facts: { path: 'absent', errno: 'ENOENT' },
  });
  const cut = recording(SAMPLES).file().subarray(0, 50);
  for (const stream of [undefined, streamOf(cut, 7)])
    await assert.rejects(read(cut, stream === undefined ? {} : { stream }), { code: 'FILE_MALFORMED' });
});

test('data too far behind the header cannot be read from a pipe', async () => {
  const bytes = recording(SAMPLES).file();
  new DataView(bytes.buffer).setBigUint64(40, BigInt((48 << 20) + 1), true);
  await assert.rejects(read(bytes, { stream: streamOf(bytes, 64) }), { facts: { path: 'x', problem: 'has its data too far behind its header for a pipe', place: 'its header' } }); // biome-ignore format: one row
});

/** A file of 600,000 bytes that is counted while it is open. */
function openOnce(bytes: Uint8Array, failsAt = Number.POSITIVE_INFINITY) {
  let open = 0;
  const read = (into: Uint8Array, at: number) => {
    if (at >= failsAt) return { ok: false, error: { errno: 'EIO', call: 'read' } };
    const part = bytes.subarray(at, at + into.length);
    into.set(part);
    return { ok: true, value: part.length };
  };
  const openIt = () => {
    open++;
    return { ok: true, value: { path: 'p', read, close: () => open-- } };
  };
  const files = { open: openIt };
  return { files: files as unknown as Host['files'], count: () => open };
}

test('a file that comes as a stream comes whole, in chunks that may be kept, and is closed', async () => {
  const bytes = Uint8Array.from({ length: 600_000 }, (_, at) => at % 251);
  const opened = openOnce(bytes);
  const chunks: Uint8Array[] = [];
  for await (const chunk of fileStream(opened.files, 'p')) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(bytes));
  assert.deepEqual([chunks.length, opened.count()], [3, 0]);
  const torn = openOnce(bytes, 300_000);
  await assert.rejects(
    async () => {
      for await (const _ of fileStream(torn.files, 'p'));
    },
    { code: 'FILE_UNREADABLE', facts: { path: 'p', errno: 'EIO' } },
  );
  assert.equal(torn.count(), 0);
});

test('a named pipe is read as a stream, and needs its time said, too', async () => {
  const bytes = recording(SAMPLES).pipe();
  const { files } = hostOf({ x: bytes });
  const status = () => ({ ok: true, value: { kind: 'other', bytes: 0, mode: 0, modifiedMs: 5 } });
  const host = { files: { ...files, status } } as unknown as Host;
  const { pages, source } = await read(bytes, {}, host);
  assert.deepEqual([pages, source.facts().span], [[1, 2], undefined]);
  await assert.rejects(read(bytes, { wish: LATER }, host), { code: 'TIME_UNBOUNDED' });
});

test('a stop ends the reading without a word of damage', async () => {
  const bytes = recording(Array.from({ length: 100_000 }, (_, at) => [at + 1, at + 1] as const)).file();
  for (const isStream of [false, true]) {
    const stop = new AbortController();
    const source = new PerfFileSource({
      path: 'x',
      geometry: GEOMETRY_4K,
      ...(isStream ? { stream: streamOf(bytes, 1 << 16) } : {}),
    });
    let rows = 0;
    const context = { host: hostOf({ x: bytes }, 1 << 16), progress: () => {}, signal: stop.signal };
    for await (const batch of source.batches(context)) {
      rows += batch.count;
      stop.abort();
    }
    assert.ok(rows > 0 && rows < 100_000, `${rows}`);
  }
});

test('a sound recording has no damaged place, not even an empty one', async () => {
  const bytes = recording(SAMPLES).file();
  for (const stream of [undefined, streamOf(bytes, 64)]) {
    const { source } = await read(bytes, stream === undefined ? {} : { stream });
    assert.deepEqual([source.session.damage.count, source.session.damage.places], [0, []]);
  }
});

test('each fixed period that no chance varies is told, of all events of a nature', async () => {
  /** Loads of the small cores beside those of the others, which sample other accesses. */
  const second = (period: number, isFrequency = false) =>
    recording([[2, 20]], {}, (builder) => {
      builder.feature(16, builder.bytes().u32(1).u32(9).featureText('cpu_atom').done());
      builder.attr({ ...LOADS, type: 9, period, ids: [2], sampleType: BASE, isFrequency });
      builder
        .sample({ id: 1, pid: 5, addr: 8192n, time: 10n })
        .sample({ id: 2, pid: 5, addr: 4096n, time: 15n });
    }).file();
  const told = async (bytes: Uint8Array) => (await read(bytes)).source.origin.stepPeriods;
  assert.deepEqual(await told(second(10_000)), [1009, 10_000]);
  assert.deepEqual(await told(second(1009)), [1009]);
  assert.deepEqual(await told(second(1)), [1009]);
  assert.deepEqual(await told(second(10_000, true)), [1009]);
});
