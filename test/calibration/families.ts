/**
 * Families of blocks to calibrate claims on. A member is how accesses are spread over sub-pages, phase by phase: each
 * phase takes the same number of samples, so that a change of behaviour lies in the middle of the window.
 */
import type { SeededRandom } from '../../src/base/seeded-random.js';

/** Weights of the sub-pages in one phase; they need not add up to 1. */
export type Weights = Float64Array;

export interface Member {
  /** What is asked of a block: sub-pages in it, sub-pages that may be accessed, samples that will be drawn. */
  readonly pages: number;
  readonly touched: number;
  readonly samples: number;
}

export interface Family {
  readonly name: string;
  /** Samples at even distances along one sweep over the pages, as a fixed period takes them, instead of by chance. */
  readonly isSweep?: boolean;
  /** Samples at each so many accesses of a loop over all sub-pages. */
  walk?(random: SeededRandom): Walk;
  /** Only which sub-pages have samples was kept. */
  readonly isBitmap?: boolean;
  /** Share of the accesses, all of them on sub-pages without samples, that was lost; Octavo knows how many. */
  readonly lost?: number;
  phases(member: Member, random: SeededRandom): readonly Weights[];
}

/** A loop: `accesses` to each of `loop` pages one after the other, the first of which are the block's. */
export interface Walk {
  readonly period: number;
  readonly accesses: number;
  readonly loop: number;
}

export const FAMILIES: readonly Family[] = [
  scattered('uniform', () => 1),
  scattered('zipf 0.5', (rank) => (rank + 1) ** -0.5),
  scattered('zipf 1', (rank) => 1 / (rank + 1)),
  scattered('zipf 1.5', (rank) => (rank + 1) ** -1.5),
  scattered('zipf 2', (rank) => (rank + 1) ** -2),
  scattered('zipf 3', (rank) => (rank + 1) ** -3),
  scattered('two-level: 5 % take 95 %', twoLevel(0.05, 0.95)),
  scattered('two-level: 20 % take 80 %', twoLevel(0.2, 0.8)),
  scattered('two-level: 10 % take 88 %', twoLevel(0.1, 0.88)),
  scattered('geometric', (rank, { touched }) => Math.exp((-8 * rank) / touched)),
  { name: 'runs of 16', phases: (member, random) => [runs(member, random)] },
  { name: 'stride', phases: (member) => [stride(member)] },
  { name: 'phases: other pages in each half', phases: halves },
  { name: 'phases: wide, then narrow', phases: wideThenNarrow },
  { name: 'phases: eight, one after another', phases: eighths },
  { name: 'bursts: three samples a visit', phases: (member, random) => [visits(member, random)] },
  { ...scattered('sweep: fixed period, even pages', () => 1), isSweep: true },
  { ...scattered('sweep: fixed period, zipf 1.5', (rank) => (rank + 1) ** -1.5), isSweep: true },
  adversary('adversary: 11 % of accesses hidden on rare pages', 0.11, 1),
  adversary('adversary: 11 % hidden where 2 samples are expected', 0.11, 2),
  adversary('adversary: 11 % hidden where 3 samples are expected', 0.11, 3),
  adversary('adversary: 30 % hidden where half a sample is expected', 0.3, 0.5),
  { name: 'adversary: one page hides just what no sample tells', phases: onePage },
  headAndTail('50 pages take 90.1 %, all others the rest', 0.901),
  headAndTail('50 pages take 89.5 %, all others the rest', 0.895),
  scattered('one page takes 80 %', (rank, { touched }) => (rank === 0 ? 4 * touched : 1)),
  scattered('rates of 1 and 100', (_, __, random) => (random.fraction() < 0.5 ? 1 : 100)),
  scattered('lognormal rates, sigma 2', (_, __, random) => Math.exp(2 * normal(random))),
  scattered('lognormal rates, sigma 4', (_, __, random) => Math.exp(4 * normal(random))),
  scattered('Pareto rates, alpha 0.5', (_, __, random) => (1 - random.fraction()) ** -2),
  { name: 'phases: the hot page moves 16 times', phases: movingPage },
  { name: 'phases: a window slides over the block', phases: slidingWindow },
  { name: 'phases: one of eight is all over the block', phases: oneWideOfEight },
  { name: 'walk over all pages, period 10,000', walk: onceEach(10_000), phases: everyPage },
  { name: 'walk over all pages, period 100,000', walk: onceEach(100_000), phases: everyPage },
  { name: 'walk over all pages, period 10,007', walk: onceEach(10_007), phases: everyPage },
];

function onceEach(period: number): () => Walk {
  return () => ({ period, accesses: 1, loop: 512 });
}

/** Weights by rank on pages anywhere in the block. */
export function scattered(
  name: string,
  weight: (rank: number, member: Member, random: SeededRandom) => number,
): Family {
  return {
    name,
    phases: (member, random) => {
      const weights = new Float64Array(member.pages);
      drawnPages(member.pages, member.touched, random).forEach((page, rank) => {
        weights[page] = weight(rank, member, random);
      });
      return [weights];
    },
  };
}

function twoLevel(part: number, share: number): (rank: number, member: Member) => number {
  return (rank, { touched }) => {
    const hot = Math.min(touched, Math.max(1, Math.round(part * touched)));
    if (hot === touched) return 1;
    return rank < hot ? share / hot : (1 - share) / (touched - hot);
  };
}

function runs({ pages, touched }: Member, random: SeededRandom): Weights {
  const weights = new Float64Array(pages);
  let left = touched;
  for (const piece of drawnPages(pages / 16, pages / 16, random)) {
    const run = Math.min(16, left);
    weights.fill(1, piece * 16, piece * 16 + run);
    left -= run;
  }
  return weights;
}

/**
 * The window as it went: a third as many visits as samples, to pages by zipf 1, of lengths that differ a lot. What the
 * workload does outside the window is not claimed.
 */
function visits({ pages, touched, samples }: Member, random: SeededRandom): Weights {
  const drawn = drawnPages(pages, touched, random);
  const weights = new Float64Array(pages);
  for (let visit = 0; visit < Math.max(1, samples / 3); visit++) {
    const rank = Math.min(touched - 1, Math.floor(touched ** random.fraction()) - 1);
    weights[drawn[rank]] -= Math.log(1 - random.fraction());
  }
  return weights;
}

function stride({ pages, touched }: Member): Weights {
  const weights = new Float64Array(pages);
  for (let at = 0; at < touched; at++) weights[Math.floor((at * pages) / touched)] = 1;
  return weights;
}

function halves({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, touched, random);
  const middle = Math.ceil(touched / 2);
  return [onto(pages, drawn.slice(0, middle)), onto(pages, drawn.slice(middle), drawn)];
}

function wideThenNarrow({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, touched, random);
  return [onto(pages, drawn), onto(pages, drawn.slice(0, Math.ceil(touched / 20)))];
}

function eighths({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, touched, random);
  return Array.from({ length: 8 }, (_, phase) =>
    onto(pages, drawn.slice((phase * touched) / 8, ((phase + 1) * touched) / 8), drawn),
  );
}

/** Even weights on `chosen`, or on `otherwise` where there is none. */
export function onto(
  pages: number,
  chosen: readonly number[],
  otherwise: readonly number[] = chosen,
): Weights {
  const weights = new Float64Array(pages);
  for (const page of chosen.length > 0 ? chosen : otherwise) weights[page] = 1;
  return weights;
}

/** `hidden` of the accesses on pages that expect `expected` samples each, the rest evenly on the touched pages. */
export function adversary(name: string, hidden: number, expected: number): Family {
  return {
    name,
    phases: ({ pages, touched, samples }, random) => {
      const rare = Math.max(1, Math.min(pages - 1, Math.round((hidden * samples) / expected)));
      const hot = Math.max(1, Math.min(touched, pages - rare));
      const drawn = drawnPages(pages, hot + rare, random);
      const weights = new Float64Array(pages);
      drawn.forEach((page, rank) => {
        weights[page] = rank < hot ? (1 - hidden) / hot : hidden / rare;
      });
      return [weights];
    },
  };
}

/** One page that 4 % of the draws miss, which is what a bound at 4 % has to grant. */
function onePage({ pages, touched, samples }: Member, random: SeededRandom): readonly Weights[] {
  const share = 1 - 0.045 ** (1 / samples);
  const hot = Math.max(1, Math.min(touched, pages - 1));
  const weights = new Float64Array(pages);
  drawnPages(pages, hot + 1, random).forEach((page, rank) => {
    weights[page] = rank < hot ? (1 - share) / hot : share;
  });
  return [weights];
}

/** Standard normal (Box and Muller). */
export function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

/** At most 50 pages take `share`, all others the rest evenly. */
function headAndTail(name: string, share: number): Family {
  return {
    name,
    phases: ({ pages, touched }, random) => {
      const head = Math.min(50, touched);
      const weights = new Float64Array(pages).fill((1 - share) / (pages - head));
      for (const page of drawnPages(pages, head, random)) weights[page] = share / head;
      return [weights];
    },
  };
}

function movingPage({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, touched, random);
  return Array.from({ length: 16 }, (_, phase) => {
    const weights = onto(pages, drawn);
    weights[drawn[(7 * phase) % touched]] = 9 * touched;
    return weights;
  });
}

function slidingWindow({ pages, touched }: Member): readonly Weights[] {
  return Array.from({ length: 64 }, (_, phase) => {
    const first = Math.floor((phase * pages) / 64);
    return onto(
      pages,
      Array.from({ length: Math.max(1, touched >> 3) }, (_, page) => (first + page) % pages),
    );
  });
}

function oneWideOfEight({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const narrow = onto(pages, drawnPages(pages, Math.min(40, touched), random));
  return [...Array.from({ length: 7 }, () => narrow), ...everyPage({ pages })];
}

export function everyPage({ pages }: Pick<Member, 'pages'>): readonly Weights[] {
  return [new Float64Array(pages).fill(1)];
}

/** `count` of the numbers below `pages`, in random order. */
export function drawnPages(pages: number, count: number, random: SeededRandom): readonly number[] {
  const all = Array.from({ length: pages }, (_, page) => page);
  for (let at = 0; at < count; at++) {
    const other = at + random.below(pages - at);
    [all[at], all[other]] = [all[other], all[at]];
  }
  return all.slice(0, count);
}
