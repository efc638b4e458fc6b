import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawTables, naiveFlags, naiveRows } from '../../test/support/drawn-tables.js';
import { type Tables, tablesHost } from '../../test/support/frame-tables.js';
import { PID } from '../../test/support/scripted-host.js';
import type { Host } from '../host/host.js';
import type { OctavoError } from '../vocabulary/errors.js';
import { BLOCK_FLAG, MAPPING_LEVEL } from '../vocabulary/page-sizes.js';
import { pageGeometry } from '../vocabulary/units.js';
import { type ObserveOptions, observe } from './observe.js';

/** All columns, as `naiveRows` has them. */
function rowsOf(host: Host, options: ObserveOptions = {}) {
  const { blocks } = observe(host, PID, options).sizes;
  return Array.from({ length: blocks.count }, (_, row) => ({
    block: blocks.block[row],
    mapping: blocks.mapping[row],
    level: blocks.level[row],
    present: blocks.present[row],
    zeroMapped: blocks.zeroMapped[row],
    swapped: blocks.swapped[row],
    unmapped: blocks.unmapped[row],
    firstFrame: blocks.flags[row] & BLOCK_FLAG.contiguousFrames ? blocks.firstFrame[row] : null,
    flags: blocks.flags[row],
    orders: [...blocks.pagesByOrder.subarray(row * blocks.orders, (row + 1) * blocks.orders)],
  }));
}

function expected(tables: Tables, options: ObserveOptions = {}) {
  return naiveRows(tables, options.ranges).map((row) => {
    const { shared: _, hugeZero: __, whole: ___, ...rest } = row;
    return { ...rest, flags: naiveFlags(row) };
  });
}

function assertSeen(tables: Tables, what: string, options: ObserveOptions = {}): void {
  assert.deepEqual(rowsOf(tablesHost(tables).host, options), expected(tables, options), what);
}

test('any page tables are seen as a walk over every page sees them', () => {
  for (let seed = 1; seed <= 60; seed++) assertSeen(drawTables({ seed }), `seed ${seed}`);
});

test('and so without PAGEMAP_SCAN, with the huge blocks that smaps counts', () => {
  for (let seed = 1; seed <= 40; seed++) assertSeen(drawTables({ seed, scan: false }), `seed ${seed}`);
});

test('and so with larger pages, and over more than is read at once', () => {
  const geometry = pageGeometry(16_384, 32 * 2 ** 20);
  for (let seed = 1; seed <= 6; seed++) assertSeen(drawTables({ seed, geometry }), `seed ${seed}`);
  for (const scan of [true, false])
    for (let seed = 7; seed <= 10; seed++) assertSeen(drawTables({ seed, blocks: 45, scan }), `seed ${seed}`);
});

test('a part is seen as the whole is', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const tables = drawTables({ seed });
    const first = tables.mappings[0].start - 5;
    const ranges = [
      { start: first, end: first + 700 },
      { start: first + 1000, end: first + 1000 },
      { start: first + 1400, end: first + 2900 },
    ];
    assertSeen(tables, `seed ${seed}`, { ranges });
  }
});

const BASE = 1000 * 512;
const KPAGEFLAGS = '/proc/kpageflags';
const PAGEMAP = `/proc/${PID}/pagemap`;

/** One block with the pages given, of folios of order 0 from frame 5120 on. */
function plain(more: Partial<Tables> = {}, pages = 512): Tables {
  const entries = new Map(Array.from({ length: pages }, (_, at) => [BASE + at, { frame: 5120 + at }]));
  const folios = new Map([...entries.values()].map(({ frame }) => [frame, { head: frame, order: 0 }]));
  const counts = new Map([...entries.values()].map(({ frame }) => [frame, 1]));
  return { mappings: [{ start: BASE, end: BASE + 1024 }], entries, folios, counts, ...more };
}

test('frames that are hidden leave orders unknown, and what is shared known', () => {
  for (const scan of [true, false]) {
    const entries = new Map([
      [BASE, { frame: 0 }],
      [BASE + 1, { frame: 0, exclusive: false }],
    ]);
    const { sizes } = observe(tablesHost(plain({ entries, scan })).host, PID);
    assert.equal(sizes.ordersKnown, false);
    assert.deepEqual([sizes.blocks.count, sizes.blocks.present[0], sizes.blocks.level[0]], [1, 2, 1]);
    const flags = BLOCK_FLAG.shared | BLOCK_FLAG.wholeInMapping | BLOCK_FLAG.ordersUnknown;
    assert.equal(sizes.blocks.flags[0], flags);
    assert.equal(sizes.blocks.firstFrame[0], -1);
  }
});

test('a hidden frame behind a PMD entry hides orders as well; its block is huge all the same', () => {
  const entries = new Map(Array.from({ length: 512 }, (_, at) => [BASE + at, { frame: 0, pmd: true }]));
  const { sizes } = observe(tablesHost(plain({ entries })).host, PID);
  assert.equal(sizes.ordersKnown, false);
  const { blocks } = sizes;
  assert.deepEqual([blocks.level[0], blocks.present[0], blocks.firstFrame[0]], [MAPPING_LEVEL.pmd, 512, -1]);
});

test('without kpageflags, or beyond its end, orders are unknown and all else is there', () => {
  const hidden = observe(tablesHost(plain({ refused: { [KPAGEFLAGS]: 'EACCES' } })).host, PID).sizes;
  assert.equal(hidden.ordersKnown, false);
  assert.equal(hidden.blocks.present[0], 512);
  assert.equal(hidden.blocks.flags[0] & BLOCK_FLAG.ordersUnknown, BLOCK_FLAG.ordersUnknown);
  assert.equal(hidden.blocks.flags[0] & BLOCK_FLAG.contiguousFrames, BLOCK_FLAG.contiguousFrames);
  const cut = observe(tablesHost(plain({ ends: { [KPAGEFLAGS]: (5120 + 100) * 8 } })).host, PID).sizes;
  assert.equal(cut.ordersKnown, true);
  assert.equal(cut.blocks.pagesByOrder[0], 100);
  assert.equal(cut.blocks.flags[0] & BLOCK_FLAG.ordersUnknown, BLOCK_FLAG.ordersUnknown);
  assert.equal(observe(tablesHost(plain()).host, PID).sizes.ordersKnown, true);
});

test('huge entries that swap entries stand for are swapped', () => {
  const entries = new Map(Array.from({ length: 512 }, (_, at) => [BASE + at, { swapped: true, pmd: true }]));
  const [row] = rowsOf(tablesHost(plain({ entries })).host);
  assert.deepEqual([row.level, row.swapped, row.present, row.zeroMapped], [MAPPING_LEVEL.pmd, 512, 0, 0]);
});

test('PAGEMAP_SCAN is asked once where it is missing, and pages are counted either way', () => {
  const mappings = [
    { start: BASE, end: BASE + 512 },
    { start: BASE + 512, end: BASE + 1024 },
  ];
  const without = tablesHost(plain({ mappings, scan: false }));
  const { account } = observe(without.host, PID);
  assert.deepEqual([without.scans.length, account.pages], [1, 1024]);
  const withScan = tablesHost(plain({ mappings }));
  assert.equal(observe(withScan.host, PID).account.pages, 512);
  assert.deepEqual(
    withScan.scans.map(({ range }) => range),
    mappings,
  );
});

test('small regions that one read can hold share it, and nothing is read beyond the last of them', () => {
  const parts = [0, 8, 16_380, 16_500].map((at) => BASE + at);
  const entries = new Map(
    parts.flatMap((start) =>
      [0, 1, 2].map((at) => [start + at, { frame: 5120 + start - BASE + at }] as const),
    ),
  );
  const mappings = [{ start: BASE, end: BASE + 40 * 512 }];
  const told = tablesHost(plain({ mappings, entries }));
  const { blocks } = observe(told.host, PID).sizes;
  assert.equal(
    blocks.present.subarray(0, blocks.count).reduce((sum, pages) => sum + pages),
    12,
  );
  const read = told.reads
    .map((line) => line.split(' '))
    .filter(([path]) => path === PAGEMAP)
    .map(([, first, bytes]) => [Number(first) / 8 - BASE, Number(bytes) / 8]);
  assert.deepEqual(read, [[0, 16_383], [16_500, 3]]); // biome-ignore format: a row
});

test('special and hugetlb mappings are not looked into', () => {
  const mappings = [
    { start: BASE, end: BASE + 512, name: '[vvar]' },
    { start: BASE + 512, end: BASE + 1024, fields: 'VmFlags: rd wr ht\n' },
  ];
  const told = tablesHost(plain({ mappings }));
  const { sizes, entries } = observe(told.host, PID);
  assert.deepEqual([sizes.blocks.count, told.scans.length, entries.length], [0, 0, 2]);
  assert.deepEqual(
    sizes.mappings.map(({ kind }) => kind),
    ['special', 'hugetlb'],
  );
});

test('everything that was opened is closed, whatever happens', () => {
  const told = tablesHost(plain());
  observe(told.host, PID);
  assert.deepEqual(told.closed.sort(), [PAGEMAP, KPAGEFLAGS]);
  const broken = tablesHost(plain({ refused: { [`read ${PAGEMAP}`]: 'ESRCH' } }));
  assert.throws(() => observe(broken.host, PID));
  assert.deepEqual(broken.closed.sort(), [PAGEMAP, KPAGEFLAGS]);
});

function failing(more: Partial<Tables>): OctavoError | undefined {
  try {
    observe(tablesHost(plain(more)).host, PID);
    return undefined;
  } catch (problem) {
    return problem as OctavoError;
  }
}

test('a refusal is coded: gone, not permitted, cut off, malformed', () => {
  for (const path of [PAGEMAP, `read ${PAGEMAP}`, `/proc/${PID}/smaps`]) {
    for (const errno of ['ESRCH', 'ENOENT'] as const)
      assert.equal(failing({ refused: { [path]: errno } })?.code, 'TARGET_GONE', `${path} ${errno}`);
    const denied = failing({ refused: { [path]: 'EACCES' } });
    assert.equal(denied?.code, 'PERMISSION', path);
    assert.match(String(denied?.message), /EACCES/);
  }
  assert.equal(failing({ ends: { [PAGEMAP]: BASE * 8 } })?.code, 'FILE_TRUNCATED');
  for (const state of ['Z', 'X']) {
    const texts = { [`/proc/${PID}/stat`]: `${PID} (db) ${state} ${'0 '.repeat(40)}\n` };
    assert.equal(failing({ texts })?.code, 'TARGET_GONE', state);
  }
  assert.equal(failing({ refused: { [`/proc/${PID}/stat`]: 'ENOENT' } })?.code, 'TARGET_GONE');
  const malformed = failing({ texts: { [`/proc/${PID}/smaps`]: 'Rss: 4 kB\n' } });
  assert.equal(malformed?.code, 'FILE_MALFORMED');
  assert.match(String(malformed?.message), /smaps.*line 1/s);
});

test('who the process is, and whether THP is off for it', () => {
  const texts = { [`/proc/${PID}/status`]: 'Name:\tdb\nTHP_enabled:\t0\n' };
  const off = observe(tablesHost(plain({ texts })).host, PID).sizes;
  assert.equal(off.thpDisabledByPrctl, true);
  assert.deepEqual(off.process, { pid: PID, startTicks: 5000, command: 'db', cgroup: '/db.service' });
  const on = { [`/proc/${PID}/status`]: 'Name:\tdb\nTHP_enabled:\t1\n' };
  const refused = { [`/proc/${PID}/cgroup`]: 'ENOENT' as const };
  const { sizes } = observe(tablesHost(plain({ texts: on, refused })).host, PID);
  assert.deepEqual([sizes.thpDisabledByPrctl, sizes.process.cgroup], [false, '/']);
  assert.equal(observe(tablesHost(plain()).host, PID).sizes.thpDisabledByPrctl, false);
});

test('the mount of a file tells shared memory from other files', () => {
  const mappings = [{ start: BASE, end: BASE + 512, name: '/srv/heap', inode: 9 }];
  const mountinfo = { [`/proc/${PID}/mountinfo`]: '30 1 0:5 / /srv rw - tmpfs tmpfs rw,huge=always\n' };
  const kinds = (texts: Record<string, string>) =>
    observe(tablesHost(plain({ mappings, texts })).host, PID).sizes.mappings.map(({ kind }) => kind);
  assert.deepEqual(kinds(mountinfo), ['shmem']);
  assert.deepEqual(kinds({}), ['file']);
});

test('time in the kernel is a part of all time', () => {
  const { account } = observe(tablesHost(plain()).host, PID);
  assert.ok(account.kernelNs > 0 && account.kernelNs < account.totalNs, JSON.stringify(account));
});

test('a process that ends while its pagemap is read is gone, and no file is cut off', () => {
  const { host } = tablesHost(plain({ ends: { [PAGEMAP]: BASE * 8 } }));
  const { readText } = host.files;
  let looks = 0;
  const files: Host['files'] = {
    ...host.files,
    readText: (path) =>
      path === `/proc/${PID}/stat` && ++looks > 1
        ? { ok: false, error: { errno: 'ENOENT', call: path } }
        : readText(path),
  };
  assert.throws(
    () => observe({ ...host, files }, PID),
    (problem: OctavoError) => problem.code === 'TARGET_GONE',
  );
});
