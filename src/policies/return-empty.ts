import * as z from 'zod';
import { share } from '../vocabulary/kind.js';
import { BLOCK_FLAG, MAPPING_LEVEL, unmappedPages } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Fraction, Pages } from '../vocabulary/units.js';
import { judgeEach } from './each-block.js';
import { freedPages, splitCost, splitGain, zeroFilledPages } from './estimates.js';
import type { Findings } from './findings.js';
import { ofPages, type PolicyInput, policyKind } from './policy.js';

const NAME = 'return-empty';

const PARAMETERS = z.strictObject({
  /**
   * 409/512: the max_ptes_none at which Meta ran the kernel's underused shrinker; it gave back 69 % of the bloat and kept
   * 94 % of the speed-up.
   */
  emptyAbove: share({ brief: 'split when more than this share of a huge page is zeroes' }).default(409 / 512),
  /**
   * 1/64: a split waits a quarter of a millisecond, which is worth 32 KiB of memory and takes no huge translation away.
   */
  unmappedFrom: share({
    brief: 'split a large folio when pages that no process maps make at least this share of a huge page',
  }).default(1 / 64),
});

/**
 * Splits what holds memory for nothing, whatever its heat: huge blocks that hold mostly zeroes, and large folios of
 * which most pages are mapped by no process. A split to order 0 maps zero-filled sub-pages to the shared zero page, and
 * frees them and the unmapped ones at once. Any other order frees little or nothing, so the order is always 0.
 */
export const returnEmpty = policyKind({
  brief: 'split huge pages that hold mostly zeroes or unmapped pages, which returns those at once',
  parameters: PARAMETERS,
  make: ({ emptyAbove, unmappedFrom }) => ({
    name: NAME,
    propose(input) {
      const huge = judgeEach(NAME, input, 'pmd', (...row) => judgeHuge(emptyAbove, ...row));
      const partial = judgeEach(NAME, input, 'pte', (...row) => judgePartial(unmappedFrom, ...row));
      return {
        proposals: [...huge.proposals, ...partial.proposals],
        passedOver: [...huge.passedOver, ...partial.passedOver],
      };
    },
  }),
});

/** What holds no memory for nothing at the default bounds is no bloat in views either. */
export const DEFAULT_EMPTY_ABOVE: Fraction = PARAMETERS.parse({}).emptyAbove;

function judgeHuge(
  emptyAbove: Fraction,
  input: PolicyInput,
  row: number,
  findings: Findings,
): Proposal | undefined {
  const { sizes, heat } = input;
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
  if (zeroPages <= emptyAbove * geometry.pagesPerBlock) {
    findings.add('no-gain', 'holds data in too many sub-pages', block);
    return undefined;
  }
  if (isOtherOrder(input, block, findings)) return undefined;
  const reason = `only ${ofPages(filled, geometry.pagesPerBlock)} hold data; the other ${zeroPages} are zero-filled and go back at once`;
  return proposal(input, row, reason);
}

/** Mapped page by page, there is no huge translation to lose: a small share of unmapped pages is worth a split. */
function judgePartial(
  unmappedFrom: Fraction,
  input: PolicyInput,
  row: number,
  findings: Findings,
): Proposal | undefined {
  const { sizes } = input;
  const { blocks, mappings, geometry } = sizes;
  const block = blocks.block[row];
  if (mappings[blocks.mapping[row]].kind !== 'anon') return undefined;
  const unmapped = unmappedPages(blocks, row);
  if (unmapped === undefined) {
    findings.add(
      'not-able',
      'frames are hidden or swapped: pages that no process maps cannot be counted',
      block,
    );
    return undefined;
  }
  if (unmapped === 0) return undefined;
  const least = Math.ceil(unmappedFrom * geometry.pagesPerBlock);
  if (unmapped < least) {
    findings.add('no-gain', `holds fewer than ${least} pages that no process maps`, block);
    return undefined;
  }
  if (isOtherOrder(input, block, findings)) return undefined;
  return proposal(input, row, partialReason(input, row, unmapped));
}

function partialReason(input: PolicyInput, row: number, unmapped: Pages): string {
  const zero = zeroFilledPages(input, row);
  const mapped = `${input.sizes.blocks.present[row]} are mapped`;
  const content =
    zero === undefined ? ', their content is unknown' : zero > 0 ? `, ${zero} of them zero-filled` : '';
  return `${unmapped} pages are held for nothing, mapped by no process, and go back at once; ${mapped}${content}`;
}

function isOtherOrder({ parameters }: PolicyInput, block: BlockNumber, findings: Findings): boolean {
  if ((parameters.order ?? 0) === 0) return false;
  findings.add(
    'no-gain',
    `a split to order ${parameters.order} frees little or nothing, only order 0 does`,
    block,
  );
  return true;
}

function proposal(input: PolicyInput, row: number, reason: string): Proposal {
  const { sizes, parameters } = input;
  const freed = freedPages(input, row, 0);
  const mappedByPmd = sizes.blocks.level[row] === MAPPING_LEVEL.pmd;
  const facts = { targetOrder: 0, mappedByPmd, freed, coldPages: 0 };
  return {
    process: sizes.process,
    block: sizes.blocks.block[row],
    action: 'split',
    targetOrder: 0,
    policy: NAME,
    reason,
    gain: splitGain(facts, sizes.geometry),
    cost: splitCost(facts, sizes.geometry, parameters.costs),
    priority: (freed ?? 0) * sizes.geometry.pageBytes,
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
