/** Draws samples of a block, and knows the truth about it. */
import type { SeededRandom } from '../../src/base/seeded-random.js';
import type { Walk, Weights } from './families.js';

/** A block: shares of the accesses of the whole window by sub-page, and a sampler for each phase. */
export class Block {
  readonly shares: Float64Array;
  readonly #samplers: readonly Sampler[];

  /** The share `lost` of the accesses falls on pages that no sample tells of, where there are any. */
  constructor(phases: readonly Weights[], lost = 0) {
    const normal = phases.map(normalised);
    this.#samplers = normal.map((shares) => new Sampler(shares));
    const mean = new Float64Array(normal[0].length);
    for (const shares of normal)
      for (let page = 0; page < shares.length; page++) mean[page] += shares[page] / normal.length;
    const quiet = mean.reduce((pages, share) => pages + (share === 0 ? 1 : 0), 0);
    this.shares = mean.map((share) => {
      const falls = quiet === 0 || share === 0 ? lost / (quiet || mean.length) : 0;
      return (1 - lost) * share + falls;
    });
  }

  /** Samples by sub-page, at even distances in time from a random start: as many in each phase where they come out even. */
  draw(samples: number, random: SeededRandom): Uint16Array {
    const counts = new Uint16Array(this.shares.length);
    const { length } = this.#samplers;
    const start = random.fraction();
    for (let sample = 0; sample < samples; sample++) {
      const phase = Math.min(length - 1, Math.floor(((sample + start) / samples) * length));
      counts[this.#samplers[phase].page(random)]++;
    }
    return counts;
  }

  /** Samples of this block at each `period`th access of a loop that begins with its pages, from a random start. */
  walk(samples: number, random: SeededRandom, { period, accesses, loop }: Walk): Uint16Array {
    const counts = new Uint16Array(this.shares.length);
    const length = accesses * loop;
    let at = random.below(length);
    let taken = 0;
    for (let step = 1; taken < samples; step++) {
      const page = Math.floor(at / accesses);
      // In step with the loop, samples may miss the block for ever: then they start elsewhere.
      at = step % (1000 * samples) === 0 ? random.below(length) : (at + period) % length;
      if (page >= counts.length) continue;
      counts[page]++;
      taken++;
    }
    return counts;
  }

  /** Samples at even distances along one sweep over the pages, from a random start. */
  sweep(samples: number, random: SeededRandom): Uint16Array {
    const counts = new Uint16Array(this.shares.length);
    let next = random.fraction() / samples;
    let end = 0;
    for (let page = 0; page < counts.length; page++) {
      end += this.shares[page];
      for (; next < end; next += 1 / samples) counts[page]++;
    }
    return counts;
  }

  /** Sub-pages that are accessed at all, as a share. */
  touched(): number {
    return this.shares.reduce((pages, share) => pages + (share > 0 ? 1 : 0), 0) / this.shares.length;
  }

  /** Sub-pages that `share` of the accesses need, over `share` of all: the hottest first, the last in part. */
  spread(share: number): number {
    const sorted = Float64Array.from(this.shares).sort().reverse();
    let sum = 0;
    let page = 0;
    while (page < sorted.length && sum + sorted[page] < share) sum += sorted[page++];
    const part = page < sorted.length ? (share - sum) / sorted[page] : 0;
    return (page + part) / (share * sorted.length);
  }
}

function normalised(weights: Weights): Float64Array {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Walker's alias method, as Vose builds it: one look-up a sample. */
class Sampler {
  readonly #keep: Float64Array;
  readonly #alias: Uint16Array;

  constructor(shares: Float64Array) {
    const { length } = shares;
    this.#keep = shares.map((share) => share * length);
    this.#alias = Uint16Array.from(shares, (_, page) => page);
    const small: number[] = [];
    const large: number[] = [];
    this.#keep.forEach((keep, page) => void (keep < 1 ? small : large).push(page));
    while (small.length > 0 && large.length > 0) {
      const poor = small.pop() as number;
      const rich = large[large.length - 1];
      this.#alias[poor] = rich;
      this.#keep[rich] -= 1 - this.#keep[poor];
      if (this.#keep[rich] < 1) small.push(large.pop() as number);
    }
    // What is left of a rounding error: these pages stand for themselves, unless nothing may fall on them.
    for (const page of [...small, ...large]) if (shares[page] > 0) this.#keep[page] = 1;
  }

  page(random: SeededRandom): number {
    const page = random.below(this.#keep.length);
    return random.uint32() / 4294967296 < this.#keep[page] ? page : this.#alias[page];
  }
}
