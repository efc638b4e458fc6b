/**
 * What an LRU TLB holds when every entry stays for a given time after its last use: an entry that gets a share p of the
 * accesses is there with probability 1 − e^(−pt), t counted in accesses.
 */
import { exponential } from '../base/power.js';

/** Shares of the accesses of every entry that there may be: those of small pages, of runs of them, of huge pages. */
export interface EntryShares {
  /** Of one block after the other, piece by piece: first entry of each piece, one more than there are pieces. */
  readonly firstEntry: Int32Array;
  readonly entries: Float64Array;
  readonly pieces: Float64Array;
  readonly blocks: Float64Array;
}

/** At one time: hits, as shares of the accesses, and entries that are there. */
export interface Held {
  /** By piece, its pages each with an entry. */
  readonly hits: Float64Array;
  readonly entries: Float64Array;
  /** By piece and by block, with one entry: the chance that it is there. */
  readonly piece: Float64Array;
  readonly block: Float64Array;
  /** Entries that are there when all pages are small and each has its own. */
  readonly most: number;
}

/** Below this power of e nothing is left of an entry's chance to be gone. */
const LEAST_POWER = -50;

/** Chances for a time after the other; shares that occur often are worked out once for each. */
export class LruTimes {
  readonly #shares: EntryShares;
  readonly #kinds: Float64Array;
  readonly #kindOf: Int32Array;
  readonly #known = new Map<number, Held>();

  constructor(shares: EntryShares) {
    this.#shares = shares;
    const numbers = new Map<number, number>();
    this.#kindOf = Int32Array.from(shares.entries, (share) => {
      const number = numbers.get(share) ?? numbers.size;
      numbers.set(share, number);
      return number;
    });
    this.#kinds = Float64Array.from(numbers.keys());
  }

  /** `time` may be infinite: then every entry with any access is there. */
  at(time: number): Held {
    const known = this.#known.get(time);
    if (known !== undefined) return known;
    const held = this.#heldAt(time);
    this.#known.set(time, held);
    return held;
  }

  #heldAt(time: number): Held {
    const { firstEntry, pieces, blocks } = this.#shares;
    const chance = this.#kinds.map((share) => chanceAt(share, time));
    const [hits, entries] = [new Float64Array(pieces.length), new Float64Array(pieces.length)];
    let most = 0;
    for (let piece = 0; piece < pieces.length; piece++) {
      for (let at = firstEntry[piece]; at < firstEntry[piece + 1]; at++) {
        const there = chance[this.#kindOf[at]];
        hits[piece] += this.#kinds[this.#kindOf[at]] * there;
        entries[piece] += there;
      }
      most += entries[piece];
    }
    const chances = (shares: Float64Array) => shares.map((share) => chanceAt(share, time));
    return { hits, entries, piece: chances(pieces), block: chances(blocks), most };
  }
}

function chanceAt(share: number, time: number): number {
  if (share === 0) return 0;
  return 1 - exponential(Math.max(LEAST_POWER, -share * time));
}

/**
 * By how many entries an LRU TLB of `entries` can at most seem larger than it is. An entry is hit when fewer others were used
 * since; how many were varies by chance, and the mean over that is at most what a TLB has that is larger by
 * 1 + Σ P(no more than `entries` used | `entries` + s expected), s = 0, 1, …: Chernoff's bound for a sum of independent events,
 * and Jensen's inequality, since hits are concave in the entries that are there.
 */
export function seemingEntries(entries: number): number {
  let sum = entries + 1;
  for (let more = 0; ; more++) {
    const chance = exponential(Math.max(LEAST_POWER, (-more * more) / (2 * (entries + more))));
    if (more > 0 && chance < 1e-9) return sum;
    sum += chance;
  }
}
