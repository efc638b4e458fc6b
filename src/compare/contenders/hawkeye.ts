import { COLLAPSING, type Contender, type Place } from './contender.js';
import { ruleKind, type SeenBlock } from './rule-memory.js';

/** New and old coverage in the moving mean: 0.2 and 0.8. */
const NEW = 0.2;
const BINS = 10;
/** Bloat recovery begins above, in share of the memory in use. */
const RECOVER_ABOVE = 0.85;
/** khugepaged's default of 4096 pages a scan. */
const PAGES_A_SCAN = 4096;

/** HawkEye: access coverage in bins, and recovery of bloat under pressure. */
export const hawkeye: Contender = {
  name: 'hawkeye',
  brief:
    'collapse by access coverage from the highest bin down; split the emptiest when 85 % of memory is in use',
  source:
    'Panwar et al., "HawkEye", ASPLOS 2019; apanwariisc/HawkEye mm/ohp.c and bloat_recovery/detect.c (moving mean 0.8/0.2)',
  simplified:
    'coverage is what samples touched, relative to the most covered block, since samples see fewer pages than accessed bits do; pre-zeroing and the share of overhead between processes are left out',
  thp: COLLAPSING,
  rule(place) {
    const coverage = new Map<number, number>();
    const kind = ruleKind('hawkeye', 'access coverage', (blocks) => {
      for (const { block, touched } of blocks)
        coverage.set(block, (1 - NEW) * (coverage.get(block) ?? touched) + NEW * touched);
      return [...promotions(blocks, coverage, place), ...recoveries(blocks, place)];
    });
    return { kind, samples: true };
  },
};

function promotions(
  blocks: readonly SeenBlock[],
  coverage: ReadonlyMap<number, number>,
  { geometry }: Place,
) {
  const most = Math.max(1, ...coverage.values());
  const binOf = ({ block }: SeenBlock) => Math.floor((BINS * (coverage.get(block) ?? 0)) / most);
  return blocks
    .filter((block) => !block.isHuge && binOf(block) > 0)
    .sort((a, b) => binOf(b) - binOf(a))
    .slice(0, Math.max(1, Math.floor(PAGES_A_SCAN / geometry.pagesPerBlock)))
    .map((block) => ({
      block,
      action: 'collapse' as const,
      priority: binOf(block),
      reason: `in bin ${binOf(block)} of ${BINS} by access coverage`,
    }));
}

function recoveries(blocks: readonly SeenBlock[], { scenario, geometry }: Place) {
  const used = blocks.reduce((sum, { present }) => sum + present, 0) * geometry.pageBytes;
  const data = blocks.reduce((sum, { filled, present }) => sum + (filled ?? present), 0) * geometry.pageBytes;
  const limits = scenario.processes.map(({ limit }) => {
    if (limit === undefined) return scenario.host.memory;
    return 'bytes' in limit ? limit.bytes : limit.ofData * data;
  });
  if (used < RECOVER_ABOVE * Math.min(...limits)) return [];
  return blocks
    .filter(({ isHuge, filled }) => isHuge && filled !== undefined && filled < geometry.pagesPerBlock / 2)
    .map((block) => ({
      block,
      action: 'split' as const,
      priority: geometry.pagesPerBlock - (block.filled ?? 0),
      reason: `memory is short, and only ${block.filled} sub-pages hold data`,
    }));
}
