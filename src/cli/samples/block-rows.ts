/** Blocks of a heat file as rows for programs: every block, with its claim. */
import type { Row, RowKind } from '../print/rows.js';
import { type BlockLine, sparseness } from './heat-report.js';

/** Names say their units: `_bytes`, `_pages`, `_share` (0 to 1); `samples` and `tlb_misses` are samples. */
export const BLOCK_ROWS: RowKind = {
  octavo: 'heat-block',
  version: 1,
  columns: [
    'pid',
    'command',
    'address',
    'block_bytes',
    'mapping',
    'samples',
    'accesses',
    'tlb_misses',
    'touched_pages',
    'block_pages',
    'spread_low_share',
    'spread_high_share',
    'kept_pages',
    'kept_least_share',
    'sparse',
  ],
};

/** `sparse` says whether 90 % of the accesses surely fall on at most the share `below` of the sub-pages. */
export function blockRow(line: BlockLine, blockBytes: number, below: number): Row {
  const { fraction } = line;
  const claim = fraction?.kept[0];
  return {
    pid: line.pid,
    command: line.command,
    address: line.address,
    block_bytes: blockBytes,
    mapping: line.mapping,
    samples: line.samples,
    accesses: line.accesses,
    tlb_misses: line.tlbMisses,
    touched_pages: fraction === undefined ? undefined : line.touched,
    block_pages: line.subPages,
    spread_low_share: fraction?.low,
    spread_high_share: fraction?.high,
    kept_pages: claim?.pages,
    kept_least_share: claim?.least,
    sparse: sparseness(fraction, below),
  };
}
