/** Which layouts there can be: those in which entries stay for a time hold no more of them than the TLB has. */
import { type Columns, STEPS } from './bound-columns.js';
import type { BoundCosts, Times } from './bound-sums.js';
import type { Held } from './lru-times.js';

/** Tells up to which share of the bloat can be removed when entries stay for so long. */
export class Feasible {
  readonly #columns: Columns;
  readonly #costs: BoundCosts;
  readonly #bloat: number;
  readonly #known = new Map<string, number>();

  constructor(columns: Columns, costs: BoundCosts) {
    this.#columns = columns;
    this.#costs = costs;
    this.#bloat = columns.emptyBytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Last step that a layout with such times can reach; −1 where there is none. */
  lastStep({ first, second }: Times): number {
    const { entries, crowdedEntries, firstEntries, hugeFirstEntries } = this.#costs;
    return Math.min(
      this.#lastAt(second.from, crowdedEntries ?? entries, crowdedEntries === undefined),
      this.#lastAt(first.from, firstEntries, hugeFirstEntries === undefined),
    );
  }

  #lastAt(time: number, entries: number, isHugeHeld: boolean): number {
    const key = `${time} ${entries} ${isHugeHeld}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const waste = this.#leastWaste(this.#columns.times.at(time), entries, isHugeHeld);
    // A hair more, so that rounding takes nothing away.
    const last = this.#bloat === 0 ? STEPS : Math.floor(STEPS * (1 - waste / this.#bloat) + 1e-6);
    this.#known.set(key, waste === Number.POSITIVE_INFINITY ? -1 : last);
    return this.#known.get(key) ?? -1;
  }

  /** Bytes wasted at least until no more entries are held: by blocks as huge pages and pieces as one, the cheapest first. */
  #leastWaste(held: Held, entries: number, isHugeHeld: boolean): number {
    let excess = held.most - entries;
    let waste = 0;
    for (const { less, bytes } of this.#savings(held, isHugeHeld)) {
      if (excess <= 0) return waste;
      waste += bytes * Math.min(1, excess / less);
      excess -= less;
    }
    return excess <= 0 ? waste : Number.POSITIVE_INFINITY;
  }

  #savings(held: Held, isHugeHeld: boolean): readonly { readonly less: number; readonly bytes: number }[] {
    const { count, firstPiece, emptyBytes, pieceEmpty } = this.#columns;
    const savings: { less: number; bytes: number }[] = [];
    for (let block = 0; block < count; block++) {
      let small = 0;
      for (let piece = firstPiece[block]; piece < firstPiece[block + 1]; piece++) {
        small += held.entries[piece];
        if (Number.isNaN(pieceEmpty[piece])) continue;
        savings.push({ less: held.entries[piece] - held.piece[piece], bytes: pieceEmpty[piece] });
      }
      savings.push({ less: small - (isHugeHeld ? held.block[block] : 0), bytes: emptyBytes[block] });
    }
    return savings.filter(({ less }) => less > 0).sort((a, b) => a.bytes / a.less - b.bytes / b.less);
  }
}
