import type { PageNumber } from '../../../vocabulary/units.js';

/**
 * What a page holds is one number, its stamp: 0 for nothing but zeroes, otherwise a value that stands for its
 * bytes, travels with copies and never changes on the way. So "data intact" can be checked, and a page's bytes
 * can be produced when they are read.
 */
export function contentStampOf(space: number, page: PageNumber): number {
  const low = page % 4294967296;
  const high = Math.floor(page / 4294967296);
  return (
    ((Math.imul(space + 1, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)) | 1) >>> 0
  );
}

/** Bytes of a page with this stamp, into `into` from `at` on: the stamp and the word's number, again and again. */
export function writePageBytes(stamp: number, into: Uint8Array, at: number, bytes: number): void {
  if (stamp === 0) {
    into.fill(0, at, at + bytes);
    return;
  }
  const view = new DataView(into.buffer, into.byteOffset + at, bytes);
  for (let word = 0; word * 8 < bytes; word++) {
    view.setUint32(word * 8, stamp, true);
    view.setUint32(word * 8 + 4, word ^ stamp, true);
  }
}
