/** Worlds in which rules for huge pages are compared: exact rates of every sub-page, and which of them hold no data. */
import { SeededRandom } from '../../src/base/seeded-random.js';
import type { ExactRates } from '../../src/policies/octavo/bound.js';

export const BLOCKS = 96;
export const PAGES = 512;

type Draw = (random: SeededRandom) => (block: number) => (page: number) => number;

/** Standard normal by Box and Muller. */
function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

const logNormal = (random: SeededRandom, sigma: number) => Math.exp(sigma * normal(random));

/** Of a page number in its block the rate, 0 for a page without data. */
export const FAMILIES = {
  sparse: (random) => () => {
    const used = random.fraction() < 0.1 ? 1 : 0.1;
    return () => (random.fraction() < used ? 1 : 0);
  },
  'use ⟂ heat': (random) => () => {
    const used = 0.05 + 0.95 * random.fraction();
    const heat = logNormal(random, 1.5);
    return () => (random.fraction() < used ? heat : 0);
  },
  'hot sparse': (random) => (block) => {
    const isHot = block % 2 === 0;
    const used = isHot ? 0.05 + 0.1 * random.fraction() : 0.5 + 0.45 * random.fraction();
    const heat = isHot ? 8 * logNormal(random, 0.5) : 1;
    return () => (random.fraction() < used ? heat : 0);
  },
  'cold dense': (random) => (block) => {
    const isCold = block % 3 === 0;
    const used = isCold ? 0.85 + 0.1 * random.fraction() : 0.2 + 0.4 * random.fraction();
    const heat = isCold ? 0.1 : logNormal(random, 0.7);
    return () => (random.fraction() < used ? heat : 0);
  },
  slabs: (random) => () => {
    const used = 0.1 + 0.8 * random.fraction();
    const heat = logNormal(random, 1);
    let isUsed = false;
    return (page) => {
      if (page % 16 === 0) isUsed = random.fraction() < used;
      return isUsed ? heat : 0;
    };
  },
  'zipf pages': (random) => () => {
    const used = 0.2 + 0.75 * random.fraction();
    return () =>
      random.fraction() < used ? (1 + Math.floor(random.fraction() * BLOCKS * PAGES)) ** -0.9 : 0;
  },
  spikes: (random) => () => {
    const used = 0.2 + 0.5 * random.fraction();
    const heat = logNormal(random, 1);
    return () => (random.fraction() >= used ? 0 : random.fraction() < 0.03 ? 40 * heat : heat);
  },
} as const satisfies Record<string, Draw>;

export type Family = keyof typeof FAMILIES;

/** A world of a family, its rates scaled to `perSecond` accesses a second. */
export function worldOf(family: Family, seed: number, perSecond = 5e6): ExactRates {
  const random = new SeededRandom(seed);
  const draw: (block: number) => (page: number) => number = FAMILIES[family](random);
  const rates = new Float64Array(BLOCKS * PAGES);
  for (let block = 0; block < BLOCKS; block++) {
    const rateOf = draw(block);
    for (let page = 0; page < PAGES; page++) rates[block * PAGES + page] = rateOf(page);
  }
  const scale = perSecond / rates.reduce((sum, rate) => sum + rate, 0);
  const isEmpty = Uint8Array.from(rates, (rate) => (rate === 0 ? 1 : 0));
  return { pagesPerBlock: PAGES, pageBytes: 4096, rates: rates.map((rate) => rate * scale), isEmpty };
}
