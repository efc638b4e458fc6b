/** The decision log: numbered entries within a bound, each with its place on the map. */
import type { DecisionLog } from '../../dashboard/board.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { Decision, EventKind } from '../../dashboard/wire/events.js';
import type { PageNumber, ProcessId } from '../../vocabulary/units.js';
import type { Entry } from './decisions.js';

/** Entries that are kept: some megabytes. */
export const MOST_ENTRIES = 20_000;

/** Kinds of entries that were carried out. */
const CHANGES: ReadonlySet<EventKind> = new Set(['split', 'collapse', 'undone']);

/** Keeps the newest entries; numbers only grow. */
export class EventLog {
  readonly #most: number;
  #decisions: Decision[] = [];
  #pages: (number | null)[] = [];
  #dropped = 0;
  #next = 1;
  #map: MapModel | undefined;

  constructor(most = MOST_ENTRIES) {
    this.#most = most;
  }

  /** Adds entries in their order. */
  add(entries: readonly Entry[]): void {
    const added = entries.map(({ page, ...entry }) => {
      this.#pages.push(page);
      return { ...entry, id: this.#next++, place: this.#placeOf(entry.pid, page) };
    });
    this.#decisions.push(...added);
    const over = this.#decisions.length - this.#most;
    if (over > 0) {
      this.#decisions.splice(0, over);
      this.#pages.splice(0, over);
      this.#dropped += over;
    }
  }

  /** The newest so many entries. */
  newest(count: number): readonly Decision[] {
    return this.#decisions.slice(Math.max(0, this.#decisions.length - count));
  }

  /** First pages of the blocks that were changed, by process. */
  changedPages(): ReadonlyMap<ProcessId, ReadonlySet<PageNumber>> {
    const pages = new Map<ProcessId, Set<PageNumber>>();
    for (const [at, { kind, pid }] of this.#decisions.entries()) {
      const page = this.#pages[at];
      if (pid === null || page === null || !CHANGES.has(kind)) continue;
      const known = pages.get(pid) ?? new Set();
      pages.set(pid, known.add(page));
    }
    return pages;
  }

  /** From now on places are those of this map. */
  placeOn(map: MapModel | undefined): void {
    if (map?.layout === this.#map?.layout) return;
    this.#map = map;
    this.#decisions = this.#decisions.map((one, at) => ({
      ...one,
      place: this.#placeOf(one.pid, this.#pages[at]),
    }));
  }

  #placeOf(pid: number | null, page: number | null): Decision['place'] {
    if (pid === null || page === null) return null;
    return this.#map?.placeOf(pid, page) ?? null;
  }

  get log(): DecisionLog {
    return { decisions: this.#decisions, dropped: this.#dropped };
  }
}
