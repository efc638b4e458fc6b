/** Blocks that could be huge and are not, grouped by what stands against them. Pure. */
import { khugepagedObstacles } from '../kernel-rules/eligibility.js';
import type { ObstacleCode } from '../kernel-rules/obstacle.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { BlockNumber, Bytes } from '../vocabulary/units.js';
import { blockState } from './block-rows.js';

/** Blocks with the same first obstacle. */
export interface NotHuge {
  /** First obstacle, or `none` when khugepaged only has not come by or found nothing referenced. */
  readonly code: ObstacleCode | 'none';
  /** One plain sentence, with the numbers of the first such block. */
  readonly why: string;
  readonly blocks: number;
  readonly residentBytes: Bytes;
  /** Bytes that collapsing them would fill. */
  readonly holeBytes: Bytes;
  readonly example: BlockNumber;
}

const NOTHING_AGAINST = 'nothing stands against it: khugepaged has not come by, or found nothing referenced';

/** PTE-mapped anonymous and shmem blocks that lie whole in their mapping, by reason, most memory first. */
export function notHuge(sizes: PageSizes, settings: ThpSettings): readonly NotHuge[] {
  const groups = new Map<string, NotHuge>();
  for (let row = 0; row < sizes.blocks.count; row++) {
    if (!isEligible(sizes, row)) continue;
    const found = reasonOf(sizes, settings, row);
    const known = groups.get(found.code);
    groups.set(found.code, known ? added(known, found) : found);
  }
  return [...groups.values()].sort((left, right) => right.residentBytes - left.residentBytes);
}

function isEligible({ blocks, mappings }: PageSizes, row: number): boolean {
  const whole = (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0;
  const { kind } = mappings[blocks.mapping[row]];
  return whole && blocks.level[row] === MAPPING_LEVEL.pte && (kind === 'anon' || kind === 'shmem');
}

function reasonOf(sizes: PageSizes, settings: ThpSettings, row: number): NotHuge {
  const { blocks, geometry, mappings, thpDisabledByPrctl } = sizes;
  const mapping = mappings[blocks.mapping[row]];
  const state = blockState(blocks, row);
  const [first] = khugepagedObstacles({ mapping, state, settings, geometry, thpDisabledByPrctl });
  return {
    code: first?.code ?? 'none',
    why: first?.why ?? NOTHING_AGAINST,
    blocks: 1,
    residentBytes: state.present * geometry.pageBytes,
    holeBytes: (geometry.pagesPerBlock - state.present) * geometry.pageBytes,
    example: state.block,
  };
}

function added(known: NotHuge, more: NotHuge): NotHuge {
  return {
    ...known,
    blocks: known.blocks + more.blocks,
    residentBytes: known.residentBytes + more.residentBytes,
    holeBytes: known.holeBytes + more.holeBytes,
  };
}
