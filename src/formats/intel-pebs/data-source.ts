/**
 * perf_mem_data_src as PEBS and newer IBS drivers fill it, and the fields around it (WEIGHT_STRUCT,
 * DATA_PAGE_SIZE). Bit positions of include/uapi/linux/perf_event.h, read as two words.
 */
import { SAMPLE_FLAG, SAMPLE_KIND } from '../../vocabulary/sample.js';

const OP = { load: 2, store: 4, prefetch: 8, execute: 16 } as const;
/** mem_lvl: HIT 2, MISS 4, then one bit per level; all of these lie behind the last cache. */
const LEVEL_SHIFT = 5;
const LEVEL_MISS = 4;
const LEVEL_MEMORY = 0x80 | 0x100 | 0x200;
const LEVEL_REMOTE = 0x100 | 0x200 | 0x400 | 0x800;
/** mem_dtlb at bit 26: MISS is 4; the page walker 0x20 and the kernel 0x40 only come in when all TLBs missed. */
const TLB_MISS = (4 | 0x20 | 0x40) << 26;
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
  if (low & TLB_MISS) flags |= SAMPLE_FLAG.tlbMiss;
  const fromMemory = (level & LEVEL_MEMORY) !== 0 || ((MEMORY_LEVELS >>> levelNumber) & 1) !== 0;
  if (fromMemory || (level & LEVEL_MISS) !== 0) flags |= SAMPLE_FLAG.cacheMiss;
  if ((level & LEVEL_REMOTE) !== 0 || (high & REMOTE_HIGH) !== 0) flags |= SAMPLE_FLAG.remoteMemory;
  return flags;
}

/**
 * Access latency in cycles. With WEIGHT_STRUCT it is the low word alone, the high word holds the instruction's
 * own latency (Intel since Alder Lake) or tag-to-retire (IBS); with WEIGHT it is the whole field.
 */
export function latencyOfWeight(low: number, high: number, isStruct: boolean): number {
  return isStruct || high === 0 ? low : 0xffffffff;
}
