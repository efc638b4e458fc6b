/** One process's hot map while it is built on its own: of a drawing, a report, or a recording of one nature. */
import type { HotBlock, HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, PageNumber } from '../vocabulary/units.js';
import { BlockContent, BuiltHotMap } from './built-hot-map.js';
import { HeatTable, type HotMapDetail } from './heat-loop/heat-table.js';

export { seesSubPages } from './built-hot-map.js';
export type { HotMapDetail };

/** Takes samples and content of one process, and builds its map once. */
export class HotMapBuilder {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly #table: HeatTable;
  readonly #content: BlockContent;
  #walks: HeatTable | undefined;

  constructor(process: ProcessIdentity, geometry: PageGeometry, detail: HotMapDetail = 'counts') {
    this.process = process;
    this.geometry = geometry;
    this.#table = new HeatTable(geometry, detail, () => true);
    this.#content = new BlockContent();
  }

  /** One sample of `weight` accesses on a virtual page. */
  addSample(page: PageNumber, weight: number): void {
    this.addCount(page, 1, weight);
  }

  /** `samples` samples on a virtual page at once, as a heat file holds them. */
  addCount(page: PageNumber, samples: number, weight: number): void {
    if (samples > 0) this.#table.addCount(this.process.pid, page, samples, weight);
  }

  /** `weight` of the accesses on a page that missed the TLB. */
  addTlbMisses(page: PageNumber, samples: number, weight: number): void {
    if (samples <= 0) return;
    this.#walks ??= new HeatTable(this.geometry, 'counts', () => true);
    this.#walks.addCount(this.process.pid, page, samples, weight);
  }

  /** Tracks a block that is known to be there, without any sample. */
  addBlock(block: BlockNumber): void {
    this.#content.addBlock(block);
  }

  /** Which sub-pages of a block hold data: one bit each, replacing what was known. */
  setContent(block: BlockNumber, filled: Uint8Array): void {
    this.#content.set(block, filled);
  }

  get size(): number {
    return this.build([]).size;
  }

  get byteLength(): number {
    return this.build([]).byteLength;
  }

  blocks(): Float64Array {
    return this.build([]).blocks();
  }

  block(block: BlockNumber): HotBlock | undefined {
    return this.build([]).block(block);
  }

  counts(block: BlockNumber, into: Uint16Array): boolean {
    return this.build([]).counts(block, into);
  }

  filled(block: BlockNumber, into: Uint8Array): boolean {
    return this.build([]).filled(block, into);
  }

  build(origins: readonly SampleOrigin[], unplaced: Readonly<Record<string, number>> = {}): HotMap {
    return new BuiltHotMap({
      process: this.process,
      geometry: this.geometry,
      table: this.#table,
      walks: this.#walks,
      content: this.#content,
      nature: origins.find(({ tells }) => tells === 'heat')?.nature,
      origins,
      apart: [],
      unplaced,
    });
  }
}
