/** Outlines around cells of which huge pages map at least half. Pure. */
import { NO_MEMORY_SHARE } from '../wire/tile.js';

const HALF = 127;

/** Whether a code says that huge pages map at least half. */
export const isHuge = (code: number): boolean => code >= HALF && code < NO_MEMORY_SHARE;

/**
 * Sides of cells as x, y, length in cells, positive to the right, negative downwards; one behind the other. None along the
 * rim of the tile: what lies beyond it is another tile's.
 */
export function outlineOf(cells: Uint8Array, rows: number, columns: number): Int16Array {
  const sides: number[] = [];
  const differ = (one: number, other: number) => isHuge(cells[one]) !== isHuge(cells[other]);
  for (let row = 1; row < rows; row++)
    joined(
      columns,
      (at) => differ((row - 1) * columns + at, row * columns + at),
      (at, length) => sides.push(at, row, length),
    );
  for (let column = 1; column < columns; column++)
    joined(
      rows,
      (at) => differ(at * columns + column - 1, at * columns + column),
      (at, length) => sides.push(column, at, -length),
    );
  return Int16Array.from(sides);
}

/** Runs of places at which something is so. */
function joined(
  count: number,
  isSo: (at: number) => boolean,
  found: (at: number, length: number) => void,
): void {
  let from = -1;
  for (let at = 0; at <= count; at++) {
    const is = at < count && isSo(at);
    if (is && from < 0) from = at;
    if (is || from < 0) continue;
    found(from, at - from);
    from = -1;
  }
}
