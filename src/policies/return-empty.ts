import { BLOCK_FLAG } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import { judgeEach } from './each-block.js';
import { splitCost, splitGain } from './estimates.js';
import type { Findings } from './findings.js';
import { ofPages, type Policy, type PolicyInput } from './policy.js';

const NAME = 'return-empty';

/**
 * Splits huge blocks that hold mostly zeroes, whatever their heat: a split to order 0 maps zero-filled sub-pages to
 * the shared zero page and frees them at once. Any other order frees nothing, so the order is always 0.
 */
export const returnEmpty: Policy = {
  name: NAME,
  brief: 'split huge pages that hold mostly zeroes, which returns those sub-pages at once',
  propose: (input) => judgeEach(NAME, input, 'pmd', judge),
};

function judge(input: PolicyInput, row: number, findings: Findings): Proposal | undefined {
  const { sizes, heat, parameters } = input;
  const { geometry } = sizes;
  const block = sizes.blocks.block[row];
  const filled = heat?.block(block)?.filled;
  if (sizes.mappings[sizes.blocks.mapping[row]].kind !== 'anon') {
    findings.add(
      'no-gain',
      'not anonymous memory: a split frees no zero-filled pages of files or shmem',
      block,
    );
    return undefined;
  }
  if (filled === undefined) {
    findings.add('unknown-heat', whyUnread(input, row), block);
    return undefined;
  }
  const zeroPages = geometry.pagesPerBlock - filled;
  if (zeroPages <= parameters.emptyAbove * geometry.pagesPerBlock) {
    findings.add('no-gain', 'holds data in too many sub-pages', block);
    return undefined;
  }
  if ((parameters.order ?? 0) !== 0) {
    findings.add(
      'no-gain',
      `a split to order ${parameters.order} frees no zero-filled pages, only order 0 does`,
      block,
    );
    return undefined;
  }
  const facts = { targetOrder: 0, zeroPages, coldPages: 0 };
  return {
    process: sizes.process,
    block,
    action: 'split',
    targetOrder: 0,
    policy: NAME,
    reason: `only ${ofPages(filled, geometry.pagesPerBlock)} hold data; the other ${zeroPages} are zero-filled and go back at once`,
    gain: splitGain(facts, geometry),
    cost: splitCost(facts, parameters.costs),
    priority: zeroPages * geometry.pageBytes,
  };
}

/** Source occupancy leaves out what a split would return nothing of. */
function whyUnread({ sizes: { blocks, mappings } }: PolicyInput, row: number): string {
  if (blocks.flags[row] & BLOCK_FLAG.shared) {
    return 'its content was not read: other processes map it as well';
  }
  if (mappings[blocks.mapping[row]].flags.includes('lo')) {
    return 'its content was not read: it is locked, and a split frees no pages of locked memory';
  }
  return 'its content was not read (source occupancy)';
}
