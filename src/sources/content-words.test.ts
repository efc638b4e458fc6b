import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { failure, success } from '../base/result.js';
import type { Calls, PagemapScan } from '../host/host.js';
import { MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import { MIB, type PageRange } from '../vocabulary/units.js';
import { markFilled, type OccupancyOptions, OccupancySource, readableBlocks } from './occupancy.js';
import { SmapsSource } from './smaps.js';

const PAGE = 4096;

test('a single byte anywhere makes its page, and no other, one with data', () => {
  const memory = new Uint8Array(3 * PAGE);
  const filled = new Uint8Array(1);
  for (let at = 0; at < memory.length; at++) {
    memory[at] = 1 << (at & 7);
    markFilled(memory, PAGE, filled);
    if (filled[0] !== 1 << Math.floor(at / PAGE)) assert.fail(`byte ${at}: ${filled[0]}`);
    memory[at] = 0;
  }
});

test('any two words of a line, whatever they hold, are data', () => {
  const memory = new Uint8Array(PAGE);
  const words = new Uint32Array(memory.buffer);
  const filled = new Uint8Array(1);
  for (let line = 0; line < words.length; line += 8) {
    for (let first = line; first < line + 8; first++) {
      for (let second = first + 1; second < line + 8; second++) {
        for (const [left, right] of [
          [1, 1],
          [2, 1],
          [0x8000_0000, 0x7fff_ffff],
          [5, 0xffff_fffb],
        ]) {
          words[first] = left;
          words[second] = right;
          markFilled(memory, PAGE, filled);
          assert.equal(filled[0], 1);
        }
        words[first] = words[second] = 0;
      }
    }
  }
  markFilled(memory, PAGE, filled);
  assert.equal(filled[0], 0, 'and zeroes are none');
});

test('what is worth a read: huge in one piece, anonymous or shmem, not shared, not locked', () => {
  const sizes = pageSizes(['H', '4', 'h*8', 'H', 'h*9', 'H'], { unmapped: { 2: 504, 4: 9 }, shared: [3] });
  sizes.blocks.present[5] = 0;
  assert.deepEqual(readableBlocks(sizes), { rows: [0], shared: 1, locked: 0 });
  const locked = pageSizes(['H', 'h*8', '4'], { unmapped: { 1: 3 }, flags: ['lo'] });
  assert.deepEqual(readableBlocks(locked), { rows: [], shared: 0, locked: 1 });
  const file = pageSizes(['H'], { kind: 'file' });
  assert.deepEqual(readableBlocks(file), { rows: [], shared: 0, locked: 0 });
  assert.deepEqual(readableBlocks(pageSizes(['H'], { kind: 'shmem' })).rows, [0]);
  const none = pageSizes(['H']);
  none.blocks.level[0] = MAPPING_LEVEL.none;
  none.blocks.unmapped[0] = 5;
  assert.deepEqual(readableBlocks(none).rows, []);
});

interface Scene {
  /** Pages that hold data. */
  readonly data: ReadonlySet<number>;
  /** Pages that are in memory, of blocks mapped page by page. */
  readonly regions?: readonly PageRange[];
  readonly fails?: (range: PageRange) => 'EIO' | 'short' | undefined;
  readonly closedTo?: readonly number[];
  readonly scanFails?: boolean;
}

function hostOf({ data, regions = [], fails, closedTo = [], scanFails }: Scene) {
  const host = new ScriptedHost([]);
  const seen = { opened: [] as number[], closed: [] as number[], reads: [] as PageRange[] };
  const scans: PagemapScan[] = [];
  host.calls.openMemory = ((pid: number) => {
    seen.opened.push(pid);
    if (closedTo.includes(pid)) return failure({ errno: 'EACCES', call: 'open' });
    return success({
      pid,
      close: () => void seen.closed.push(pid),
      read: (range: PageRange, into: Uint8Array) => {
        seen.reads.push(range);
        const failing = fails?.(range);
        if (failing === 'EIO') return failure({ errno: 'EIO', call: 'read' });
        into.fill(0);
        for (let page = range.start; page < range.end; page++)
          if (data.has(page)) into[(page - range.start) * PAGE + 4092] = 7;
        return success(failing === 'short' ? into.length - 1 : into.length);
      },
    });
  }) as Calls['openMemory'];
  host.calls.scanPagemap = (_pid, scan) => {
    scans.push(scan);
    if (scanFails) return failure({ errno: 'ENOTTY', call: 'scan' });
    return success({
      count: regions.length,
      starts: Float64Array.from(regions, ({ start }) => start),
      ends: Float64Array.from(regions, ({ end }) => end),
      categories: new Uint32Array(regions.length),
    });
  };
  return { host, seen, scans };
}

async function read(scene: Scene, processes: readonly PageSizes[], options: Partial<OccupancyOptions> = {}) {
  const { host, seen, scans } = hostOf(scene);
  const source = new OccupancySource({ bytesPerSecond: 1e15, ...options });
  const found: { pid: number; block: number; pages: number[] }[] = [];
  const progress: number[][] = [];
  const signal = new AbortController().signal;
  const context = {
    host,
    processes,
    signal,
    progress: (done: number, all: number) => void progress.push([done, all]),
  };
  for await (const reading of source.read(context)) {
    assert.ok(reading.kind === 'content');
    const { pid, block, filled } = reading.content;
    const pages = Array.from({ length: 512 }, (_, page) => page).filter(
      (page) => filled[page >> 3] & (1 << (page & 7)),
    );
    found.push({ pid, block, pages });
  }
  return { found, account: source.account(), progress, seen, scans, host };
}

test('a block mapped page by page is never read: that would mark its pages accessed', async () => {
  const sizes = pageSizes(['h*8'], { unmapped: { 0: 100 } });
  const { found, account, seen } = await read({ data: new Set() }, [sizes]);
  assert.deepEqual([found, seen.opened, seen.reads], [[], [], []]);
  assert.deepEqual([account.bytesRead, account.notes], [0, []]);
});

test('what could not be read whole says nothing, and why is counted', async () => {
  const sizes = pageSizes(['H', 'H']);
  const none = new Set<number>();
  const short = await read({ data: none, fails: () => 'short' }, [sizes]);
  assert.deepEqual([short.found, short.account.losses], [[], { 'no longer in memory': 2 }]);
  const broken = await read({ data: none, fails: () => 'EIO' }, [sizes]);
  assert.deepEqual(
    [broken.account.losses, broken.account.bytesRead, broken.account.notes],
    [{ EIO: 2 }, 0, []],
  );
});

test('the memory of each process is opened once, and closed', async () => {
  const one = pageSizes(['H', 'H']);
  const other = { ...one, process: { ...one.process, pid: 7 } };
  const { seen, found, progress, account } = await read({ data: new Set() }, [one, other]);
  assert.deepEqual(
    [seen.opened, seen.closed],
    [
      [PID, 7],
      [PID, 7],
    ],
  );
  assert.deepEqual(
    found.map(({ pid }) => pid),
    [PID, PID, 7, 7],
  );
  assert.deepEqual(progress, [
    [1, 4],
    [2, 4],
    [3, 4],
    [4, 4],
  ]);
  assert.equal(account.bytesRead, 8 * MIB);
  const closed = await read({ data: new Set(), closedTo: [PID] }, [one, other]);
  assert.deepEqual([closed.account.losses, closed.seen.closed], [{ EACCES: 2 }, [7]]);
});

test('only the blocks asked for are read, and then nothing is said of those left', async () => {
  const sizes = pageSizes(['H', 'H', 'H', 'H'], { shared: [3] });
  const only = new Map([[PID, new Set([1001, 1003])]]);
  const { found, account } = await read({ data: new Set() }, [sizes], { only });
  assert.deepEqual(
    found.map(({ block }) => block),
    [1001],
  );
  assert.deepEqual(account.notes, ['read 1 huge blocks (2 MiB)']);
  const others = await read({ data: new Set() }, [sizes], { only: new Map([[7, new Set([1001])]]) });
  assert.deepEqual(others.found, []);
});

test('a sample is drawn evenly, without putting back, and read in order', async () => {
  const sizes = pageSizes(Array(6).fill('H'));
  const times = Array<number>(6).fill(0);
  const { host } = hostOf({ data: new Set() });
  for (let round = 0; round < 600; round++) {
    const source = new OccupancySource({ bytesPerSecond: 1e15, sampleBlocks: 2 });
    const blocks: number[] = [];
    const context = {
      host,
      processes: [sizes],
      progress: () => undefined,
      signal: new AbortController().signal,
    };
    for await (const reading of source.read(context))
      if (reading.kind === 'content') blocks.push(reading.content.block - 1000);
    assert.equal(blocks.length, 2);
    assert.ok(blocks[0] < blocks[1]);
    for (const block of blocks) times[block]++;
  }
  assert.ok(
    times.every((count) => count > 140 && count < 260),
    times.join(' '),
  );
});

test('no more bytes are read in a second than was said, and a stop ends it', async () => {
  const sizes = pageSizes(Array(4).fill('H'));
  const paced = await read({ data: new Set() }, [sizes], { bytesPerSecond: 4 * MIB });
  assert.deepEqual(
    paced.host.log.map((line) => line.split(' ')[0]),
    Array(4).fill('sleep'),
  );
  const slept = paced.host.log.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
  assert.ok(Math.abs(slept - 2000) < 10, `${slept} ms`);
  const { host } = hostOf({ data: new Set() });
  const stop = new AbortController();
  const source = new OccupancySource();
  let read1 = 0;
  const context = { host, processes: [sizes], progress: () => stop.abort(), signal: stop.signal };
  for await (const _ of source.read(context)) read1++;
  assert.equal(read1, 1);
});

test('smaps gives ranges of huge blocks side by side, of each process', async () => {
  const sizes = pageSizes(['H', 'H', '4', 'H', '.', 'H', 'H', 'H']);
  const source = new SmapsSource(sizes.geometry);
  const progress: number[][] = [];
  const processes = [sizes, { ...sizes, process: { ...sizes.process, pid: 7 } }, pageSizes(['4'])];
  const ranges: unknown[] = [];
  for await (const reading of source.read({
    ...{ host: new ScriptedHost([]), processes, signal: new AbortController().signal },
    progress: (done, all) => void progress.push([done, all]),
  }))
    if (reading.kind === 'range') ranges.push(Object.values(reading.range));
  const expected = [
    [1000, 2],
    [1003, 1],
    [1005, 3],
  ];
  assert.deepEqual(
    ranges,
    [PID, 7].flatMap((pid) => expected.map((range) => [pid, ...range])),
  );
  assert.deepEqual(progress, [
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  assert.match(source.account().notes[0], /\(6 ranges\)/);
  assert.deepEqual([source.account().losses, source.account().bytesRead], [{}, 0]);
  const { granularity, tells, nature } = source.origin;
  assert.deepEqual([tells, nature, granularity.pages], ['presence', 'presence', 512]);
  assert.deepEqual([granularity.blindInsideHugePages, granularity.blindToCachedTranslations], [true, true]);
  const empty = pageSizes(['H', 'H']);
  empty.blocks.present[0] = 0;
  const found: number[] = [];
  for await (const reading of new SmapsSource(sizes.geometry).read({
    ...{ host: new ScriptedHost([]), processes: [empty], signal: new AbortController().signal },
    progress: () => undefined,
  }))
    if (reading.kind === 'range') found.push(reading.range.firstBlock);
  assert.deepEqual(found, [1001]);
});
