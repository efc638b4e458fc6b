/** Metrics that nothing happens to, as a sequence of readings a second; all of about 100, with noise of about a tenth. */
import type { SeededRandom } from '../../../src/base/seeded-random.js';

export interface Reading {
  readonly value: number;
  readonly control?: number;
}

/** A metric from its beginning on; `random` is its own. */
export interface Noise {
  readonly name: string;
  begin(random: SeededRandom): (second: number) => Reading;
}

const LEVEL = 100;
const SIZE = 0.1;

/** Box and Muller. */
export function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}

/** A sequence in which each value keeps `share` of the last; its standard deviation is 1. */
function lasting(random: SeededRandom, share: number): () => number {
  let last = normal(random);
  return () => {
    last = share * last + Math.sqrt(1 - share * share) * normal(random);
    return last;
  };
}

/** Student's t with two degrees of freedom: its variance is infinite. */
function heavy(random: SeededRandom): number {
  const squares = -2 * Math.log(1 - random.fraction());
  return normal(random) / Math.sqrt(squares / 2);
}

/** Half as much again for 5 to 15 seconds, once in three minutes on average. */
function bursts(random: SeededRandom): () => number {
  let left = 0;
  return () => {
    if (left > 0) left--;
    else if (random.fraction() < 1 / 180) left = 5 + random.below(11);
    return left > 0 ? 0.5 : 0;
  };
}

/** The course of a day: up and down by 30 %. */
const day = (second: number) => 0.3 * Math.sin((2 * Math.PI * second) / 86_400);

const valued = (change: number): Reading => ({ value: LEVEL * (1 + change) });

export const NOISES: readonly Noise[] = [
  { name: 'still', begin: () => () => valued(0) },
  { name: 'white', begin: (random) => () => valued(SIZE * normal(random)) },
  {
    name: 'lasting 5 s (AR 0.8)',
    begin: (random) => {
      const next = lasting(random, 0.8);
      return () => valued(SIZE * next());
    },
  },
  {
    name: 'lasting 20 s (AR 0.95)',
    begin: (random) => {
      const next = lasting(random, 0.95);
      return () => valued(SIZE * next());
    },
  },
  {
    name: 'bursts',
    begin: (random) => {
      const next = bursts(random);
      return () => valued(0.03 * normal(random) + next());
    },
  },
  {
    name: 'course of a day',
    begin: (random) => (second) => valued(0.05 * normal(random) + day(second)),
  },
  { name: 'heavy tails (t, 2)', begin: (random) => () => valued(0.05 * heavy(random)) },
  {
    name: 'uniform, ±50 %',
    begin: (random) => () => valued(random.fraction() - 0.5),
  },
  {
    name: 'log-normal, as latencies are',
    begin: (random) => () => ({ value: LEVEL * Math.exp(0.3 * normal(random)) }),
  },
  {
    name: 'load on both (with control)',
    begin: (random) => {
      const load = lasting(random, 0.99);
      return (second) => {
        const both = 0.3 * load() + day(second);
        const one = () => LEVEL * (1 + both + 0.05 * normal(random));
        return { value: one(), control: one() };
      };
    },
  },
];
