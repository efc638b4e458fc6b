/**
 * perf_mem_data_src as PEBS and newer IBS drivers fill it, and the fields around it (WEIGHT_STRUCT,
 * DATA_PAGE_SIZE). Bit positions of include/uapi/linux/perf_event.h, read as two words.
 */
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sourceFlag } from '../../vocabulary/sample.js';

const OP = { load: 2, store: 4, prefetch: 8, execute: 16 } as const;
/** mem_lvl: HIT 2, MISS 4, then one bit per level; all of these lie behind the last cache. */
const LEVEL_SHIFT = 5;
const LEVEL_MISS = 4;
const LEVEL_MEMORY = 0x80 | 0x100 | 0x200;
const LEVEL_REMOTE = 0x100 | 0x200 | 0x400 | 0x800;
/** mem_dtlb at bit 26: MISS is 4; the page walker 0x20 and the kernel 0x40 only come in when all TLBs missed. */
const TLB_MISS = (4 | 0x20) << 26;
const TLB_KERNEL_HIGH = 1;
const TLB_HIT = 2 << 26;
const TLB_FIRST = 8 << 26;
const TLB_SECOND = 16 << 26;
const LEVEL_HIT = 2;
/** mem_lvl bits, the nearest level first. */
const BY_LEVEL: readonly (readonly [bits: number, source: number])[] = [
  [0x8, DATA_SOURCE.l1],
  [0x10, DATA_SOURCE.fillBuffer],
  [0x20, DATA_SOURCE.l2],
  [0x40, DATA_SOURCE.l3],
  [0x80, DATA_SOURCE.localMemory],
  [0x100 | 0x200, DATA_SOURCE.remoteMemory],
  [0x400 | 0x800, DATA_SOURCE.remoteCache],
  [0x1000 | 0x2000, DATA_SOURCE.device],
];
/** mem_lvl_num: levels of caches are 1 to 7, where 4, 5 and 7 are names of one CPU only. */
const BY_NUMBER: Readonly<Record<number, number>> = {
  1: DATA_SOURCE.l1,
  2: DATA_SOURCE.l2,
  3: DATA_SOURCE.l3,
  4: DATA_SOURCE.l3,
  6: DATA_SOURCE.l3,
  8: DATA_SOURCE.device,
  9: DATA_SOURCE.cxl,
  10: DATA_SOURCE.device,
  12: DATA_SOURCE.fillBuffer,
  13: DATA_SOURCE.memory,
  14: DATA_SOURCE.pmem,
};
/** mem_lvl_num at bit 33: CXL 9, RAM 0xd, PMEM 0xe are memory. */
const LEVEL_NUMBER_SHIFT = 1;
const MEMORY_LEVELS = (1 << 9) | (1 << 0xd) | (1 << 0xe);
const REMOTE_HIGH = 1 << 5;

/** SAMPLE_KIND of a data source; `unknown` when it says "not available", as page faults recorded with -d do. */
export function kindOfDataSource(low: number): number {
  const op = low & 31;
  const reads = (op & OP.load) !== 0;
  const writes = (op & OP.store) !== 0;
  if (reads) return writes ? SAMPLE_KIND.update : SAMPLE_KIND.load;
  if (writes) return SAMPLE_KIND.store;
  if (op & OP.prefetch) return SAMPLE_KIND.prefetch;
  return op & OP.execute ? SAMPLE_KIND.execute : SAMPLE_KIND.unknown;
}

/** SAMPLE_FLAG bits of a data source: where the data came from and whether the TLB missed. */
export function flagsOfDataSource(low: number, high: number): number {
  const level = (low >>> LEVEL_SHIFT) & 0x3fff;
  const levelNumber = (high >>> LEVEL_NUMBER_SHIFT) & 15;
  let flags = 0;
  if ((low & TLB_MISS) !== 0 || (high & TLB_KERNEL_HIGH) !== 0) flags |= SAMPLE_FLAG.tlbMiss;
  else flags |= hitOf(low);
  const fromMemory = (level & LEVEL_MEMORY) !== 0 || ((MEMORY_LEVELS >>> levelNumber) & 1) !== 0;
  if (fromMemory || (level & LEVEL_MISS) !== 0) flags |= SAMPLE_FLAG.cacheMiss;
  if ((level & LEVEL_REMOTE) !== 0 || (high & REMOTE_HIGH) !== 0) flags |= SAMPLE_FLAG.remoteMemory;
  return flags | sourceFlag(sourceOfLevel(level, levelNumber, (high & REMOTE_HIGH) !== 0));
}

/** Which TLB had the translation; both bits when only a hit is told, or both levels are named for one. */
function hitOf(low: number): number {
  if ((low & TLB_HIT) === 0) return 0;
  const first = low & TLB_FIRST ? SAMPLE_FLAG.tlbFirst : 0;
  const second = low & TLB_SECOND ? SAMPLE_FLAG.tlbSecond : 0;
  return first | second || SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond;
}

/** The level that had the data: its number where there is one, else its bit. A miss alone does not say. */
function sourceOfLevel(level: number, number: number, isRemote: boolean): number {
  const isMiss = (level & LEVEL_MISS) !== 0 && (level & LEVEL_HIT) === 0;
  if (isMiss) return DATA_SOURCE.unknown;
  const byLevel = BY_LEVEL.find(([bits]) => (level & bits) !== 0)?.[1];
  const source = BY_NUMBER[number] ?? byLevel ?? DATA_SOURCE.unknown;
  if (source === DATA_SOURCE.memory && byLevel === DATA_SOURCE.localMemory) return byLevel;
  if (!isRemote) return source;
  if (source === DATA_SOURCE.memory) return DATA_SOURCE.remoteMemory;
  return source >= DATA_SOURCE.l1 && source <= DATA_SOURCE.l3 ? DATA_SOURCE.remoteCache : source;
}

/**
 * Access latency in cycles. With WEIGHT_STRUCT it is the low word alone, the high word holds the instruction's
 * own latency (Intel since Alder Lake) or tag-to-retire (IBS); with WEIGHT it is the whole field.
 */
export function latencyOfWeight(low: number, high: number, isStruct: boolean): number {
  return isStruct || high === 0 ? low : 0xffffffff;
}
