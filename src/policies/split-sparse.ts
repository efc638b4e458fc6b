import * as z from 'zod';
import { percent, percentDown, percentUp } from '../base/percent.js';
import { whyNot } from '../hotness/conclusions.js';
import { fewestSamples, hotFraction, markKept, sparseClaim, surelyWider } from '../hotness/confidence.js';
import type { HotFraction, HotMap, InStep, KeptPages } from '../vocabulary/hot-map.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Fraction, Order, Pages } from '../vocabulary/units.js';
import { judgeEach } from './each-block.js';
import { freedPages, type SplitFacts, splitCost, splitGain } from './estimates.js';
import type { Findings } from './findings.js';
import { ofPages, type PolicyInput, policyKind } from './policy.js';
import { SPARSENESS } from './sparseness.js';
import { chooseSplitOrder, coldPagesAt } from './target-order.js';

const NAME = 'split-sparse';

/** Splits huge blocks of which a small share takes nearly all accesses, so that the rest can be seen and reclaimed. */
export const splitSparse = policyKind({
  brief: 'split huge pages of which, with 95 % confidence, a small share takes nearly all accesses',
  parameters: z.strictObject(SPARSENESS),
  make: (bounds) => ({
    name: NAME,
    propose: (input) => judgeEach(NAME, input, 'pmd', (...row) => judge(bounds, ...row)),
  }),
});

interface Bounds {
  readonly sparseBelow: Fraction;
  readonly keepAccesses: Fraction;
}

function judge(bounds: Bounds, input: PolicyInput, row: number, findings: Findings): Proposal | undefined {
  const { sizes, heat } = input;
  const block = sizes.blocks.block[row];
  if (!heat?.subPageHeat) {
    findings.add('unknown-heat', 'no source that sees below a huge page', block);
    return undefined;
  }
  const forbidden = whyNot(heat, 'sparse');
  if (forbidden !== '') {
    findings.add('unknown-heat', `samples ${forbidden}`, block);
    return undefined;
  }
  const fraction = hotFraction(heat, block);
  if (fraction === undefined) {
    findings.add('unknown-heat', 'no sample fell on it', block);
    return undefined;
  }
  const claim = sparseClaim(fraction, bounds.sparseBelow, bounds.keepAccesses);
  if (claim === undefined) {
    findings.add(...passing(fraction, bounds, sizes.geometry.pagesPerBlock), block);
    return undefined;
  }
  return proposal(input, row, heat, { block, samples: fraction.samples, claim });
}

function passing(
  fraction: HotFraction,
  { sparseBelow, keepAccesses }: Bounds,
  pages: Pages,
): ['no-gain' | 'unknown-heat', string] {
  if (surelyWider(fraction, sparseBelow, keepAccesses))
    return ['no-gain', `its accesses need more than ${percent(sparseBelow)} of the sub-pages`];
  const { inStep } = fraction;
  if (inStep !== undefined) return ['unknown-heat', whyInStep(inStep)];
  const fewest = fewestSamples(pages, keepAccesses);
  if (fraction.samples < fewest)
    return ['unknown-heat', `fewer than ${fewest} samples: sample longer or at a shorter period`];
  return [
    'unknown-heat',
    `not known to keep ${percent(keepAccesses)} of its accesses on ${percent(sparseBelow)} of the sub-pages: sample longer or at a shorter period`,
  ];
}

function whyInStep({ distance, period }: InStep): string {
  if (distance === undefined)
    return `its samples are spread more evenly than by chance, as a fixed period of ${period} spreads them in a walk over more pages: sample by a frequency or another period`;
  return `its samples lie ${distance} pages apart, which a walk over all pages shows as well by a period of ${period}: sample by a prime period`;
}

/** What the samples say of a sparse block. */
interface Sparse {
  readonly block: BlockNumber;
  readonly samples: number;
  readonly claim: KeptPages;
}

function proposal(input: PolicyInput, row: number, heat: HotMap, sparse: Sparse): Proposal {
  const { sizes, parameters } = input;
  const { geometry } = sizes;
  const pages = geometry.pagesPerBlock;
  const inUse = keptPages(heat, sparse, pages);
  const targetOrder = parameters.order ?? chooseSplitOrder(inUse, pages, parameters.splitOrders);
  const facts: SplitFacts = {
    targetOrder,
    mappedByPmd: true,
    freed: freedPages(input, row, targetOrder),
    coldPages: coldPagesAt(inUse, targetOrder, pages),
  };
  const tlbEntries = (pages - facts.coldPages) / 2 ** targetOrder;
  const { expected, least } = sparse.claim;
  return {
    process: sizes.process,
    block: sparse.block,
    action: 'split',
    targetOrder,
    policy: NAME,
    reason: `${heat.nature === 'page-bits' ? watched(sparse, pages) : claimed(sparse, pages)}; ${effect(facts, tlbEntries, parameters.order)}`,
    gain: splitGain(facts, geometry),
    cost: {
      ...splitCost(facts, geometry, parameters.costs),
      accessesElsewhere: { expected: 1 - expected, worst: 1 - least },
      tlbEntries,
    },
    priority: facts.coldPages * geometry.pageBytes,
  };
}

function claimed({ samples, claim }: Sparse, pages: Pages): string {
  return (
    `by ${samples} samples at least ${percentDown(claim.least)} of its accesses fall on ${ofPages(claim.pages, pages)}, ` +
    `so at most ${percentUp(1 - claim.least)} leave them (95 % confidence; expected ${percent(1 - claim.expected)})`
  );
}

/** Of accessed bits, which tell of every sub-page whether it was accessed at all. */
function watched({ claim }: Sparse, pages: Pages): string {
  return `the accessed bits of all sub-pages were watched, and ${ofPages(claim.pages, pages)} showed (one that stays in the TLB may not)`;
}

function effect({ targetOrder, coldPages }: SplitFacts, tlbEntries: number, forced?: Order): string {
  const order = forced === undefined ? 'chosen' : 'forced';
  const entries = `${tlbEntries} TLB ${tlbEntries === 1 ? 'entry' : 'entries'} instead of one`;
  return `order ${targetOrder} (${order}) takes ${entries} and sets ${coldPages} cold sub-pages free`;
}

function keptPages(heat: HotMap, { block, claim }: Sparse, pages: Pages): Uint8Array {
  const counts = new Uint16Array(pages);
  heat.counts(block, counts);
  const inUse = new Uint8Array(pages / 8);
  markKept(counts, claim, inUse);
  return inUse;
}
