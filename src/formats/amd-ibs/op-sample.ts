/**
 * AMD IBS op samples as the kernel dumps their registers into PERF_SAMPLE_RAW (arch/x86/events/amd/ibs.c):
 * u32 caps, then OP_CTL, OP_RIP, OP_DATA, OP_DATA2, OP_DATA3, DC_LIN_AD, DC_PHYS_AD and, by caps, BR_TARGET and
 * OP_DATA4. The short form without memory data has three registers.
 */
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sourceFlag } from '../../vocabulary/sample.js';

/** Byte offsets from the u32 size field of RAW. */
const OP_CTL = 8;
const OP_DATA2 = OP_CTL + 3 * 8;
const OP_DATA3 = OP_CTL + 4 * 8;
const DC_LINEAR = OP_CTL + 5 * 8;
const DC_PHYSICAL = OP_CTL + 6 * 8;
/** Size of RAW (without its own size field) that holds all of them. */
const MEMORY_FORM_BYTES = 4 + 7 * 8;
/** OP_CTL: enabled and valid. */
const CTL_VALID = (1 << 17) | (1 << 18);

const D3 = {
  load: 1,
  store: 1 << 1,
  l1TlbMiss: 1 << 2,
  l2TlbMiss: 1 << 3,
  l1TlbHit2m: 1 << 4,
  l1TlbHit1g: 1 << 5,
  l2TlbHit2m: 1 << 6,
  cacheMiss: 1 << 7,
  noMab: 1 << 16,
  linearValid: 1 << 17,
  physicalValid: 1 << 18,
  l2TlbHit1g: 1 << 19,
  l2Miss: 1 << 20,
  softwarePrefetch: 1 << 21,
} as const;
const HUGE_HIT = D3.l1TlbHit2m | D3.l1TlbHit1g | D3.l2TlbHit2m | D3.l2TlbHit1g;
/** OP_DATA2: the data came from another node, or another socket. */
const D2_REMOTE = (1 << 4) | (1 << 9);
/** OP_DATA2 bits 2:0 and, above them, 7:6: where the data came from (arch/x86/events/amd/ibs.c). */
const D2_SOURCES: Readonly<Record<number, number>> = {
  1: DATA_SOURCE.l3,
  2: DATA_SOURCE.peerCache,
  3: DATA_SOURCE.memory,
  5: DATA_SOURCE.remoteCache,
  6: DATA_SOURCE.pmem,
  7: DATA_SOURCE.device,
  8: DATA_SOURCE.cxl,
  12: DATA_SOURCE.memory,
};

/** Words of a record, as RecordView has them. */
export interface Words {
  low(at: number): number;
  high(at: number): number;
  u32(at: number): number;
}

/** What one IBS op says of its memory access. One object is reused for all samples. */
export interface IbsOp {
  addressLow: number;
  addressHigh: number;
  /** 0 when not valid, not permitted to see, or not to be trusted. */
  physicalLow: number;
  physicalHigh: number;
  kind: number;
  flags: number;
  latency: number;
}

/** What differs between generations of IBS. */
export interface IbsRules {
  /**
   * zen4_ibs_extensions: the physical address is only good together with a valid linear one
   * (tools/perf/util/amd-sample-raw.c).
   */
  readonly physicalNeedsLinear: boolean;
  /** Erratum 1293: family 19h models below 10h fill OP_DATA2 wrongly for some ops. */
  readonly erratum1293: boolean;
}

/** Returns an empty op, to be filled again and again: decoding allocates nothing. */
export function ibsOp(): IbsOp {
  return { addressLow: 0, addressHigh: 0, physicalLow: 0, physicalHigh: 0, kind: 0, flags: 0, latency: 0 };
}

/**
 * Reads the registers at `at` (the RAW field's u32 size), `end` being the end of the record. False when RAW does
 * not hold the memory registers or the op was not valid.
 */
export function readIbsOp(words: Words, at: number, end: number, rules: IbsRules, into: IbsOp): boolean {
  const size = words.u32(at);
  if (size < MEMORY_FORM_BYTES || at + 4 + size > end) return false;
  if ((words.low(at + OP_CTL) & CTL_VALID) !== CTL_VALID) return false;
  const data3 = words.low(at + OP_DATA3);
  const hasLinear = (data3 & D3.linearValid) !== 0;
  const hasPhysical = (data3 & D3.physicalValid) !== 0 && (hasLinear || !rules.physicalNeedsLinear);
  into.addressLow = hasLinear ? words.low(at + DC_LINEAR) : 0;
  into.addressHigh = hasLinear ? words.high(at + DC_LINEAR) : 0;
  into.physicalLow = hasPhysical ? words.low(at + DC_PHYSICAL) : 0;
  into.physicalHigh = hasPhysical ? words.high(at + DC_PHYSICAL) : 0;
  into.kind = kindOf(data3);
  into.flags = flagsOf(data3, words.low(at + OP_DATA2), rules);
  into.latency = (data3 & (D3.load | D3.cacheMiss)) === (D3.load | D3.cacheMiss) ? latencyOf(words, at) : 0;
  return true;
}

function kindOf(data3: number): number {
  if (data3 & D3.softwarePrefetch) return SAMPLE_KIND.prefetch;
  const reads = (data3 & D3.load) !== 0;
  if ((data3 & D3.store) !== 0) return reads ? SAMPLE_KIND.update : SAMPLE_KIND.store;
  return reads ? SAMPLE_KIND.load : SAMPLE_KIND.unknown;
}

function flagsOf(data3: number, data2: number, rules: IbsRules): number {
  let flags = 0;
  if ((data3 & D3.l1TlbMiss) !== 0 && (data3 & D3.l2TlbMiss) !== 0) flags |= SAMPLE_FLAG.tlbMiss;
  else if (data3 & D3.linearValid)
    flags |= data3 & D3.l1TlbMiss ? SAMPLE_FLAG.tlbSecond : SAMPLE_FLAG.tlbFirst;
  if (data3 & D3.cacheMiss) flags |= SAMPLE_FLAG.cacheMiss;
  if (data3 & HUGE_HIT) flags |= SAMPLE_FLAG.hugeMapped;
  const data2Good = !rules.erratum1293 || (data3 & (D3.noMab | D3.softwarePrefetch)) === 0;
  if (data2Good && (data2 & D2_REMOTE) !== 0) flags |= SAMPLE_FLAG.remoteMemory;
  return flags | sourceFlag(sourceOfOp(data3, data2Good ? data2 : 0));
}

/** Of loads alone: the registers do not say where a store's line came from. */
function sourceOfOp(data3: number, data2: number): number {
  if ((data3 & D3.load) === 0) return DATA_SOURCE.unknown;
  if ((data3 & D3.cacheMiss) === 0) return DATA_SOURCE.l1;
  if ((data3 & D3.l2Miss) === 0) return DATA_SOURCE.l2;
  if (data3 & D3.noMab) return DATA_SOURCE.fillBuffer;
  const source = D2_SOURCES[(data2 & 7) | ((data2 >>> 3) & 0x18)] ?? DATA_SOURCE.unknown;
  if ((data2 & D2_REMOTE) === 0) return source;
  if (source === DATA_SOURCE.memory) return DATA_SOURCE.remoteMemory;
  return source === DATA_SOURCE.peerCache || source === DATA_SOURCE.l3 ? DATA_SOURCE.remoteCache : source;
}

/** OP_DATA3 bits 47:32. */
function latencyOf(words: Words, at: number): number {
  return words.high(at + OP_DATA3) & 0xffff;
}

/** Whether a CPUID feature string names family 19h (25) with a model below 10h (16). */
export function hasErratum1293(cpuId: string | undefined): boolean {
  const parts = /^(?:AuthenticAMD|HygonGenuine),(\d+),(\d+)/.exec(cpuId ?? '');
  return parts !== null && Number(parts[1]) === 0x19 && Number(parts[2]) < 0x10;
}
