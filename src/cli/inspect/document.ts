/** The census noun as JSON, version 1. */

import { blockState } from '../../verification/block-rows.js';
import { type CensusTotals, censusByMapping } from '../../verification/census.js';
import type { NotHuge } from '../../verification/not-huge.js';
import type { Observation } from '../../verification/observe.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { blockToPage, pageToAddress } from '../../vocabulary/units.js';
import type { Content } from './content.js';
import type { Whereabouts } from './whereabouts.js';

/** One process as `octavo inspect` saw it. */
export interface Inspected extends Observation {
  readonly totals: CensusTotals;
  readonly notHuge: readonly NotHuge[];
  /** What has to be known beside the numbers, such as that the process runs a guest. */
  readonly notes: readonly string[];
  readonly content?: Content | undefined;
  readonly where: Whereabouts;
}

/** Returns the document `census`; with blocks it has one row for each huge block. */
export function censusDocument(target: string, inspected: readonly Inspected[], withBlocks: boolean) {
  return {
    octavo: 'census',
    version: 1,
    target,
    processes: inspected.map(({ sizes, totals, content, account, notHuge, notes, where }) => {
      const byMapping = censusByMapping(sizes);
      const mappings = [...byMapping].map(([index, sums]) => ({
        ...sizes.mappings[index],
        start: pageToAddress(sizes.mappings[index].start, sizes.geometry),
        end: pageToAddress(sizes.mappings[index].end, sizes.geometry),
        totals: sums,
      }));
      const { process, geometry, takenAtMs, ordersKnown, thpDisabledByPrctl } = sizes;
      const blocks = withBlocks ? { blocks: everyBlock(sizes) } : {};
      return {
        process,
        geometry,
        takenAtMs,
        ordersKnown,
        thpDisabledByPrctl,
        totals,
        content: content ? readingsOf(content) : null,
        resident: where.resident,
        charged: where.charged ?? null,
        notHuge: notHuge.map((group) => ({
          ...group,
          example: pageToAddress(blockToPage(group.example, geometry), geometry),
        })),
        notes,
        mappings,
        account,
        ...blocks,
      };
    }),
  };
}

/** Without the blocks one by one, which `blocks` tells. */
function readingsOf({ zeroPagesOf: _, ...sums }: Content) {
  return sums;
}

function everyBlock(sizes: PageSizes) {
  return Array.from({ length: sizes.blocks.count }, (_, row) => ({
    address: pageToAddress(blockToPage(sizes.blocks.block[row], sizes.geometry), sizes.geometry),
    ...blockState(sizes.blocks, row),
  }));
}
