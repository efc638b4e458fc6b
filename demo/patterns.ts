/** Which pages a pattern names. */
import { mix32 } from './content.js';
import type { Pattern } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';

/** Ascending page indexes below `pages`. */
export function pagesOfPattern(
  pattern: Pattern,
  pages: number,
  pagesPerBlock: number,
  seed: number,
): Uint32Array {
  if (typeof pattern !== 'object' || pattern === null) throw new WorkloadRefusal('EINVAL', 'pattern');
  if ('pages' in pattern) return listedPages(pattern.pages, pages);
  const wanted = membership(pattern, pagesPerBlock, seed);
  const found: number[] = [];
  for (let page = 0; page < pages; page++) if (wanted(page)) found.push(page);
  return Uint32Array.from(found);
}

function listedPages(list: readonly number[], pages: number): Uint32Array {
  const wrong = list.find((page) => !Number.isInteger(page) || page < 0 || page >= pages);
  if (wrong !== undefined) throw new WorkloadRefusal('EINVAL', `page ${wrong} of ${pages}`);
  return Uint32Array.from(new Set(list)).sort();
}

function membership(
  pattern: Exclude<Pattern, { pages: readonly number[] }>,
  pagesPerBlock: number,
  seed: number,
): (page: number) => boolean {
  if ('all' in pattern) return () => true;
  if ('every' in pattern) return everyNth(pattern.every, pattern.first ?? 0);
  if ('perBlock' in pattern) return perBlock(pattern.perBlock, pagesPerBlock);
  if ('share' in pattern) return (page) => (mix32(page ^ mix32(seed)) >>> 0) / 2 ** 32 < pattern.share;
  throw new WorkloadRefusal('EINVAL', `pattern ${JSON.stringify(pattern)}`);
}

function everyNth(step: number, first: number): (page: number) => boolean {
  if (!Number.isInteger(step) || step < 1) throw new WorkloadRefusal('EINVAL', `every ${step}`);
  return (page) => page >= first && (page - first) % step === 0;
}

/** An odd factor permutes the sub-pages of a block, so that the used ones lie scattered. */
const SCATTER = 181;

function perBlock(counts: readonly number[], pagesPerBlock: number): (page: number) => boolean {
  const wrong = counts.find((count) => !Number.isInteger(count) || count < 0 || count > pagesPerBlock);
  if (counts.length === 0 || wrong !== undefined) {
    throw new WorkloadRefusal('EINVAL', `perBlock ${wrong ?? 'without counts'}`);
  }
  return (page) => {
    const block = Math.floor(page / pagesPerBlock);
    const rank = Math.imul(page, SCATTER) & (pagesPerBlock - 1);
    return rank < counts[block % counts.length];
  };
}
