/**
 * Families of blocks made to break claims: heavy tails, heat that hides where a rule of the estimator is lax, changes in
 * time, correlated accesses, loops that a fixed period is in step with, bitmaps, and losses where they hurt.
 */
import type { SeededRandom } from '../../src/base/seeded-random.js';
import {
  adversary,
  drawnPages,
  everyPage,
  type Family,
  type Member,
  normal,
  onto,
  scattered,
  type Walk,
  type Weights,
} from './families.js';

export const ADVERSARIES: readonly Family[] = [
  scattered('lognormal rates, sigma 6', (_, __, random) => Math.exp(6 * normal(random))),
  scattered('rates fall by half every 3 pages', (rank) => 2 ** (-rank / 3)),
  scattered('rates fall by half every 30 pages', (rank) => 2 ** (-rank / 30)),
  scattered('Zipf and Mandelbrot, exponent 2', (rank) => (rank + 20) ** -2),
  scattered('each octave of ranks takes the same', (rank) => 2 ** -Math.floor(Math.log2(rank + 1))),
  scattered('51 pages take just 90 %', (rank, { touched }) =>
    rank < 51 ? 0.9 / Math.min(51, touched) : 0.1 / (touched - 51),
  ),
  { name: 'rates by the address, to the power of −2', phases: byAddress },
  twoRuns('two runs of 16 take 89.5 %, all others the rest', 0.895),
  twoRuns('two runs of 16 take 90.5 %, all others the rest', 0.905),
  { name: 'stride of 16 and zipf 1, half each', phases: strideAndZipf },
  { name: 'four threads with pages of their own, rates 1, 4, 16, 64', phases: threads },
  topPages('one page takes 99.9 %, all others the rest', 1, 0.999),
  topPages('three pages take 99.9 %, all others the rest', 3, 0.999),
  topPages('three pages take 90 %, all others the rest', 3, 0.9),
  { name: 'adversary: 11 % where half a sample less than is kept is expected', phases: atThreshold },
  { name: 'adversary: 11 % side by side, half a sample expected', phases: hiddenRun },
  { name: 'second half: a fifth of it on pages at rest before', phases: laterPages },
  { name: 'last tenth: all of it on pages at rest before', phases: lastTenth },
  {
    name: 'Markov: stays on its page nine times of ten',
    phases: (member, random) => chain(member, random, 0.9),
  },
  { name: 'Markov: steps to a neighbour, or far one time of ten', phases: drift },
  walks('walk of any loop and pace, period 10,007', 10_007),
  walks('walk of any loop and pace, period 100,003', 100_003),
  { name: 'bitmap: zipf 1.5', isBitmap: true, phases: (member, random) => zipf(member, random, 1.5) },
  { ...adversary('bitmap: 11 % hidden where 1 sample is expected', 0.11, 1), isBitmap: true },
  { ...onePageOfMany('lost: 5 %, all of it on pages never seen'), lost: 0.05 },
  { ...adversary('lost: 5 % more than 6 % that hide', 0.06, 1), lost: 0.05 },
];

function byAddress({ pages, touched }: Member): readonly Weights[] {
  return [new Float64Array(pages).map((_, page) => (page < touched ? (page + 1) ** -2 : 0))];
}

function twoRuns(name: string, share: number): Family {
  return {
    name,
    phases: ({ pages }, random) => {
      const weights = new Float64Array(pages).fill((1 - share) / (pages - 32));
      const starts = drawnPages(pages / 16, 2, random);
      for (const start of starts) weights.fill(share / 32, 16 * start, 16 * start + 16);
      return [weights];
    },
  };
}

function topPages(name: string, top: number, share: number): Family {
  return {
    name,
    phases: ({ pages }, random) => {
      const weights = new Float64Array(pages).fill((1 - share) / (pages - top));
      for (const page of drawnPages(pages, top, random)) weights[page] = share / top;
      return [weights];
    },
  };
}

function zipf({ pages, touched }: Member, random: SeededRandom, power: number): readonly Weights[] {
  const weights = new Float64Array(pages);
  drawnPages(pages, touched, random).forEach((page, rank) => {
    weights[page] = (rank + 1) ** -power;
  });
  return [weights];
}

function strideAndZipf(member: Member, random: SeededRandom): readonly Weights[] {
  const [weights] = zipf(member, random, 1);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  for (let page = 0; page < member.pages; page += 16) weights[page] += sum / (member.pages / 16);
  return [weights];
}

function threads({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const weights = new Float64Array(pages);
  const drawn = drawnPages(pages, touched, random);
  drawn.forEach((page, rank) => {
    const thread = Math.floor((4 * rank) / touched);
    weights[page] = 4 ** thread;
  });
  return [weights];
}

/** Rare pages that expect half a sample less than a page needs to be kept (docs/decisions/0710). */
function atThreshold(member: Member, random: SeededRandom): readonly Weights[] {
  const kept = 1 + Math.floor(member.samples / member.pages);
  return adversary('', 0.11, kept - 0.5).phases(member, random);
}

function hiddenRun({ pages, touched, samples }: Member, random: SeededRandom): readonly Weights[] {
  const rare = Math.max(1, Math.min(pages / 2, Math.round(0.11 * samples * 2)));
  const weights = new Float64Array(pages);
  const hot = Math.max(1, Math.min(touched, pages - rare));
  for (const page of drawnPages(pages - rare, hot, random)) weights[page + rare] = 0.89 / hot;
  weights.fill(0.11 / rare, 0, rare);
  return [weights];
}

function laterPages({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, pages, random);
  const hot = onto(pages, drawn.slice(0, touched));
  const later = hot.map((weight) => (weight > 0 ? 0.8 / touched : 0));
  const rest = drawn.slice(touched);
  for (const page of rest) later[page] = 0.2 / rest.length;
  return [hot, later];
}

function lastTenth({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  const drawn = drawnPages(pages, pages, random);
  const hot = onto(pages, drawn.slice(0, touched));
  return [...Array.from({ length: 9 }, () => hot), onto(pages, drawn.slice(touched), drawn)];
}

const VISITS = 256;

/** One page at a time: the next is the same with chance `staying`, else any of the touched. */
function chain({ pages, touched }: Member, random: SeededRandom, staying: number): readonly Weights[] {
  const drawn = drawnPages(pages, touched, random);
  let page = drawn[0];
  return Array.from({ length: VISITS }, () => {
    if (random.fraction() >= staying) page = drawn[random.below(touched)];
    return onto(pages, [page]);
  });
}

function drift({ pages, touched }: Member, random: SeededRandom): readonly Weights[] {
  let page = random.below(touched);
  return Array.from({ length: VISITS }, () => {
    const step = random.fraction() < 0.1 ? random.below(touched) : random.below(3) - 1;
    page = (page + step + touched) % touched;
    return onto(pages, [page]);
  });
}

/** A loop of between one block and 128, some accesses to each page, all of the block's pages alike. */
function walks(name: string, period: number): Family {
  const walk = (random: SeededRandom): Walk => ({
    period,
    accesses: 1 + random.below(64),
    loop: 512 + random.below(random.fraction() < 0.5 ? 1 : 65_025),
  });
  return { name, walk, phases: everyPage };
}

function onePageOfMany(name: string): Family {
  return scattered(name, () => 1);
}
