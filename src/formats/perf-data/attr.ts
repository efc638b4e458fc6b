/** perf_event_attr: what an event was asked to record. Smaller and larger structs than ours are both read. */
import { ATTR_FLAG, SOFTWARE } from '../perf-abi/constants.js';
import type { RecordView } from './record-view.js';

/** PERF_ATTR_SIZE_VER0; anything smaller is no attr. */
export const SMALLEST_ATTR = 64;
const LARGEST_ATTR = 4096;
/** Flags that decide whose accesses an event sees: of which privilege level, and whether of threads made later. */
const WATCHED =
  ATTR_FLAG.inherit |
  ATTR_FLAG.excludeUser |
  ATTR_FLAG.excludeKernel |
  ATTR_FLAG.excludeHypervisor |
  ATTR_FLAG.excludeIdle |
  ATTR_FLAG.excludeHost |
  ATTR_FLAG.excludeGuest;
/** precise_ip within the flag bits. */
const PRECISE_SHIFT = 15;

/** The fields of a perf_event_attr that reading needs; absent ones are 0. */
export interface EventAttr {
  readonly type: number;
  /** Bytes the writer's struct had. */
  readonly size: number;
  readonly config: bigint;
  /** Sampling period, or frequency in Hz when `isFrequency`. */
  readonly samplePeriod: number;
  readonly isFrequency: boolean;
  readonly sampleType: number;
  readonly readFormat: number;
  readonly sampleIdAll: boolean;
  readonly branchSampleType: number;
  /** Number of registers dumped with each sample. */
  readonly userRegisters: number;
  readonly interruptRegisters: number;
  /** Clock of the times (clockid_t), or undefined for perf's own clock. */
  readonly clockId: number | undefined;
  readonly config1: bigint;
  readonly config2: bigint;
  readonly config3: bigint;
  readonly config4: bigint;
  /** How exactly the address of the instruction is asked for: 0 not at all, up to 3. */
  readonly preciseIp: number;
  /** Bits of ATTR_FLAG that decide whose accesses are seen. */
  readonly watched: number;
}

/** Reads an attr at `at` of which `available` bytes are there; undefined when that is no attr. */
export function readAttr(view: RecordView, at: number, available: number): EventAttr | undefined {
  if (available < SMALLEST_ATTR) return undefined;
  const said = view.u32(at + 4);
  const size = said === 0 ? SMALLEST_ATTR : said;
  if (size < SMALLEST_ATTR || size > LARGEST_ATTR || size % 8 !== 0) return undefined;
  const known = Math.min(size, available);
  const has = (end: number) => known >= end;
  const flags = readFlags(view, at + 40);
  return {
    type: view.u32(at),
    size,
    config: view.big(at + 8),
    samplePeriod: view.u64(at + 16),
    isFrequency: (flags & ATTR_FLAG.freq) !== 0,
    sampleType: view.low(at + 24),
    readFormat: view.low(at + 32),
    sampleIdAll: (flags & ATTR_FLAG.sampleIdAll) !== 0,
    branchSampleType: has(80) ? view.low(at + 72) : 0,
    userRegisters: has(88) ? bitsSet(view, at + 80) : 0,
    interruptRegisters: has(104) ? bitsSet(view, at + 96) : 0,
    clockId: (flags & ATTR_FLAG.useClockId) !== 0 && has(96) ? view.i32(at + 92) : undefined,
    config1: has(64) ? view.big(at + 56) : 0n,
    config2: has(72) ? view.big(at + 64) : 0n,
    config3: has(136) ? view.big(at + 128) : 0n,
    config4: has(144) ? view.big(at + 136) : 0n,
    preciseIp: (flags >>> PRECISE_SHIFT) & 3,
    watched: flags & WATCHED,
  };
}

/** Low word of the flag bits. Compilers of big-endian machines fill bit fields from the other end of each byte. */
function readFlags(view: RecordView, at: number): number {
  let flags = 0;
  for (let i = 0; i < 4; i++) {
    const byte = view.u8(at + i);
    flags |= (view.isBigEndian ? reverseBits(byte) : byte) << (8 * i);
  }
  return flags >>> 0;
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) reversed |= 0x80 >>> bit;
  return reversed;
}

function bitsSet(view: RecordView, at: number): number {
  return ones(view.low(at)) + ones(view.high(at));
}

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether samples of the event are page faults. */
export function isPageFault(attr: EventAttr): boolean {
  if (attr.type !== SOFTWARE.type) return false;
  const event = Number(attr.config);
  return event === SOFTWARE.pageFaults || event === SOFTWARE.minorFaults || event === SOFTWARE.majorFaults;
}

/** PERF_ATTR_SIZE_VER5 (Linux 4.1): enough for what is asked, and known to every kernel that Octavo runs on. */
const WRITTEN_ATTR = 112;

/** What an event of our own is to record. */
export interface AttrWish {
  readonly type: number;
  readonly config: bigint;
  readonly period: number;
  readonly sampleType: number;
  /** Leaves out what happens in the kernel, which unprivileged users may not see. */
  readonly excludeKernel: boolean;
  /** The low word of further flag bits. */
  readonly flags: number;
}

/** The bytes of a perf_event_attr for perf_event_open(2), little endian. */
export function writeAttr(wish: AttrWish): Uint8Array {
  const bytes = new Uint8Array(WRITTEN_ATTR);
  const view = new DataView(bytes.buffer);
  const kernelFlags = wish.excludeKernel ? ATTR_FLAG.excludeKernel | ATTR_FLAG.excludeHypervisor : 0;
  view.setUint32(0, wish.type, true);
  view.setUint32(4, WRITTEN_ATTR, true);
  view.setBigUint64(8, wish.config, true);
  view.setBigUint64(16, BigInt(wish.period), true);
  view.setBigUint64(24, BigInt(wish.sampleType), true);
  view.setUint32(40, (wish.flags | kernelFlags) >>> 0, true);
  return bytes;
}
