/** Recordings to start from: every kind of our own making, and the corpus where it is there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { TraceConverter } from '../../src/formats/access-trace/convert.js';
import type { HeatFacts } from '../../src/formats/heat-file/facts.js';
import { HEAT_VERSION } from '../../src/formats/heat-file/schema.js';
import { writeHeatFile } from '../../src/formats/heat-file/write.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { HotMapBuilder } from '../../src/hotness/hot-map-builder.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { ordinaryCase } from '../differential/ordinary.js';
import { speCase } from '../differential/spe.js';
import { builtElf, OBJECT } from '../support/elf-builder.js';
import { Bytes, joined, PerfBuilder, zstdFlushes } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';

/** What reads the bytes: as perf.data, as one file of a directory of perf record --threads, or as another input. */
export type SeedKind =
  | 'perf.data'
  | 'directory'
  | 'damo'
  | 'heat'
  | 'script'
  | 'packed'
  | 'elf'
  | 'sizes'
  | 'trace text'
  | 'trace'
  | 'masim';

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly kind: SeedKind;
  /** The other files of a directory. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
}

const perf = (name: string, bytes: Uint8Array): Seed => ({ name, bytes, kind: 'perf.data' });

/** Larger files of the corpus are cut here: what matters are kinds of bytes, not their number. */
const LONGEST = 12 * 1024;

export function ownSeeds(): Seed[] {
  return [false, true].flatMap((isBig) => {
    const order = isBig ? 'big' : 'little';
    const memory = memorySeed(isBig);
    const spe = speSeed(isBig);
    return [
      perf(`memory ${order} file`, memory.file()),
      perf(`memory ${order} pipe`, memory.pipe()),
      perf(`memory ${order} zstd`, zstdSeed(isBig)),
      perf(`spe ${order} file`, spe.file()),
      perf(`spe ${order} pipe`, spe.pipe()),
      perf(`ibs ${order} with guests`, ibsSeed(isBig).file()),
      perf(`damon ${order} tracepoint`, damonSeed(isBig).file()),
      ...directorySeeds(order, memory),
    ];
  });
}

/** Shapes drawn as those that are held against perf: fields, attr sizes, containers, clocks, ways to tell threads. */
export function drawnSeeds(): Seed[] {
  const numbers = Array.from({ length: 24 }, (_, number) => number);
  return [
    ...numbers.map((number) => perf(`drawn ordinary ${number}`, shortened(ordinaryCase(number).bytes))),
    ...numbers.map((number) => perf(`drawn spe ${number}`, shortened(speCase(number).bytes))),
  ];
}

/** DAMON's records as text, and a heat file. */
export function otherSeeds(): Seed[] {
  const json = new TextEncoder().encode(JSON.stringify([{ target_id: 0, snapshots: damonSnapshots() }]));
  const lines = Array.from(
    { length: 12 },
    (_, index) =>
      `kdamond.0 77 [000] ${index}.100000: damon:damon_aggregated: target_id=0 nr_regions=2 ${4096 * index}-${1 << 24}: 7 3`,
  );
  return [
    { name: 'damo json', bytes: json, kind: 'damo' },
    { name: 'damo json_compressed', bytes: deflateSync(json), kind: 'damo' },
    { name: 'damo perf script', bytes: new TextEncoder().encode(lines.join('\n')), kind: 'damo' },
    { name: 'damon trace', bytes: textOf(traceLines()), kind: 'damo' },
    { name: 'perf script', bytes: textOf(scriptLines()), kind: 'script' },
    { name: 'perf script, gzip', bytes: gzipSync(textOf(scriptLines())), kind: 'packed' },
    { name: 'recording, gzip', bytes: gzipSync(memorySeed(false).file()), kind: 'packed' },
    { name: 'recording, zstd', bytes: joined(zstdFlushes([memorySeed(false).file()])), kind: 'packed' },
    ...[false, true].flatMap((is64) =>
      [false, true].map((isBigEndian) => ({
        name: `elf of ${is64 ? 64 : 32} bits, ${isBigEndian ? 'big' : 'little'} endian`,
        bytes: elfSeed(is64, isBigEndian),
        kind: 'elf' as const,
      })),
    ),
    { name: 'sizes of processes', bytes: textOf([sizesSeed()]), kind: 'sizes' },
    { name: 'heat file', bytes: heatSeed(), kind: 'heat' },
    ...traceSeeds(),
  ];
}

/** Texts of tracers, the trace file made of one, and a configuration of masim. */
function traceSeeds(): Seed[] {
  const numbers = Array.from({ length: 40 }, (_, number) => number);
  const address = (number: number) => (0x7f0000000000 + 4096 * (number % 11) + 8 * number).toString(16);
  const texts = {
    lackey: numbers.map((number) => ` ${'LSM'[number % 3]} ${address(number)},8`),
    dynamorio: numbers.map(
      (number) =>
        ` ${number} 2: 77 ${number % 2 === 0 ? 'read ' : 'write'} 8 byte(s) @ 0x${address(number)} by PC 0x401000`,
    ),
    'perf script': numbers.map(
      (number) => `w 5/5 [000] ${number}.000001: 7 cpu/mem-loads/P: ${address(number)} 46810 |OP LOAD|`,
    ),
  };
  const encoded = (lines: readonly string[]) => new TextEncoder().encode(lines.join('\n'));
  const converter = new TraceConverter('seed', GEOMETRY_4K);
  converter.push(encoded(texts.lackey));
  const masim = ['a, 8192, none', '', 'one', '10', 'a, 1, 64, 5, rw', '', 'two', '20', 'a, 0, 64, 5, ro'];
  return [
    ...Object.entries(texts).map(
      ([name, lines]): Seed => ({ name: `trace of ${name}`, bytes: encoded(lines), kind: 'trace text' }),
    ),
    { name: 'trace file', bytes: converter.end().bytes, kind: 'trace' },
    { name: 'masim configuration', bytes: encoded(masim), kind: 'masim' },
  ];
}

const textOf = (lines: readonly string[]) => new TextEncoder().encode(lines.join('\n'));

const traceLines = () =>
  Array.from(
    { length: 12 },
    (_, index) =>
      ` kdamond.0-77 [001] ..... ${index}.100000: damon_aggregated: target_id=0 nr_regions=1 0-${4096 * index}: 7 3`,
  );

const scriptLines = () =>
  Array.from(
    { length: 20 },
    (_, index) =>
      `db 7/${7 + (index % 3)} [001] 1.${String(index).padStart(9, '0')}: 10 cpu/mem-loads,ldlat=30/P: ${(0x7f0000000000 + index * 4096).toString(16)} 68101042 |OP LOAD|LVL L1 hit| main+0x1 (/bin/db) 1f${index}000`,
  );

function elfSeed(is64: boolean, isBigEndian: boolean): Uint8Array {
  const symbols = [
    { name: 'main', value: 0x1000, size: 0x100 },
    { name: 'table', value: 0x4000, size: 0x400, type: OBJECT },
  ];
  const segments = [{ offset: 0, address: 0, fileBytes: 0x3000, memoryBytes: 0x9000, flags: 7 }];
  const sections = [{ name: '.bss', address: 0x4400, bytes: 0x4c00 }];
  return builtElf({
    is64,
    isBigEndian,
    symbols,
    dynamic: symbols,
    segments,
    sections,
    buildId: new Uint8Array(20),
  });
}

const sizesSeed = () =>
  JSON.stringify([{ time: 1.5, footprints: [{ pid: 7, footprint: { size: 100, resident: 10 } }] }]);

function damonSnapshots() {
  const regions = [
    { start: '4,096', end: '8,388,608', nr_accesses: { samples: 7 }, age: { aggr_intervals: 3 } },
  ];
  return Array.from({ length: 6 }, (_, index) => ({ end_time: `${index} s 100 ms`, regions }));
}

function heatSeed(): Uint8Array {
  const builder = new HotMapBuilder({ pid: 7, startTicks: 0, command: 'db', cgroup: '/' }, GEOMETRY_4K);
  for (let page = 0; page < 300; page++) builder.addCount(page * 5, 1 + (page % 4), 8);
  const facts: HeatFacts = {
    octavo: 'heat',
    version: HEAT_VERSION,
    page_bytes: 4096,
    block_bytes: 2 << 20,
    nature: 'all-accesses',
    origins: [],
    recordings: [],
    processes: [],
    thinned_to: 1,
    written_as: HEAT_VERSION,
    slices: { clock: 'none', widthMs: null },
    samples: 900,
    unplaced: {},
    losses: {},
  };
  return writeHeatFile([builder.build([])], facts, () => ({ name: '//anon', end: Number.POSITIVE_INFINITY }));
}

/** Registers of ops in RAW, some of guests, and an ID_INDEX that names a guest's machine. */
function ibsSeed(isBig: boolean): PerfBuilder {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.addr | F.raw | F.physAddr;
  const builder = new PerfBuilder(isBig).attr({ type: 11, sampleType, ids: [5], name: 'ibs_op/cnt_ctl=1/' });
  builder.describeEvents();
  const index = builder.bytes().u64(1).u64(5).u64(0).u64(0).u64(0).u64(4242).u64(1);
  builder.record(69, index.done());
  for (let op = 0; op < 24; op++) {
    const raw = builder
      .bytes()
      .u32(0x3ff)
      .u64((1 << 17) | (1 << 18))
      .u64(0x401000)
      .u64(0)
      .u64(3);
    raw
      .u64((op & 1) | (1 << 17) | (1 << 18))
      .u64(0x7f0000000000n + BigInt(op * 4096))
      .u64(0x100000n + BigInt(op * 4096));
    builder.sample({ id: 5, pid: 9, time: BigInt(op), raw: raw.done(), mode: op % 6 });
  }
  return builder;
}

function damonSeed(isBig: boolean): PerfBuilder {
  const raw = new Bytes(isBig)
    .u16(1)
    .u8(0)
    .u8(0)
    .u32(77)
    .u64(0)
    .u32(1)
    .u32(0)
    .u64(1 << 21)
    .u64(1 << 23)
    .u32(20)
    .u32(5);
  const builder = new PerfBuilder(isBig).attr({
    type: 2,
    config: 500,
    sampleType: F.tid | F.time | F.raw,
    name: 'damon:damon_aggregated',
  });
  builder.describeEvents();
  for (let i = 0; i < 16; i++) builder.sample({ pid: 77, time: BigInt(i), raw: raw.done() });
  return builder;
}

/** Damage in the head file, and in one of those without a header. */
function directorySeeds(order: string, memory: PerfBuilder): Seed[] {
  const head = new PerfBuilder(memory.isBig).attr({ sampleType: F.tid | F.addr, ids: [1] });
  const bare = new PerfBuilder(memory.isBig).attr({ sampleType: F.tid | F.addr, ids: [1] });
  for (let i = 0; i < 24; i++) bare.sample({ pid: 7, addr: BigInt(i) << 12n });
  return [
    {
      name: `directory ${order} data`,
      bytes: head.file(),
      kind: 'directory',
      beside: { 'data.0': bare.data() },
    },
    {
      name: `directory ${order} data.0`,
      bytes: bare.data(),
      kind: 'directory',
      beside: { data: head.file() },
    },
  ];
}

const ALL_FIELDS =
  F.identifier |
  F.ip |
  F.tid |
  F.time |
  F.addr |
  F.cpu |
  F.period |
  F.read |
  F.callchain |
  F.raw |
  F.branchStack |
  F.regsUser |
  F.stackUser |
  F.weightStruct |
  F.dataSource |
  F.regsIntr |
  F.physAddr |
  F.dataPageSize |
  F.aux;

function memorySeed(isBig: boolean): PerfBuilder {
  const builder = new PerfBuilder(isBig);
  builder.attr({ sampleType: ALL_FIELDS, ids: [11, 12], name: 'loads', readFormat: 31, userRegisters: 7n });
  builder.attr({ type: 11, sampleType: ALL_FIELDS, ids: [21], name: 'ibs_op//', readFormat: 31 });
  builder.describeEvents().comm(70, 70, 'worker').mmap2(70, 0x7f0000000000n, 0x400000n, '//anon');
  for (let i = 0; i < 24; i++) {
    const addr = 0x7f0000000000n + BigInt(i) * 4096n;
    builder.sample({
      id: i % 3 === 0 ? 21 : 11,
      pid: 70,
      tid: 70 + (i % 4),
      addr,
      physAddr: addr,
      callchain: [1n, 2n],
      raw: new Uint8Array(60),
      stack: 16,
      time: BigInt(i),
    });
    if (i % 8 === 7) builder.finishedRound();
  }
  return builder;
}

function zstdSeed(isBig: boolean): Uint8Array {
  const plain = memorySeed(isBig);
  const data = plain.data();
  const packed = new PerfBuilder(isBig).attr({
    sampleType: ALL_FIELDS,
    ids: [11, 12],
    readFormat: 31,
    userRegisters: 7n,
  });
  const parts = [];
  for (let at = 0; at < data.length; at += 700) parts.push(data.subarray(at, at + 700));
  for (const part of zstdFlushes(parts)) packed.record(81, part);
  return packed.pipe();
}

function speSeed(isBig: boolean): PerfBuilder {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.cpu;
  const builder = new PerfBuilder(isBig).attr({ type: 1, config: 9, sampleType, ids: [7] });
  builder.attr({ type: 12, sampleType, ids: [8], period: 1024, name: 'arm_spe_0//' });
  builder.record(
    79,
    builder
      .bytes()
      .u64(10)
      .u64(40960)
      .u64(1_000_000_000)
      .u64(9)
      .u64(0xffffffffffffffn)
      .u8(1)
      .u8(1)
      .zeros(6)
      .done(),
  );
  builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done()).comm(900, 901, 'thread');
  for (let buffer = 0; buffer < 4; buffer++) {
    const spe = new SpeBuilder();
    for (let i = 0; i < 12; i++) {
      spe
        .pc(0x1000n)
        .pad(3)
        .load()
        .events(0x16)
        .latency(i)
        .data(BigInt(i) << 12n, 0xan)
        .physical(0x9000n)
        .source(8);
      if (buffer % 2 === 0) spe.context(901);
      spe.time(1000 * buffer + i);
    }
    builder.switchTo(BigInt(1_000_000_000 + 40_000 * buffer), buffer % 2, 900, 901);
    builder.auxtrace(spe.done(), { index: buffer % 2, cpu: buffer % 2 }).finishedRound();
  }
  return builder;
}

export function corpusSeeds(root: string): Seed[] {
  return readdirSync(root)
    .filter((folder) => statSync(join(root, folder)).isDirectory())
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.data') && statSync(join(root, path)).isFile())
    .map((path) => perf(path, shortened(new Uint8Array(readFileSync(join(root, path))))));
}

/** Cuts a long file after the beginning of its data; a size of 0 there means "to the end of the file". */
function shortened(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= LONGEST) return bytes;
  const cut = bytes.slice(0, LONGEST);
  const isFile = new DataView(cut.buffer).getUint32(8, true) === 104;
  if (isFile) cut.set(new Bytes().u64(0).done(), 48);
  return cut;
}
