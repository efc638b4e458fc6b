/** A TLB with least recently used replacement, access by access: what layouts really cost. */
import { SeededRandom } from '../../src/base/seeded-random.js';
import type { ExactRates } from '../../src/policies/octavo/bound.js';
import { AliasTable } from '../../src/simulator/workloads/alias-table.js';
import type { Translation } from '../../src/vocabulary/translation.js';

/** Draws accesses once, so that every layout of a world sees the same. */
export function accessesOf({ rates }: ExactRates, count: number, seed: number): Uint32Array {
  const table = new AliasTable(rates);
  const random = new SeededRandom(seed);
  return Uint32Array.from({ length: count }, () => table.draw(random));
}

/** Nanoseconds of walks for each access after the first quarter, which fills the TLB. */
export function walkNsPerAccess(
  accesses: Uint32Array,
  entryOf: Uint32Array,
  isHugeEntry: Uint8Array,
  cpu: Translation,
): number {
  const lru = new Lru(isHugeEntry.length, cpu.entries);
  const warm = accesses.length >> 2;
  let ns = 0;
  for (let at = 0; at < accesses.length; at++) {
    const entry = entryOf[accesses[at]];
    if (!lru.touch(entry) && at >= warm) ns += isHugeEntry[entry] === 1 ? cpu.hugeWalkNs : cpu.smallWalkNs;
  }
  return ns / (accesses.length - warm);
}

class Lru {
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #isIn: Uint8Array;
  #left: number;
  readonly #ends: number;

  constructor(entries: number, capacity: number) {
    // One more as the ends of the list.
    this.#newer = new Int32Array(entries + 1).fill(entries);
    this.#older = new Int32Array(entries + 1).fill(entries);
    this.#isIn = new Uint8Array(entries);
    this.#left = capacity;
    this.#ends = entries;
  }

  /** Whether it was there. */
  touch(entry: number): boolean {
    const wasIn = this.#isIn[entry] === 1;
    if (wasIn) this.#unlink(entry);
    else if (this.#left > 0) this.#left--;
    else {
      const oldest = this.#newer[this.#ends];
      this.#unlink(oldest);
      this.#isIn[oldest] = 0;
    }
    this.#isIn[entry] = 1;
    const newest = this.#older[this.#ends];
    this.#newer[newest] = entry;
    this.#older[entry] = newest;
    this.#newer[entry] = this.#ends;
    this.#older[this.#ends] = entry;
    return wasIn;
  }

  #unlink(entry: number): void {
    const [newer, older] = [this.#newer[entry], this.#older[entry]];
    this.#older[newer] = older;
    this.#newer[older] = newer;
  }
}
