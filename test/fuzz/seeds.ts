/** Recordings to start from: every kind of our own making, and the corpus where it is there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-data/constants.js';
import { Bytes, PerfBuilder, zstdFlushes } from '../perf-builder.js';
import { SpeBuilder } from '../spe-builder.js';

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Larger files of the corpus are cut here: what matters are kinds of bytes, not their number. */
const LONGEST = 12 * 1024;

export function ownSeeds(): Seed[] {
  return [false, true].flatMap((isBig) => {
    const order = isBig ? 'big' : 'little';
    const memory = memorySeed(isBig);
    const spe = speSeed(isBig);
    return [
      { name: `memory ${order} file`, bytes: memory.file() },
      { name: `memory ${order} pipe`, bytes: memory.pipe() },
      { name: `memory ${order} zstd`, bytes: zstdSeed(isBig) },
      { name: `spe ${order} file`, bytes: spe.file() },
      { name: `spe ${order} pipe`, bytes: spe.pipe() },
    ];
  });
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
    .map((path) => ({ name: path, bytes: shortened(new Uint8Array(readFileSync(join(root, path)))) }));
}

/** Cuts a long file after the beginning of its data; a size of 0 there means "to the end of the file". */
function shortened(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= LONGEST) return bytes;
  const cut = bytes.slice(0, LONGEST);
  const isFile = new DataView(cut.buffer).getUint32(8, true) === 104;
  if (isFile) cut.set(new Bytes().u64(0).done(), 48);
  return cut;
}
