/** Caps, pieces, cgroups, the lock meter and what is drawn, each by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import { xorshift } from '../../test/support/random.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { success } from '../base/result.js';
import type { SmapsEntry } from '../formats/proc/smaps.js';
import type { OpenFile, ProcessMemory } from '../host/host.js';
import { joinSizes } from '../verification/join-sizes.js';
import type { Mapping } from '../vocabulary/mapping.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { capsOf } from './caps.js';
import { CgroupCounters } from './cgroup-counters.js';
import { drawBlocks } from './content.js';
import { LockMeter } from './lock-meter.js';
import type { Person } from './people.js';
import { piecesOf, shuffled } from './pieces.js';

const HELD = { least: 0, most: 0 };

function person(resident: Person['resident']): Person {
  return {
    process: {},
    belonging: {},
    resident,
    threads: 1,
    isLocked: false,
    hugetlb: 0,
  } as unknown as Person;
}

test('no more can be huge than whole blocks of what is resident, nor than the host has', () => {
  const MIB = 2 ** 20;
  const resident = { all: 60 * MIB, anon: 10 * MIB, shmem: 20 * MIB, file: 30 * MIB };
  const host = { counters: undefined, cpus: 1, geometry: GEOMETRY_4K };
  const inMib = (of: Person['resident'], facts: Parameters<typeof capsOf>[1] = host, threads = 1) => {
    const caps = capsOf({ ...person(of), threads }, facts);
    return caps && [caps.huge / MIB, caps.readable / MIB];
  };
  assert.equal(inMib(undefined), undefined);
  assert.deepEqual(inMib(resident), [60, 30]);
  // 64 pages of one thread may be late, and no more.
  const nearly = 2 * MIB - 64 * 4096;
  assert.deepEqual(inMib({ all: nearly, anon: nearly, shmem: 0, file: 0 }), [2, 2]);
  assert.deepEqual(inMib({ all: nearly, anon: nearly - 1, shmem: 0, file: 0 }), [0, 0]);
  assert.deepEqual(inMib({ all: 0, anon: 0, shmem: 0, file: 0 }, host, 8), [6, 4]);
  assert.deepEqual(inMib({ all: 0, anon: 0, shmem: 0, file: 0 }, { ...host, cpus: 16 }), [6, 4]);
  const counters = { mapped: 0, anonHuge: 4 * MIB, shmemHuge: 50 * MIB, fileHuge: 6 * MIB, held: HELD };
  assert.deepEqual(inMib(resident, { ...host, counters }), [30, 24]);
  const old = { ...counters, shmemHuge: undefined, fileHuge: undefined };
  assert.deepEqual(inMib(resident, { ...host, counters: old }), [54, 24]);
});

function entry(first: number, blocks: number, kind: Mapping['kind'] = 'anon', shift = 0): SmapsEntry {
  const mapping = { start: first * 512 + shift, end: (first + blocks) * 512 + shift, kind } as Mapping;
  return { mapping, bytes: new Map() };
}

test('pieces are whole blocks, cut at multiples, of mappings that can hold one', () => {
  const entries = [entry(10, 60), entry(100, 1, 'anon', 8), entry(200, 2, 'shmem', 8), entry(300, 4, 'special'), entry(400, 1, 'file')]; // biome-ignore format: one line
  const { ranges, blocks, entries: kept } = piecesOf(entries, GEOMETRY_4K);
  assert.equal(blocks, 32);
  assert.deepEqual(
    ranges.map(({ start, end }) => [start / 512, end / 512]),
    [[10, 32], [32, 64], [64, 70], [201, 202], [400, 401]], // biome-ignore format: pairs
  );
  assert.deepEqual(kept, [entries[0], entries[2], entries[4]]);
  assert.deepEqual(piecesOf([], GEOMETRY_4K).ranges, []);
});

test('pieces of a vast reservation are larger', () => {
  const { ranges, blocks } = piecesOf([entry(0, 32 * 4096 * 3)], GEOMETRY_4K);
  assert.equal(blocks, 128);
  assert.equal(ranges.length, 3 * 1024);
  assert.equal(piecesOf([entry(0, 32 * 4096)], GEOMETRY_4K).blocks, 32);
});

test('every order is drawn, and all of it', () => {
  const draw = xorshift(3);
  const seen = new Set<string>();
  for (let trial = 0; trial < 200; trial++) seen.add(shuffled([1, 2, 3], draw).join(''));
  assert.deepEqual([...seen].sort(), ['123', '132', '213', '231', '312', '321']);
  assert.deepEqual(shuffled([], draw), []);
});

const STAT = (anon: number) =>
  `anon ${anon}\nfile_mapped 5\nshmem 0\ninactive_anon ${anon}\nactive_anon 2\nanon_thp 1\nshmem_thp 0\nfile_thp 0\n`;

function cgroups(...members: readonly (readonly [path: string, key: string])[]): CgroupCounters {
  const host = new ScriptedHost([9]);
  host.texts.set('/proc/self/mountinfo', '30 1 0:26 / /cg rw - cgroup2 cgroup2 rw\n');
  for (const [path, anon] of Object.entries({ '': 100, '/a': 40, '/a/x': 10, '/a/y': 20, '/b': 30 }))
    host.texts.set(`/cg${path}/memory.stat`, STAT(anon));
  return new CgroupCounters(
    host,
    members.map(([path, key]) => ({ cgroupText: `0::${path}\n`, key })),
  );
}

test('counters of cgroups that are a service’s alone', () => {
  const texts = (...paths: readonly string[]) => paths.map((path) => `0::${path}\n`);
  const counters = cgroups(
    ['/a/x', 'A'],
    ['/a/y', 'A'],
    ['/b', 'B'],
    ['/b', 'C'],
    ['/', 'D'],
    ['/none', 'E'],
  );
  const mapped = (found: ReturnType<CgroupCounters['alone']>) => found?.map((one) => one.mapped);
  assert.deepEqual(mapped(counters.alone('A', texts('/a/x', '/a/y'))), [15, 25]);
  assert.deepEqual(mapped(counters.alone('A', texts('/a/x', '/a/x'))), [15]);
  assert.equal(counters.alone('B', texts('/b')), undefined);
  assert.deepEqual(mapped(counters.around(texts('/b'))), [35]);
  assert.equal(counters.alone('D', texts('/')), undefined);
  assert.equal(counters.alone('E', texts('/none')), undefined);
  assert.equal(counters.around(['']), undefined);
  assert.equal(counters.alone('A', ['']), undefined);
  assert.deepEqual(counters.around(texts('/a/x'))?.[0].held, { least: 2, most: 2 });
});

test('what lies below a cgroup is in its counters already, and makes it another’s when it is', () => {
  const texts = ['0::/a\n', '0::/a/x\n'];
  const own = cgroups(['/a', 'A'], ['/a/x', 'A']);
  assert.deepEqual(own.alone('A', texts)?.map((one) => one.mapped), [45]); // biome-ignore format: one line
  const shared = cgroups(['/a', 'A'], ['/a/x', 'B']);
  assert.equal(shared.alone('A', ['0::/a\n']), undefined);
  assert.deepEqual(shared.alone('B', ['0::/a/x\n'])?.map((one) => one.mapped), [15]); // biome-ignore format: one line
});

test('the meter counts calls that take the lock, by process, and passes all else', () => {
  const host = new ScriptedHost([9]);
  let took = 0;
  const slow = <Value>(value: Value): Value => {
    host.nowNs += took;
    return value;
  };
  const { readText } = host.files;
  host.files.readText = (path) => slow(readText(path));
  const file: OpenFile = { path: '', close: () => undefined, read: () => slow(success(1)) };
  host.files.open = () => success(file);
  const memory: ProcessMemory = { pid: PID, close: () => undefined, read: () => slow(success(4096)) };
  host.calls.openMemory = () => success(memory);
  const meter = new LockMeter(host);
  took = 1e6;
  assert.ok(meter.host.files.readText(`/proc/${PID}/stat`).ok);
  assert.equal(meter.of(PID), 0);
  assert.equal(meter.longest(), undefined);
  assert.ok(meter.host.files.readText(`/proc/${PID}/maps`).ok);
  const text = meter.of(PID);
  assert.ok(text >= 1e6 && text < 1.1e6, String(text));
  assert.equal(meter.charged(PID), text);
  const opened = meter.host.calls.openMemory(7);
  if (opened.ok) opened.value.read({ start: 0, end: 1 }, new Uint8Array(1));
  assert.ok(meter.of(7) >= 1e6);
  const pagemap = meter.host.files.open('/proc/8/pagemap');
  if (pagemap.ok) pagemap.value.read(new Uint8Array(8), 0);
  assert.ok(meter.of(8) >= 1e6);
  const other = meter.host.files.open('/proc/kpageflags');
  if (other.ok) other.value.read(new Uint8Array(8), 0);
  meter.host.calls.scanPagemap(9, { range: { start: 0, end: 1 }, inverted: 0, mask: 0, anyOf: 8, report: 8 });
  assert.ok(meter.of(9) > 0);
  assert.deepEqual(meter.longest()?.pid, PID);
  assert.equal(meter.longest()?.withInterruptionsNs, meter.of(PID));
  assert.equal(meter.host.identity, host.identity);
});

test('a call that was interrupted counts in full and is charged as its like', () => {
  const host = new ScriptedHost([9]);
  let took = 5000;
  const memory: ProcessMemory = { pid: 7, close: () => undefined, read: () => { host.nowNs += took; return success(1); } }; // biome-ignore format: one line
  host.calls.openMemory = () => success(memory);
  const meter = new LockMeter(host);
  const opened = meter.host.calls.openMemory(7);
  const read = () => opened.ok && opened.value.read({ start: 0, end: 1 }, new Uint8Array(1));
  for (let call = 0; call < 100; call++) read();
  const before = meter.charged(7);
  assert.equal(before, meter.of(7));
  took = 50e6;
  read();
  const more = meter.charged(7) - before;
  assert.ok(more > 5000 * 9 && more < 5000 * 14, String(more));
  assert.ok(meter.of(7) - before > 50e6);
});

test('blocks to read: a few of each, then by how many there are, within bytes and locks', () => {
  const big = { sizes: pageSizes(Array(100).fill('H')), sample: undefined };
  const small = {
    ...big,
    sizes: { ...pageSizes(['H', 'H', '4']), process: { ...big.sizes.process, pid: 7 } },
  };
  const uint32 = xorshift(1);
  const MIB = 2 ** 20;
  const counts = (bytes: number, bigNs: number, smallNs = 1e9) => {
    const readable = [{ look: big, lockNs: bigNs }, { look: small, lockNs: smallNs }]; // biome-ignore format: one line
    const drawn = drawBlocks(readable, { bytes, blockNs: 1000 }, uint32);
    return [drawn.get(PID)?.size ?? 0, drawn.get(7)?.size ?? 0];
  };
  assert.deepEqual(counts(400 * MIB, 1e9), [100, 2]);
  assert.deepEqual(counts(400 * MIB, 30_999), [30, 2]);
  assert.deepEqual(counts(104 * MIB, 1e9), [50, 2]);
  assert.deepEqual(counts(400 * MIB, 3999), [0, 2]);
  assert.deepEqual(counts(400 * MIB, 4000), [4, 2]);
  assert.deepEqual(counts(6 * MIB, 1e9), [0, 2]);
  assert.deepEqual(counts(8 * MIB, 1e9), [4, 0]);
  assert.deepEqual(counts(0, 1e9), [0, 0]);
  assert.equal(drawBlocks([], { bytes: 1e9, blockNs: 1 }, uint32).size, 0);
  const all = drawBlocks([{ look: small, lockNs: 1e9 }], { bytes: 1e9, blockNs: 1 }, uint32);
  assert.deepEqual([...(all.get(7) ?? [])].sort(), [1000, 1001]);
});

test('page sizes in pieces are those of the whole', () => {
  const whole = pageSizes(['H', '4*9', '2', 'h'], { unmapped: { 1: 3 }, shared: [2] });
  const rows = (from: number, to: number) => {
    const { blocks } = whole;
    const cut = Object.entries(blocks).map(([name, column]) =>
      typeof column === 'number' ? [name, column] : [name, column.slice(...(name === 'pagesByOrder' ? [from * blocks.orders, to * blocks.orders] : [from, to]))],
    ); // biome-ignore format: one line
    return { ...whole, blocks: { ...Object.fromEntries(cut), count: to - from } as typeof blocks };
  };
  const joined = joinSizes([rows(2, 4), rows(0, 1), rows(1, 2)]);
  assert.deepEqual(joined, whole);
  assert.equal(joinSizes([whole]), whole);
  assert.equal(joinSizes([rows(0, 1), { ...rows(1, 2), ordersKnown: false }]).ordersKnown, false);
  assert.throws(() => joinSizes([]));
});
