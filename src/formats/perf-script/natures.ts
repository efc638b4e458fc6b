/**
 * What samples are of, as far as the name of their event tells: a text holds no attributes, so that thresholds and
 * filters that are not in the name are not known, and neither is then the nature.
 */
import type { SampleNature } from '../../vocabulary/nature.js';

const BY_NAME: readonly (readonly [name: RegExp, nature: SampleNature])[] = [
  [/^(page-faults|faults|minor-faults|major-faults)$/, 'first-touches'],
  [/stlb_miss|dtlb.*miss|tlb-miss|tlb-access/i, 'tlb-misses'],
  [/ldlat|mem-loads|min_latency|l3missonly|mem_load_retired/i, 'slow-accesses'],
  [/^(cpu[^/]*\/)?mem_(inst|uops)_retired\.all_loads/, 'loads'],
  [/^(cpu[^/]*\/)?mem_(inst|uops)_retired\.all_stores|mem-stores/, 'stores'],
  [/^ibs_op\/.*\bcnt_ctl=1\b/, 'all-accesses'],
  // Without it cycles are counted, which favours what stalls.
  [/^ibs_op\b/, 'slow-accesses'],
  [/cycles|instructions|clock|context-switches|^mem:|migrations|^[a-z_0-9]+:[a-z_0-9]+$/, 'nothing'],
];

export function natureOfName(event: string): SampleNature {
  const bare = event.replace(/:[a-zA-Z]+$/, (modifiers) =>
    /^:[ukhpPGHSDe]+$/.test(modifiers) ? '' : modifiers,
  );
  return BY_NAME.find(([name]) => name.test(bare))?.[1] ?? 'unknown';
}
