/**
 * Replay of a heat file: pages are drawn in proportion to the heat recorded for them. A heat file here is text,
 * one page a line: its offset in the area in pages, a comma, its weight; lines that begin with # are comments.
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
}

export function parseHeat(text: string, path: string): Heat {
  const offsets: number[] = [];
  const weights: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /^\s*([0-9]{1,9})\s*,\s*([0-9]+(?:\.[0-9]+)?)\s*$/.exec(line);
    if (match === null) {
      throw new OctavoError('FILE_MALFORMED', {
        path,
        problem: 'not a page offset and a weight',
        place: `line ${index + 1}`,
      });
    }
    offsets.push(Number(match[1]));
    weights.push(Number(match[2]));
  }
  if (!weights.some((weight) => weight > 0)) {
    throw new OctavoError('FILE_MALFORMED', { path, problem: 'no page has heat', place: 'the whole file' });
  }
  return { offsets: Uint32Array.from(offsets), weights: Float64Array.from(weights) };
}

class Replay implements Workload {
  readonly pages: Pages;
  readonly #heat: Heat;
  readonly #table: AliasTable;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #words = new Uint32Array(0);

  constructor(heat: Heat, stores: number, random: SeededRandom) {
    this.pages = heat.offsets.reduce((most, offset) => Math.max(most, offset + 1), 1);
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
      into[i] = (this.#heat.offsets[into[i]] << 1) | store;
    }
    return limit;
  }
}
