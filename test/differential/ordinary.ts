/** Ordinary recordings (samples that are records) of every shape that a seed asks for. */
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { Dice } from '../fuzz/mutations.js';
import {
  type BuiltAttr,
  type BuiltSample,
  joined,
  PerfBuilder,
  zstdFlushes,
} from '../support/perf-builder.js';
import { type RowFacts, rowText } from './perf-oracle.js';

export type Container =
  | 'file'
  | 'pipe'
  | 'zstd 81 file'
  | 'zstd 81 pipe'
  | 'zstd 83 file'
  | 'zstd 83 pipe'
  | 'killed file';

export interface DifferentialCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What was written, sorted as a reading is. */
  readonly truth: { readonly rows: readonly string[]; readonly lost: number };
  readonly hasTime: boolean;
  readonly hasPeriod: boolean;
  /** Why perf 7.3.4 cannot be asked, or says something else. */
  readonly perfDiffers: string | undefined;
}

const CONTAINERS: readonly Container[] = [
  'file',
  'pipe',
  'zstd 81 file',
  'zstd 81 pipe',
  'zstd 83 file',
  'zstd 83 pipe',
  'killed file',
];
/** Sizes of perf_event_attr from Linux 2.6.31 to 7.x. */
const ATTR_SIZES = [64, 72, 80, 96, 104, 112, 120, 128, 136, 144];
const FIXED = [F.ip, F.tid, F.time, F.addr, F.streamId, F.cpu, F.period];
const VARIABLE = [F.read, F.callchain, F.raw, F.branchStack, F.regsUser, F.stackUser];
const TAIL = [F.dataSource, F.transaction, F.regsIntr, F.physAddr, F.cgroup, F.dataPageSize, F.codePageSize];
/** Fields that need room in the attr for what they are asked with. */
const NEEDS_SIZE = new Map([
  [F.branchStack, 80],
  [F.regsUser, 96],
  [F.stackUser, 96],
  [F.regsIntr, 104],
]);

/** Rarely with counters (bit 19), whose dump crashes perf 7.3.4. */
const BRANCH_TYPES = [0, 0, 1 << 17, 1 << 17, 0, 1 << 17, (1 << 17) | (1 << 19)];

type IdStyle = 'identifier' | 'id' | 'none';

export function ordinaryCase(number: number): DifferentialCase {
  const dice = new Dice(number);
  const isBig = dice.below(3) === 0;
  const container = CONTAINERS[dice.below(CONTAINERS.length)];
  const attrs = drawAttrs(dice);
  const builder = new PerfBuilder(isBig);
  for (const attr of attrs) builder.attr(attr);
  if (dice.below(4) !== 0) builder.describeMachine();
  if (dice.below(2) === 0 && attrs.every((attr) => attr.size === attrs[0].size)) builder.describeEvents();
  const hasTime = attrs.every((attr) => attr.sampleType & F.time);
  const hasPeriod = attrs.every((attr) => attr.sampleType & F.period);
  const written = writeRecords(builder, attrs, dice);
  const rows = written.rows.map((row) =>
    rowText({ ...row, time: hasTime ? row.time : undefined, period: hasPeriod ? row.period : undefined }),
  );
  return {
    name: `${number}: ${isBig ? 'big' : 'little'} endian ${container}, ${attrs.length} events, attr ${attrs.map((attr) => attr.size).join('/')}`,
    bytes: contained(builder, container, isBig, dice, attrs),
    truth: { rows: rows.sort(), lost: written.lost },
    hasTime,
    hasPeriod,
    perfDiffers: knownDifference(isBig, container),
  };
}

/** What perf 7.3.4 is known to read otherwise than it was written; docs/samples.md says why. */
function knownDifference(isBig: boolean, container: Container): string | undefined {
  return isBig && container.endsWith('pipe')
    ? 'perf 7.3.4 swaps words of samples in a big-endian pipe'
    : undefined;
}

function drawAttrs(dice: Dice): BuiltAttr[] {
  const count = dice.below(3) === 0 ? 1 : 1 + dice.below(4);
  const style: IdStyle =
    count === 1
      ? (['identifier', 'id', 'none'] as const)[dice.below(3)]
      : (['identifier', 'id'] as const)[dice.below(2)];
  const sampleIdAll = dice.below(5) !== 0;
  const head = drawBits(dice, FIXED) | F.ip;
  const size = ATTR_SIZES[dice.below(ATTR_SIZES.length)];
  return Array.from({ length: count }, (_, index) => {
    const own = style === 'id' ? head : drawBits(dice, FIXED) | F.ip;
    return drawAttr(dice, index, own, style, sampleIdAll, size);
  });
}

function drawAttr(
  dice: Dice,
  index: number,
  head: number,
  style: IdStyle,
  sampleIdAll: boolean,
  size: number,
): BuiltAttr {
  let type = head | (style === 'identifier' ? F.identifier : style === 'id' ? F.id : 0);
  if (dice.below(2) === 0) type |= drawBits(dice, VARIABLE);
  if (dice.below(3) !== 0) type |= drawBits(dice, TAIL);
  type |= [0, F.weight, F.weightStruct][dice.below(3)];
  for (const [field, needed] of NEEDS_SIZE) if (size < needed) type &= ~field;
  return {
    type: 4,
    config: 0x1cd + index,
    period: 1 + dice.below(100_000),
    sampleType: type,
    // With ID in READ perf would have to find the event by it.
    readFormat: type & F.read ? [4, 5, 7, 20, 23, 12, 15, 31][dice.below(8)] : 4,
    branchType: size >= 80 ? BRANCH_TYPES[dice.below(BRANCH_TYPES.length)] : 0,
    userRegisters: BigInt(dice.below(256)),
    interruptRegisters: BigInt(dice.below(256)),
    sampleIdAll,
    size,
    ids:
      style === 'none' ? [] : Array.from({ length: 1 + dice.below(3) }, (_, cpu) => 1000 * (index + 1) + cpu),
    name: `event-${index}`,
  };
}

function drawBits(dice: Dice, bits: readonly number[]): number {
  return bits.reduce((all, bit) => (dice.below(3) === 0 ? all : all | bit), 0);
}

interface Written {
  readonly rows: RowFacts[];
  lost: number;
}

function writeRecords(builder: PerfBuilder, attrs: readonly BuiltAttr[], dice: Dice): Written {
  const written: Written = { rows: [], lost: 0 };
  for (const pid of [700, 800]) {
    builder.comm(pid, pid, `process-${pid}`, attrs[0]);
    if (dice.below(2) === 0) builder.mmap2(pid, 0x7f0000000000n, 0x40000000n, '//anon', attrs[0]);
    else builder.mmap(pid, 0x7f0000000000n, 0x40000000n, '//anon', attrs[0]);
  }
  const samples = 40 + dice.below(160);
  for (let i = 0; i < samples; i++) {
    writeSample(builder, attrs[dice.below(attrs.length)], dice, i, written);
    if (i % 32 === 31) builder.finishedRound();
    if (dice.below(50) === 0) written.lost += writeLoss(builder, attrs[dice.below(attrs.length)], dice);
    if (dice.below(60) === 0) builder.fork(700, 710 + dice.below(10), 700, attrs[0]);
  }
  return written;
}

function writeLoss(builder: PerfBuilder, attr: BuiltAttr, dice: Dice): number {
  const lost = 1 + dice.below(100);
  if (dice.below(2) === 0) builder.lost(lost, attr);
  else builder.lostSamples(lost, attr);
  return lost;
}

function writeSample(
  builder: PerfBuilder,
  attr: BuiltAttr,
  dice: Dice,
  index: number,
  written: Written,
): void {
  const type = attr.sampleType;
  const values = drawSample(attr, dice, index);
  builder.sample(values, attr);
  written.rows.push({
    pid: type & F.tid ? (values.pid as number) : -1,
    tid: type & F.tid ? (values.tid as number) : -1,
    time: type & F.time ? values.time : undefined,
    address: type & F.addr ? (values.addr as bigint) : 0n,
    physical: type & F.physAddr ? (values.physAddr as bigint) : 0n,
    period: values.period,
    latency: type & (F.weight | F.weightStruct) ? Number(values.weight) : undefined,
  });
}

/** Within a round, times go back and forth as those of several rings do. */
function drawSample(attr: BuiltAttr, dice: Dice, index: number): BuiltSample {
  const isKernel = dice.below(8) === 0;
  const page = BigInt(dice.below(1 << 18));
  const address =
    dice.below(6) === 0
      ? 0n
      : (isKernel ? 0xffff888000000000n : 0x7f0000000000n) + page * 4096n + BigInt(dice.below(512) * 8);
  const pid = [700, 800, 900][dice.below(3)];
  return {
    id: attr.ids?.[dice.below(Math.max(1, attr.ids.length))] ?? 0,
    ip: 0x401000n + BigInt(dice.below(4096)),
    pid,
    tid: pid + dice.below(3),
    time: 5_000_000_000_000n + BigInt(index * 1000 + dice.below(5000)),
    addr: address,
    cpu: dice.below(4),
    period: 1 + dice.below(100_000),
    callchain: Array.from({ length: dice.below(6) }, (_, depth) => BigInt(0x400000 + depth * 16)),
    raw: new Uint8Array(4 + dice.below(40)),
    branches: dice.below(4),
    userRegisters: dice.below(3) === 0 ? 0 : ones(attr.userRegisters ?? 0n),
    interruptRegisters: dice.below(3) === 0 ? 0 : ones(attr.interruptRegisters ?? 0n),
    stack: 8 * dice.below(5),
    weight: BigInt(dice.below(4000)),
    dataSource: 0x68100042n,
    physAddr: dice.below(4) === 0 ? 0n : 0x100000000n + page * 4096n * 3n,
    dataPageSize: [0, 4096, 1 << 21][dice.below(3)],
    mode: isKernel ? 1 : 2,
  };
}

function ones(mask: bigint): number {
  return [...mask.toString(2)].filter((digit) => digit === '1').length;
}

function contained(
  builder: PerfBuilder,
  container: Container,
  isBig: boolean,
  dice: Dice,
  attrs: readonly BuiltAttr[],
): Uint8Array {
  if (container === 'file') return builder.file();
  if (container === 'killed file') return builder.file({ dataSize: 0, features: false });
  if (container === 'pipe') return builder.pipe();
  const packed = new PerfBuilder(isBig);
  for (const attr of attrs) packed.attr(attr);
  packed.describeMachine();
  // COMPRESSED: version, type zstd, level, ratio, largest decompressed chunk.
  packed.feature(
    27,
    packed
      .bytes()
      .u32(1)
      .u32(1)
      .u32(1)
      .u32(1)
      .u32(1 << 20)
      .done(),
  );
  const parts = cut(builder.data(), dice);
  const isPadded = container.startsWith('zstd 83');
  for (const part of zstdFlushes(parts)) {
    if (isPadded)
      packed.record(
        83,
        joined([packed.bytes().u64(part.length).done(), part, new Uint8Array((8 - (part.length % 8)) % 8)]),
      );
    else packed.record(81, part);
  }
  return container.endsWith('pipe') ? packed.pipe() : packed.file();
}

/** Cuts data anywhere, so that records straddle the compressed chunks. */
function cut(data: Uint8Array, dice: Dice): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const length = 200 + dice.below(6000);
    parts.push(data.subarray(at, at + length));
    at += length;
  }
  return parts;
}
