/** What sources open they close, what they set up they take down, also when something goes wrong in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pageSizes } from '../../test/support/drawing.js';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { hostOf } from '../../test/support/perf-rows.js';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import { writeHeatFile } from '../formats/heat-file/write.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { Files, Host } from '../host/host.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from './damon-regions.js';
import { HeatFileSource } from './heat-file.js';
import { PerfFileSource, type PerfInput } from './perf-file.js';
import { keepsSoftDirty, openWatcher } from './probe/watch-pages.js';

const BASE = F.identifier | F.tid | F.time | F.addr;
const SIGNAL = new AbortController().signal;

function recording(pages: readonly number[] = [1, 2]): Uint8Array {
  const builder = new PerfBuilder()
    .attr({ sampleType: BASE, ids: [1] })
    .describeEvents()
    .describeMachine();
  for (const page of pages) builder.sample({ id: 1, pid: 5, addr: BigInt(page) * 4096n, time: BigInt(page) });
  return builder.file();
}

/** A host that counts what is open, and whose reads fail from a byte on. */
function counting(files: Readonly<Record<string, Uint8Array>>, failsAt = Number.POSITIVE_INFINITY) {
  const { files: inner } = hostOf(files, 512);
  const count = { open: 0, opened: 0 };
  const open: Files['open'] = (path) => {
    const answer = inner.open(path);
    if (!answer.ok) return answer;
    count.open++;
    count.opened++;
    const { read } = answer.value;
    return {
      ok: true,
      value: {
        path,
        read: (into, at) =>
          at >= failsAt ? { ok: false, error: { errno: 'EIO', call: 'read' } } : read(into, at),
        close: () => void count.open--,
      },
    };
  };
  return { host: { files: { ...inner, open } } as unknown as Host, count };
}

async function readAll(host: Host, input: Partial<PerfInput> = {}): Promise<PerfFileSource> {
  const source = new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K, ...input });
  for await (const batch of source.batches({ host, progress: () => {}, signal: SIGNAL }))
    assert.ok(batch.count > 0, 'no batch is empty');
  return source;
}

test('a recording is closed, whatever becomes of it', async () => {
  const whole = counting({ x: recording() });
  await readAll(whole.host);
  const packed = counting({ x: gzipSync(recording()) });
  await readAll(packed.host);
  const cases = [
    whole,
    packed,
    counting({ x: new Uint8Array(300) }),
    counting({ x: recording() }, 600),
    counting({ 'd/data': recording(), 'd/data.1': recording() }),
  ];
  await assert.rejects(readAll(cases[2].host), { code: 'FILE_MALFORMED' });
  await assert.rejects(readAll(cases[3].host), { code: 'FILE_UNREADABLE' });
  await readAll(cases[4].host, { path: 'd' });
  for (const { count } of cases) {
    assert.ok(count.opened > 0);
    assert.equal(count.open, 0);
  }
});

test('a wish that leaves nothing gives no batch at all', async () => {
  const { host } = counting({ x: recording() });
  const source = await readAll(host, { wish: { tids: new Set([9]) } });
  assert.deepEqual(source.account().losses, { 'samples of threads not asked for': 2 });
});

test('hundreds of recordings take no more memory of loops than one, also those that fail', async () => {
  const kept: PerfFileSource[] = [];
  const good = counting({ x: recording() });
  const bad = counting({ x: recording() }, 600);
  for (let at = 0; at < 200; at++) {
    kept.push(await readAll(good.host));
    const source = new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K });
    kept.push(source);
    await assert.rejects(async () => {
      for await (const _ of source.batches({ host: bad.host, progress: () => {}, signal: SIGNAL }));
    });
  }
  assert.equal(kept.length, 400);
});

const SMAPS = 'VmFlags: rd wr mr mw me ac sd \n';

/** A kernel without DAMON that keeps soft-dirty bits: written pages are those of `dirty`. */
function softDirty(given: {
  smaps?: string;
  canWrite?: boolean;
  clear?: string;
  open?: string;
  dirty?: readonly number[];
  ends?: number;
}) {
  const { smaps = SMAPS, canWrite = true, dirty = [], ends = Number.POSITIVE_INFINITY } = given;
  const log: string[] = [];
  const refused = (errno: string, call: string) => ({ ok: false, error: { errno, call } });
  const read = (into: Uint8Array, at: number) => {
    if (at >= ends) return { ok: true, value: 0 };
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    for (let byte = 0; byte < into.length; byte += 8)
      view.setUint32(byte + 4, dirty.includes((at + byte) / 8) ? 1 << 23 : 1 << 22, true);
    return { ok: true, value: into.length };
  };
  const files = {
    readText: (path: string) =>
      path === '/proc/77/smaps' ? { ok: true, value: smaps } : refused('ENOENT', path),
    list: (path: string) => refused('ENOENT', path),
    status: (path: string) => refused('ENOENT', path),
    canWrite: (path: string) => (canWrite ? { ok: true } : refused('EACCES', path)),
    writeKernelFile: (path: string, text: string) => {
      log.push(`${path} = ${text}`);
      return given.clear === undefined ? { ok: true } : refused(given.clear, 'write clear_refs');
    },
    open: (path: string) => {
      if (given.open !== undefined) return refused(given.open, `open ${path}`);
      log.push(`open ${path}`);
      return { ok: true, value: { path, read, close: () => void log.push('close') } };
    },
  };
  const host = { files, identity: { pid: 1, geometry: GEOMETRY_4K } } as unknown as Host;
  return { host, log };
}

const wait = async () => {};

async function watched(given: Parameters<typeof softDirty>[0], blocks: readonly number[] = [2, 3]) {
  const { host, log } = softDirty(given);
  const watcher = await openWatcher(host, 77, 2, false);
  if (typeof watcher === 'string') return { watcher, log, counts: undefined };
  const counts = await watcher.watch({ pid: 77, blocks, windowMs: 5, wait });
  await watcher.close();
  return { watcher, log, counts };
}

test('without DAMON writes are seen: bits are cleared, and read after the wait', async () => {
  const { counts, log, watcher } = await watched({ dirty: [2 * 512, 2 * 512 + 511, 3 * 512 + 7] });
  assert.ok(counts instanceof Map && typeof watcher !== 'string' && watcher.withoutDamon !== '');
  const seen = (block: number) =>
    [...(counts.get(block) ?? [])].flatMap((count, page) => (count > 0 ? [[page, count]] : []));
  assert.deepEqual([seen(2), seen(3)], [[[0, 1], [511, 1]], [[7, 1]]]); // biome-ignore format: rows
  assert.deepEqual(log, ['/proc/77/clear_refs = 4', 'open /proc/77/pagemap', 'close']);
});

test('a block that is not there any more has no counts', async () => {
  const { counts, log } = await watched({ ends: 3 * 512 * 8 });
  assert.ok(counts instanceof Map);
  assert.deepEqual([[...counts.keys()], log.at(-1)], [[2], 'close']);
});

test('what cannot be watched says why', async () => {
  assert.equal(
    (await watched({ clear: 'EPERM' })).counts,
    'huge pages not watched: EPERM for write clear_refs',
  );
  assert.equal(
    (await watched({ open: 'ENOENT' })).counts,
    'huge pages not watched: ENOENT for open /proc/77/pagemap',
  );
  assert.match(
    String((await watched({ smaps: 'VmFlags: rd wr\n' })).watcher),
    /, and this kernel keeps no soft-dirty bits \(CONFIG_MEM_SOFT_DIRTY\)$/,
  );
  assert.match(String((await watched({ canWrite: false })).watcher), /, and \/proc\/77\/clear_refs: EACCES$/);
});

test('soft-dirty bits are kept where any new mapping has the flag', () => {
  const of = (smaps: string) => keepsSoftDirty(softDirty({ smaps }).host, 77);
  assert.deepEqual([SMAPS, 'VmFlags: rd sd\n', 'Size: 4 kB\nVmFlags: rd sd mr\n', 'VmFlags: rd sda\n', 'VmFlags: rd\nName: x sd \n', ''].map(of), [true, true, true, false, false, false]); // biome-ignore format: one row
  assert.equal(keepsSoftDirty(softDirty({}).host, 78), false);
});

const TRIED = `${KDAMONDS}/0/contexts/0/schemes/0/tried_regions`;
const BLOCK = 2 ** 21;

/** A DAMON that tunes its interval to so many microseconds. */
function tuning(sampleUs: number) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/100/maps': '400000-401000 r-xp\n7f0000000000-7f0000001000 rw-p\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_STAT', 'intervals_goal'),
  });
  world.react = (path, text) => {
    if (path.endsWith('nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (text === 'update_tuned_intervals')
      world.files.set(`${KDAMONDS}/0/contexts/0/monitoring_attrs/intervals/sample_us`, `${sampleUs}\n`);
    if (text !== 'update_schemes_tried_regions') return;
    world.files.set(`${TRIED}/0/start`, `${1000 * BLOCK}\n`);
    world.files.set(`${TRIED}/0/end`, `${1001 * BLOCK}\n`);
    world.files.set(`${TRIED}/0/nr_accesses`, '3\n');
  };
  return world;
}

test('an interval that DAMON tuned is told, with the time that the counts are of', async () => {
  for (const [sampleUs, words] of [
    [20_000, 'DAMON tuned its sampling interval from 5 to 20 ms: the counts are of its last 400 ms'],
    [5000, undefined],
  ] as const) {
    // biome-ignore format: a table
    const world = tuning(sampleUs);
    const source = new DamonRegionsSource(GEOMETRY_4K, { ...DAMON_REGIONS_DEFAULTS, mostExactBlocks: 0 });
    const context = { host: world.host, processes: [pageSizes(['4'])], progress: () => {}, signal: SIGNAL };
    for await (const reading of source.read(context)) {
      if (reading.kind !== 'samples') continue;
      const { time, tid, physicalPage, kind, flags, count } = reading.batch;
      assert.deepEqual(
        [count, time[0], tid[0], physicalPage[0], kind[0], flags[0]],
        [1, Number.NaN, -1, -1, 0, 0],
      );
    }
    assert.equal(
      source.account().notes.find((note) => note.includes('tuned')),
      words,
    );
    assert.equal(world.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
  }
});

test('a heat file that is damaged in its rows says where', async () => {
  const builder = new HotMapBuilder({ pid: 100, startTicks: 1, command: 'x', cgroup: '/' }, GEOMETRY_4K);
  for (let page = 0; page < 512; page++) builder.addCount(1000 * 512 + page, page + 1, (page + 1) * 10);
  const facts = {
    ...{
      octavo: 'heat',
      version: 2,
      page_bytes: 4096,
      block_bytes: 2 << 20,
      nature: 'loads',
      origins: [],
      recordings: [],
      processes: [],
    },
    ...{
      slices: { clock: 'none', widthMs: null },
      thinned_to: 1,
      written_as: 2,
      samples: 9,
      unplaced: {},
      losses: {},
    },
  };
  const bytes = writeHeatFile([builder.build([])], facts as never, () => ({ name: 'm', end: 2 ** 50 }));
  let refused = 0;
  for (let at = 4; at < Math.min(bytes.length, 2000); at += 37) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x55;
    const files = { readBytes: () => ({ ok: true, value: Buffer.from(damaged) }) } as unknown as Files;
    try {
      for await (const _ of HeatFileSource.open(files, '/h').read({ progress: () => {}, signal: SIGNAL }));
    } catch (problem) {
      assert.equal((problem as { code?: string }).code, 'FILE_MALFORMED', String(problem));
      refused++;
    }
  }
  assert.ok(refused > 0);
});

test('a stream that is cut is read as far as it goes, and the missing bytes are damaged', async () => {
  const bytes = recording();
  const cut = bytes.subarray(0, bytes.indexOf(0x45, 400));
  async function* stream() {
    yield cut;
  }
  const source = new PerfFileSource({ path: 'x', geometry: GEOMETRY_4K, stream: stream() });
  for await (const _ of source.batches({ host: hostOf({}), progress: () => {}, signal: SIGNAL }));
  assert.ok(source.session.damage.bytes > 0);
  assert.ok((source.account().losses['damaged bytes'] ?? 0) > 0);
});

test('a kdamond of another tool that tells nothing in the window is no watch, and that is told', async () => {
  const events = '/sys/kernel/tracing/events/damon/damon_aggregated/enable';
  const context = `${KDAMONDS}/0/contexts/0`;
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '1\n',
    [`${KDAMONDS}/0/state`]: 'on\n',
    [`${KDAMONDS}/0/pid`]: '98\n',
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
    [`${context}/operations`]: 'vaddr\n',
    [`${context}/targets/nr_targets`]: '1\n',
    [`${context}/targets/0/pid_target`]: '100\n',
    [`${context}/monitoring_attrs/intervals/sample_us`]: '5000\n',
    [`${context}/monitoring_attrs/intervals/aggr_us`]: '100000\n',
    [events]: '0\n',
    '/sys/kernel/tracing/trace': '# nothing yet\n',
  });
  const source = new DamonRegionsSource(GEOMETRY_4K);
  const asked = { host: world.host, processes: [pageSizes(['4'])], progress: () => {}, signal: SIGNAL };
  for await (const _ of source.read(asked)) assert.fail('nothing was seen');
  const { losses } = source.account();
  assert.deepEqual(Object.values(losses), [1]);
  assert.match(Object.keys(losses)[0], /^processes not watched: ENODATA for listen for damon_aggregated$/);
  assert.ok(source.obstacle && 'errno' in source.obstacle && source.obstacle.errno === 'ENODATA');
});
