/** Memory of a target as a turn saw it. */
import type { PlannedTurn } from '../../cycle/plan-turn.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes, unmappedPages } from '../../vocabulary/page-sizes.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { Seen } from './hands.js';

/** Returns sums over all processes of a turn, in bytes: resident, huge, empty, held. */
export function seenIn({ sizes }: PlannedTurn): Omit<Seen, 'stillReturned'> {
  const all = sizes.map(ofProcess);
  const total = (of: (one: ProcessSums) => Bytes) => all.reduce((sum, one) => sum + of(one), 0);
  return {
    processes: sizes.length,
    resident: total(({ resident }) => resident),
    huge: total(({ huge }) => huge),
    holes: total(({ holes }) => holes),
    // Where one is not known, the sum is not.
    unmapped: all.some(({ unmapped }) => unmapped === undefined)
      ? undefined
      : total(({ unmapped }) => unmapped ?? 0),
  };
}

interface ProcessSums {
  readonly resident: Bytes;
  readonly huge: Bytes;
  readonly holes: Bytes;
  readonly unmapped: Bytes | undefined;
}

function ofProcess({ blocks, geometry }: PageSizes): ProcessSums {
  const { pageBytes, pagesPerBlock } = geometry;
  let [present, huge, holes, unmapped, hidden] = [0, 0, 0, 0, 0];
  for (let row = 0; row < blocks.count; row++) {
    present += blocks.present[row];
    const isWhole = (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0;
    if (blocks.level[row] === MAPPING_LEVEL.pmd) huge++;
    else if (isWhole) holes += pagesPerBlock - blocks.present[row];
    const pages = unmappedPages(blocks, row);
    if (pages === undefined) hidden++;
    else unmapped += pages;
  }
  return {
    resident: present * pageBytes,
    huge: huge * geometry.blockBytes,
    holes: holes * pageBytes,
    unmapped: hidden > 0 ? undefined : unmapped * pageBytes,
  };
}
