/** Marks of splits and collapses on the screen: those that would lie over each other become one with a number. Pure. */
import type { MarkKind } from '../../reports/figures/marks.js';
import type { Decision } from '../wire/events.js';
import type { MapView } from '../wire/map.js';
import { columnAt } from './columns.js';
import type { Fold } from './fold.js';
import type { MapWindow } from './window.js';

/** A decision where the map has it. */
export interface MapMark {
  readonly kind: MarkKind;
  readonly column: number;
  readonly line: number;
  readonly decision: Decision;
}

/** A mark on the screen, of one decision or of several. */
export interface ShownMark {
  readonly kind: MarkKind;
  /** CSS pixels. */
  readonly x: number;
  readonly y: number;
  readonly count: number;
  /** The first of them. */
  readonly decision: Decision;
}

/** Side of the squares in which marks of a kind become one, in CSS pixels. */
const NEAR = 14;

/** Splits and collapses that the map has a place for. */
export function marksOf(
  decisions: readonly Decision[],
  fold: Fold,
  columns: MapView['columns'],
): readonly MapMark[] {
  return decisions.flatMap((decision) => {
    const { kind, place, atMs } = decision;
    if (kind !== 'split' && kind !== 'collapse') return [];
    const line = place === null ? undefined : fold.lineOf(place.segment, place.page);
    const column = columnAt(columns, atMs);
    return line === undefined || column === undefined ? [] : [{ kind, column, line, decision }];
  });
}

/** Marks within the window, on a plot of that size in CSS pixels. */
export function shownMarks(
  marks: readonly MapMark[],
  window: MapWindow,
  [width, height]: readonly [width: number, height: number],
): readonly ShownMark[] {
  const found = new Map<string, { mark: MapMark; x: number; y: number; count: number }>();
  for (const mark of marks) {
    if (mark.column < window.left || mark.column > window.right) continue;
    if (mark.line < window.top || mark.line >= window.bottom) continue;
    const x = ((mark.column - window.left) / (window.right - window.left)) * width;
    const y = ((mark.line - window.top) / (window.bottom - window.top)) * height;
    const key = `${mark.kind} ${Math.floor(x / NEAR)} ${Math.floor(y / NEAR)}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { mark, x, y, count: 1 });
    else known.count++;
  }
  return [...found.values()].map(({ mark, x, y, count }) => ({
    ...{ kind: mark.kind, x, y, count },
    decision: mark.decision,
  }));
}
