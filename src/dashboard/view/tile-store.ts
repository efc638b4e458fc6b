/** Tiles that were fetched, within a bound: what was not looked at for longest goes first. Pure but for the asking. */
import { coarser, type Grid, type TileId, tileKey } from './levels.js';

/** A tile as it is kept: what was made of it. */
export interface KeptTile<Made> {
  readonly id: TileId;
  readonly made: Made;
  /** There is news: it is shown until its successor is there. */
  readonly isOld: boolean;
}

/** Where tiles come from. */
export interface TileWays<Made> {
  fetch(id: TileId): Promise<Made>;
  /** Something arrived; or an answer failed, and why. */
  changed(problem: unknown): void;
}

/** What a store may hold and ask. */
export interface StoreBounds {
  readonly tiles: number;
  /** Requests at a time. */
  readonly requests: number;
}

/** Tiles by their ids. */
export class TileStore<Made> {
  readonly #ways: TileWays<Made>;
  readonly #bounds: StoreBounds;
  /** In the order of their last use. */
  readonly #kept = new Map<string, KeptTile<Made>>();
  readonly #asked = new Set<string>();
  readonly #failed = new Set<string>();
  #wanted: readonly TileId[] = [];
  /** Answers to questions of an earlier age are not taken. */
  #age = 0;

  constructor(ways: TileWays<Made>, bounds: StoreBounds) {
    this.#ways = ways;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Tiles that are looked at and still to come. */
  get missing(): number {
    return this.#wanted.filter((id) => this.#isMissing(tileKey(id))).length;
  }

  find(id: TileId): KeptTile<Made> | undefined {
    const key = tileKey(id);
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  /** The tile itself, or the nearest coarser one that covers it. */
  nearest(id: TileId, grid: Grid): KeptTile<Made> | undefined {
    const own = this.find(id);
    if (own !== undefined) return own;
    for (let steps = 1; ; steps++) {
      const above = coarser(id, steps, grid);
      if (above === undefined) return undefined;
      const found = this.find(above);
      if (found !== undefined) return found;
    }
  }

  /** Says which tiles are looked at, the most wanted first; others are not asked for any more. */
  want(ids: readonly TileId[]): void {
    this.#wanted = ids.slice(0, this.#bounds.tiles);
    this.#ask();
  }

  /** There is news: all are asked for again when they are looked at, and shown until then. */
  renew(): void {
    this.#age++;
    this.#asked.clear();
    this.#failed.clear();
    for (const [key, tile] of this.#kept) this.#kept.set(key, { ...tile, isOld: true });
  }

  clear(): void {
    this.renew();
    this.#kept.clear();
    this.#wanted = [];
  }

  #isMissing(key: string): boolean {
    const kept = this.#kept.get(key);
    return (kept === undefined || kept.isOld) && !this.#failed.has(key);
  }

  #ask(): void {
    for (const id of this.#wanted) {
      if (this.#asked.size >= this.#bounds.requests) return;
      const key = tileKey(id);
      if (this.#asked.has(key) || !this.#isMissing(key)) continue;
      this.#asked.add(key);
      void this.#bring(id, key);
    }
  }

  async #bring(id: TileId, key: string): Promise<void> {
    const age = this.#age;
    let problem: unknown;
    try {
      const made = await this.#ways.fetch(id);
      if (age !== this.#age) return;
      this.#keep(key, { id, made, isOld: false });
    } catch (thrown) {
      if (age !== this.#age) return;
      problem = thrown ?? new Error('no tile');
      this.#failed.add(key);
    }
    this.#asked.delete(key);
    this.#ways.changed(problem);
    this.#ask();
  }

  #keep(key: string, tile: KeptTile<Made>): void {
    this.#kept.delete(key);
    this.#kept.set(key, tile);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#bounds.tiles) return;
      this.#kept.delete(oldest);
    }
  }
}
