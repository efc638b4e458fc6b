/** What a look at a process comes to, as amounts: counted where all was seen, else with bounds. Pure. */
import { readableBlocks } from '../sources/occupancy.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { BlockNumber, Bytes, Fraction } from '../vocabulary/units.js';
import { type Amount, capped, type Drawn, exactly, times, totalOf } from './amount.js';
import type { Caps } from './caps.js';
import type { Look } from './look.js';

/** Pages of all kinds of blocks of a process, in bytes; and blocks whose content can be read. */
export interface LevelFigures {
  readonly huge: Amount;
  readonly holes: Amount;
  readonly readable: Amount;
}

/** Returns huge, held and readable bytes of a look; with bounds where only a part was looked at. */
export function levelFigures({ sizes, sample }: Look, most: Caps): LevelFigures {
  const { blockBytes } = sizes.geometry;
  const readable = new Set(readableBlocks(sizes).rows);
  const { blocks, geometry } = sizes;
  const hugeOf = (row: number) =>
    blocks.level[row] === MAPPING_LEVEL.pmd ? blocks.present[row] * geometry.pageBytes : 0;
  const holesOf = (row: number) =>
    isWholeSmall(sizes, row) ? (geometry.pagesPerBlock - blocks.present[row]) * geometry.pageBytes : 0;
  const total = (of: (row: number) => number, perBlock: number) => {
    const drawn = pieceSums({ sizes, sample }, of, perBlock);
    return totalOf(drawn, exactly(sample?.of ?? drawn.values.length));
  };
  return {
    huge: atMostOf(total(hugeOf, blockBytes), most.huge),
    holes: total(holesOf, blockBytes),
    readable: atMostOf(
      total((row) => Number(readable.has(row)), 1),
      Math.floor(most.readable / blockBytes),
    ),
  };
}

/** A bound by a counter that lags behind does not contradict what was seen. */
function atMostOf(amount: Amount, most: number): Amount {
  return most < amount.low ? capped(amount, amount.low) : capped(amount, most);
}

function isWholeSmall({ blocks }: PageSizes, row: number): boolean {
  return blocks.level[row] !== MAPPING_LEVEL.pmd && (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0;
}

/** One sum for each piece that was looked at; one in all for a process that was looked at whole. */
function pieceSums({ sizes, sample }: Look, of: (row: number) => number, perBlock: number): Drawn {
  const { blocks } = sizes;
  const sums = new Map<string, number>();
  for (let row = 0; row < blocks.count; row++) {
    const key = sample === undefined ? '' : pieceOf(sizes, row, sample.blocks);
    sums.set(key, (sums.get(key) ?? 0) + of(row));
  }
  const empty = (sample?.seen ?? 1) - sums.size;
  const values = [...sums.values(), ...Array<number>(Math.max(0, empty)).fill(0)];
  return { values, most: (sample?.blocks ?? blocks.count) * perBlock };
}

/** Pieces are cut at multiples of their size within each mapping. */
function pieceOf({ blocks }: PageSizes, row: number, size: number): string {
  return `${blocks.mapping[row]} ${Math.floor(blocks.block[row] / size)}`;
}

/** What was learned of blocks or pages of a look that were drawn at random. */
export interface Learned {
  readonly values: readonly { readonly block: BlockNumber; readonly value: number }[];
  /** A value is at most this. */
  readonly most: number;
  /** Values that a block could have given: 1, or its pages. */
  readonly perBlock: number;
}

/** Above this share of its pieces the rest of an address space is bounded by its size, not by what was seen. */
const NEARLY_ALL: Fraction = 0.5;

/** The total over all readable blocks of a process. */
export function learnedTotal(look: Look, { values, most, perBlock }: Learned, readable: Amount): Amount {
  const { sizes, sample } = look;
  const plain = values.map(({ value }) => value);
  if (sample === undefined) return totalOf({ values: plain, most }, times(readable, perBlock));
  const pieces = new Set(values.map(({ block }) => Math.floor(block / sample.blocks)));
  // Neighbours are alike: of a part of the address space only values of different pieces count as drawn for themselves.
  const spread = totalOf({ values: plain, most, independent: pieces.size }, times(readable, perBlock));
  if (sample.seen < NEARLY_ALL * sample.of) return spread;
  const seen = readableBlocks(sizes).rows.length;
  const ofSeen = totalOf({ values: plain, most }, exactly(seen * perBlock));
  const rest = readable.high === undefined ? undefined : Math.max(0, readable.high - seen) * perBlock * most;
  const high = ofSeen.high === undefined || rest === undefined ? undefined : ofSeen.high + rest;
  return { expected: spread.expected, low: ofSeen.low, high };
}

/** Zero-filled bytes of a block that was read. */
export function zeroBytes({ geometry }: PageSizes, heat: HotMap | undefined, block: BlockNumber): Bytes {
  const filled = heat?.block(block)?.filled;
  return filled === undefined ? 0 : (geometry.pagesPerBlock - filled) * geometry.pageBytes;
}
