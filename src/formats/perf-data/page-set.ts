/**
 * Counts distinct 2 MiB blocks and 4 KiB pages of addresses in bounded memory: blocks are hashed, pages are bits of
 * a bitmap per block. Used to hold a recording against an oracle; hot maps have their own index.
 */
const BITMAP_WORDS = 16;
const SLAB_BLOCKS = 4096;
/** 1 TiB of touched address space in 46 MiB of memory; blocks beyond are not counted. */
const MOST_BLOCKS = 1 << 19;

const NO_BITS: Uint32Array = new Uint32Array(0);

export class PageSet {
  blocks = 0;
  pages = 0;
  /** True when there were more blocks than are kept: both counts are then lower bounds. */
  isFull = false;
  private readonly countsPages: boolean;
  private mask = 1023;
  private keys = new Float64Array(1024).fill(-1);
  /** Number of the block in each used slot. */
  private numbers = new Int32Array(1024);
  private readonly slabs: Uint32Array[] = [];

  constructor(countsPages: boolean) {
    this.countsPages = countsPages;
  }

  /** Adds the pages of `count` addresses given in two words each; address 0 is none. Answers how many there were. */
  addAll(low: Uint32Array, high: Uint32Array, count: number): number {
    let seen = 0;
    let lastKey = -1;
    let bits = NO_BITS;
    let base = 0;
    for (let i = 0; i < count; i++) {
      const lowWord = low[i];
      const highWord = high[i];
      if (lowWord === 0 && highWord === 0) continue;
      seen++;
      const key = highWord * 2048 + (lowWord >>> 21);
      if (key !== lastKey) {
        lastKey = key;
        const number = this.numberOf(key);
        bits = number < 0 || !this.countsPages ? NO_BITS : this.slabs[number >>> 12];
        base = (number & (SLAB_BLOCKS - 1)) * BITMAP_WORDS;
      }
      if (bits === NO_BITS) continue;
      const page = (lowWord >>> 12) & 511;
      const at = base + (page >>> 5);
      const bit = 1 << (page & 31);
      if ((bits[at] & bit) !== 0) continue;
      bits[at] |= bit;
      this.pages++;
    }
    return seen;
  }

  private numberOf(key: number): number {
    let slot = hash(key) & this.mask;
    while (this.keys[slot] !== key && this.keys[slot] >= 0) slot = (slot + 1) & this.mask;
    if (this.keys[slot] < 0 && !this.insert(slot, key)) return -1;
    const number = this.numbers[slot];
    if (this.blocks * 2 > this.mask) this.grow();
    return number;
  }

  private insert(slot: number, key: number): boolean {
    if (this.blocks >= MOST_BLOCKS) {
      this.isFull = true;
      return false;
    }
    this.keys[slot] = key;
    this.numbers[slot] = this.blocks;
    const needsSlab = this.countsPages && this.blocks % SLAB_BLOCKS === 0;
    if (needsSlab) this.slabs.push(new Uint32Array(SLAB_BLOCKS * BITMAP_WORDS));
    this.blocks++;
    return true;
  }

  private grow(): void {
    const { keys, numbers } = this;
    this.mask = keys.length * 2 - 1;
    this.keys = new Float64Array(this.mask + 1).fill(-1);
    this.numbers = new Int32Array(this.mask + 1);
    for (let i = 0; i < keys.length; i++) if (keys[i] >= 0) this.place(keys[i], numbers[i]);
  }

  private place(key: number, number: number): void {
    let slot = hash(key) & this.mask;
    while (this.keys[slot] >= 0) slot = (slot + 1) & this.mask;
    this.keys[slot] = key;
    this.numbers[slot] = number;
  }
}

function hash(key: number): number {
  const low = (key % 4294967296) | 0;
  const mixed = Math.imul(low ^ Math.imul(Math.floor(key / 4294967296), 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
