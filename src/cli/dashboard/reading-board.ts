/**
 * The board of a file that is still being read: the server listens at once, the page says how far it is, and the map is shown as far
 * as it has come. When all is read it is the board of what was read.
 */
import type { Change } from '../../dashboard/board.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { Overview, ViewName } from '../../dashboard/wire/overview.js';
import type { Fraction, Milliseconds } from '../../vocabulary/units.js';
import type { LiveBoard } from './serve.js';
import { StillBoard, type StillParts, viewsOf } from './still-board.js';

/** Is told how far it is, and what can be shown by now. */
export interface ReadingTold {
  read(share: Fraction): void;
  show(map: MapModel): void;
}

/** What is known before anything was read, and how to read the rest. */
export interface ReadingWishes {
  readonly parts: StillParts;
  /** All parts, in the end; `told` meanwhile. Gives the event loop its turns. */
  read(told: ReadingTold): Promise<StillParts>;
  /** What only few ask for, and is made when all else is there. */
  story(): Promise<object>;
}

/** Steps in which the page is told how far it is. */
const STEPS = 50;

/** Answers from what was read by now. */
export class ReadingBoard extends StillBoard implements LiveBoard {
  /** Who waits for a file looks more often. */
  readonly lookEveryMs: Milliseconds = 200;
  readonly #wishes: ReadingWishes;
  #done: StillBoard | undefined;
  #map: MapModel | undefined;
  #story: object | undefined;
  #isTold = false;
  #share: Fraction = 0;
  #told = -1;
  readonly #changed = new Set<ViewName | 'overview'>();
  #problem: unknown;

  constructor(wishes: ReadingWishes) {
    super(wishes.parts);
    this.#wishes = wishes;
  }

  /** Reads; rejects with what was wrong, which `look` throws as well. */
  async begin(): Promise<void> {
    const { parts, read } = this.#wishes;
    try {
      const all = await read({
        read: (share) => {
          this.#share = share;
        },
        show: (map) => this.#shown(map),
      });
      this.#done = new StillBoard({ ...parts, ...all });
      if (this.#done.map !== undefined) this.#shown(this.#done.map);
      this.#changed.add('overview').add('story');
    } catch (problem) {
      this.#problem = problem;
      throw problem;
    }
  }

  #shown(map: MapModel): void {
    this.#map = map;
    this.#changed.add('map').add('overview');
  }

  /** What changed since the last time. Throws what was wrong with the file. */
  look(): Change {
    if (this.#problem !== undefined) throw this.#problem;
    const step = Math.floor(this.#share * STEPS);
    if (this.#done === undefined && step !== this.#told) this.#changed.add('overview');
    this.#told = step;
    const views = [...this.#changed];
    this.#changed.clear();
    return { views, decisions: [], agent: undefined };
  }

  override get map(): MapModel | undefined {
    return this.#map;
  }

  override has(view: ViewName): boolean {
    if (view === 'map') return this.#map !== undefined;
    return view === 'story' ? this.#done !== undefined : super.has(view);
  }

  /** It is made when somebody asks for it; undefined until it is there. */
  override story(): object | undefined {
    if (!this.#isTold) void this.#tell();
    this.#isTold = true;
    return this.#story;
  }

  async #tell(): Promise<void> {
    try {
      this.#story = await this.#wishes.story();
    } catch (problem) {
      this.#problem = problem;
    }
  }

  override overview(): ReturnType<StillBoard['overview']> {
    if (this.#done !== undefined) return { ...this.#done.overview(), views: this.#views(this.#wishes.parts) };
    const words = `The file is being read: ${Math.round(100 * this.#share)} %.`;
    const remedy = 'What it holds is shown as it comes.';
    const missing = { map: [words, remedy] as const, story: [words, remedy] as const };
    const told = super.overview();
    const subject: Overview['subject'] = {
      ...told.subject,
      ...{ isLive: true, state: 'reading', troubles: [words] },
    };
    return { ...told, subject, views: this.#views({ missing }) };
  }

  #views({ missing }: Pick<StillParts, 'missing'>): Overview['views'] {
    return viewsOf((view) => this.has(view), missing);
  }
}
