/**
 * Sorts the samples of a recording by what they are samples of. Of events of one nature that could both sample one
 * access only the first counts; of an access that two events did sample, one sample.
 */

import { naturesTogether, overlap, type WeighedEvent } from '../formats/perf-data/event-natures.js';
import type { EventTable, RecordedEvent } from '../formats/perf-data/event-table.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import type { SampleNature } from '../vocabulary/nature.js';
import { copySample, type SampleBatch, type SampleColumns, sampleColumns } from '../vocabulary/sample.js';
import { SameAccess } from './same-access.js';
import type { Renamed } from './source.js';

/** Samples of one nature. */
export interface SortedBatch {
  readonly nature: SampleNature;
  readonly batch: SampleBatch;
}

/** Where the samples of an event go. */
interface Route {
  readonly nature: SampleNature;
  /** Why they count nowhere; empty when they do. */
  readonly leftOut: string;
}

/** Takes batches of a recording and returns them by nature. */
export class EventSorter {
  /** Samples that count nowhere, by reason. */
  readonly leftOut: Record<string, number> = {};
  readonly #table: EventTable;
  readonly #wanted: string | undefined;
  #version = -1;
  #natures: ReadonlyMap<number, SampleNature> = new Map();
  #shared: ReadonlySet<SampleNature> = new Set();
  readonly #routes = new Map<number, Route>();
  readonly #counting = new Map<SampleNature, RecordedEvent[]>();
  readonly #rows = new Map<SampleNature, SampleColumns>();
  readonly #same = new SameAccess();

  /** With `wanted` only events of that name count. */
  constructor(table: EventTable, wanted: string | undefined) {
    this.#table = table;
    this.#wanted = wanted;
  }

  /** Names of the events whose samples count for a nature. */
  eventsOf(nature: SampleNature): readonly RecordedEvent[] {
    return this.#counting.get(nature) ?? [];
  }

  /** Natures that samples with an address were found of. */
  get found(): readonly SampleNature[] {
    return [...this.#counting.keys()];
  }

  /** The nature of an event as far as it is known by now. */
  natureOf(event: number): SampleNature {
    this.#refresh();
    return this.#natures.get(event) ?? 'unknown';
  }

  /** The rows of a batch by nature; valid until the next call. */
  *sort(batch: AccessColumns): Iterable<SortedBatch> {
    this.#refresh();
    const only = this.#onlyRoute(batch);
    if (only !== undefined) {
      if (only.leftOut === '') yield { nature: only.nature, batch };
      else this.#lose(only.leftOut, batch.count);
      return;
    }
    for (const rows of this.#rows.values()) rows.count = 0;
    for (let row = 0; row < batch.count; row++) this.#place(batch, row);
    for (const [nature, rows] of this.#rows) {
      rows.timeOrigin = batch.timeOrigin;
      if (rows.count > 0) yield { nature, batch: rows };
    }
  }

  /**
   * To be called when all was read: the nature under which samples were given that turned out to have another, if all
   * samples of it were of one event.
   */
  settle(): Renamed | undefined {
    const events = this.eventsOf('unknown');
    const natures = naturesTogether(this.#table.events);
    const to = events.length === 1 ? natures.get(events[0].index) : undefined;
    if (to === undefined || to === 'unknown') return undefined;
    this.#counting.delete('unknown');
    this.#counting.set(to, [...this.eventsOf(to), ...events]);
    return { from: 'unknown', to };
  }

  /** Events keep the nature that their first sample was given: what is learned later settles at the end. */
  #refresh(): void {
    if (this.#version === this.#table.version) return;
    this.#version = this.#table.version;
    this.#natures = naturesTogether(this.#table.events);
    const all = [...this.#natures.values()];
    this.#shared = new Set(all.filter((nature, at) => all.indexOf(nature) !== at));
  }

  /** Whether several events of the recording are of a nature, so that two could sample one access. */
  #isShared(nature: SampleNature): boolean {
    return this.#shared.has(nature);
  }

  /** The route of all rows when they are of one event that was decided on, and that shares its nature with no other. */
  #onlyRoute({ event, count, isOneEvent }: AccessColumns): Route | undefined {
    const route = this.#routes.get(event[0]);
    if (route === undefined || this.#isShared(route.nature)) return undefined;
    if (isOneEvent !== undefined) return isOneEvent ? route : undefined;
    const [first] = event;
    for (let row = 1; row < count; row++) if (event[row] !== first) return undefined;
    return route;
  }

  #place(batch: AccessColumns, row: number): void {
    const number = batch.event[row];
    const isPlaced = hasPlace(batch, row);
    const known = this.#routes.get(number);
    const route = known ?? (isPlaced ? this.#decide(number) : { nature: this.natureOf(number), leftOut: '' });
    if (route.leftOut !== '') {
      this.#lose(route.leftOut, 1);
      return;
    }
    const isRepeated = isPlaced && this.#isShared(route.nature) && this.#same.repeats(batch, row);
    if (isRepeated) this.#lose('samples of an access that another event sampled, too', 1);
    else copySample(batch, row, this.#rowsOf(route.nature, batch.capacity));
  }

  #decide(number: number): Route {
    const route = this.#routeOf(number);
    this.#routes.set(number, route);
    if (route.leftOut !== '') return route;
    const counting = this.#counting.get(route.nature) ?? [];
    counting.push(this.#table.events[number]);
    this.#counting.set(route.nature, counting);
    return route;
  }

  #routeOf(number: number): Route {
    const event = this.#table.events[number];
    const nature = this.natureOf(number);
    if (event === undefined) return { nature, leftOut: '' };
    if (this.#wanted !== undefined && !isNamed(event.name, this.#wanted)) {
      return { nature, leftOut: `samples of ${event.name}, which was not asked for` };
    }
    const other = this.eventsOf(nature).find((counted: WeighedEvent) => overlap(counted, event));
    if (other === undefined) return { nature, leftOut: '' };
    return { nature, leftOut: `samples of ${event.name}, which samples the same accesses as ${other.name}` };
  }

  #rowsOf(nature: SampleNature, capacity: number): SampleColumns {
    const known = this.#rows.get(nature);
    if (known !== undefined && known.virtualPage.length >= capacity) return known;
    const made = sampleColumns(capacity);
    this.#rows.set(nature, made);
    return made;
  }

  #lose(reason: string, count: number): void {
    this.leftOut[reason] = (this.leftOut[reason] ?? 0) + count;
  }
}

function hasPlace(batch: SampleBatch, row: number): boolean {
  return batch.virtualPage[row] >= 0 || batch.physicalPage[row] >= 0;
}

/** Whether an event is meant by a name: its own, with or without modifiers (`:pp`), or that of its PMU. */
export function isNamed(event: string, name: string): boolean {
  const bare = event.replace(/:[a-zA-Z]+$/, '');
  const pmu = /^([^/]+)\//.exec(event)?.[1];
  return [event, bare, pmu].some((each) => each?.toLowerCase() === name.toLowerCase());
}
