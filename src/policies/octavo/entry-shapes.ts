/** The TLB entries of a block in small pages, as shapes of their rates. */
import type { Pages } from '../../vocabulary/units.js';

/** Whether neighbouring pages share an entry, and how many at most. */
export interface Runs {
  /** 1 where they do not. */
  readonly pages: Pages;
}

/**
 * Writes the shape of each entry to `into` and returns their number. A run of which every page is in use is one entry; any
 * other has one for each of its pages in use. `shapes` of pages that are not in use are left out.
 */
export function entryShapes(
  shapes: Float64Array,
  isEmpty: Uint8Array,
  { pages: runPages }: Runs,
  into: Float64Array,
): number {
  let entries = 0;
  for (let first = 0; first < shapes.length; first += runPages) {
    let empty = 0;
    let total = 0;
    for (let page = first; page < first + runPages; page++) {
      empty += isEmpty[page];
      total += shapes[page];
    }
    if (empty === 0) {
      into[entries++] = total;
      continue;
    }
    for (let page = first; page < first + runPages; page++) {
      if (isEmpty[page] === 0) into[entries++] = shapes[page];
    }
  }
  return entries;
}
