/** A figure with all that a reader may want of it: the picture, words, the same as text, and its numbers. */
import type { Drawing } from '../drawing/drawing.js';

/** A picture with its words and numbers. */
export interface Figure {
  /** For files and links: small letters and hyphens. */
  readonly name: string;
  readonly title: string;
  /** What it shows, in sentences, for who does not see it. */
  readonly about: string;
  readonly drawing: Drawing;
  /** How to read it; below the picture. */
  readonly caption: readonly string[];
  /** The same in letters of one width; empty where a table says it better. */
  readonly text: readonly string[];
  /** The numbers behind it. */
  readonly numbers: Numbers;
  /** What a page's script shows of the cell that is pointed at; undefined for figures without cells. */
  readonly cells?: Cells;
}

/** The numbers behind a figure, as a table. */
export interface Numbers {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Where the cells of a grid are in the drawing, and what each of them says. */
export interface Cells {
  readonly x: number;
  readonly width: number;
  /** Name of each column, and top, height and name of each row. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly [top: number, height: number, name: string])[];
  /** By row and column; null: not known. */
  readonly values: readonly (number | null)[];
  readonly unit: string;
}
