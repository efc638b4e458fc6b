/** Memory of a target as a turn saw it. */
import { coldBytes } from '../../cycle/cold-in-huge.js';
import type { PlannedTurn } from '../../cycle/plan-turn.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes, unmappedPages } from '../../vocabulary/page-sizes.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { Seen } from './hands.js';

/** Returns sums over all processes of a turn, in bytes by kind. */
export function seenIn({ sizes, heat, plan }: PlannedTurn): Omit<Seen, 'stillReturned' | 'emptyInHuge'> {
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
    cold: sizes
      .map(({ process: { pid } }) => {
        const map = heat.find(({ process }) => process.pid === pid);
        return coldBytes(map, plan, pid);
      })
      .reduce((sum, cold) => (sum === undefined || cold === undefined ? undefined : sum + cold), 0),
    samples: heat.reduce((sum, map) => sum + samplesIn(map), 0),
  };
}

/** Samples that were placed in blocks, of whatever nature. */
function samplesIn(map: HotMap): number {
  let samples = 0;
  for (const block of map.blocks()) samples += map.block(block)?.samples ?? 0;
  return map.apart.reduce((sum, other) => sum + samplesIn(other), samples);
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
