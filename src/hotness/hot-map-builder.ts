/**
 * Builds hot maps from batches. One builder holds one process; `HotMaps` sorts batches by process. At full detail
 * a block with 4 KiB pages takes 1,024 bytes of counters and under 100 bytes of bookkeeping; bitmap-only maps take
 * 64 bytes and the bookkeeping.
 */
import { countBits } from '../base/bits.js';
import type { HotBlock, HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, PageNumber } from '../vocabulary/units.js';
import { BlockIndex } from './block-index.js';
import { GrowingColumn } from './growing-column.js';
import { Slabs } from './slabs.js';

export type HotMapDetail = 'counts' | 'bitmap';

/** Counters are 16 bits wide; a sub-page sampled more often stays at this value. */
const SATURATED = 0xffff;
const NO_CONTENT = -1;
const NO_COUNTS = new Uint16Array(0);

export class HotMapBuilder {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly #detail: HotMapDetail;
  readonly #index = new BlockIndex();
  readonly #samples = new GrowingColumn();
  readonly #weight = new GrowingColumn();
  /** Row in #filled, NO_CONTENT when the block's content was not read. */
  readonly #contentRow = new GrowingColumn();
  readonly #counts: Slabs<Uint16Array>;
  readonly #touched: Slabs<Uint8Array>;
  readonly #filled: Slabs<Uint8Array>;
  #contentRows = 0;

  constructor(process: ProcessIdentity, geometry: PageGeometry, detail: HotMapDetail = 'counts') {
    this.process = process;
    this.geometry = geometry;
    this.#detail = detail;
    const bitmapBytes = geometry.pagesPerBlock / 8;
    this.#counts = new Slabs(geometry.pagesPerBlock, (length) => new Uint16Array(length));
    this.#touched = new Slabs(bitmapBytes, (length) => new Uint8Array(length));
    this.#filled = new Slabs(bitmapBytes, (length) => new Uint8Array(length));
  }

  /** One sample of `weight` accesses on a virtual page. */
  addSample(page: PageNumber, weight: number): void {
    const block = Math.floor(page / this.geometry.pagesPerBlock);
    const slot = this.#slot(block);
    this.#samples.values[slot]++;
    this.#weight.values[slot] += weight;
    this.#mark(slot, page - block * this.geometry.pagesPerBlock);
  }

  /** The samples of rows [from, to), all of this process and with a virtual page. */
  addRows(virtualPage: Float64Array, weight: Float64Array, from: number, to: number): void {
    if (this.#detail === 'counts') this.#countRows(virtualPage, weight, from, to);
    else for (let row = from; row < to; row++) this.addSample(virtualPage[row], weight[row]);
  }

  /** One loop with all it needs in local variables; what belongs to a block is looked up when the block changes. */
  #countRows(virtualPage: Float64Array, weight: Float64Array, from: number, to: number): void {
    const { pagesPerBlock } = this.geometry;
    let samples = this.#samples.values;
    let weights = this.#weight.values;
    let counts: Uint16Array = NO_COUNTS;
    let base = 0;
    let slot = 0;
    let last = -1;
    for (let row = from; row < to; row++) {
      const page = virtualPage[row];
      const block = Math.floor(page / pagesPerBlock);
      if (block !== last) {
        last = block;
        slot = this.#slot(block);
        samples = this.#samples.values;
        weights = this.#weight.values;
        counts = this.#counts.slab(slot);
        base = this.#counts.offset(slot);
      }
      samples[slot]++;
      weights[slot] += weight[row];
      const at = base + (page - block * pagesPerBlock);
      const count = counts[at];
      if (count !== SATURATED) counts[at] = count + 1;
    }
  }

  /** `samples` samples on a virtual page at once, as a heat file holds them. */
  addCount(page: PageNumber, samples: number, weight: number): void {
    if (samples <= 0) return;
    const block = Math.floor(page / this.geometry.pagesPerBlock);
    const slot = this.#slot(block);
    this.#samples.values[slot] += samples;
    this.#weight.values[slot] += weight;
    this.#mark(slot, page - block * this.geometry.pagesPerBlock, samples);
  }

  /** Tracks a block that is known to be there, without any sample. */
  addBlock(block: BlockNumber): void {
    this.#slot(block);
  }

  /** Which sub-pages of a block hold data: one bit each, replacing what was known. */
  setContent(block: BlockNumber, filled: Uint8Array): void {
    const slot = this.#slot(block);
    if (this.#contentRow.values[slot] === NO_CONTENT) this.#contentRow.values[slot] = this.#contentRows++;
    this.#filled.row(this.#contentRow.values[slot]).set(filled);
  }

  build(origins: readonly SampleOrigin[], unplaced: Readonly<Record<string, number>> = {}): HotMap {
    return new BuiltHotMap(this, origins, unplaced);
  }

  get size(): number {
    return this.#index.size;
  }

  get byteLength(): number {
    return [
      this.#index,
      this.#samples,
      this.#weight,
      this.#contentRow,
      this.#counts,
      this.#touched,
      this.#filled,
    ].reduce((sum, part) => sum + part.byteLength, 0);
  }

  blocks(): Float64Array {
    return this.#index.keys().slice().sort();
  }

  block(block: BlockNumber): HotBlock | undefined {
    const slot = this.#index.find(block);
    if (slot < 0) return undefined;
    const samples = this.#samples.values[slot];
    const weight = this.#weight.values[slot];
    const filled = this.#filledPages(slot);
    return { block, samples, weight, filled, ...this.#tally(slot, samples) };
  }

  counts(block: BlockNumber, into: Uint16Array): boolean {
    const slot = this.#index.find(block);
    if (slot < 0 || this.#samples.values[slot] === 0) return false;
    if (this.#detail === 'counts') {
      into.set(this.#counts.row(slot));
      return true;
    }
    const bitmap = this.#touched.row(slot);
    for (let page = 0; page < into.length; page++) into[page] = (bitmap[page >> 3] >> (page & 7)) & 1;
    return true;
  }

  filled(block: BlockNumber, into: Uint8Array): boolean {
    const slot = this.#index.find(block);
    if (slot < 0 || this.#contentRow.values[slot] === NO_CONTENT) return false;
    into.set(this.#filled.row(this.#contentRow.values[slot]));
    return true;
  }

  #mark(slot: number, subPage: number, samples = 1): void {
    if (this.#detail === 'counts') {
      const slab = this.#counts.slab(slot);
      const at = this.#counts.offset(slot) + subPage;
      slab[at] = Math.min(SATURATED, slab[at] + samples);
    } else {
      const slab = this.#touched.slab(slot);
      slab[this.#touched.offset(slot) + (subPage >> 3)] |= 1 << (subPage & 7);
    }
  }

  #slot(block: BlockNumber): number {
    const slot = this.#index.add(block);
    if (slot >= this.#samples.length) {
      this.#samples.push(0);
      this.#weight.push(0);
      this.#contentRow.push(NO_CONTENT);
    }
    return slot;
  }

  #filledPages(slot: number): number | undefined {
    const row = this.#contentRow.values[slot];
    return row === NO_CONTENT ? undefined : countBits(this.#filled.row(row));
  }

  #tally(slot: number, samples: number) {
    if (samples === 0) return { touched: 0, once: 0, twice: 0 };
    if (this.#detail === 'bitmap') {
      return { touched: countBits(this.#touched.row(slot)), once: undefined, twice: undefined };
    }
    const counts = this.#counts.row(slot);
    let touched = 0;
    let once = 0;
    let twice = 0;
    for (let page = 0; page < counts.length; page++) {
      const count = counts[page];
      if (count === 0) continue;
      touched++;
      if (count === 1) once++;
      else if (count === 2) twice++;
    }
    return { touched, once, twice };
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
    this.subPageHeat = origins.some(seesSubPages);
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
