import type { PageGeometry } from '../../vocabulary/units.js';
import type { Native } from './native.js';

const MADV_COLLAPSE = 25;
const LONG_MS = 3;
const MOST_TURNS = 10;
/** Blocks of address space, of which one lies whole and aligned inside. Only one page of it ever holds memory. */
const SPAN_BLOCKS = 3;

/**
 * Empties every CPU's batch of pages that wait for their LRU list (lru_add_drain_all()). MADV_COLLAPSE begins with
 * that, under the mmap_lock of the process it works on, and waits for a worker on every CPU that has such pages: tens
 * of milliseconds where CPUs are busy. So it is done beforehand on memory of our own, with nothing to collapse: the
 * block has no page table, the kernel drains, finds nothing and returns EINVAL.
 */
export class LruDrain {
  readonly #native: Native;
  readonly #blockBytes: number;
  #block: bigint | undefined;

  constructor(native: Native, geometry: PageGeometry) {
    this.#native = native;
    this.#blockBytes = geometry.blockBytes;
  }

  /** Again while it takes long: where a CPU lets its worker wait now, it would do so under the target's lock. */
  async run(): Promise<void> {
    this.#block ??= this.#emptyBlock();
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const began = performance.now();
      await this.#native.callAsync('madvise', this.#block, this.#blockBytes, MADV_COLLAPSE);
      if (performance.now() - began < LONG_MS) return;
    }
  }

  /** A mapping with one page written, or the kernel stops before it drains; the block to name is another one. */
  #emptyBlock(): bigint {
    const { address, bytes } = this.#native.arena(SPAN_BLOCKS * this.#blockBytes);
    const size = BigInt(this.#blockBytes);
    const first = ((address + size - 1n) / size) * size;
    const block = first === address ? first + size : first;
    bytes[0] = 1;
    return block;
  }
}
