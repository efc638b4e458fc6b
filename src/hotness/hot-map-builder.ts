/**
 * One process's hot map while it is built: heat counters in a HeatTable, which several processes may share, and the
 * content of blocks. At full detail a block with 4 KiB pages takes 1,024 bytes of counters and under 100 bytes of
 * bookkeeping; bitmap-only maps take 64 bytes and the bookkeeping.
 */
import { countBits } from '../base/bits.js';
import type { HotBlock, HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, PageNumber } from '../vocabulary/units.js';
import { type BlockAddress, HeatTable, type HotMapDetail } from './heat-kernel/heat-table.js';

export type { HotMapDetail };

export class HotMapBuilder {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly #table: HeatTable;
  /** One bit for each sub-page that holds data, by block. */
  readonly #filled = new Map<BlockNumber, Uint8Array>();

  constructor(
    process: ProcessIdentity,
    geometry: PageGeometry,
    detail: HotMapDetail = 'counts',
    table: HeatTable = new HeatTable(geometry, detail, () => true),
  ) {
    this.process = process;
    this.geometry = geometry;
    this.#table = table;
  }

  /** One sample of `weight` accesses on a virtual page. */
  addSample(page: PageNumber, weight: number): void {
    this.addCount(page, 1, weight);
  }

  /** `samples` samples on a virtual page at once, as a heat file holds them. */
  addCount(page: PageNumber, samples: number, weight: number): void {
    if (samples > 0) this.#table.addCount(this.process.pid, page, samples, weight);
  }

  /** Tracks a block that is known to be there, without any sample. */
  addBlock(block: BlockNumber): void {
    this.#table.addBlock(this.process.pid, block);
  }

  /** Which sub-pages of a block hold data: one bit each, replacing what was known. */
  setContent(block: BlockNumber, filled: Uint8Array): void {
    this.addBlock(block);
    this.#filled.set(block, filled.slice());
  }

  build(origins: readonly SampleOrigin[], unplaced: Readonly<Record<string, number>> = {}): HotMap {
    return new BuiltHotMap(this, origins, unplaced);
  }

  get size(): number {
    return this.#table.blocksOf(this.process.pid).length;
  }

  /** Of the table and this process's content. */
  get byteLength(): number {
    return this.#table.byteLength + this.#filled.size * (this.geometry.pagesPerBlock / 8);
  }

  blocks(): Float64Array {
    return Float64Array.from(this.#table.blocksOf(this.process.pid)).sort();
  }

  block(block: BlockNumber): HotBlock | undefined {
    const address = this.#table.find(this.process.pid, block);
    if (address === 0) return undefined;
    const samples = this.#table.samples(address);
    const weight = this.#table.weight(address);
    const content = this.#filled.get(block);
    const filled = content === undefined ? undefined : countBits(content);
    return { block, samples, weight, filled, unseenShare: 0, ...this.#tally(address, samples) };
  }

  counts(block: BlockNumber, into: Uint16Array): boolean {
    const address = this.#table.find(this.process.pid, block);
    if (address === 0 || this.#table.samples(address) === 0) return false;
    if (this.#table.detail === 'counts') {
      into.set(this.#table.counts(address));
      return true;
    }
    const bitmap = this.#table.bitmap(address);
    for (let page = 0; page < into.length; page++) into[page] = (bitmap[page >> 3] >> (page & 7)) & 1;
    return true;
  }

  filled(block: BlockNumber, into: Uint8Array): boolean {
    const content = this.#filled.get(block);
    if (content === undefined) return false;
    into.set(content);
    return true;
  }

  #tally(address: BlockAddress, samples: number) {
    if (samples === 0) return { touched: 0, once: 0, twice: 0 };
    if (this.#table.detail === 'bitmap') {
      return { touched: countBits(this.#table.bitmap(address)), once: undefined, twice: undefined };
    }
    return this.#table.tally(address);
  }
}

class BuiltHotMap implements HotMap {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly origins: readonly SampleOrigin[];
  readonly subPageHeat: boolean;
  readonly unplaced: Readonly<Record<string, number>>;
  readonly #builder: HotMapBuilder;

  constructor(
    builder: HotMapBuilder,
    origins: readonly SampleOrigin[],
    unplaced: Readonly<Record<string, number>>,
  ) {
    this.process = builder.process;
    this.geometry = builder.geometry;
    this.origins = origins;
    this.unplaced = unplaced;
    const heat = origins.filter((origin) => origin.tells === 'heat');
    // One source that speaks of whole blocks is enough to spoil the counts of their sub-pages.
    this.subPageHeat = heat.length > 0 && heat.every(seesSubPages);
    this.#builder = builder;
  }

  get size(): number {
    return this.#builder.size;
  }

  get byteLength(): number {
    return this.#builder.byteLength;
  }

  blocks(): Float64Array {
    return this.#builder.blocks();
  }

  block(block: BlockNumber): HotBlock | undefined {
    return this.#builder.block(block);
  }

  counts(block: BlockNumber, into: Uint16Array): boolean {
    return this.#builder.counts(block, into);
  }

  filled(block: BlockNumber, into: Uint8Array): boolean {
    return this.#builder.filled(block, into);
  }
}

/** Whether an origin's heat tells sub-pages of a PMD-mapped page apart. */
export function seesSubPages(origin: SampleOrigin): boolean {
  return (
    origin.tells === 'heat' && origin.granularity.pages === 1 && !origin.granularity.blindInsideHugePages
  );
}
