/**
 * A figure as shapes: what SVG and PNG are made from, so that both show the same. Coordinates are CSS pixels from the
 * upper left corner. Colours are roles of the design system; those of data are given as they are.
 */
import type { Role } from '../design/tokens.js';

/** A role, a colour of data (`#rrggbb`), or the hatching of what is not known. */
export type Paint = Role | `#${string}` | 'hatched';

interface Told {
  /** What a reader is told who points at it. */
  readonly title?: string;
  /** 0 to 1. */
  readonly opacity?: number;
}

/** A rectangle. */
export interface Rect extends Told {
  readonly kind: 'rect';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: Paint;
}

/** Lines through points (x and y in turn), several of them as one shape. */
export interface Path extends Told {
  readonly kind: 'path';
  readonly lines: readonly (readonly number[])[];
  /** Fills the areas within the lines; each of them is closed then. */
  readonly fill?: Paint;
  readonly stroke?: Paint;
  readonly strokeWidth?: number;
  /** Lengths of strokes and gaps. */
  readonly dash?: readonly number[];
}

/** A circle. */
export interface Circle extends Told {
  readonly kind: 'circle';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill?: Paint;
  readonly stroke?: Paint;
  readonly strokeWidth?: number;
}

/** A line of text. */
export interface Text extends Told {
  readonly kind: 'text';
  /** Where the text begins, has its middle or ends, by `anchor`; `y` is its base line. */
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly fill: Role | `#${string}`;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  /** Reads upwards. */
  readonly upright?: boolean;
  /** A rim of paper around the letters, for text over data. */
  readonly rim?: boolean;
}

/** Cells of data: `columns` × `rows` pixels of four bytes, red, green, blue and alpha. */
export interface Raster extends Told {
  readonly kind: 'raster';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint8Array;
}

/** Anything that a drawing can have. */
export type Shape = Rect | Path | Circle | Text | Raster;

/** A figure of a size, its shapes from back to front. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** Returns a text with its base line at `y`. */
export function text(
  x: number,
  y: number,
  words: string,
  { size = 12, fill = 'quiet', ...more }: Partial<Omit<Text, 'kind' | 'x' | 'y' | 'text'>> = {},
): Text {
  return { kind: 'text', x, y, text: words, size, fill, ...more };
}

/** Returns a line through points, given as x and y in turn. */
export function line(
  points: readonly number[],
  stroke: Paint,
  more: Partial<Omit<Path, 'kind' | 'lines'>> = {},
): Path {
  return { kind: 'path', lines: [points], stroke, strokeWidth: 1, ...more };
}

/** Returns a filled rectangle. */
export function rect(
  [x, y, width, height]: readonly [x: number, y: number, width: number, height: number],
  fill: Paint,
  told: Told = {},
): Rect {
  return { kind: 'rect', x, y, width, height, fill, ...told };
}
