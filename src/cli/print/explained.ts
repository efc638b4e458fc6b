/** A block as it is now, in words. */
import type { ExplainedBlock } from '../../verification/explained-block.js';
import { blockToPage, type PageGeometry, pageToAddress } from '../../vocabulary/units.js';

/** Returns lines on a block: where it is, how it is mapped, and each reason why it is not huge. */
export function showExplained(
  { block, mapping, state, reasons }: ExplainedBlock,
  geometry: PageGeometry,
): readonly string[] {
  const address = pageToAddress(blockToPage(block, geometry), geometry);
  const what = state.level === 'none' ? 'nothing' : `${state.present} sub-pages`;
  return [
    `Block ${address} in ${mapping.name || 'an anonymous mapping'} (${mapping.kind}, flags ${mapping.flags.join(' ') || 'unknown'})`,
    `${what} present, mapped by ${state.level.toUpperCase()}`,
    ...reasons,
  ];
}
