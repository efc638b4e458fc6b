/**
 * Replay of a heat file: pages are drawn in proportion to the heat recorded for them. A heat file here is text:
 * `offset,weight` of one page, or `offset,weight,pages` of several that share the weight evenly. Offsets are in pages
 * from the start of the area; lines that begin with # are comments.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Pages } from '../../vocabulary/units.js';
import { AliasTable } from './alias-table.js';
import { fillWords } from './draws.js';
import { ShareText } from './quantities.js';
import { storeThreshold, type Workload, workloadKind } from './workload.js';

export const replay = workloadKind({
  brief: 'pages in proportion to the weights of a heat file',
  parameters: z.strictObject({ file: z.string(), stores: ShareText.default(0.25) }),
  make: ({ file, stores }, { random, readText }) =>
    new Replay(parseHeat(readText(file), file), storeThreshold(stores), random),
});

export interface Heat {
  readonly offsets: Uint32Array;
  readonly weights: Float64Array;
  /** Pages that share the weight of a line. */
  readonly lengths: Uint32Array;
}

const LINE = /^\s*([0-9]{1,9})\s*,\s*([0-9]+(?:\.[0-9]+)?)\s*(?:,\s*([1-9][0-9]{0,8})\s*)?$/;

export function parseHeat(text: string, path: string): Heat {
  const offsets: number[] = [];
  const weights: number[] = [];
  const lengths: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = LINE.exec(line);
    if (match === null) {
      throw new OctavoError('FILE_MALFORMED', {
        path,
        problem: 'not a page offset, a weight and, if you like, a number of pages',
        place: `line ${index + 1}`,
      });
    }
    offsets.push(Number(match[1]));
    weights.push(Number(match[2]));
    lengths.push(Number(match[3] ?? 1));
  }
  if (!weights.some((weight) => weight > 0)) {
    throw new OctavoError('FILE_MALFORMED', { path, problem: 'no page has heat', place: 'the whole file' });
  }
  return {
    offsets: Uint32Array.from(offsets),
    weights: Float64Array.from(weights),
    lengths: Uint32Array.from(lengths),
  };
}

class Replay implements Workload {
  readonly pages: Pages;
  readonly #heat: Heat;
  readonly #table: AliasTable;
  /** Every line is of one page. */
  readonly #isPerPage: boolean;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #words = new Uint32Array(0);

  constructor(heat: Heat, stores: number, random: SeededRandom) {
    this.pages = heat.offsets.reduce((most, offset, row) => Math.max(most, offset + heat.lengths[row]), 1);
    this.#isPerPage = heat.lengths.every((length) => length === 1);
    this.#heat = heat;
    this.#table = new AliasTable(heat.weights);
    this.#stores = stores;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number): number {
    if (this.#words.length < limit * 2) this.#words = new Uint32Array(limit * 2);
    fillWords(this.#random, this.#words, limit * 2);
    this.#table.drawAll(this.#words, limit, into);
    for (let i = 0; i < limit; i++) {
      const store = ((this.#words[2 * i] & 1023) - this.#stores) >>> 31;
      into[i] = (this.#pageOf(into[i]) << 1) | store;
    }
    return limit;
  }

  /** The page of a line, or one of its pages at random. */
  #pageOf(row: number): number {
    const first = this.#heat.offsets[row];
    return this.#isPerPage ? first : first + this.#random.below(this.#heat.lengths[row]);
  }
}
