/** Looks at every page of a region and compares it with what it has to hold. */
import { Digest, liveIndex, liveWord, pageKey, wordOf } from './content.js';
import type { ChecksumAnswer } from './protocol.js';
import { ACCESS, CONTENT, type Region } from './region.js';
import { ResidentPages } from './resident-pages.js';

const TOLD = 8;

export function checksum(region: Region): ChecksumAnswer {
  const check = new Check(region);
  const resident = new ResidentPages();
  const firstPage = region.address / region.geometry.pageBytes;
  try {
    for (let page = 0; page < region.pages; page++) check.page(page, resident.has(firstPage + page));
  } finally {
    resident.close();
  }
  return check.answer();
}

class Check {
  readonly #region: Region;
  readonly #found = new Digest();
  readonly #expected = new Digest();
  readonly #wrong: string[] = [];
  #wrongPages = 0;
  #data = 0;
  #zero = 0;
  #lazy = 0;
  #inaccessible = 0;

  constructor(region: Region) {
    this.#region = region;
  }

  page(page: number, resident: boolean): void {
    const content = this.#region.content[page];
    if (this.#region.access[page] < ACCESS.read) this.#inaccessible++;
    else if (content === CONTENT.data) this.#dataPage(page, resident);
    else if (content === CONTENT.zero) this.#zeroPage(page, resident);
    else this.#lazyPage(page, resident);
  }

  answer(): ChecksumAnswer {
    return {
      checksum: this.#found.hex,
      expected: this.#expected.hex,
      intact: this.#wrongPages === 0 && this.#found.hex === this.#expected.hex,
      dataPages: this.#data,
      zeroPages: this.#zero,
      wrongPages: this.#wrongPages,
      firstWrong: this.#wrong,
      inaccessible: this.#inaccessible,
      lazyPages: this.#lazy,
    };
  }

  #dataPage(page: number, resident: boolean): void {
    this.#data++;
    // A page of a file can be in the page cache without being mapped; one of private memory cannot.
    if (!resident && this.#region.kind === 'anon') this.#lost(page);
    else this.#presentDataPage(page);
  }

  #presentDataPage(page: number): void {
    const key = pageKey(this.#region.seed, page);
    const live = liveIndex(page, this.#region.memory.wordsPerPage);
    const lanes = this.#compare(page, key, live);
    this.#found.add(page);
    this.#expected.add(page);
    this.#found.add(lanes.found);
    this.#expected.add(lanes.expected);
    if (lanes.wrongAt >= 0) this.#tell(page, `word ${lanes.wrongAt} is not what was written`);
  }

  /** Both digests of a data page and the first word that differs, −1 for none. */
  #compare(page: number, key: number, live: number) {
    const { memory, counts } = this.#region;
    const words = memory.view(page);
    const at = memory.at(page);
    let found = 0x2545f491;
    let expected = found;
    let wrongAt = -1;
    for (let index = 0; index < memory.wordsPerPage; index++) {
      const right = index === live ? liveWord(key, counts[page]) : wordOf(key, index);
      const word = words[at + index];
      found = Math.imul(found ^ word, 0x01000193) ^ (found >>> 15);
      expected = Math.imul(expected ^ right, 0x01000193) ^ (expected >>> 15);
      if (word !== right && wrongAt < 0) wrongAt = index;
    }
    return { found, expected, wrongAt };
  }

  #zeroPage(page: number, resident: boolean): void {
    this.#zero++;
    if (!resident || isZero(this.#region, page)) return;
    this.#found.add(page);
    this.#tell(page, 'has data where zeroes have to be');
  }

  /** The kernel may have taken the page between the look and the read: then it reads as zeroes. */
  #lazyPage(page: number, resident: boolean): void {
    this.#lazy++;
    if (!resident || isZero(this.#region, page)) return;
    const key = pageKey(this.#region.seed, page);
    const { wrongAt } = this.#compare(page, key, liveIndex(page, this.#region.memory.wordsPerPage));
    if (wrongAt < 0 || isZero(this.#region, page)) return;
    this.#found.add(page);
    this.#tell(page, `word ${wrongAt} is neither zero nor what was written`);
  }

  #lost(page: number): void {
    this.#expected.add(page);
    this.#tell(page, 'is gone');
  }

  #tell(page: number, problem: string): void {
    this.#wrongPages++;
    if (this.#wrong.length < TOLD) this.#wrong.push(`page ${page} ${problem}`);
  }
}

function isZero(region: Region, page: number): boolean {
  const words = region.memory.view(page);
  const at = region.memory.at(page);
  const end = at + region.memory.wordsPerPage;
  let seen = 0;
  for (let index = at; index < end; index += 4) {
    seen |= words[index] | words[index + 1] | words[index + 2] | words[index + 3];
  }
  return seen === 0;
}
