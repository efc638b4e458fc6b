/** How much of huge pages is zeroes: read whole, or estimated from blocks drawn at random. */
import { countBits } from '../../base/bits.js';
import { DEFAULT_EMPTY_ABOVE } from '../../policies/return-empty.js';
import { OCCUPANCY_DEFAULTS, OccupancySource, readableBlocks } from '../../sources/occupancy.js';
import { MAPPING_LEVEL, type PageSizes, rowOfBlock } from '../../vocabulary/page-sizes.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { BlockNumber } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { plural, showBytes } from '../print/units.js';

/** Huge blocks whose content is read unless told otherwise: enough for a share within ±12 % at 95 % confidence. */
const SAMPLED_BLOCKS = 64;

/** How much of huge pages is read: `--content none|sample|all`. */
export type ContentChoice = 'none' | 'sample' | 'all';

/** What reading huge pages found, with an interval where only some were read. */
export interface Content {
  /** Huge blocks read and huge blocks that are worth a read. */
  readonly read: number;
  readonly of: number;
  /** Huge blocks left unread because other processes map them, or because they are locked. */
  readonly shared: number;
  readonly locked: number;
  /** Zero-filled sub-pages in the blocks that were read. */
  readonly zeroPages: number;
  /** Zero-filled sub-pages of each block that was read. */
  readonly zeroPagesOf: ReadonlyMap<BlockNumber, number>;
  /** Blocks of those read that return-empty would split: with its default bound. */
  readonly mostlyEmpty: number;
}

/**
 * Reads huge blocks without a trace in the target, within the budget of a look. Undefined where none was
 * wanted.
 */
export async function readContent(
  context: OctavoContext,
  sizes: PageSizes,
  how: ContentChoice,
): Promise<Content | undefined> {
  if (how === 'none') return undefined;
  const { rows, shared, locked } = readableBlocks(sizes);
  const of = rows.length;
  if (of + shared + locked === 0) return undefined;
  const limit = how === 'sample' ? { sampleBlocks: SAMPLED_BLOCKS } : {};
  const source = new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...limit });
  const { host, signal, progress } = context;
  const { pagesPerBlock } = sizes.geometry;
  const zeroPagesOf = new Map<BlockNumber, number>();
  const seen = { read: 0, zeroPages: 0, mostlyEmpty: 0 };
  const show = (done: number, total: number, unit: string) =>
    progress.show('reading content', done, total, unit);
  for await (const reading of source.read({ host, processes: [sizes], progress: show, signal })) {
    if (reading.kind !== 'content') continue;
    const { block, filled } = reading.content;
    const { zero, isHuge } = zeroPagesIn(sizes, block, filled);
    zeroPagesOf.set(block, zero);
    if (!isHuge) continue;
    seen.read++;
    seen.zeroPages += zero;
    if (zero > DEFAULT_EMPTY_ABOVE * pagesPerBlock) seen.mostlyEmpty++;
  }
  throwIfStopped(signal);
  return { ...seen, of, shared, locked, zeroPagesOf };
}

/** Zero-filled pages of a block's large folios, and whether the block is mapped by a PMD entry. */
function zeroPagesIn({ blocks }: PageSizes, block: BlockNumber, filled: Uint8Array) {
  const row = rowOfBlock(blocks, block);
  const base = blocks.pagesByOrder[row * blocks.orders];
  const zero = Math.max(0, blocks.present[row] - countBits(filled) - base);
  return { zero, isHuge: blocks.level[row] === MAPPING_LEVEL.pmd };
}

/** Returns one paragraph: zero-filled bytes in huge pages, and what was left unread. */
export function showContent(sizes: PageSizes, content: Content): string {
  const { shared, locked } = content;
  const left = [
    ...(shared > 0 ? [`${shared} that other processes map as well`] : []),
    ...(locked > 0 ? [`${locked} of locked memory`] : []),
  ];
  const unread = left.length > 0 ? `not read            huge blocks: ${left.join(', ')}` : undefined;
  const lines = [content.of > 0 ? zeroLine(sizes, content) : undefined, unread];
  return lines.filter((line) => line !== undefined).join('\n');
}

function zeroLine({ geometry }: PageSizes, { read, of, zeroPages, mostlyEmpty }: Content): string {
  const share = ((100 * zeroPages) / Math.max(1, read * geometry.pagesPerBlock)).toFixed(1);
  const all =
    read === of
      ? `all ${plural(of, 'huge block')}`
      : `${read} of ${plural(of, 'huge block')}, drawn at random`;
  const estimate =
    read === of
      ? ''
      : `; about ${showBytes((zeroPages / Math.max(1, read)) * of * geometry.pageBytes)} in all`;
  return `zero-filled in THPs  ${share} % (${showBytes(zeroPages * geometry.pageBytes)} in ${all}${estimate}); ${mostlyEmpty} mostly empty`;
}
