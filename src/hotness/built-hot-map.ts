/** A hot map over the tables that hold its counters: heat of one nature, TLB misses, and the content of blocks. */
import { countBits } from '../base/bits.js';
import type { HotBlock, HotMap } from '../vocabulary/hot-map.js';
import type { SampleNature } from '../vocabulary/nature.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, Fraction, PageGeometry } from '../vocabulary/units.js';
import { type BlockHeat, type HeatTable, NO_BLOCK } from './heat-loop/heat-table.js';

/** What is known of the blocks of a process beside heat: that they are there, and which sub-pages hold data. */
export class BlockContent {
  readonly known = new Set<BlockNumber>();
  readonly filled = new Map<BlockNumber, Uint8Array>();

  addBlock(block: BlockNumber): void {
    this.known.add(block);
  }

  /** One bit for each sub-page that holds data. */
  set(block: BlockNumber, filled: Uint8Array): void {
    this.known.add(block);
    this.filled.set(block, filled.slice());
  }
}

/** The tables that a map is a view of. */
export interface MapParts {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  /** Undefined when there is no heat, or none that may be used. */
  readonly table: HeatTable | undefined;
  /** Those of the samples that missed the TLB. */
  readonly walks: HeatTable | undefined;
  readonly content: BlockContent;
  readonly nature: SampleNature | undefined;
  readonly origins: readonly SampleOrigin[];
  readonly apart: readonly HotMap[];
  readonly unplaced: Readonly<Record<string, number>>;
}

/** Of a block without samples. */
const NO_HEAT: BlockHeat = { samples: 0, weight: 0, touched: 0, once: 0, twice: 0 };

/** A hot map over the tables, without copies. */
export class BuiltHotMap implements HotMap {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly origins: readonly SampleOrigin[];
  readonly nature: SampleNature | undefined;
  readonly apart: readonly HotMap[];
  readonly unseenShare: Fraction;
  readonly subPageHeat: boolean;
  readonly unplaced: Readonly<Record<string, number>>;
  readonly #parts: MapParts;
  /** Share of their weight that samples still have at their age. */
  readonly #fade: Fraction;

  constructor(parts: MapParts) {
    const heat = parts.origins.filter((origin) => origin.tells === 'heat');
    this.process = parts.process;
    this.geometry = parts.geometry;
    this.origins = parts.origins;
    this.nature = parts.nature;
    this.apart = parts.apart;
    this.unplaced = parts.unplaced;
    // The least certain of several origins speaks for all of them.
    this.unseenShare = heat.reduce((most, origin) => Math.max(most, unseenNow(origin)), 0);
    this.#fade = heat.reduce((least, { fade }) => Math.min(least, fade), 1);
    this.subPageHeat = heat.length > 0 && heat.every(seesSubPages);
    this.#parts = parts;
  }

  get size(): number {
    return this.blocks().length;
  }

  /** Of the tables, which several processes may share, and this process's content. */
  get byteLength(): number {
    const { table, walks, content, geometry } = this.#parts;
    const bitmaps = content.filled.size * (geometry.pagesPerBlock / 8);
    return (table?.byteLength ?? 0) + (walks?.byteLength ?? 0) + bitmaps;
  }

  blocks(): Float64Array {
    const { table, content, process } = this.#parts;
    const heated = table?.blocksOf(process.pid) ?? [];
    const all = content.known.size === 0 ? heated : [...new Set([...heated, ...content.known])];
    return Float64Array.from(all).sort();
  }

  block(block: BlockNumber): HotBlock | undefined {
    const { table, content } = this.#parts;
    const heat = table?.heatOf(this.process.pid, block);
    if (heat === undefined && !content.known.has(block)) return undefined;
    const filled = content.filled.get(block);
    return {
      block,
      ...(heat === undefined ? NO_HEAT : { ...heat, weight: heat.weight * this.#fade }),
      tlbMisses: this.#tlbMisses(block),
      unseenShare: this.unseenShare,
      filled: filled === undefined ? undefined : countBits(filled),
    };
  }

  counts(block: BlockNumber, into: Uint16Array): boolean {
    return this.#parts.table?.countsOf(this.process.pid, block, into) === true;
  }

  countedBlock(block: BlockNumber, into: Uint16Array): Pick<HotBlock, 'samples' | 'weight'> | undefined {
    const { table } = this.#parts;
    const address = table?.find(this.process.pid, block) ?? NO_BLOCK;
    if (table === undefined || address === NO_BLOCK) return undefined;
    table.counts(address, into);
    return { samples: table.samples(address), weight: table.weight(address) * this.#fade };
  }

  tlbMissCounts(block: BlockNumber, into: Uint16Array): boolean {
    return this.#parts.walks?.countsOf(this.process.pid, block, into) === true;
  }

  filled(block: BlockNumber, into: Uint8Array): boolean {
    const content = this.#parts.content.filled.get(block);
    if (content === undefined) return false;
    into.set(content);
    return true;
  }

  /** Of a recording of TLB misses all that there is; undefined where no sample of any block tells. */
  #tlbMisses(block: BlockNumber): number | undefined {
    const { walks, table, nature } = this.#parts;
    const from = nature === 'tlb-misses' ? table : walks;
    if (from === undefined) return undefined;
    return from.weightOf(this.process.pid, block) * this.#fade;
  }
}

/** Share of the accesses of today that samples cannot speak for: what was lost then, and what changed since. */
function unseenNow({ unseenShare, fade }: SampleOrigin): Fraction {
  return 1 - (1 - unseenShare) * fade;
}

/** Whether an origin's heat tells sub-pages of a PMD-mapped page apart. */
export function seesSubPages(origin: SampleOrigin): boolean {
  return (
    origin.tells === 'heat' && origin.granularity.pages === 1 && !origin.granularity.blindInsideHugePages
  );
}
