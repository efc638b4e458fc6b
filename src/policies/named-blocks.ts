import { NO_PARAMETERS } from '../vocabulary/kind.js';
import { MAPPING_LEVEL, rowOfBlock, wholeMapping } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Order, Pages } from '../vocabulary/units.js';
import { collapseCost, collapseGain, freedPages, splitCost, splitGain } from './estimates.js';
import { Findings } from './findings.js';
import { ofPages, type PolicyInput, type PolicyOutput, policyKind } from './policy.js';

const NAME = 'named-blocks';

/** Proposes just what the user named with --split and --collapse, whatever its heat. */
export const namedBlocks = policyKind({
  brief: 'split and collapse exactly the blocks named with --split and --collapse',
  parameters: NO_PARAMETERS,
  make: () => ({ name: NAME, propose }),
});

function propose(input: PolicyInput): PolicyOutput {
  const findings = new Findings(NAME, input.sizes.process);
  const { pid } = input.sizes.process;
  const named = input.parameters.named.filter((blocks) => blocks.pid === pid);
  const proposals = named.flatMap((blocks) => [
    ...blocks.split.flatMap((block) => split(input, block, blocks.aroundPage, findings) ?? []),
    ...blocks.collapse.flatMap((block) => collapse(input, block, findings) ?? []),
  ]);
  return { proposals: onceEach(proposals, findings), passedOver: findings.passedOver() };
}

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
  const { sizes, parameters } = input;
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
  const freed = freedOf(input, row, targetOrder);
  const mappedByPmd = blocks.level[row] === MAPPING_LEVEL.pmd;
  const facts = { targetOrder, mappedByPmd, freed, coldPages: 0 };
  return {
    process: sizes.process,
    block,
    action: 'split',
    targetOrder,
    ...(aroundPage === undefined ? {} : { aroundPage }),
    policy: NAME,
    reason: `asked for by name${known(input, row)}`,
    gain: splitGain(facts, geometry),
    cost: splitCost(facts, geometry, parameters.costs),
    priority: 0,
  };
}

/** Over all rows of the block: its mappings cut it, a split takes it whole. */
function freedOf(input: PolicyInput, first: number, targetOrder: Order): Pages | undefined {
  const { blocks } = input.sizes;
  let freed: Pages | undefined = 0;
  for (let row = first; row < blocks.count && blocks.block[row] === blocks.block[first]; row++) {
    const more = freedPages(input, row, targetOrder);
    freed = freed === undefined || more === undefined ? undefined : freed + more;
  }
  return freed;
}

/** What is known of the block's content and of pages that no process maps, in words. */
function known({ sizes, heat }: PolicyInput, row: number): string {
  const { blocks, geometry } = sizes;
  const filled = heat?.block(blocks.block[row])?.filled;
  const unmapped = blocks.unmapped[row];
  const content = filled === undefined ? '' : `; ${ofPages(filled, geometry.pagesPerBlock)} hold data`;
  return unmapped > 0 ? `${content}; ${unmapped} pages of its folios are mapped by no process` : content;
}

function collapse(input: PolicyInput, block: BlockNumber, findings: Findings): Proposal | undefined {
  const { sizes, parameters } = input;
  const { geometry, blocks } = sizes;
  const row = rowOfBlock(blocks, block);
  if (row < 0) return collapseUnmapped(input, block, findings);
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

/** Shared memory that a split took out of the page tables is in the page cache still, and can be huge again. */
function collapseUnmapped(
  { sizes, parameters }: PolicyInput,
  block: BlockNumber,
  findings: Findings,
): Proposal | undefined {
  const { geometry } = sizes;
  if (wholeMapping(sizes, block)?.kind !== 'shmem') {
    findings.add('not-eligible', 'nothing is mapped there', block);
    return undefined;
  }
  const targetOrder = parameters.order ?? geometry.hugeOrder;
  return {
    process: sizes.process,
    block,
    action: 'collapse',
    targetOrder,
    policy: NAME,
    reason: 'asked for by name; not mapped, what the page cache holds of it is collapsed',
    gain: collapseGain(targetOrder, geometry),
    cost: collapseCost(geometry.pagesPerBlock, geometry, parameters.costs),
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
