import { explainBlock } from '../../kernel-rules/eligibility.js';
import { blockState, emptyBlock } from '../../verification/block-rows.js';
import { observe } from '../../verification/observe.js';
import { readThpSettings } from '../../verification/read-thp-settings.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { BLOCK_FLAG, BlockState, PageSizes } from '../../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { addressToPage, blockToPage, pageToAddress, pageToBlock } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';

/** Says why the block at an address is or is not huge, and what could change it. */
export function explain(
  context: OctavoContext,
  processes: readonly ProcessIdentity[],
  target: string,
  address: string,
  json: boolean,
): void {
  const { host } = context;
  const { geometry } = host.identity;
  if (processes.length !== 1)
    throw new OctavoError('TARGET_AMBIGUOUS', { option: '--explain', target, count: processes.length });
  const page = addressToPage(address, geometry);
  if (page === undefined) throw new OctavoError('ADDRESS_SYNTAX', { address });
  const block = pageToBlock(page, geometry);
  const range = { start: blockToPage(block, geometry), end: blockToPage(block + 1, geometry) };
  const { sizes } = observe(host, processes[0].pid, { ranges: [range] });
  const index = sizes.mappings.findIndex(({ start, end }) => start <= page && page < end);
  if (index < 0) throw new OctavoError('ADDRESS_UNMAPPED', { address, pid: processes[0].pid });
  const state = stateIn(sizes, block, index);
  const { thpDisabledByPrctl } = sizes;
  const mapping = sizes.mappings[index];
  const reasons = explainBlock({
    mapping,
    state,
    settings: readThpSettings(host),
    geometry,
    thpDisabledByPrctl,
  });
  if (json) {
    context.printJson({
      octavo: 'explanation',
      version: 1,
      process: sizes.process,
      address,
      block,
      mapping,
      state,
      reasons,
    });
    return;
  }
  context.print(
    `Block ${pageToAddress(range.start, geometry)} in ${mapping.name || 'an anonymous mapping'} (${mapping.kind}, flags ${mapping.flags.join(' ') || 'unknown'})`,
  );
  context.print(
    `${state.level === 'none' ? 'nothing' : `${state.present} sub-pages`} present, mapped by ${state.level.toUpperCase()}`,
  );
  for (const reason of reasons) context.print(reason);
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
