/** Heat of huge blocks as digits: 0 never seen in use, 9 in every sample. Pure. */
import { type BlockNumber, blockToPage, type PageGeometry, pageToAddress } from '../../vocabulary/units.js';

/** In how many samples each block was seen in use, out of `samples`. */
export interface BlockHeat {
  readonly counts: ReadonlyMap<BlockNumber, number>;
  readonly samples: number;
}

const BLOCKS_PER_LINE = 64;
const HOTTEST = 9;

/** What was seen at all is at least 1. */
export function heatDigit(count: number, samples: number): number {
  return Math.min(HOTTEST, Math.ceil((HOTTEST * count) / Math.max(1, samples)));
}

/** Lines of up to 64 blocks that lie side by side, each with its first address. `blocks` ascend. */
export function drawHeat(blocks: readonly BlockNumber[], heat: BlockHeat, geometry: PageGeometry): string[] {
  const lines: string[] = [];
  let digits = '';
  blocks.forEach((block, index) => {
    digits += heatDigit(heat.counts.get(block) ?? 0, heat.samples);
    if (blocks[index + 1] === block + 1 && digits.length < BLOCKS_PER_LINE) return;
    const first = block - digits.length + 1;
    lines.push(`${pageToAddress(blockToPage(first, geometry), geometry)}  ${digits}`);
    digits = '';
  });
  return lines;
}

/** Columns of a map over time: so many blocks each, `|` where the next block is not the next address. */
export interface HeatColumns {
  readonly blocks: readonly BlockNumber[];
  readonly blocksPerColumn: number;
}

/** Returns how many blocks share a column so that all fit into `width` columns. */
export function heatColumns(blocks: readonly BlockNumber[], width: number): HeatColumns {
  const gaps = blocks.filter((block, index) => index > 0 && blocks[index - 1] !== block - 1).length;
  const fits = blocks.length + gaps <= width;
  return { blocks, blocksPerColumn: fits ? 1 : Math.ceil(blocks.length / Math.max(1, width)) };
}

/** One line of time: the hottest block of each column. */
export function drawHeatRow(
  { blocks, blocksPerColumn }: HeatColumns,
  { counts, samples }: BlockHeat,
): string {
  let line = '';
  for (let at = 0; at < blocks.length; at += blocksPerColumn) {
    if (blocksPerColumn === 1 && at > 0 && blocks[at] !== blocks[at - 1] + 1) line += '|';
    const column = blocks.slice(at, at + blocksPerColumn);
    line += heatDigit(Math.max(...column.map((block) => counts.get(block) ?? 0)), samples);
  }
  return line;
}

/** What the columns stand for. */
export function describeColumns({ blocks, blocksPerColumn }: HeatColumns, geometry: PageGeometry): string {
  const address = (block: BlockNumber) => pageToAddress(blockToPage(block, geometry), geometry);
  const size = (blocksPerColumn * geometry.blockBytes) / (1024 * 1024);
  const parts = blocksPerColumn === 1 ? ', `|` between parts that are not side by side' : '';
  const last = blocks[blocks.length - 1] + 1;
  return `${address(blocks[0])} to ${address(last)}, ${size} MiB a digit${parts}`;
}
