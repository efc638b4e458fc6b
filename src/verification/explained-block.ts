/** One block of a process as it is now, and why: the shared mechanism of `inspect --explain` and `explain`. */
import type { Host } from '../host/host.js';
import { explainBlock } from '../kernel-rules/eligibility.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Mapping } from '../vocabulary/mapping.js';
import type { BLOCK_FLAG, BlockState, PageSizes } from '../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { blockToPage, type PageNumber, pageToAddress, pageToBlock } from '../vocabulary/units.js';
import { blockState, emptyBlock } from './block-rows.js';
import { observe } from './observe.js';
import { readThpSettings } from './read-thp-settings.js';

/** A block, its mapping, and every reason. */
export interface ExplainedBlock {
  readonly process: ProcessIdentity;
  readonly block: number;
  readonly mapping: Mapping;
  readonly state: BlockState;
  /** Why it is huge or not, and what could change it. */
  readonly reasons: readonly string[];
}

/** Looks at the block that a page lies in. Throws ADDRESS_UNMAPPED, TARGET_GONE, PERMISSION. */
export function explainPage(host: Host, pid: number, page: PageNumber): ExplainedBlock {
  const { geometry } = host.identity;
  const block = pageToBlock(page, geometry);
  const range = { start: blockToPage(block, geometry), end: blockToPage(block + 1, geometry) };
  const { sizes } = observe(host, pid, { ranges: [range] });
  const index = sizes.mappings.findIndex(({ start, end }) => start <= page && page < end);
  if (index < 0) throw new OctavoError('ADDRESS_UNMAPPED', { address: pageToAddress(page, geometry), pid });
  const state = stateIn(sizes, block, index);
  const { thpDisabledByPrctl } = sizes;
  const mapping = sizes.mappings[index];
  const settings = readThpSettings(host);
  const reasons = explainBlock({ mapping, state, settings, geometry, thpDisabledByPrctl });
  return { process: sizes.process, block, mapping, state, reasons };
}

/** The block's row in that mapping; a block with nothing mapped still lies whole or not in its mapping. */
function stateIn(sizes: PageSizes, block: number, mapping: number): BlockState {
  const { blocks, geometry } = sizes;
  for (let row = 0; row < blocks.count; row++) {
    if (blocks.block[row] === block && blocks.mapping[row] === mapping) return blockState(blocks, row);
  }
  const { start, end } = sizes.mappings[mapping];
  const first = blockToPage(block, geometry);
  const whole = start <= first && first + geometry.pagesPerBlock <= end;
  const flags = whole ? (['wholeInMapping'] satisfies (keyof typeof BLOCK_FLAG)[]) : [];
  return { ...emptyBlock(block), flags };
}
