/** The history of some time, as a terminal shows it: added up by target, and over time in a few dozen parts. */
import { FIELD_NAMES, FIELDS, type FieldName } from '../../history/observation.js';
import { addSpans, type Span, type TargetSpan } from '../../history/span.js';
import type { Milliseconds } from '../../vocabulary/units.js';

/** Parts of the time that is shown. */
const PARTS = 32;
/** Moments that are told in words, the newest. */
const MOST_EVENTS = 20;

/** Something that happened at a wall time: a start, a damaged part, a clock that was set. */
export interface HistoryEvent {
  readonly wallMs: Milliseconds;
  readonly text: string;
}

type Parts = (number | null)[];

/** Adds spans up as they are read, so that months of history take the memory of a few dozen parts. */
export class HistoryView {
  readonly #from: Milliseconds;
  readonly #partMs: Milliseconds;
  readonly #parts = new Map<string, Map<FieldName, Parts>>();
  readonly #fields: readonly FieldName[];
  readonly #events: HistoryEvent[] = [];
  readonly #last = new Map<string, TargetSpan>();
  total: Span | undefined;
  spans = 0;

  /** `fields` are shown over time. */
  constructor(from: Milliseconds, until: Milliseconds, fields: readonly FieldName[] = FIELD_NAMES) {
    this.#from = from;
    this.#partMs = Math.max(1, (until - from) / PARTS);
    this.#fields = fields;
  }

  add(span: Span): void {
    this.spans++;
    this.total = this.total ? addSpans(this.total, span) : span;
    const part = Math.floor((span.lived.from - this.#from) / this.#partMs);
    const place = Math.min(PARTS - 1, Math.max(0, part));
    for (const target of span.targets) this.#addTarget(target, place);
    this.#note(span);
  }

  #addTarget(target: TargetSpan, place: number): void {
    const parts = this.#parts.get(target.target) ?? new Map<FieldName, Parts>();
    this.#parts.set(target.target, parts);
    for (const field of this.#fields) {
      const summary = target.values[field];
      if (summary === null) continue;
      const line = parts.get(field) ?? Array<number | null>(PARTS).fill(null);
      parts.set(field, line);
      line[place] =
        FIELDS[field].nature === 'sum' ? (line[place] ?? 0) + summary.sum : (summary.range?.last ?? null);
    }
  }

  /** What numbers do not say: states that changed, notes, clocks that were set, turns that were lost. */
  #note({ wall, targets, jumpMs, dropped }: Span): void {
    const tell = (text: string) => void this.#events.push({ wallMs: wall.from, text });
    if (jumpMs !== 0) tell(`the clock moved ${jumpMs > 0 ? 'forward' : 'back'} by ${showSpan(jumpMs)}`);
    if (dropped > 0) tell(`${dropped} observations could not be kept before this`);
    for (const target of targets) {
      const before = this.#last.get(target.target);
      this.#last.set(target.target, target);
      if (before && before.state !== target.state)
        tell(`${target.target}: ${target.state}, was ${before.state}`);
      for (const note of target.notes) if (!before?.notes.includes(note)) tell(`${target.target}: ${note}`);
    }
    this.#events.splice(0, this.#events.length - MOST_EVENTS);
  }

  get events(): readonly HistoryEvent[] {
    return this.#events;
  }

  /** A field over time, empty where it was never known. */
  over(target: string, field: FieldName): readonly (number | null)[] {
    return this.#parts.get(target)?.get(field) ?? [];
  }
}

/** `3.5 days`, `2 h`, `40 s` */
export function showSpan(ms: Milliseconds): string {
  const length = Math.abs(ms);
  const inUnits = (unit: number) => String(Number((length / unit).toPrecision(3)));
  if (length >= 172_800_000) return `${inUnits(86_400_000)} days`;
  if (length >= 7_200_000) return `${inUnits(3_600_000)} h`;
  return length >= 120_000 ? `${inUnits(60_000)} min` : `${inUnits(1000)} s`;
}
