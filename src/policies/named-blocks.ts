import { MAPPING_LEVEL, rowOfBlock } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Order } from '../vocabulary/units.js';
import { collapseCost, collapseGain, splitCost, splitGain } from './estimates.js';
import { Findings } from './findings.js';
import { ofPages, type Policy, type PolicyInput, type PolicyOutput } from './policy.js';

const NAME = 'named-blocks';

/** Proposes just what the user named with --split and --collapse, whatever its heat. */
export const namedBlocks: Policy = {
  name: NAME,
  brief: 'split and collapse exactly the blocks named with --split and --collapse',
  propose(input: PolicyInput): PolicyOutput {
    const findings = new Findings(NAME, input.sizes.process);
    const { pid } = input.sizes.process;
    const named = input.parameters.named.filter((blocks) => blocks.pid === pid);
    const proposals = named.flatMap((blocks) => [
      ...blocks.split.flatMap((block) => split(input, block, blocks.aroundPage, findings) ?? []),
      ...blocks.collapse.flatMap((block) => collapse(input, block, findings) ?? []),
    ]);
    return { proposals: onceEach(proposals, findings), passedOver: findings.passedOver() };
  },
};

/** A block named twice, or for both, gets the first action. */
function onceEach(proposals: readonly Proposal[], findings: Findings): readonly Proposal[] {
  const claimed = new Set<BlockNumber>();
  return proposals.filter(({ block }) => {
    if (claimed.has(block)) findings.add('conflict', 'it was named before', block);
    return !claimed.has(block) && claimed.add(block);
  });
}

function split(
  input: PolicyInput,
  block: BlockNumber,
  aroundPage: number | undefined,
  findings: Findings,
): Proposal | undefined {
  const { sizes, heat, parameters } = input;
  const { geometry, blocks } = sizes;
  const row = rowOfBlock(blocks, block);
  const targetOrder = parameters.order ?? 0;
  if (row < 0) {
    findings.add('not-eligible', 'nothing is mapped there', block);
    return undefined;
  }
  if (blocks.level[row] !== MAPPING_LEVEL.pmd && largestOrder(input, row) <= targetOrder) {
    findings.add('already-so', `no folio there is larger than order ${targetOrder}`, block);
    return undefined;
  }
  const filled = heat?.block(block)?.filled;
  const zeroPages = filled === undefined ? 0 : geometry.pagesPerBlock - filled;
  const facts = { targetOrder, zeroPages, coldPages: 0 };
  const known = filled === undefined ? '' : `; ${ofPages(filled, geometry.pagesPerBlock)} hold data`;
  return {
    process: sizes.process,
    block,
    action: 'split',
    targetOrder,
    ...(aroundPage === undefined ? {} : { aroundPage }),
    policy: NAME,
    reason: `asked for by name${known}`,
    gain: splitGain(facts, geometry),
    cost: splitCost(facts, geometry, parameters.costs),
    priority: 0,
  };
}

function collapse(input: PolicyInput, block: BlockNumber, findings: Findings): Proposal | undefined {
  const { sizes, parameters } = input;
  const { geometry, blocks } = sizes;
  const row = rowOfBlock(blocks, block);
  if (row < 0) {
    findings.add('not-eligible', 'nothing is mapped there', block);
    return undefined;
  }
  const present = blocks.present[row];
  if (blocks.level[row] === MAPPING_LEVEL.pmd) {
    findings.add('already-so', 'it is mapped by one PMD entry already', block);
    return undefined;
  }
  const targetOrder = parameters.order ?? geometry.hugeOrder;
  return {
    process: sizes.process,
    block,
    action: 'collapse',
    targetOrder,
    policy: NAME,
    reason: `asked for by name; ${ofPages(present, geometry.pagesPerBlock)} are present`,
    gain: collapseGain(targetOrder, geometry),
    cost: collapseCost(present, geometry, parameters.costs),
    priority: 0,
  };
}

function largestOrder({ sizes }: PolicyInput, row: number): Order {
  const { blocks } = sizes;
  for (let order = blocks.orders - 1; order > 0; order--) {
    if (blocks.pagesByOrder[row * blocks.orders + order] > 0) return order;
  }
  return 0;
}
