/** Marks of what happened to a block: a triangle down for a split, up for a collapse. */
import { type Path, type Shape, text } from '../drawing/drawing.js';

/** What happened to a block. */
export type MarkKind = 'split' | 'collapse';

/** Size and colours tell them apart from heat, the direction from each other. */
export function markAt(kind: MarkKind, x: number, y: number): Path {
  const down = kind === 'split' ? 1 : -1;
  return {
    kind: 'path',
    lines: [[x - 5, y - 4 * down, x + 5, y - 4 * down, x, y + 5 * down]],
    fill: kind === 'split' ? '#ffffff' : '#16e0c0',
    stroke: '#101418',
    strokeWidth: 1.2,
  };
}

interface Counted {
  readonly kind: MarkKind;
  /** Place between the beginning of the first column (0) and the end of the last one (1). */
  readonly at: number;
}

interface Place {
  readonly left: number;
  readonly width: number;
}

/** A mark with a number for each column and kind, in a line at `y`; those that would meet the one before are left out. */
export function countedMarks(
  marks: readonly Counted[],
  columns: number,
  { left, width }: Place,
  y: number,
): readonly Shape[] {
  const counts = new Map<string, { readonly kind: MarkKind; readonly at: number; count: number }>();
  for (const { kind, at } of marks) {
    const key = `${Math.floor(at * columns)} ${kind}`;
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { kind, at, count: 1 });
    else found.count++;
  }
  let free = Number.NEGATIVE_INFINITY;
  return [...counts.values()]
    .sort((a, b) => a.at - b.at)
    .flatMap(({ kind, at, count }) => {
      const x = Math.max(left + at * width, free);
      if (x > left + at * width + 30) return [];
      free = x + 44;
      const title = `${count} × ${kind}`;
      return [{ ...markAt(kind, x, y), title }, text(x + 8, y + 4, `${count}`, { size: 10 })];
    });
}
