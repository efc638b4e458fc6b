/** Which huge pages are probed or read, how many, at what pace, and what is told of it: on a host of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, pageSizes } from '../../test/support/drawing.js';
import { BLOCK_FLAG, type PageSizes } from '../vocabulary/page-sizes.js';
import { GEOMETRY_4K, MIB, type PageGeometry, pageGeometry } from '../vocabulary/units.js';
import { OCCUPANCY_DEFAULTS, type OccupancyOptions, OccupancySource, readableBlocks } from './occupancy.js';
import { PROBE_DEFAULTS, type ProbeOptions, ProbeSource } from './probe.js';
import type { SourceContext } from './source.js';

interface Given {
  /** Blocks that do not split. */
  readonly stuck?: readonly number[];
  /** Sub-pages written during the window, of every block. */
  readonly dirty?: number;
  readonly pressure?: (asked: number) => string | undefined;
  readonly missing?: string;
  readonly openPagemap?: boolean;
  readonly onSleep?: () => void;
  readonly random?: number;
}

/** A host that keeps soft-dirty bits, and hands that note what they are asked for. */
function world(given: Given) {
  const log: string[] = [];
  let nowMs = 0;
  let asked = 0;
  const refused = (path: string) => ({ ok: false, error: { errno: 'ENOENT', call: path } });
  const read = (into: Uint8Array) => {
    into.fill(0);
    for (let page = 0; page < (given.dirty ?? 0); page++) new DataView(into.buffer, into.byteOffset).setUint32(8 * page + 4, 1 << 23, true); // biome-ignore format: one row
    return { ok: true, value: into.length };
  };
  const files = {
    readText: (path: string) =>
      path.endsWith('/smaps') ? { ok: true, value: 'VmFlags: rd sd\n' } : refused(path),
    list: refused,
    status: refused,
    canWrite: () => ({ ok: true }),
    writeKernelFile: () => ({ ok: true }),
    open: (path: string) =>
      given.openPagemap === false
        ? refused(path)
        : { ok: true, value: { path, read, close: () => undefined } },
  };
  const scanPagemap = (_: number, { range }: { range: { start: number } }) => ({ ok: true, value: { count: given.stuck?.includes(range.start / 512 - FIRST_BLOCK) ? 1 : 0 } }); // biome-ignore format: one row
  const sleep = async (ms: number) => {
    nowMs += ms;
    given.onSleep?.();
  };
  const host = {
    files,
    calls: { scanPagemap },
    clock: { monotonicNs: () => nowMs * 1e6, sleep },
    random: { uint32: () => given.random ?? 0 },
    identity: { pid: 1, geometry: GEOMETRY_4K },
  };
  const names = (blocks: readonly number[]) => blocks.map((block) => block - FIRST_BLOCK).join(',');
  const hands = {
    missing: given.missing,
    split: async (_: unknown, blocks: readonly number[]) => void log.push(`split ${names(blocks)}`),
    collapse: async (_: unknown, blocks: readonly number[]) => void log.push(`collapse ${names(blocks)}`),
    pressure: (blocks: number) => {
      log.push(`pressure ${blocks}`);
      return given.pressure?.(asked++);
    },
  };
  return { host, hands, log, elapsed: () => nowMs };
}

async function probed(
  sizes: readonly PageSizes[],
  options: Partial<ProbeOptions> = {},
  given: Given = {},
  stop = new AbortController(),
) {
  const { host, hands, log } = world(given);
  const source = new ProbeSource(GEOMETRY_4K, hands as never, {
    ...PROBE_DEFAULTS,
    windowMs: 1200,
    ...options,
  });
  const progress: string[] = [];
  const context = { host, processes: sizes, progress: (done: number, all: number) => void progress.push(`${done}/${all}`), signal: stop.signal } as unknown as SourceContext; // biome-ignore format: one row
  const rows: number[][] = [];
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    const { batch } = reading;
    for (let row = 0; row < batch.count; row++)
      rows.push([
        batch.virtualPage[row] - 512 * FIRST_BLOCK,
        batch.weight[row],
        batch.pid[row],
        batch.tid[row],
        batch.physicalPage[row],
        batch.kind[row],
        batch.flags[row],
      ]);
  }
  return {
    source,
    log,
    rows,
    progress,
    account: source.account(),
    acts: log.filter((line) => !line.startsWith('pressure')),
  };
}

test('whole huge pages of the process are probed, and nothing else', async () => {
  const sizes = pageSizes(['H', 'h', '4', 'H', 'H', 'H*511', '.']);
  sizes.blocks.flags[3] &= ~BLOCK_FLAG.wholeInMapping;
  const { acts, account } = await probed([sizes]);
  assert.deepEqual(acts, ['split 0,4', 'collapse 0,4']);
  assert.match(account.notes.join('\n'), / 2 collapses \(4 MiB copied\); 0 stay split/);
  assert.match(
    account.notes.join('\n'),
    /the probe split 2 of 2 huge pages of process 100 \(4 MiB\) for 1200 ms: 2 proved sparse, so 100 % of all are/,
  );
});

test('pages that were in use are told, one row each, and nothing of the others', async () => {
  const { rows } = await probed([pageSizes(['.', 'H'])], {}, { dirty: 2 });
  assert.deepEqual(rows, [[512, 1, 100, -1, -1, 0, 0], [513, 1, 100, -1, -1, 0, 0]]); // biome-ignore format: rows
});

test('blocks are probed four at a time, as many as the sample says, with progress', async () => {
  const sizes = pageSizes(Array(9).fill('H'));
  const { log, progress } = await probed([sizes], { sampleBlocks: 6 });
  assert.deepEqual(
    log.filter((line) => line.startsWith('split')),
    ['split 0,1,2,3', 'split 4,5'],
  );
  assert.deepEqual(progress, ['0/6', '4/6']);
  assert.equal((await probed([sizes], { sampleBlocks: 6 }, { random: 8 })).acts[0], 'split 1,2,3,5', 'drawn, in ascending order'); // biome-ignore format: one row
});

test('the sample is shared among processes, at least one each while it lasts', async () => {
  const sizes = pageSizes(Array(9).fill('H'));
  const drawn = async (processes: number, sampleBlocks: number) => (await probed(Array(processes).fill(sizes), { sampleBlocks })).source.tallies.map((tally) => tally.drawn); // biome-ignore format: one row
  assert.deepEqual(await drawn(2, 6), [3, 3]);
  assert.deepEqual(await drawn(3, 7), [2, 2, 3]);
  assert.deepEqual(await drawn(3, 2), [1, 1]);
  const { account } = await probed([sizes, sizes, sizes], { sampleBlocks: 2 });
  assert.deepEqual(account.losses, { 'processes not probed: the sample was used up by others': 1 });
});

test('sparse blocks stay split unless all are to be put back; dense ones are put back', async () => {
  const sizes = [pageSizes(['H'])];
  const half = { denseShare: 0.5, restoreAll: false };
  assert.deepEqual((await probed(sizes, half, { dirty: 255 })).acts, ['split 0']);
  assert.deepEqual((await probed(sizes, half, { dirty: 256 })).acts, ['split 0', 'collapse 0']);
  assert.deepEqual((await probed(sizes, { denseShare: 0.5 }, { dirty: 1 })).acts, ['split 0', 'collapse 0']);
  const { account, source } = await probed(sizes, half, { dirty: 255 });
  assert.match(
    account.notes.join('\n'),
    /its cost: 1 splits \(bound 16, --sample\), 0 collapses \(0 MiB copied\); 1 stay split/,
  );
  assert.deepEqual(source.tallies, [
    { pid: 100, candidates: 1, drawn: 1, split: 1, collapsed: 0, stopped: '', watched: 1, sparse: 1 },
  ]);
});

test('a block that would not split is told and not watched', async () => {
  const { acts, account, source } = await probed([pageSizes(['H', 'H'])], {}, { stuck: [0] });
  assert.deepEqual(acts, ['split 0,1', 'collapse 1']);
  assert.deepEqual(account.losses, { 'huge pages that would not split (pinned, shared or locked)': 1 });
  assert.equal(source.tallies[0].split, 1);
  const none = await probed([pageSizes(['H'])], {}, { stuck: [0] });
  assert.deepEqual(
    [none.acts, none.account.notes.length],
    [['split 0'], 1],
    'nothing to put back, nothing to tell of its cost',
  );
});

test('pressure is asked before each act, and ends the probe with what was done so far', async () => {
  const sizes = [pageSizes(Array(8).fill('H'))];
  const before = await probed(sizes, {}, { pressure: () => 'memory is short' });
  assert.deepEqual(before.log, ['pressure 4']);
  assert.match(before.account.notes.join('\n'), /the probe stopped after 0 of 8 huge pages: memory is short/);
  const later = await probed(
    sizes,
    {},
    { pressure: (asked) => (asked === 5 ? 'memory is short' : undefined) },
  );
  assert.deepEqual(later.acts, ['split 0,1,2,3', 'collapse 0,1,2,3']);
  assert.match(later.account.notes.join('\n'), /the probe stopped after 4 of 8 huge pages: memory is short/);
});

test('pressure during the watch throws its counts away, and blocks stay split while memory is short', async () => {
  const sizes = [pageSizes(['H'])];
  const short = await probed(
    sizes,
    {},
    { pressure: (asked) => (asked === 2 ? 'memory is short' : undefined) },
  );
  assert.deepEqual(short.account.losses, { 'huge pages whose watch was cut short': 1 });
  assert.deepEqual([short.acts, short.rows], [['split 0', 'collapse 0'], []]);
  const lasting = await probed(
    sizes,
    {},
    { pressure: (asked) => (asked >= 2 ? 'memory is short' : undefined) },
  );
  assert.deepEqual(lasting.acts, ['split 0']);
  assert.match(lasting.account.notes.join('\n'), /1 probed huge pages stay split: memory is short/);
});

test('the watch looks for pressure every half second of its window', async () => {
  const { log } = await probed([pageSizes(['H'])], { windowMs: 1200 });
  assert.equal(log.filter((line) => line.startsWith('pressure')).length, 1 + 3 + 1);
});

test('a stop during the watch puts the blocks back, and begins no further ones', async () => {
  const stop = new AbortController();
  const sizes = pageSizes(Array(8).fill('H'));
  const { acts, account } = await probed([sizes, sizes], {}, { onSleep: () => stop.abort() }, stop);
  assert.deepEqual(acts, ['split 0,1,2,3', 'collapse 0,1,2,3']);
  assert.deepEqual(account.losses, { 'huge pages whose watch was cut short': 4 });
});

test('what cannot be probed says why', async () => {
  const sizes = [pageSizes(['H'])];
  assert.deepEqual((await probed(sizes, {}, { missing: 'no hands' })).account.losses, {
    'processes not probed: no hands': 1,
  });
  const without = [pageSizes(['4']), pageSizes(['h'])];
  assert.deepEqual((await probed(without)).account.losses, {
    'processes not probed: they have no huge pages of their own': 2,
  });
  const unread = await probed(sizes, {}, { openPagemap: false });
  assert.deepEqual(unread.account.losses, { 'huge pages not watched: ENOENT for /proc/100/pagemap': 1 });
  assert.deepEqual(unread.acts, ['split 0', 'collapse 0'], 'and what was split is put back');
  assert.equal(
    unread.account.notes.filter((note) => note.startsWith('watched by soft-dirty bits')).length,
    1,
  );
  const twice = await probed([...sizes, ...sizes]);
  assert.equal(
    twice.account.notes.filter((note) => note.startsWith('watched by soft-dirty bits')).length,
    1,
    'told once',
  );
});

test('which rows are worth a read: huge ones with something in them, of memory that can be given back', () => {
  const of = (blocks: readonly string[], drawn: object = {}) => readableBlocks(pageSizes(blocks, drawn));
  assert.deepEqual(of(['H', 'h', '4', 'H']), { rows: [0, 3], shared: 0, locked: 0 });
  assert.deepEqual(of(['H', 'H', 'H'], { shared: [1] }), { rows: [0, 2], shared: 1, locked: 0 });
  assert.deepEqual(of(['H', 'H'], { flags: ['lo'], shared: [1] }), { rows: [], shared: 1, locked: 1 });
  assert.deepEqual(of(['H'], { kind: 'shmem' }).rows, [0]);
  for (const kind of ['file', 'hugetlb', 'special'])
    assert.deepEqual(of(['H'], { kind }), { rows: [], shared: 0, locked: 0 });
  const zero = pageSizes(['H']);
  zero.blocks.present[0] = 0;
  assert.deepEqual(readableBlocks(zero).rows, []);
});

interface Memory {
  readonly geometry?: PageGeometry;
  readonly bytes?: number;
  readonly openErrno?: string;
}

async function content(
  sizes: readonly PageSizes[],
  options: Partial<OccupancyOptions> = {},
  memory: Memory = {},
  stop = new AbortController(),
) {
  const { host, elapsed } = world({});
  const reads: number[][] = [];
  const open: number[] = [];
  let closed = 0;
  const openMemory = (pid: number) => {
    open.push(pid);
    if (memory.openErrno) return { ok: false, error: { errno: memory.openErrno, call: 'open' } };
    const read = ({ start, end }: { start: number; end: number }, into: Uint8Array) => {
      reads.push([start, end, into.length]);
      into.fill(0);
      into[0] = 1;
      return { ok: true, value: memory.bytes ?? into.length };
    };
    return { ok: true, value: { pid, read, close: () => closed++ } };
  };
  const source = new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...options });
  const progress: string[] = [];
  const context = { host: { ...host, calls: { openMemory } }, processes: sizes, progress: (done: number, all: number, unit: string) => void progress.push(`${done}/${all} ${unit}`), signal: stop.signal } as unknown as SourceContext; // biome-ignore format: one row
  const found: (readonly [number, number, string])[] = [];
  for await (const reading of source.read(context)) {
    assert.ok(reading.kind === 'content');
    const { pid, block, filled } = reading.content;
    found.push([
      pid,
      block - FIRST_BLOCK,
      [...filled].flatMap((byte, at) => (byte === 0 ? [] : [`${at}:${byte}`])).join(),
    ]);
    if (found.length === 1) stop.abort(stop === undefined ? undefined : 'x');
  }
  return { found, reads, open, closed, progress, account: source.account(), waitedMs: elapsed() };
}

const never = { abort: () => undefined, signal: new AbortController().signal } as unknown as AbortController;

test('a block is read at once where it has 2 MiB, and in pieces of 2 MiB where it has more', async () => {
  const { reads, found, account } = await content([pageSizes(['H'])], {}, {}, never);
  assert.deepEqual(reads, [[FIRST_BLOCK * 512, FIRST_BLOCK * 512 + 512, 2 * MIB]]);
  assert.deepEqual(found, [[100, 0, '0:1']]);
  assert.equal(account.bytesRead, 2 * MIB);
  const geometry = pageGeometry(65_536, 512 * MIB);
  const large = { ...pageSizes(['H']), geometry };
  const pieces = await content([large], {}, {}, never);
  assert.equal(pieces.reads.length, 256);
  assert.deepEqual(pieces.reads[1], [FIRST_BLOCK * 8192 + 32, FIRST_BLOCK * 8192 + 64, 2 * MIB]);
  assert.deepEqual(pieces.found[0][2].split(',').slice(0, 2), ['0:1', '4:1']);
  assert.deepEqual(
    [pieces.account.bytesRead, pieces.account.notes],
    [512 * MIB, ['read 1 huge blocks (512 MiB)']],
  );
});

test('reading keeps its pace: so many bytes of any second', async () => {
  const { waitedMs, progress } = await content(
    [pageSizes(['H', 'H', 'H'])],
    { bytesPerSecond: 4 * MIB },
    {},
    never,
  );
  assert.equal(waitedMs, 1500);
  assert.deepEqual(progress, ['1/3 blocks', '2/3 blocks', '3/3 blocks']);
  assert.equal(
    (await content([pageSizes(['H'])], { bytesPerSecond: 2048 * MIB }, {}, never)).waitedMs,
    0,
    'a wait of a millisecond is none',
  );
});

test('only what is asked for is read, and a stop ends it', async () => {
  const sizes = pageSizes(['H', 'H', 'H'], { shared: [2] });
  const only = new Map([[100, new Set([FIRST_BLOCK + 1])]]);
  const asked = await content([sizes], { only }, {}, never);
  assert.deepEqual(
    [asked.found.map(([, block]) => block), asked.account.notes],
    [[1], ['read 1 huge blocks (2 MiB)']],
  );
  const ofNone = await content([sizes], { only: new Map() }, {}, never);
  assert.deepEqual([ofNone.found, ofNone.open], [[], []]);
  const stopped = await content([sizes]);
  assert.deepEqual([stopped.found.length, stopped.closed], [1, 1]);
});

test('memory of one process is open at a time, and is closed', async () => {
  const other = { ...pageSizes(['H', 'H']), process: { ...pageSizes(['H']).process, pid: 7 } };
  const { open, closed } = await content([pageSizes(['H', 'H']), other], {}, {}, never);
  assert.deepEqual([open, closed], [[100, 7], 2]);
  const refused = await content([pageSizes(['H', 'H'])], {}, { openErrno: 'EACCES' }, never);
  assert.deepEqual([refused.account.losses, refused.open.length], [{ EACCES: 2 }, 1], 'asked for once');
});

test('a block of which a part is gone is no block', async () => {
  const { found, account } = await content([pageSizes(['H'])], {}, { bytes: 2 * MIB - 4096 }, never);
  assert.deepEqual(
    [found, account.losses, account.bytesRead, account.notes],
    [[], { 'no longer in memory': 1 }, 0, []],
  );
});
