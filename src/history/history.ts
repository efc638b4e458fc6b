/**
 * The history of a host: what every turn saw and did of every target, in three tiers (raw, five minutes, an hour), each with
 * bounds of its own. A longer tier is made from the spans of the shorter one when its window is over, so that its sums are
 * exactly theirs; what was not yet made when a process ended is made by the next one. A turn is one durable line. A disk that
 * is full or gone costs the turns that it could not take: they are counted, and the next turn that is kept says so.
 *
 * The caller is the only writer: it holds the lock of the state directory. Nothing here throws.
 */
import type { Milliseconds } from '../vocabulary/units.js';
import { type HistoryHealth, TIERS, type Tier } from './health.js';
import { type Moment, now } from './lived-time.js';
import type { Observation } from './observation.js';
import { momentOf } from './segment-tail.js';
import { type HistoryPlace, historyDirectory, readSegment } from './segments.js';
import { addSpans, type Span, spanOfTurn } from './span.js';
import { type TierBounds, TierWriter } from './tier-writer.js';
import { bucketOf } from './windows.js';

/** Age and size of each tier. */
export type HistoryBounds = Readonly<Record<Tier, TierBounds>>;

const DAY_MS: Milliseconds = 86_400_000;

/**
 * Two days of turns tell what happened last night; a month of five minutes, what a deploy changed; two years of hours, what a
 * season does. 64 MiB each hold that for dozens of targets, and for hundreds less of it.
 */
export const DEFAULT_BOUNDS: HistoryBounds = Object.freeze({
  raw: { bytes: 64 * 2 ** 20, age: 2 * DAY_MS },
  '5m': { bytes: 64 * 2 ** 20, age: 30 * DAY_MS },
  '1h': { bytes: 64 * 2 ** 20, age: 730 * DAY_MS },
});

/** Spans that wait for a disk to take them; beyond that the oldest two become one. */
const MOST_WAITING = 16;
/** Sentences of damage that are kept; the files tell the rest. */
const MOST_DAMAGE = 10;
/** Wall clocks are corrected by less than that all the time. */
const JUMP_MS: Milliseconds = 1000;

/** A tier that is made from the one before it. */
interface LongTier {
  readonly tier: Tier;
  readonly writer: TierWriter;
  /** What the window that is open holds so far. */
  open: Span | undefined;
  /** Windows that are over and not written. */
  readonly waiting: Span[];
}

/** The one writer of a history. `append` takes the observations of a turn and never throws. */
export class History {
  readonly #place: HistoryPlace;
  readonly #raw: TierWriter;
  readonly #long: readonly LongTier[];
  readonly #damage: string[] = [];
  #last: Moment | undefined;
  #sequence = 1;
  #dropped = 0;
  /** Of those, the ones that no kept turn tells of yet. */
  #untold = 0;
  #problem: string | undefined;

  private constructor(place: HistoryPlace, bounds: HistoryBounds) {
    this.#place = place;
    const writer = (tier: Tier, index: number) =>
      new TierWriter(place, tier, bounds[tier], (next) => this.#close(index, next));
    this.#raw = writer('raw', 0);
    this.#long = TIERS.slice(1).map((tier, index) => ({
      tier,
      writer: writer(tier, index + 1),
      open: undefined,
      waiting: [],
    }));
  }

  /** Opens the history of a state directory and makes up for what an earlier process left undone. */
  static open(place: HistoryPlace, bounds: HistoryBounds = DEFAULT_BOUNDS): History {
    const history = new History(place, bounds);
    history.#openAll();
    return history;
  }

  #openAll(): void {
    const made = this.#place.host.files.makeDirectory(historyDirectory(this.#place));
    if (!made.ok) this.#problem = `${historyDirectory(this.#place)} cannot be made (${made.error.errno})`;
    const tails = [this.#raw, ...this.#long.map(({ writer }) => writer)].map((writer) => writer.open());
    const known = tails.filter((tail) => tail !== undefined);
    for (const { path, damaged } of known)
      if (damaged > 0) this.#report(`${path}: the last ${damaged} lines are damaged`);
    this.#sequence = 1 + Math.max(0, ...known.map(({ span, damaged }) => span.last + damaged));
    this.#last = known.map(momentOf).reduce<Moment | undefined>(later, undefined);
    // The longest first: what the others make up for goes on to it.
    for (const index of [...this.#long.keys()].reverse())
      this.#catchUp(index, tails[index + 1]?.span.last ?? 0);
  }

  /** Adds what the shorter tier holds and the longer one has not. */
  #catchUp(index: number, covered: number): void {
    const shorter = index === 0 ? this.#raw : this.#long[index - 1].writer;
    for (const path of shorter.from(covered + 1))
      for (const { span } of readSegment(this.#place.host, path, (sentence) => this.#report(sentence)))
        if (span.first > covered) this.#add(index, span);
  }

  #report(sentence: string): void {
    if (this.#damage.length < MOST_DAMAGE) this.#damage.push(sentence);
  }

  get health(): HistoryHealth {
    const bytes = { raw: this.#raw.bytes, '5m': 0, '1h': 0 };
    for (const { tier, writer } of this.#long) bytes[tier] = writer.bytes;
    return { bytes, dropped: this.#dropped, problem: this.#problem, damage: [...this.#damage] };
  }

  /** Keeps what a turn saw and did, one observation for each target. */
  append(observations: readonly Observation[]): void {
    if (observations.length === 0) return;
    const moment = now(this.#place.host, this.#last);
    const span = spanOfTurn(observations, {
      sequence: this.#sequence,
      livedMs: moment.livedMs,
      wallMs: moment.wallMs,
      uptimeMs: moment.uptimeMs,
      jumpMs: jump(this.#last, moment),
      dropped: this.#untold,
    });
    this.#problem = this.#raw.append(span);
    if (this.#problem !== undefined) {
      this.#dropped += observations.length;
      this.#untold += observations.length;
      return;
    }
    this.#last = moment;
    this.#sequence++;
    this.#untold = 0;
    this.#add(0, span);
    for (const index of this.#long.keys()) this.#writeWaiting(index);
  }

  /** Adds a span to the window of a longer tier that it falls into. */
  #add(index: number, span: Span): void {
    const long = this.#long[index];
    if (long === undefined) return;
    const isSame = long.open && bucketOf(long.tier, long.open) === bucketOf(long.tier, span);
    if (long.open && !isSame) this.#end(index);
    long.open = long.open ? addSpans(long.open, span) : span;
  }

  /** Ends the window that is open. */
  #end(index: number): void {
    const long = this.#long[index];
    if (long.open === undefined) return;
    long.waiting.push(long.open);
    long.open = undefined;
    this.#writeWaiting(index);
  }

  #writeWaiting(index: number): void {
    const { waiting, writer } = this.#long[index];
    while (waiting.length > 0) {
      const problem = writer.append(waiting[0]);
      if (problem !== undefined) {
        this.#problem = problem;
        if (waiting.length > MOST_WAITING) waiting.splice(0, 2, addSpans(waiting[0], waiting[1]));
        return;
      }
      const [written] = waiting.splice(0, 1);
      this.#add(index + 1, written);
    }
  }

  /** A file of a tier goes: the longer tier ends its window where it holds anything of it. */
  #close(index: number, next: number): void {
    const open = this.#long[index]?.open;
    if (open !== undefined && open.first < next) this.#end(index);
  }

  /** Gives the files back. Nothing is lost without it. */
  close(): void {
    this.#raw.close();
    for (const { writer } of this.#long) writer.close();
  }
}

function later(left: Moment | undefined, right: Moment): Moment {
  return left === undefined || right.livedMs > left.livedMs ? right : left;
}

/** By how much the wall clock moved more than time passed; 0 where that is what clocks do. */
function jump(last: Moment | undefined, { livedMs, wallMs }: Moment): Milliseconds {
  if (last === undefined) return 0;
  const moved = wallMs - last.wallMs - (livedMs - last.livedMs);
  return Math.abs(moved) < JUMP_MS ? 0 : moved;
}
