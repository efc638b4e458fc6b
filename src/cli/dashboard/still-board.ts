/** A board of what does not change: a file or a run that is over. Each kind gives the parts that it has. */
import { defined } from '../../base/assert.js';
import type { BlockPlace, Board, DecisionLog, Explained, SeriesWish } from '../../dashboard/board.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { Compare } from '../../dashboard/wire/compare.js';
import type { PingPong } from '../../dashboard/wire/events.js';
import { type Overview, type SubjectKind, VIEW_NAMES, type ViewName } from '../../dashboard/wire/overview.js';
import type { Orders, Series } from '../../dashboard/wire/series.js';
import { thinned } from './series.js';

type Told<Reply> = Omit<Reply, 'octavo' | 'version' | 'revision'>;
type Clock = Overview['clock'];

/** All that a board of a file is made of. */
export interface StillParts {
  readonly kind: SubjectKind;
  readonly name: string;
  readonly clock: Clock;
  readonly atMs: number | null;
  readonly targets: Overview['targets'];
  readonly notes: readonly string[];
  readonly facts: readonly (readonly [string, string])[];
  /** What `octavo report` tells; undefined where it is made later. */
  readonly story?: object | undefined;
  /** Absent where this kind has none, or this one has nothing of it: `missing` says why. */
  readonly series?: Told<Series> | undefined;
  readonly orders?: Told<Orders> | undefined;
  readonly map?: MapModel | undefined;
  readonly log?: DecisionLog | undefined;
  readonly pingPong?: PingPong['blocks'] | undefined;
  readonly compare?: Told<Compare> | undefined;
  readonly missing?: Partial<Record<ViewName, readonly [why: string, remedy: string]>>;
  explain?(place: BlockPlace): Explained;
}

/** What a view is missing for, where a kind of subject never has it. */
const USUAL_ABSENCE: Readonly<Record<ViewName, readonly [why: string, remedy: string]>> = {
  bytes: ['No numbers over time.', 'Show a live agent, a history or a simulation.'],
  map: ['No heat and no page sizes by address.', 'Show a heat file, or a simulation made with --heat.'],
  orders: ['No folio orders.', 'Show a live agent, a run or a simulation.'],
  events: ['Nothing was decided.', 'Show a live agent or a run.'],
  pingpong: ['Nothing goes to and fro.', 'Show a live agent.'],
  compare: ['No comparison.', 'Show what `octavo compare --json` printed.'],
  story: ['No report.', 'Show a file or a run.'],
};

/** A board over data that does not change. */
export class StillBoard implements Board {
  readonly #parts: StillParts;

  constructor(parts: StillParts) {
    this.#parts = parts;
  }

  get map(): MapModel | undefined {
    return this.#parts.map;
  }

  has(view: ViewName): boolean {
    const { series, orders, map, log, pingPong, compare, story } = this.#parts;
    const there = { bytes: series, orders, map, events: log, pingpong: pingPong, compare, story };
    return there[view] !== undefined;
  }

  overview(): Told<Overview> {
    const { kind, name, clock, atMs, targets, notes, facts } = this.#parts;
    return {
      subject: { kind, name, isLive: false, state: 'still', troubles: [] },
      ...{ atMs, clock, targets, budgets: [], notes: [...notes], actions: [], asked: [] },
      views: viewsOf((view) => this.has(view), this.#parts.missing),
      facts: facts.map(([key, value]) => [key, value]),
    };
  }

  series(wish: SeriesWish): Told<Series> {
    return thinned(there(this.#parts.series), wish);
  }

  orders(): Told<Orders> {
    return there(this.#parts.orders);
  }

  log(): DecisionLog {
    return there(this.#parts.log);
  }

  pingPong(): PingPong['blocks'] {
    return there(this.#parts.pingPong);
  }

  compare(): Told<Compare> {
    return there(this.#parts.compare);
  }

  story(): object | undefined {
    return there(this.#parts.story);
  }

  explain(place: BlockPlace): Explained {
    const { explain, log } = this.#parts;
    if (explain !== undefined) return explain(place);
    return fromMap(there(this.map), log, place);
  }
}

/** Views as an overview tells them, with reasons for those that are missing. */
export function viewsOf(
  has: (view: ViewName) => boolean,
  missing: StillParts['missing'] = {},
): Overview['views'] {
  const views = VIEW_NAMES.map((view) => {
    const [why, remedy] = has(view) ? ['', ''] : (missing[view] ?? USUAL_ABSENCE[view]);
    return [view, { has: has(view), why, remedy }];
  });
  return Object.fromEntries(views) as Overview['views'];
}

/** Views are asked for only where they are. */
const there = <Value>(value: Value | undefined): Value => defined(value, 'a view that this subject has');

/** What the map and the log tell of a block, where nobody can look at it any more. */
function fromMap(map: MapModel, log: DecisionLog | undefined, { segment, page }: BlockPlace): Explained {
  const { geometry, leastLevel, segments } = map.parts;
  const level = Math.max(leastLevel, Math.log2(geometry.pagesPerBlock));
  const row = Math.floor(page / 2 ** level);
  const cell = map.cell({ segment, level, zoom: map.mostZoom, row, column: 0 });
  const { command, pid, mapping } = segments[segment].facts;
  const name = command === '' ? `Process ${pid}` : `Process ${pid} (${command})`;
  const decided = (log?.decisions ?? []).filter(
    ({ place }) =>
      place?.segment === segment &&
      Math.floor(place.page / geometry.pagesPerBlock) === page / geometry.pagesPerBlock,
  );
  return {
    isLive: false,
    why: 'This is of a file: the process is not looked at.',
    lines: [
      name,
      `Block ${cell.address}${mapping === '' ? '' : ` in ${mapping}`}, over all of the time: ${cell.words}.`,
      ...(decided.length === 0
        ? ['Nothing is known to have been tried on it.']
        : decided.map(({ what, why, outcome }) => `${what}: ${why}; ${outcome}`)),
    ],
  };
}
