/** What a dashboard is of: one function for each request of the page. Each kind of subject is one (boards/). */
import type { MapModel } from './map/map-model.js';
import type { ActWish } from './wire/act.js';
import type { Compare } from './wire/compare.js';
import type { Decision, PingPong } from './wire/events.js';
import type { Overview, ViewName } from './wire/overview.js';
import type { Orders, Series } from './wire/series.js';

/** What the server adds to every reply. */
type Told<Reply> = Omit<Reply, 'octavo' | 'version' | 'revision'>;

/** Which numbers over time are wished for. */
export interface SeriesWish {
  /** Names of targets; undefined: all of them. */
  readonly target: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly points: number;
}

/** A block of the map. */
export interface BlockPlace {
  readonly segment: number;
  /** Pages from the segment's first. */
  readonly page: number;
}

/** Why a block is huge or not, in lines for a reader. */
export interface Explained {
  readonly isLive: boolean;
  readonly why: string;
  readonly lines: readonly string[];
  /** Mean folio order of equal parts of the block; null where no memory is, absent where it is not known. */
  readonly orders?: readonly (number | null)[];
}

/** What was decided, as far as it is kept. */
export interface DecisionLog {
  /** Oldest first. */
  readonly decisions: readonly Decision[];
  /** Older ones that are no longer kept. */
  readonly dropped: number;
}

/** What a subject can tell; views that it lacks are never asked for. */
export interface Board {
  /** Views that have anything; others are 404. */
  has(view: ViewName): boolean;
  overview(): Told<Overview>;
  series(wish: SeriesWish): Told<Series>;
  orders(target: string | undefined): Told<Orders>;
  readonly map: MapModel | undefined;
  log(): DecisionLog;
  pingPong(): PingPong['blocks'];
  compare(): Told<Compare>;
  /** A document `story`; undefined while it is being made. */
  story(): object | undefined;
  explain(place: BlockPlace): Explained;
}

/** Something that can be asked of the agent, and what would happen then. */
export interface Prepared {
  readonly title: string;
  readonly lines: readonly string[];
  readonly calls: readonly string[];
  /** Why it cannot be done; empty where it can. */
  readonly refusal: string;
  /** What the agent is asked, for who made it; undefined where it cannot be done. */
  readonly letter: unknown;
}

/** What may be asked of the agent of a board, where whoever started the server allowed it. */
export interface Actions {
  /** Plans it and looks at what would happen; changes nothing. Throws an OctavoError where that cannot be told. */
  prepare(wish: ActWish): Promise<Prepared>;
  /** A name that nobody can have thought of: 16 hexadecimal digits. */
  newId(): string;
  /** Asks the agent. Returns why that cannot be, or undefined. */
  ask(id: string, prepared: Prepared): string | undefined;
}

/** What changed when a board looked again. */
export interface Change {
  readonly views: readonly (ViewName | 'overview')[];
  readonly decisions: readonly Decision[];
  /** When the agent came or went. */
  readonly agent:
    | { readonly state: 'running' | 'ended' | 'absent'; readonly sinceMs: number | null }
    | undefined;
}
