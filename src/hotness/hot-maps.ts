/** Sorts samples by process into one hot map each. What has no place is counted by reason. */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleBatch, SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, ProcessId } from '../vocabulary/units.js';
import { HeatTable, type HotMapDetail } from './heat-kernel/heat-table.js';
import { HotMapBuilder } from './hot-map-builder.js';

export interface HotMapsOptions {
  readonly geometry: PageGeometry;
  readonly detail?: HotMapDetail;
  /** Processes to keep; a sample of any other one is counted as `other process`. All when undefined. */
  readonly processes?: readonly ProcessIdentity[];
}

export class HotMaps {
  readonly #options: HotMapsOptions;
  readonly #builders = new Map<ProcessId, HotMapBuilder>();
  readonly #table: HeatTable;

  constructor(options: HotMapsOptions) {
    const { geometry, detail = 'counts', processes = [] } = options;
    this.#options = options;
    this.#table = new HeatTable(geometry, detail, (pid) => this.#builder(pid) !== undefined);
    for (const process of processes) this.#add(process);
  }

  addSamples(batch: SampleBatch): void {
    this.#table.addSamples(batch);
  }

  addContent(pid: ProcessId, block: BlockNumber, filled: Uint8Array): void {
    this.#builder(pid)?.setContent(block, filled);
  }

  addBlocks(pid: ProcessId, first: BlockNumber, count: number): void {
    const builder = this.#builder(pid);
    for (let block = first; block < first + count; block++) builder?.addBlock(block);
  }

  /** Number of samples that found no place, by reason. */
  unplaced(): Readonly<Record<string, number>> {
    return this.#table.unplaced();
  }

  build(origins: readonly SampleOrigin[]): readonly HotMap[] {
    const unplaced = this.unplaced();
    return [...this.#builders.values()].map((builder) => builder.build(origins, unplaced));
  }

  #builder(pid: ProcessId): HotMapBuilder | undefined {
    const found = this.#builders.get(pid);
    if (found !== undefined || this.#options.processes) return found;
    return this.#add({ pid, startTicks: 0, command: '', cgroup: '/' });
  }

  #add(process: ProcessIdentity): HotMapBuilder {
    const builder = new HotMapBuilder(process, this.#options.geometry, this.#options.detail, this.#table);
    this.#builders.set(process.pid, builder);
    return builder;
  }
}
