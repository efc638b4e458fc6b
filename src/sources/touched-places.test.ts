import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtElf, OBJECT } from '../../test/support/elf-builder.js';
import { hostOf } from '../../test/support/perf-rows.js';
import { MappingTable } from '../formats/perf-data/mappings.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import { ThreadTable } from '../formats/perf-data/threads.js';
import { type AccessColumns, instructionColumns } from '../vocabulary/access-columns.js';
import { SAMPLE_FLAG, sampleColumns } from '../vocabulary/sample.js';
import { kindOf } from './data-objects.js';
import { JitNames } from './jit-names.js';
import { ProgramFiles } from './program-files.js';
import { TouchedPlaces } from './touched-places.js';

interface Sample {
  readonly pid?: number;
  readonly page: number;
  readonly within?: number;
  readonly ip?: number;
  readonly flags?: number;
  readonly event?: number;
}

function batchOf(samples: readonly Sample[]): AccessColumns {
  const words = () => new Uint32Array(samples.length);
  const batch: AccessColumns = {
    ...sampleColumns(samples.length),
    capacity: samples.length,
    ...{ addressLow: words(), addressHigh: words(), physicalLow: words(), physicalHigh: words() },
    ...{
      latency: words(),
      event: new Uint16Array(samples.length),
      instructions: instructionColumns(samples.length),
    },
  };
  batch.count = samples.length;
  samples.forEach(({ pid = 7, page, within = 0, ip = 0, flags = 0, event = 0 }, row) => {
    batch.pid[row] = pid;
    batch.virtualPage[row] = page;
    batch.addressLow[row] = ((page % 2 ** 20) * 4096 + within) >>> 0;
    batch.flags[row] = flags;
    batch.weight[row] = 1;
    batch.event[row] = event;
    if (batch.instructions !== undefined) {
      batch.instructions.low[row] = ip % 2 ** 32;
      batch.instructions.high[row] = Math.floor(ip / 2 ** 32);
    }
  });
  return batch;
}

function places(
  files: Readonly<Record<string, Uint8Array>> = {},
  more: { root?: string; buildId?: string } = {},
) {
  const threads = new ThreadTable();
  const mappings = new MappingTable(threads);
  const session = { state: { mappings, threads } } as unknown as PerfSession;
  const { root = '', buildId } = more;
  const options = { root, buildIdOf: () => buildId, recordedMs: () => undefined };
  const programs = new ProgramFiles(hostOf(files).files, 4096, options);
  const jit = new JitNames(hostOf(files).files, mappings, root);
  return { mappings, threads, touched: new TouchedPlaces(session, programs, 4096, 1, jit) };
}

const everything = () => true;

test('the hottest places outlive those that are met once, and what was dropped is told', () => {
  const { touched } = places();
  let cold = 0;
  for (let turn = 0; turn < 40; turn++) {
    const samples: Sample[] = [];
    for (let i = 0; i < 5000; i++) samples.push({ page: 1000 + cold++ });
    for (let hot = 0; hot < 10; hot++) for (let i = 0; i <= hot; i++) samples.push({ page: hot });
    touched.add(batchOf(samples));
  }
  const found = touched.hottest(everything, 10, 5);
  assert.deepEqual(found.map(({ address, samples }) => [Number(address) / 4096, samples]), Array.from({ length: 10 }, (_, at) => [9 - at, 40 * (10 - at)])); // biome-ignore format: one table
  const { samples, dropped } = touched.facts();
  assert.equal(samples, 40 * 5055);
  const totals = touched.totals(everything);
  assert.ok(totals.places <= 65_536 + 5010 && totals.places > 10_000, `${totals.places}`);
  assert.equal(totals.accesses + dropped, samples);
});

test('a place that everything touches keeps what touches it most', () => {
  const { touched } = places();
  for (let turn = 0; turn < 5; turn++) {
    const samples: Sample[] = [];
    for (let i = 0; i < 3000; i++) samples.push({ page: 1, ip: 4096 + turn * 3000 + i });
    for (let i = 0; i < 50; i++) samples.push({ page: 1, ip: 77 });
    touched.add(batchOf(samples));
  }
  const [place] = touched.hottest(everything, 1, 3);
  assert.equal(place.samples, 5 * 3050);
  assert.deepEqual([place.touches[0].samples, place.touches[0].code.address], [250, '0x4d']);
  assert.equal(
    place.furtherSamples,
    place.samples - place.touches.reduce((sum, { samples }) => sum + samples, 0),
  );
  assert.equal(touched.facts().dropped, 0);
});

test('samples of guests, of the kernel’s memory and without an address are in no place; events are told apart', () => {
  const { touched } = places();
  touched.add(
    batchOf([
      { page: 5, event: 1 },
      { page: 5, event: 2 },
      { page: -1 },
      { page: 2 ** 51 },
      { page: 5, flags: SAMPLE_FLAG.guest },
    ]),
  );
  assert.equal(touched.facts().samples, 2);
  const of = (event: number) => touched.hottest((each) => each === event, 5, 5).map(({ samples }) => samples);
  assert.deepEqual([of(1), of(2), of(3)], [[1], [1], []]);
  assert.deepEqual(touched.hottest(everything, 5, 5).map(({ samples }) => samples), [2]); // biome-ignore format: row
  touched.forget(8);
  assert.equal(touched.totals(everything).places, 1);
  touched.forget(7);
  assert.deepEqual(touched.totals(everything), { places: 0, accesses: 0 });
});

const BUILD_ID = new Uint8Array(20).fill(0xab);
const SYMBOLS = [
  { name: 'work', value: 0x1000, size: 0x100 },
  { name: 'table', value: 0x3000, size: 0x100, type: OBJECT },
];
const SEGMENTS = [{ offset: 0, address: 0, fileBytes: 0x4000, flags: 7 }];
const DEBUG = `/usr/lib/debug/.build-id/ab/${'ab'.repeat(19)}.debug`;

function namesBy(files: Readonly<Record<string, Uint8Array>>, root = '') {
  const { mappings, touched } = places(files, { root });
  mappings.add(7, { start: 0x100, end: 0x104, name: '/bin/p', fileStart: 0x100 });
  touched.add(batchOf([{ page: 0x103, within: 8, ip: 0x101010 }]));
  const [{ code, object }] = touched.hottest(everything, 1, 1)[0].touches;
  return [code.symbol, code.offset, code.address, object.kind, object.name];
}

test('a stripped program is named by its debug file when that is of the same build', () => {
  const stripped = builtElf({
    segments: SEGMENTS,
    dynamic: [{ name: 'exported', value: 0x1000, size: 4 }],
    buildId: BUILD_ID,
  });
  const debug = builtElf({ segments: SEGMENTS, symbols: SYMBOLS, buildId: BUILD_ID });
  const other = builtElf({ segments: SEGMENTS, symbols: SYMBOLS, buildId: new Uint8Array(20) });
  const named = ['work', 16, '0x1010', 'variable', 'table'];
  const unnamed = ['', 0, '0x1010', 'variable', '(no section)'];
  assert.deepEqual(namesBy({ '/bin/p': stripped, [DEBUG]: debug }), named);
  assert.deepEqual(namesBy({ '/bin/p': stripped, [DEBUG]: other }), unnamed);
  assert.deepEqual(namesBy({ '/bin/p': stripped }), unnamed);
  assert.deepEqual(namesBy({ '/other/bin/p': stripped, [`/other${DEBUG}`]: debug }, '/other'), named);
  assert.deepEqual(namesBy({ '/bin/p': builtElf({ segments: SEGMENTS, symbols: SYMBOLS }) }), named);
});

test('a mapping that begins within no segment, or where pages do not fit, has no names', () => {
  const elf = builtElf({
    segments: [{ offset: 0x1000, address: 0x1234, fileBytes: 0x2000 }],
    symbols: SYMBOLS,
  });
  for (const fileStart of [0x100, 0x10]) {
    const { mappings, touched } = places({ '/bin/p': elf });
    mappings.add(7, { start: 0x101, end: 0x104, name: '/bin/p', fileStart });
    touched.add(batchOf([{ page: 0x103, ip: 0x101010 }]));
    const [{ code, object }] = touched.hottest(everything, 1, 1)[0].touches;
    assert.deepEqual([code.symbol, object.kind, object.name], ['', 'file', '/bin/p']);
  }
});

test('a child touches what its parent mapped until it maps its own', () => {
  const { mappings, threads, touched } = places();
  mappings.add(1, { start: 10, end: 20, name: '[heap]' });
  threads.addFork(7, 7, 1);
  touched.add(batchOf([{ page: 12 }]));
  mappings.add(7, { start: 10, end: 20, name: '/dev/shm/x' });
  touched.add(batchOf([{ page: 13 }]));
  const kinds = touched.hottest(everything, 5, 1).map(({ touches }) => touches[0].object.kind);
  assert.deepEqual(kinds, ['heap', 'shared']);
});

test('mappings have kinds by the names that the kernel gives them', () => {
  const kinds = {
    '[heap]': 'heap',
    '[stack]': 'stack',
    '[stack:123]': 'stack',
    '': 'anonymous',
    '//anon': 'anonymous',
    '[anon:dalvik]': 'anonymous',
    '/memfd:jit (deleted)': 'shared',
    '/SYSV00000000 (deleted)': 'shared',
    '/dev/shm/pg': 'shared',
    '/dev/zero (deleted)': 'shared',
    '[vdso]': 'special',
    '/data/base.db': 'file',
  };
  for (const [name, kind] of Object.entries(kinds)) assert.equal(kindOf(name), kind, name);
});

test('code that a process made at run time is named by its own map, and never by that of another one', () => {
  const map = (name: string) => new TextEncoder().encode(`7f0000001000 40 ${name}\n`);
  const { mappings, touched } = places({
    '/tmp/perf-7.map': map('Lcom/acme/Cache;::get'),
    '/tmp/perf-8.map': map('_ZN3foo3barEi'),
  });
  for (const pid of [7, 8]) mappings.add(pid, { start: 0x7f0000001, end: 0x7f0000009, name: '//anon' });
  touched.add(batchOf([{ page: 5, ip: 0x7f0000001010 }, { page: 5, ip: 0x7f0000001010, pid: 8 }, { page: 6, ip: 0x7f0000002000 }, { page: 6, ip: 0x7f0000001010, pid: 9 }])); // biome-ignore format: one list
  const told = touched
    .hottest(everything, 10, 5)
    .map(({ pid, touches: [{ code }] }) => [pid, code.symbol, code.offset]);
  assert.deepEqual(told, [
    [7, 'Lcom/acme/Cache;::get', 0x10],
    [7, '', 0],
    [8, '_ZN3foo3barEi', 0x10],
    [9, '', 0],
  ]);
});

test('a process in a container writes its map into its own /tmp, under the pid that it has there', () => {
  const text = (words: string) => new TextEncoder().encode(words);
  const { touched } = places({
    '/proc/7/status': text('Name:\tjava\nNSpid:\t7\t1\nKthread:\t0\n'),
    '/proc/7/root/tmp/perf-1.map': text('1000 10 inside\n'),
    '/tmp/perf-1.map': text('1000 10 of another process\n'),
  });
  touched.add(batchOf([{ page: 5, ip: 0x1004 }]));
  assert.equal(touched.hottest(everything, 1, 1)[0].touches[0].code.symbol, 'inside');
});

test('a jitdump that the process mapped comes before its map', () => {
  const dump = Buffer.alloc(40 + 56 + 8);
  dump.writeUInt32LE(0x4a695444, 0);
  dump.writeUInt32LE(40, 8);
  dump.writeUInt32LE(64, 44);
  dump.writeBigUInt64LE(0x1000n, 72);
  dump.writeBigUInt64LE(0x20n, 80);
  dump.write('jitted\0', 96);
  const { mappings, touched } = places({
    '/home/a/jit-7.dump': dump,
    '/tmp/perf-7.map': Buffer.from('1000 20 mapped\n'),
  });
  mappings.add(7, { start: 9, end: 10, name: '/home/a/jit-7.dump' });
  touched.add(batchOf([{ page: 5, ip: 0x1004 }]));
  assert.equal(touched.hottest(everything, 1, 1)[0].touches[0].code.symbol, 'jitted');
});
