/** Writes perf.data bytes for tests: files and pipes of either byte order, with any fields. */
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';

export interface BuiltAttr {
  type?: number;
  config?: number;
  config1?: number;
  config2?: number;
  period?: number;
  sampleType: number;
  readFormat?: number;
  branchType?: number;
  userRegisters?: bigint;
  interruptRegisters?: bigint;
  sampleIdAll?: boolean;
  isFrequency?: boolean;
  size?: number;
  ids?: number[];
  name?: string;
  /** Whether `exclude_kernel` and the like are asked for: further flag bits below 32. */
  flags?: number;
}

export interface BuiltSample {
  id?: number;
  ip?: bigint;
  pid?: number;
  tid?: number;
  time?: bigint;
  addr?: bigint;
  cpu?: number;
  period?: number;
  callchain?: readonly bigint[];
  raw?: Uint8Array;
  branches?: number;
  userRegisters?: number;
  stack?: number;
  weight?: bigint;
  dataSource?: bigint;
  interruptRegisters?: number;
  physAddr?: bigint;
  cgroup?: number;
  /** Further misc bits beside the mode. */
  misc?: number;
  dataPageSize?: number;
  aux?: number;
  mode?: number;
}

/** MEM_INST_RETIRED.ANY of Intel's cores: what an event is when a test does not care. */
const ALL_ACCESSES = 0x83d0;

/** Grows a byte string in one byte order. */
export class Bytes {
  readonly #parts: number[] = [];
  readonly isBig: boolean;

  constructor(isBig = false) {
    this.isBig = isBig;
  }

  get length(): number {
    return this.#parts.length;
  }

  uint(value: bigint | number, bytes: number): this {
    const number = BigInt.asUintN(8 * bytes, BigInt(value));
    for (let i = 0; i < bytes; i++) {
      const shift = BigInt(8 * (this.isBig ? bytes - 1 - i : i));
      this.#parts.push(Number((number >> shift) & 0xffn));
    }
    return this;
  }

  u8(value: number): this {
    return this.uint(value, 1);
  }
  u16(value: number): this {
    return this.uint(value, 2);
  }
  u32(value: number): this {
    return this.uint(value, 4);
  }
  u64(value: bigint | number): this {
    return this.uint(value, 8);
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  zeros(count: number): this {
    return this.raw(new Uint8Array(count));
  }

  /** NUL-terminated and padded to 8 bytes. */
  text(words: string): this {
    const bytes = new TextEncoder().encode(words);
    return this.raw(bytes).zeros(8 - (bytes.length % 8));
  }

  /** Feature string: u32 length, padded to 64. */
  featureText(words: string): this {
    const bytes = new TextEncoder().encode(words);
    const length = Math.ceil((bytes.length + 1) / 64) * 64;
    return this.u32(length)
      .raw(bytes)
      .zeros(length - bytes.length);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

export class PerfBuilder {
  readonly isBig: boolean;
  readonly attrs: BuiltAttr[] = [];
  readonly #records: Uint8Array[] = [];
  readonly #features = new Map<number, Uint8Array>();
  /** Where the AUXTRACE records stand in the data. */
  readonly #auxtraces: number[] = [];
  #dataBytes = 0;

  constructor(isBig = false) {
    this.isBig = isBig;
  }

  bytes(): Bytes {
    return new Bytes(this.isBig);
  }

  attr(attr: BuiltAttr): this {
    this.attrs.push(attr);
    return this;
  }

  feature(id: number, body: Uint8Array): this {
    this.#features.set(id, body);
    return this;
  }

  record(type: number, body: Uint8Array, misc = 0): this {
    const head = this.bytes()
      .u32(type)
      .u16(misc)
      .u16(8 + body.length);
    return this.loose(head.raw(body).done());
  }

  /** Bytes that stand between records. */
  loose(bytes: Uint8Array): this {
    this.#records.push(bytes);
    this.#dataBytes += bytes.length;
    return this;
  }

  sample(values: BuiltSample, attr = this.attrs[0]): this {
    return this.record(9, this.#sampleBody(values, attr), (values.mode ?? 2) | (values.misc ?? 0));
  }

  comm(pid: number, tid: number, name: string, attr = this.attrs[0], misc = 0, time = 0n): this {
    const trailer = this.trailer(pid, tid, time, 0, attr);
    return this.record(3, this.bytes().u32(pid).u32(tid).text(name).raw(trailer).done(), misc);
  }

  /** LOST of a ring: `lost` records of the event. */
  lost(lost: number, attr = this.attrs[0]): this {
    const body = this.bytes()
      .u64(attr?.ids?.[0] ?? 0)
      .u64(lost);
    return this.record(2, body.raw(this.trailer(0, 0, 0n, 0, attr)).done());
  }

  lostSamples(lost: number, attr = this.attrs[0]): this {
    return this.record(
      13,
      this.bytes()
        .u64(lost)
        .raw(this.trailer(0, 0, 0n, 0, attr))
        .done(),
    );
  }

  /** FORK of a process, or of a thread when `pid` is that of its parent. */
  fork(pid: number, tid: number, parent: number, attr = this.attrs[0], time = 0n): this {
    const body = this.bytes().u32(pid).u32(parent).u32(tid).u32(parent).u64(time);
    return this.record(7, body.raw(this.trailer(pid, tid, 0n, 0, attr)).done());
  }

  mmap2(pid: number, address: bigint, length: bigint, name: string, attr = this.attrs[0], time = 0n): this {
    const body = this.bytes().u32(pid).u32(pid).u64(address).u64(length).u64(0).zeros(24).u32(3).u32(2);
    return this.record(
      10,
      body
        .text(name)
        .raw(this.trailer(pid, pid, time, 0, attr))
        .done(),
    );
  }

  /** EXIT of a process. */
  exit(pid: number, attr = this.attrs[0]): this {
    const body = this.bytes().u32(pid).u32(1).u32(pid).u32(1).u64(0);
    return this.record(4, body.raw(this.trailer(pid, pid, 0n, 0, attr)).done());
  }

  /** A mapping of a file from an offset on; with a build id in place of its inode where one is given. */
  mapFile(
    pid: number,
    [address, length]: readonly [bigint, number],
    name: string,
    { offset = 0, buildId }: { readonly offset?: number; readonly buildId?: Uint8Array } = {},
    attr = this.attrs[0],
  ): this {
    const body = this.bytes().u32(pid).u32(pid).u64(address).u64(length).u64(offset);
    if (buildId === undefined) body.zeros(24);
    else
      body
        .u8(buildId.length)
        .zeros(3)
        .raw(buildId)
        .zeros(20 - buildId.length);
    body
      .u32(3)
      .u32(2)
      .text(name)
      .raw(this.trailer(pid, pid, 0n, 0, attr));
    return this.record(10, body.done(), buildId === undefined ? 0 : 1 << 14);
  }

  /** The mapping record of kernels before Linux 3.12. */
  mmap(pid: number, address: bigint, length: bigint, name: string, attr = this.attrs[0]): this {
    const body = this.bytes().u32(pid).u32(pid).u64(address).u64(length).u64(0);
    return this.record(
      1,
      body
        .text(name)
        .raw(this.trailer(pid, pid, 0n, 0, attr))
        .done(),
      1 << 13,
    );
  }

  /** SWITCH_CPU_WIDE, going out to `next`. */
  switchTo(time: bigint, cpu: number, pid: number, tid: number, attr = this.attrs[0]): this {
    const body = this.bytes().u32(pid).u32(tid);
    return this.record(15, body.raw(this.trailer(0, 0, time, cpu, attr)).done(), 1 << 13);
  }

  finishedRound(): this {
    return this.record(68, new Uint8Array(0));
  }

  auxtrace(
    data: Uint8Array,
    where: { index?: number; cpu?: number; tid?: number; offset?: number } = {},
  ): this {
    const { index = 0, cpu = 0, tid = 0xffffffff, offset = 0 } = where;
    const body = this.bytes().u64(data.length).u64(offset).u64(this.#records.length);
    body.u32(index).u32(tid).u32(cpu).u32(0);
    this.#auxtraces.push(this.#dataBytes);
    return this.record(71, body.done()).loose(data);
  }

  /** sample_id of an event, the first one unless told otherwise. */
  trailer(pid: number, tid: number, time = 0n, cpu = 0, attr = this.attrs[0]): Uint8Array {
    const bytes = this.bytes();
    if (attr === undefined || attr.sampleIdAll === false) return bytes.done();
    const type = attr.sampleType;
    if (type & F.tid) bytes.u32(pid).u32(tid);
    if (type & F.time) bytes.u64(time);
    if (type & F.id) bytes.u64(attr.ids?.[0] ?? 0);
    if (type & F.streamId) bytes.u64(0);
    if (type & F.cpu) bytes.u32(cpu).u32(0);
    if (type & F.identifier) bytes.u64(attr.ids?.[0] ?? 0);
    return bytes.done();
  }

  data(): Uint8Array {
    return joined(this.#records);
  }

  /** Without `features` it is as perf leaves it when it is killed: no feature bits, no sections. */
  file(options: { dataSize?: number; features?: boolean } = {}): Uint8Array {
    if (options.features === false) this.#features.clear();
    const attrSize = Math.max(...this.attrs.map((attr) => attr.size ?? 136), 64) + 16;
    const ids = joined(this.attrs.map((attr) => this.#ids(attr)));
    const attrsAt = 104 + ids.length;
    const dataAt = attrsAt + attrSize * this.attrs.length;
    const data = this.data();
    if (this.#auxtraces.length > 0 && options.features !== false) this.#indexAux(dataAt);
    const head = this.bytes().raw(new TextEncoder().encode(this.isBig ? '2ELIFREP' : 'PERFILE2'));
    head
      .u64(104)
      .u64(attrSize)
      .u64(attrsAt)
      .u64(attrSize * this.attrs.length);
    head
      .u64(dataAt)
      .u64(options.dataSize ?? data.length)
      .u64(0)
      .u64(0);
    for (let word = 0; word < 4; word++) head.u64(this.#featureBits(word));
    return joined([
      head.done(),
      ids,
      this.#attrSection(),
      data,
      ...this.#featureSections(dataAt + data.length),
    ]);
  }

  pipe(): Uint8Array {
    const out = [
      this.bytes()
        .raw(new TextEncoder().encode(this.isBig ? '2ELIFREP' : 'PERFILE2'))
        .u64(16)
        .done(),
    ];
    const head = new PerfBuilder(this.isBig);
    for (const attr of this.attrs) head.record(64, joined([this.#attrBytes(attr), this.#ids(attr)]));
    for (const [id, body] of [...this.#features].sort((a, b) => a[0] - b[0])) {
      const padding = (8 - (body.length % 8)) % 8;
      head.record(80, this.bytes().u64(id).raw(body).zeros(padding).done());
    }
    head.record(80, this.bytes().u64(33).done());
    return joined([...out, head.data(), this.data()]);
  }

  /** EVENT_DESC of the attrs added so far. */
  describeEvents(): this {
    const bytes = this.bytes()
      .u32(this.attrs.length)
      .u32(this.attrs[0]?.size ?? 136);
    for (const attr of this.attrs) {
      bytes
        .raw(this.#attrBytes(attr))
        .u32(attr.ids?.length ?? 0)
        .featureText(attr.name ?? 'event');
      bytes.raw(this.#ids(attr));
    }
    return this.feature(12, bytes.done());
  }

  /** The features that perf record always writes: host, kernel, version, machine, CPUs, command line. */
  describeMachine(machine: { arch?: string; cpuId?: string; cpus?: number } = {}): this {
    const { arch = 'x86_64', cpuId = 'GenuineIntel,6,143,8', cpus = 4 } = machine;
    const text = (words: string) => this.bytes().featureText(words).done();
    this.feature(3, text('host')).feature(4, text('7.3.4')).feature(5, text('7.3.4')).feature(6, text(arch));
    this.feature(7, this.bytes().u32(cpus).u32(cpus).done())
      .feature(8, text('a CPU'))
      .feature(9, text(cpuId));
    this.feature(
      10,
      this.bytes()
        .u64(1 << 24)
        .done(),
    );
    return this.feature(11, this.bytes().u32(2).featureText('perf').featureText('record').done());
  }

  #ids(attr: BuiltAttr): Uint8Array {
    const bytes = this.bytes();
    for (const id of attr.ids ?? []) bytes.u64(id);
    return bytes.done();
  }

  /** Entries are as long as the largest attr needs; smaller ones say so themselves. */
  #attrSection(): Uint8Array {
    const bytes = this.bytes();
    const longest = Math.max(...this.attrs.map((attr) => attr.size ?? 136), 64);
    let at = 104;
    for (const attr of this.attrs) {
      const length = 8 * (attr.ids?.length ?? 0);
      const own = this.#attrBytes(attr);
      bytes
        .raw(own)
        .zeros(longest - own.length)
        .u64(at)
        .u64(length);
      at += length;
    }
    return bytes.done();
  }

  #attrBytes(attr: BuiltAttr): Uint8Array {
    const size = attr.size ?? 136;
    const bytes = this.bytes()
      .u32(attr.type ?? 4)
      .u32(size)
      .u64(attr.config ?? ALL_ACCESSES)
      .u64(attr.period ?? 1);
    bytes
      .u64(attr.sampleType)
      .u64(attr.readFormat ?? 0)
      .raw(this.#flagBytes(attr));
    bytes
      .u32(0)
      .u32(0)
      .u64(attr.config1 ?? 0)
      .u64(attr.config2 ?? 0)
      .u64(attr.branchType ?? 0)
      .u64(attr.userRegisters ?? 0);
    bytes
      .u32(0)
      .u32(0)
      .u64(attr.interruptRegisters ?? 0);
    const whole = bytes.done();
    const out = new Uint8Array(size);
    out.set(whole.subarray(0, size));
    return out;
  }

  /** Bit fields: sample_id_all is bit 18, freq bit 10; big-endian compilers fill each byte from the top. */
  #flagBytes(attr: BuiltAttr): Uint8Array {
    const flags =
      (attr.flags ?? 0) | (attr.sampleIdAll === false ? 0 : 1 << 18) | (attr.isFrequency ? 1 << 10 : 0);
    const bytes = new Uint8Array(8);
    for (let bit = 0; bit < 32; bit++) {
      if ((flags >>> bit) & 1) bytes[bit >> 3] |= this.isBig ? 0x80 >> (bit & 7) : 1 << (bit & 7);
    }
    return bytes;
  }

  /** HEADER_AUXTRACE: offset in the file and size of each AUXTRACE record. */
  #indexAux(dataAt: number): void {
    const index = this.bytes().u64(this.#auxtraces.length);
    for (const at of this.#auxtraces) index.u64(dataAt + at).u64(48);
    this.feature(18, index.done());
  }

  #featureBits(word: number): bigint {
    let bits = 0n;
    for (const id of this.#features.keys()) if (id >> 6 === word) bits |= 1n << BigInt(id & 63);
    return bits;
  }

  #featureSections(start: number): Uint8Array[] {
    const sorted = [...this.#features].sort((a, b) => a[0] - b[0]);
    const table = this.bytes();
    let at = start + 16 * sorted.length;
    for (const [, body] of sorted) {
      table.u64(at).u64(body.length);
      at += body.length;
    }
    return [table.done(), ...sorted.map(([, body]) => body)];
  }

  #sampleBody(values: BuiltSample, attr: BuiltAttr): Uint8Array {
    const type = attr.sampleType;
    const id = values.id ?? attr.ids?.[0] ?? 0;
    const bytes = this.bytes();
    if (type & F.identifier) bytes.u64(id);
    if (type & F.ip) bytes.u64(values.ip ?? 0n);
    if (type & F.tid) bytes.u32(values.pid ?? 0).u32(values.tid ?? values.pid ?? 0);
    if (type & F.time) bytes.u64(values.time ?? 0n);
    if (type & F.addr) bytes.u64(values.addr ?? 0n);
    if (type & F.id) bytes.u64(id);
    if (type & F.streamId) bytes.u64(0);
    if (type & F.cpu) bytes.u32(values.cpu ?? 0).u32(0);
    if (type & F.period) bytes.u64(values.period ?? 1);
    this.#variableBody(bytes, values, attr);
    if (type & (F.weight | F.weightStruct)) bytes.u64(values.weight ?? 0n);
    if (type & F.dataSource) bytes.u64(values.dataSource ?? 0n);
    if (type & F.transaction) bytes.u64(0);
    if (type & F.regsIntr) this.#registers(bytes, values.interruptRegisters ?? 0);
    if (type & F.physAddr) bytes.u64(values.physAddr ?? 0n);
    if (type & F.cgroup) bytes.u64(values.cgroup ?? 77);
    if (type & F.dataPageSize) bytes.u64(values.dataPageSize ?? 0);
    if (type & F.codePageSize) bytes.u64(4096);
    if (type & F.aux) bytes.u64(values.aux ?? 0).zeros(values.aux ?? 0);
    return bytes.done();
  }

  #variableBody(bytes: Bytes, values: BuiltSample, attr: BuiltAttr): void {
    const type = attr.sampleType;
    if (type & F.read) this.#read(bytes, attr.readFormat ?? 0);
    if (type & F.callchain) {
      bytes.u64(values.callchain?.length ?? 0);
      for (const address of values.callchain ?? []) bytes.u64(address);
    }
    if (type & F.raw) {
      const raw = values.raw ?? new Uint8Array(4);
      const size = Math.ceil((raw.length + 4) / 8) * 8 - 4;
      bytes
        .u32(size)
        .raw(raw)
        .zeros(size - raw.length);
    }
    if (type & F.branchStack) {
      bytes.u64(values.branches ?? 0);
      if ((attr.branchType ?? 0) & (1 << 17)) bytes.u64(0);
      bytes.zeros(24 * (values.branches ?? 0));
      if ((attr.branchType ?? 0) & (1 << 19)) bytes.zeros(8 * (values.branches ?? 0));
    }
    if (type & F.regsUser) this.#registers(bytes, values.userRegisters ?? 0);
    if (type & F.stackUser) {
      bytes.u64(values.stack ?? 0).zeros(values.stack ?? 0);
      if (values.stack) bytes.u64(values.stack);
    }
  }

  #read(bytes: Bytes, format: number): void {
    const has = (bit: number) => (format & bit) !== 0;
    const values = has(8) ? 2 : 1;
    if (has(8)) bytes.u64(values);
    else bytes.u64(5);
    if (has(1)) bytes.u64(1);
    if (has(2)) bytes.u64(2);
    for (let i = 0; i < values; i++) {
      if (has(8)) bytes.u64(5);
      if (has(4)) bytes.u64(9);
      if (has(16)) bytes.u64(0);
    }
  }

  #registers(bytes: Bytes, count: number): void {
    bytes.u64(count === 0 ? 0 : 2).zeros(8 * count);
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A zstd stream of raw blocks as `perf record -z` flushes it: one frame that never ends. */
export function zstdFlushes(parts: readonly Uint8Array[]): Uint8Array[] {
  return parts.map((part, index) => {
    const header = index === 0 ? [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58] : [];
    const word = part.length << 3;
    return Uint8Array.from([...header, word & 255, (word >> 8) & 255, (word >> 16) & 255, ...part]);
  });
}
