/**
 * What the workload's pages hold. Every 32-bit word of a data page follows from (seed, page, index), so that a lost,
 * torn, moved or zeroed page is told from a right one without a copy of it. One word a page is live: writers count
 * in it, and its upper half proves its lower half.
 */

/** Finaliser of MurmurHash3 (public domain): every input bit reaches every output bit. */
export function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}

/** What a page's words follow from. */
export function pageKey(seed: number, page: number): number {
  return mix32(mix32(seed) + Math.imul(page, 0x9e3779b1));
}

/** Word `index` of a data page. Different for each index, so at most one word of a page is zero. */
export function wordOf(key: number, index: number): number {
  return (Math.imul(key + index, 0x9e3779b1) ^ (key >>> 7)) | 0;
}

/** Which word of a page is live; `words` per page is a power of two. */
export function liveIndex(page: number, words: number): number {
  return (Math.imul(page, 37) + 11) & (words - 1);
}

/** The live word after `count` writes: count modulo 2^16 below, proof of it above. */
export function liveWord(key: number, count: number): number {
  const low = count & 0xffff;
  return (mix32(key ^ (low * 0x10001)) & 0xffff0000) | low;
}

/**
 * Whether a live word can be right when at least `published` writes were finished before it was read: its halves
 * belong together and its count is not behind.
 */
export function isLiveWord(word: number, key: number, published: number): boolean {
  const low = word & 0xffff;
  return liveWord(key, low) === (word | 0) && ((low - published) & 0xffff) < 0x8000;
}

/** Writes a data page; `at` is the word index of its start. */
export function writePage(
  into: Int32Array,
  at: number,
  words: number,
  seed: number,
  page: number,
  count: number,
): void {
  const key = pageKey(seed, page);
  for (let index = 0; index < words; index++) into[at + index] = wordOf(key, index);
  into[at + liveIndex(page, words)] = liveWord(key, count);
}

/** Two 32-bit lanes of a digest over words, kept in numbers so that nothing is allocated. */
export class Digest {
  #first = 0x811c9dc5 | 0;
  #second = 0x9747b28c | 0;

  add(word: number): void {
    this.#first = Math.imul(this.#first ^ word, 0x01000193);
    this.#first ^= this.#first >>> 15;
    this.#second = Math.imul(this.#second + word, 0xcc9e2d51);
    this.#second ^= this.#second >>> 13;
  }

  /** 16 hexadecimal digits. */
  get hex(): string {
    return hex32(mix32(this.#first)) + hex32(mix32(this.#second));
  }
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
