/** Sorts samples by process into one hot map each. What has no place is counted by reason. */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { NO_PAGE, SAMPLE_FLAG, type SampleBatch, type SampleOrigin } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, ProcessId } from '../vocabulary/units.js';
import { HotMapBuilder, type HotMapDetail } from './hot-map-builder.js';

export interface HotMapsOptions {
  readonly geometry: PageGeometry;
  readonly detail?: HotMapDetail;
  /** Processes to keep; a sample of any other one is counted as `other process`. All when undefined. */
  readonly processes?: readonly ProcessIdentity[];
}

/** Reasons why a sample is in no map. */
export type Unplaced =
  | 'no virtual address'
  | 'guest address'
  | 'kernel address'
  | 'unknown process'
  | 'other process';

/** First page of the kernel half on any architecture with at most 57-bit addresses and 4 KiB pages. */
const KERNEL_HALF_BYTES = 2 ** 63;

export class HotMaps {
  readonly #options: HotMapsOptions;
  readonly #builders = new Map<ProcessId, HotMapBuilder>();
  readonly #unplaced = new Map<Unplaced, number>();
  readonly #firstKernelPage: number;
  #lastPid = -1;
  #last: HotMapBuilder | undefined;

  constructor(options: HotMapsOptions) {
    this.#options = options;
    this.#firstKernelPage = KERNEL_HALF_BYTES / options.geometry.pageBytes;
    for (const process of options.processes ?? []) this.#add(process);
  }

  /** Rows of one process that have a place go to its map together; the others are counted one by one. */
  addSamples(batch: SampleBatch): void {
    const { virtualPage, pid, weight, flags, count } = batch;
    for (let row = 0; row < count; ) {
      const end = endOfRun(virtualPage, pid, flags, row, count, this.#firstKernelPage);
      const builder = end > row ? this.#builder(pid[row]) : undefined;
      if (builder !== undefined) builder.addRows(virtualPage, weight, row, end);
      else if (end > row) this.#count('other process', end - row);
      else this.#count(this.#reason(virtualPage[row], flags[row]));
      row = Math.max(end, row + 1);
    }
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
    return Object.fromEntries(this.#unplaced);
  }

  build(origins: readonly SampleOrigin[]): readonly HotMap[] {
    const unplaced = this.unplaced();
    return [...this.#builders.values()].map((builder) => builder.build(origins, unplaced));
  }

  /** Why a sample has no place whatever its process. */
  #reason(page: number, flags: number): Unplaced {
    if (page === NO_PAGE) return 'no virtual address';
    if (flags & SAMPLE_FLAG.guest) return 'guest address';
    return page >= this.#firstKernelPage ? 'kernel address' : 'unknown process';
  }

  #builder(pid: ProcessId): HotMapBuilder | undefined {
    if (pid === this.#lastPid) return this.#last;
    const found = this.#builders.get(pid) ?? this.#adopt(pid);
    this.#lastPid = pid;
    this.#last = found;
    return found;
  }

  #adopt(pid: ProcessId): HotMapBuilder | undefined {
    if (this.#options.processes) return undefined;
    return this.#add({ pid, startTicks: 0, command: '', cgroup: '/' });
  }

  #add(process: ProcessIdentity): HotMapBuilder {
    const builder = new HotMapBuilder(process, this.#options.geometry, this.#options.detail);
    this.#builders.set(process.pid, builder);
    return builder;
  }

  #count(reason: Unplaced, samples = 1): void {
    this.#unplaced.set(reason, (this.#unplaced.get(reason) ?? 0) + samples);
  }
}

/** End of the rows from `from` on that are all of one process and have a place in its map; `from` when it has none. */
function endOfRun(
  virtualPage: Float64Array,
  pid: Int32Array,
  flags: Uint16Array,
  from: number,
  count: number,
  firstKernelPage: number,
): number {
  const process = pid[from];
  if (process <= 0) return from;
  let row = from;
  while (row < count && pid[row] === process && (flags[row] & SAMPLE_FLAG.guest) === 0) {
    const page = virtualPage[row];
    if (!(page >= 0 && page < firstKernelPage)) break;
    row++;
  }
  return row;
}
