/**
 * The histogram behind "94.6 % of THPs have fewer than 10 % of their sub-pages accessed" (the RFC of DAMOS_SPLIT), on
 * hosts of which the truth is known: what counting seen sub-pages says, and what the claims say.
 */
import { SeededRandom } from '../../src/base/seeded-random.js';
import { claims, density, surelyWider } from '../../src/hotness/confidence.js';
import { Block } from './draw.js';
import { FAMILIES } from './families.js';
import { DENSE_ABOVE, SPARSE_BELOW } from './score.js';

const BLOCKS = 2000;
const PAGES = 512;
const SAMPLES = [10, 50, 500, 5000];

interface Host {
  readonly name: string;
  /** Share of the blocks with fewer than 10 % of their sub-pages in use; the others use all of them. */
  readonly sparse: number;
}

const HOSTS: readonly Host[] = [
  { name: 'every THP evenly hot', sparse: 0 },
  { name: 'half of the THPs sparse', sparse: 0.5 },
  { name: '94.6 % of the THPs sparse', sparse: 0.946 },
];

export function hostTable(seed: number): string[] {
  return [
    '| host | samples a THP | sparse by seen sub-pages alone | by claims: at least | at most | unknown |',
    '| --- | --- | --- | --- | --- | --- |',
    ...HOSTS.flatMap((host) => SAMPLES.map((samples) => hostLine(host, samples, seed))),
  ];
}

export interface Counted {
  /** Shares of the blocks. */
  readonly seen: number;
  readonly least: number;
  readonly most: number;
}

/** Blocks of a host counted as sparse, with `samples` samples on each. */
export function countHost(sparse: number, samples: number, seed: number, blocks = BLOCKS): Counted {
  const random = new SeededRandom(seed);
  const found = { seen: 0, least: 0, wider: 0 };
  for (let at = 0; at < blocks; at++) {
    const touched = at < sparse * blocks ? 1 + random.below(50) : PAGES;
    const block = new Block(FAMILIES[0].phases({ pages: PAGES, touched, samples }, random));
    const counts = block.draw(samples, random);
    const fraction = claims({ counts, samples, isBitmap: false, unseenShare: 0 });
    if (fraction.seen < SPARSE_BELOW) found.seen++;
    if (density(fraction, SPARSE_BELOW, DENSE_ABOVE) === 'sparse') found.least++;
    else if (surelyWider(fraction, SPARSE_BELOW)) found.wider++;
  }
  return { seen: found.seen / blocks, least: found.least / blocks, most: 1 - found.wider / blocks };
}

function hostLine({ name, sparse }: Host, samples: number, seed: number): string {
  const { seen, least, most } = countHost(sparse, samples, seed);
  const percents = [seen, least, most, most - least].map((share) => `${(100 * share).toFixed(1)} %`);
  return `| ${name} | ${samples} | ${percents.join(' | ')} |`;
}
