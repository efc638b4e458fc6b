import { whyNot } from '../hotness/conclusions.js';
import { density, hotFraction } from '../hotness/confidence.js';
import type { HotBlock, HotFraction, HotMap } from '../vocabulary/hot-map.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { Order, Pages } from '../vocabulary/units.js';
import { judgeEach } from './each-block.js';
import { freedPages, type SplitFacts, splitCost, splitGain } from './estimates.js';
import type { Findings } from './findings.js';
import { ofPages, type Policy, type PolicyInput } from './policy.js';
import { chooseSplitOrder, coldPagesAt } from './target-order.js';

const NAME = 'split-sparse';

/** Splits huge blocks of which only a small share is in use, so that their cold part can be seen and reclaimed. */
export const splitSparse: Policy = {
  name: NAME,
  brief: 'split huge pages of which, with 95 % confidence, only a small share is accessed',
  propose: (input) => judgeEach(NAME, input, 'pmd', judge),
};

function judge(input: PolicyInput, row: number, findings: Findings): Proposal | undefined {
  const { sizes, heat, parameters } = input;
  const block = sizes.blocks.block[row];
  const hot = heat?.block(block);
  if (!heat?.subPageHeat) {
    findings.add('unknown-heat', 'no source that sees below a huge page', block);
    return undefined;
  }
  const forbidden = whyNot(heat, 'sparse');
  if (forbidden !== '') {
    findings.add('unknown-heat', `samples ${forbidden}`, block);
    return undefined;
  }
  if (!hot || hot.samples === 0) {
    findings.add('unknown-heat', 'no sample fell on it', block);
    return undefined;
  }
  const fraction = hotFraction(hot, sizes.geometry.pagesPerBlock);
  const kind = density(fraction, parameters.sparseBelow, parameters.denseAbove);
  if (kind !== 'sparse') {
    findings.add(...passing(kind, fraction, parameters.sparseBelow), block);
    return undefined;
  }
  return proposal(input, row, heat, hot, fraction);
}

function passing(
  kind: 'dense' | 'unknown',
  fraction: HotFraction,
  bound: number,
): ['no-gain' | 'unknown-heat', string] {
  if (kind === 'dense' || fraction.low >= bound) return ['no-gain', 'in use over too large a share'];
  return ['unknown-heat', 'too few samples to tell: sample longer or at a shorter period'];
}

function proposal(
  input: PolicyInput,
  row: number,
  heat: HotMap,
  hot: HotBlock,
  fraction: HotFraction,
): Proposal {
  const { sizes, parameters } = input;
  const pages = sizes.geometry.pagesPerBlock;
  const inUse = usedPages(heat, hot, pages);
  const targetOrder = parameters.order ?? chooseSplitOrder(inUse, pages, parameters.splitOrders);
  const freed = freedPages(input, row, targetOrder);
  const facts: SplitFacts = {
    targetOrder,
    mappedByPmd: true,
    freed,
    coldPages: coldPagesAt(inUse, targetOrder, pages),
  };
  return {
    process: sizes.process,
    block: hot.block,
    action: 'split',
    targetOrder,
    policy: NAME,
    reason: reason(hot, fraction, facts, pages, parameters.order),
    gain: splitGain(facts, sizes.geometry),
    cost: splitCost(facts, sizes.geometry, parameters.costs),
    priority: facts.coldPages * sizes.geometry.pageBytes,
  };
}

function reason(
  hot: HotBlock,
  fraction: HotFraction,
  facts: SplitFacts,
  pages: Pages,
  forced?: Order,
): string {
  const high = (100 * fraction.high).toFixed(1);
  const order = forced === undefined ? 'chosen' : 'forced';
  return (
    `${hot.samples} samples touched ${ofPages(hot.touched, pages)}, at most ${high} % with 95 % confidence; ` +
    `order ${facts.targetOrder} (${order}) sets ${facts.coldPages} cold sub-pages free`
  );
}

function usedPages(heat: HotMap, hot: HotBlock, pages: Pages): Uint8Array {
  const counts = new Uint16Array(pages);
  heat.counts(hot.block, counts);
  const inUse = new Uint8Array(pages / 8);
  for (let page = 0; page < pages; page++) if (counts[page] > 0) inUse[page >> 3] |= 1 << (page & 7);
  return inUse;
}
