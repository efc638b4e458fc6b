/** Time as the map has it: columns, one behind the other, whose moments are told in words. Pure. */
import { timeTicks } from '../../reports/figures/axis.js';
import { showDuration, showInstant } from '../../vocabulary/show.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { MapView } from '../wire/map.js';

type Columns = MapView['columns'];
/** In which time moments are. */
export type Clock = MapView['clock'];

/** Where a moment lies among the columns; undefined where no column is of it. */
export function columnAt(columns: Columns, ms: Milliseconds): number | undefined {
  let [low, high] = [0, columns.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((columns[middle].fromMs ?? Number.NEGATIVE_INFINITY) <= ms) low = middle;
    else high = middle - 1;
  }
  const column = columns[low];
  if (column === undefined || column.fromMs === null || ms < column.fromMs) return undefined;
  const length = (column.toMs ?? column.fromMs) - column.fromMs;
  if (ms > column.fromMs + length) return undefined;
  return low + (length > 0 ? Math.min(1, (ms - column.fromMs) / length) : 0.5);
}

/** The moment at a place among the columns; undefined where samples have no time. */
export function momentAt(columns: Columns, at: number): Milliseconds | undefined {
  const column = columns[Math.max(0, Math.min(columns.length - 1, Math.floor(at)))];
  if (column === undefined || column.fromMs === null) return undefined;
  const length = (column.toMs ?? column.fromMs) - column.fromMs;
  return column.fromMs + Math.max(0, Math.min(1, at - Math.floor(at))) * length;
}

/** A moment that is written below the map. */
export interface TimeTick {
  /** Among the columns. */
  readonly at: number;
  readonly words: string;
}

/** About `count` round moments between two places, each at the column that it lies in. */
export function ticksOf(
  columns: Columns,
  [left, right]: readonly [left: number, right: number],
  clock: Clock,
  count: number,
): readonly TimeTick[] {
  const [from, to] = [momentAt(columns, left), momentAt(columns, Math.min(right, columns.length) - 1e-9)];
  if (from === undefined || to === undefined || !(to > from)) return [];
  const origin = clock === 'wall' ? 0 : (columns[0].fromMs ?? 0);
  return timeTicks(from - origin, to - origin, count).flatMap((after) => {
    const at = columnAt(columns, after + origin);
    return at === undefined || at < left || at > right
      ? []
      : [{ at, words: tickWords(after, clock, to - from) }];
  });
}

/** Of a wall clock the time of day, and the day where that is what changes; else how long after the beginning. */
function tickWords(ms: Milliseconds, clock: Clock, span: Milliseconds): string {
  if (clock !== 'wall') return ms === 0 ? '+0 s' : `+${showDuration(ms)}`;
  const words = showInstant(ms);
  if (span > 2 * 86_400_000) return words.slice(5, 10);
  return span > 600_000 ? words.slice(11, 16) : words.slice(11, 19);
}

/** When a column was, in words. */
export function columnWords(columns: Columns, at: number, clock: Clock): string {
  const { fromMs, toMs } = columns[at];
  if (fromMs === null) return columns.length === 1 ? 'whole recording' : 'time not known';
  return momentWords(fromMs, clock, columns[0].fromMs ?? 0, toMs);
}

/** A moment, or a span from it to `toMs`, by its clock: wall time in UTC, else how long after the origin. */
export function momentWords(
  ms: Milliseconds,
  clock: Clock,
  originMs: Milliseconds,
  toMs: Milliseconds | null = null,
): string {
  if (clock === 'wall') return showInstant(ms);
  const from = `+${showDuration(ms - originMs)}`;
  return toMs === null ? from : `${from} to +${showDuration(toMs - originMs)}`;
}

/** What times are told by. */
export function clockWords(clock: Clock): string {
  if (clock === 'wall') return 'wall clock, UTC';
  if (clock === 'run') return 'virtual time';
  return clock === 'recording' ? 'since the first slice, by the clock of the recording' : 'time not known';
}
