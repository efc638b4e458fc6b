/** Outlines around the cells that are mostly mapped by huge entries. */
import type { Shape } from '../drawing/drawing.js';
import type { HeatCourse } from '../heat/course.js';

interface Place {
  readonly left: number;
  readonly width: number;
  readonly rowHeight: number;
  topOf(row: number): number;
}

/** Returns outlines around cells of which more than half is mapped by huge entries. */
export function hugeOutline(course: HeatCourse, place: Place): readonly Shape[] {
  const { huge } = course;
  if (huge === undefined) return [];
  const lines: number[][] = [];
  for (const { firstRow, rows } of course.segments)
    for (let row = firstRow; row < firstRow + rows; row++)
      lines.push(...edgesOf(course, row, [row > firstRow, row < firstRow + rows - 1], place));
  if (lines.length === 0) return [];
  const outline = { kind: 'path', lines } as const;
  // Thick lines would hide rows that are hardly thicker.
  const isFine = place.rowHeight < 5;
  return [
    { ...outline, stroke: '#101418', strokeWidth: isFine ? 1.5 : 3, opacity: 0.7 },
    { ...outline, stroke: '#ffffff', strokeWidth: isFine ? 0.6 : 1.3, title: 'mostly huge pages' },
  ];
}

/** Sides of the huge cells of a row whose neighbours are none; sides in one line are one. */
function edgesOf(
  { columns, huge }: HeatCourse,
  row: number,
  [hasAbove, hasBelow]: readonly [boolean, boolean],
  { left, width, rowHeight, topOf }: Place,
): readonly number[][] {
  const count = columns.length;
  const isHuge = (at: number, column: number) =>
    column >= 0 && column < count && (huge?.[at * count + column] ?? 0) >= 0.5;
  const x = (column: number) => left + (column * width) / count;
  const [top, bottom] = [topOf(row), topOf(row) + rowHeight];
  const lines: number[][] = [];
  const level = (y: number, has: boolean, other: number) => {
    let from = -1;
    for (let column = 0; column <= count; column++) {
      const is = isHuge(row, column) && !(has && isHuge(other, column));
      if (is && from < 0) from = column;
      if (is || from < 0) continue;
      lines.push([x(from), y, x(column), y]);
      from = -1;
    }
  };
  level(top, hasAbove, row - 1);
  level(bottom, hasBelow, row + 1);
  for (let column = 0; column <= count; column++)
    if (isHuge(row, column) !== isHuge(row, column - 1)) lines.push([x(column), top, x(column), bottom]);
  return lines;
}
