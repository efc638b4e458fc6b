/** Arm SPE recordings of every shape that a seed asks for. */
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { Dice } from '../fuzz/mutations.js';
import { type BuiltAttr, PerfBuilder } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';
import type { DifferentialCase } from './ordinary.js';
import { type RowFacts, rowText } from './perf-oracle.js';

const SPE_TYPE = 12;
const NONE = 0xffffffff;
const NONE_64 = 2n ** 64n - 1n;
/** Neoverse N1 and V2, AmpereOne, HIP12, and one that nobody knows. */
const MIDRS = [0x413fd0c1, 0x410fd4f0, 0xc00fac40, 0x480fd060, 0x610f0220];

interface Shape {
  readonly cpus: number;
  readonly isPerThread: boolean;
  readonly isTimeless: boolean;
  /** How threads are to be told: by packets, by context switches, or by nothing. */
  readonly threads: 'context' | 'switches' | 'both' | 'nothing';
  readonly hasPhysical: boolean;
  readonly metadata: 1 | 2;
  readonly conversion: Conversion;
  readonly midr: number;
}

interface Conversion {
  readonly shift: number;
  readonly mult: bigint;
  readonly zero: bigint;
  readonly cycles: bigint | undefined;
  readonly mask: bigint;
}

export function speCase(number: number): DifferentialCase {
  const dice = new Dice(number);
  const isBig = dice.below(4) === 0;
  const isPipe = dice.below(3) === 0;
  const shape = drawShape(dice);
  const builder = new PerfBuilder(isBig);
  const attrs = speAttrs(shape);
  for (const attr of attrs) builder.attr(attr);
  builder
    .describeEvents()
    .describeMachine({ arch: 'aarch64', cpuId: `0x${shape.midr.toString(16).padStart(16, '0')}` });
  builder.feature(
    16,
    builder.bytes().u32(2).u32(1).featureText('software').u32(SPE_TYPE).featureText('arm_spe_0').done(),
  );
  writeIntro(builder, shape, attrs[1]);
  const rows = new Writer(builder, shape, dice, attrs).write();
  const { cpus, isPerThread, isTimeless, threads, metadata } = shape;
  return {
    name: `${number}: ${isBig ? 'big' : 'little'} endian ${isPipe ? 'pipe' : 'file'}, ${isPerThread ? 'one thread' : `${cpus} CPUs`}, ${isTimeless ? 'no times' : `shift ${shape.conversion.shift}`}, threads by ${threads}, metadata ${metadata}`,
    bytes: isPipe ? builder.pipe() : builder.file(),
    truth: { rows: rows.map(rowText).sort(), lost: 0 },
    hasTime: !isTimeless,
    hasPeriod: false,
    perfDiffers: isPipe
      ? 'perf 7.3.4 drops AUX buffers that a pipe brings after their queue ran dry'
      : undefined,
  };
}

function drawShape(dice: Dice): Shape {
  const isPerThread = dice.below(4) === 0;
  const isTimeless = isPerThread && dice.below(2) === 0;
  const shift = [0, 5, 10, 16, 20, 31][dice.below(6)];
  const short = dice.below(3) === 0;
  return {
    cpus: isPerThread ? 1 : 1 + dice.below(4),
    isPerThread,
    isTimeless,
    threads: (['context', 'context', 'switches', 'both', 'nothing'] as const)[dice.below(5)],
    hasPhysical: dice.below(3) !== 0,
    metadata: dice.below(2) === 0 ? 1 : 2,
    conversion: {
      shift,
      // 40 ns a tick, as near as the shift can say it.
      mult: 40n << BigInt(Math.min(shift, 26)),
      zero: BigInt(dice.below(1 << 30)) * 4096n,
      cycles: short ? 90_000n : undefined,
      mask: short ? (1n << 56n) - 1n : NONE_64,
    },
    midr: MIDRS[dice.below(MIDRS.length)],
  };
}

/** perf prints addresses only of events that claim to have them, though no SPE record is a SAMPLE. */
function speAttrs(shape: Shape): [BuiltAttr, BuiltAttr] {
  const common =
    F.identifier | F.ip | F.tid | (shape.isTimeless ? 0 : F.time) | (shape.isPerThread ? 0 : F.cpu);
  const ids = (first: number) => Array.from({ length: shape.cpus }, (_, cpu) => first + cpu);
  const spe: BuiltAttr = {
    type: SPE_TYPE,
    config: 0x3_0001_0001,
    period: 1024,
    readFormat: 4,
    sampleType: common | F.addr | F.dataSource | F.physAddr,
    ids: ids(101),
    name: 'arm_spe_0/ts_enable=1/',
  };
  // mmap, comm, task, mmap2, and context_switch is beyond bit 31.
  const flags = (1 << 8) | (1 << 9) | (1 << 13) | (1 << 23) | (1 << 5);
  return [
    spe,
    {
      type: 1,
      config: 9,
      period: 1,
      readFormat: 4,
      sampleType: common,
      flags,
      ids: ids(201),
      name: 'dummy:u',
    },
  ];
}

function writeIntro(builder: PerfBuilder, shape: Shape, dummy: BuiltAttr): void {
  const { conversion } = shape;
  if (!shape.isTimeless) {
    const body = builder.bytes().u64(conversion.shift).u64(conversion.mult).u64(conversion.zero);
    const isShort = conversion.cycles !== undefined;
    builder.record(
      79,
      body
        .u64(conversion.cycles ?? 0n)
        .u64(conversion.mask)
        .u8(1)
        .u8(isShort ? 1 : 0)
        .zeros(6)
        .done(),
    );
  }
  builder.record(70, metadata(builder, shape));
  for (const [pid, tid] of THREADS) builder.comm(pid, tid, `thread-${tid}`, dummy);
  builder.mmap2(1000, 0xffff80000000n, 0x40000000n, '//anon', dummy);
}

function metadata(builder: PerfBuilder, shape: Shape): Uint8Array {
  const body = builder.bytes().u32(4).u32(0);
  if (shape.metadata === 1)
    return body
      .u64(SPE_TYPE)
      .u64(shape.isPerThread ? 0 : 1)
      .done();
  body.u64(2).u64(4).u64(SPE_TYPE).u64(shape.cpus);
  for (let cpu = 0; cpu < shape.cpus; cpu++) {
    body.u64(0x1010101010101010n).u64(cpu).u64(4).u64(shape.midr).u64(SPE_TYPE).u64(1024).u64(0xff00ffff);
  }
  return body.done();
}

const THREADS = [
  [1000, 1000],
  [1000, 1001],
  [2000, 2000],
] as const;

/** Writes buffers of the CPUs in turn, with the context switches that happened meanwhile, and remembers the truth. */
class Writer {
  readonly #rows: RowFacts[] = [];
  readonly #builder: PerfBuilder;
  readonly #shape: Shape;
  readonly #dice: Dice;
  readonly #attrs: readonly [BuiltAttr, BuiltAttr];
  readonly #clocks: bigint[];
  readonly #offsets: number[];
  readonly #running: (readonly [number, number])[];

  constructor(builder: PerfBuilder, shape: Shape, dice: Dice, attrs: readonly [BuiltAttr, BuiltAttr]) {
    this.#builder = builder;
    this.#shape = shape;
    this.#dice = dice;
    this.#attrs = attrs;
    this.#clocks = Array.from({ length: shape.cpus }, () => 100_000n + BigInt(dice.below(5000)));
    this.#offsets = new Array(shape.cpus).fill(0);
    this.#running = Array.from({ length: shape.cpus }, () => THREADS[dice.below(3)]);
  }

  write(): RowFacts[] {
    const rounds = 1 + this.#dice.below(5);
    for (let cpu = 0; cpu < this.#shape.cpus; cpu++) this.#switch(cpu, this.#running[cpu]);
    for (let round = 0; round < rounds; round++) {
      for (let cpu = 0; cpu < this.#shape.cpus; cpu++) if (this.#dice.below(4) !== 0) this.#buffer(cpu);
      this.#builder.finishedRound();
      // What a later round brings is not older than the round before: perf relies on it.
      const [latest] = [...this.#clocks].sort((a, b) => Number(b - a));
      this.#clocks.fill(latest);
    }
    return this.#rows;
  }

  get #tellsByPackets(): boolean {
    return this.#shape.threads === 'context' || this.#shape.threads === 'both';
  }

  get #tellsBySwitches(): boolean {
    return this.#shape.threads === 'switches' || this.#shape.threads === 'both';
  }

  #buffer(cpu: number): void {
    const spe = new SpeBuilder();
    const records = 5 + this.#dice.below(60);
    for (let i = 0; i < records; i++) this.#record(spe, cpu);
    while (spe.length % 8 !== 0) spe.pad();
    const bytes = spe.done();
    this.#auxRecord(cpu, bytes.length);
    const where = this.#shape.isPerThread
      ? { index: 0, cpu: NONE, tid: 1000 }
      : { index: cpu, cpu, tid: NONE };
    this.#builder.auxtrace(bytes, where);
    this.#offsets[cpu] += bytes.length;
    if (this.#shape.isPerThread) return;
    this.#clocks[cpu] += 50n;
    this.#running[cpu] = THREADS[this.#dice.below(3)];
    this.#switch(cpu, this.#running[cpu]);
    this.#clocks[cpu] += 50n;
  }

  #auxRecord(cpu: number, size: number): void {
    const [spe] = this.#attrs;
    const body = this.#builder
      .bytes()
      .u64(this.#offsets[cpu])
      .u64(size)
      .u64([0, 1, 4, 8][this.#dice.below(4)]);
    this.#builder.record(
      11,
      body.raw(this.#builder.trailer(1000, 1000, this.#nanoseconds(cpu), cpu, spe)).done(),
    );
  }

  /** The thread before goes out, naming the next; then the next comes in. */
  #switch(cpu: number, next: readonly [number, number]): void {
    if (!this.#tellsBySwitches || this.#shape.isPerThread) return;
    const time = this.#nanoseconds(cpu);
    this.#builder.switchTo(time, cpu, next[0], next[1], this.#attrs[1]);
  }

  #nanoseconds(cpu: number): bigint {
    return this.#shape.isTimeless ? 0n : nanosecondsOf(this.#clocks[cpu], this.#shape.conversion);
  }

  #record(spe: SpeBuilder, cpu: number): void {
    const dice = this.#dice;
    const shape = this.#shape;
    this.#clocks[cpu] += 1n + BigInt(dice.below(400));
    const isKernel = dice.below(6) === 0;
    spe.pc(isKernel ? 0xffff800008000000n : 0xaaaa00000000n, isKernel ? 2 : 0).pad(dice.below(6));
    const [pid, tid] = shape.isPerThread ? THREADS[0] : this.#running[cpu];
    if (this.#tellsByPackets) spe.context(tid);
    const kind = dice.below(10);
    if (kind < 7) this.#memory(spe, cpu, isKernel, pid, tid, kind);
    else if (kind < 9) spe.raw(0x4a, dice.below(3)).events(0x42);
    else spe.raw(0x48, dice.below(3)).events(2);
    if (shape.isTimeless) spe.end();
    else spe.time(this.#clocks[cpu]);
    if (dice.below(3) === 0) while (spe.length % 64 !== 0) spe.pad();
  }

  #memory(spe: SpeBuilder, cpu: number, isKernel: boolean, pid: number, tid: number, kind: number): void {
    const dice = this.#dice;
    const shape = this.#shape;
    const operation = [0x00, 0x01, 0x04, 0x02 | 0x04, 0x10, 0x08, 0x20][kind];
    const page = BigInt(dice.below(1 << 18));
    const user = dice.below(12) === 0 ? 0n : 0xffff80000000n + page * 4096n;
    const address = isKernel
      ? 0xffff000800000000n + page * 4096n
      : user + BigInt(user === 0n ? 0 : dice.below(512) * 8);
    const physical = shape.hasPhysical && dice.below(5) !== 0 ? 0x80000000n + page * 4096n : 0n;
    spe
      .raw(0x49, operation)
      .events([0x16, 0x1e, 0x36][dice.below(3)], ([1, 2, 4, 8] as const)[dice.below(4)]);
    spe.latency(dice.below(4000));
    if (address !== 0n) spe.data(address, isKernel ? 0xffn : [0n, 0xan][dice.below(2)]);
    if (physical !== 0n) spe.physical(physical);
    spe.source([0, 8, 9, 10, 11, 13, 14][dice.below(7)]);
    this.#rows.push({
      ...this.#thread(pid, tid),
      time: shape.isTimeless ? undefined : this.#nanoseconds(cpu),
      address,
      physical,
      period: undefined,
    });
  }

  /** What a reader can know of the thread. */
  #thread(pid: number, tid: number): { pid: number; tid: number } {
    const isKnown = this.#shape.isPerThread || this.#shape.threads !== 'nothing';
    return isKnown ? { pid, tid } : { pid: -1, tid: -1 };
  }
}

/** tsc_to_perf_time() of perf in 64 bits. */
function nanosecondsOf(count: bigint, { shift, mult, zero, cycles, mask }: Conversion): bigint {
  const full = cycles === undefined ? count : cycles + ((count - cycles) & mask);
  const quotient = full >> BigInt(shift);
  const remainder = full & ((1n << BigInt(shift)) - 1n);
  return BigInt.asUintN(64, zero + quotient * mult + ((remainder * mult) >> BigInt(shift)));
}
