/** perf_mem_data_src of a sampled access (include/uapi/linux/perf_event.h), as two 32-bit halves. */
import type { PmuSample } from '../../model/hardware/pmu-samples.js';
import { OUTCOME } from '../../model/hardware/tlb.js';

const OP = { na: 1, load: 2, store: 4 };
const LEVEL = [0x0a, 0x22, 0x42, 0x82]; // hit in L1, L2, L3, local memory
const LEVEL_NUMBER = [1, 2, 3, 0xd];
const SNOOP_NONE = 2;
const LOCK_NA = 1;
/** TLB bits: hit|L1, hit|L2, hit|walker (or miss that a walk served). */
const DTLB = [0x0a, 0x12, 0x22, 0x22];

/** Returns the word for a sample: operation, level and TLB outcome. */
export function dataSource(sample: PmuSample): { readonly low: number; readonly high: number } {
  if (sample.address === 0) return { low: OP.na, high: 0 };
  const op = sample.isStore ? OP.store : OP.load;
  const dtlb = DTLB[Math.min(sample.outcome, OUTCOME.walk)];
  const low = op | (LEVEL[sample.from] << 5) | (SNOOP_NONE << 19) | (LOCK_NA << 24) | (dtlb << 26);
  return { low: low >>> 0, high: (dtlb >>> 6) | (LEVEL_NUMBER[sample.from] << 1) };
}
