/** Letters as outlines, and how wide words are: for pictures that are drawn without a font at hand. */

import { BOLD, REGULAR } from './glyph-outlines.js';
import { plainLetter } from './plain-letter.js';

/** Grid that outlines are on. */
const EM = 1024;
/** Straight pieces of a quadratic curve: letters are small. */
const PIECES = 4;

/** A letter as areas. */
export interface Glyph {
  /** In ems. */
  readonly width: number;
  /** Closed lines, x and y in turn, in ems above the base line. */
  readonly lines: readonly (readonly number[])[];
}

const known = new Map<string, Glyph>();

/** Returns the outline of a letter; that of a box for one that is not there. */
export function glyphOf(letter: string, bold: boolean): Glyph {
  const key = `${bold ? 'b' : 'r'}${letter}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const [width, contours] = outlineOf(letter, bold);
  const lines = contours === '' ? [] : contours.split(' ').map(flattened);
  const glyph = { width: width / EM, lines };
  known.set(key, glyph);
  return glyph;
}

/** Of words in a size, in CSS pixels. Browsers with other fonts differ by a few per cent. */
export function textWidth(words: string, size: number, bold = false): number {
  let width = 0;
  for (const letter of words) width += outlineOf(letter, bold)[0];
  return (width * size) / EM;
}

function outlineOf(letter: string, bold: boolean): readonly [width: number, contours: string] {
  const tables = bold ? [BOLD, REGULAR] : [REGULAR];
  for (const one of [letter, plainLetter(letter), '?'])
    for (const table of tables) if (Object.hasOwn(table, one)) return table[one];
  return [EM / 2, ''];
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly on: boolean;
}

/** Steps from point to point: x, then twice y with the bit "on the curve" below. Numbers have 5 bits a letter. */
function pointsOf(encoded: string): Point[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (let at = 0; at < encoded.length; at++) {
    const bits = encoded.charCodeAt(at) - 63;
    value |= (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) !== 0) continue;
    numbers.push((value & 1) === 1 ? -(value + 1) / 2 : value / 2);
    [value, shift] = [0, 0];
  }
  const points: Point[] = [];
  let [x, y] = [0, 0];
  for (let at = 0; at < numbers.length; at += 2) {
    x += numbers[at];
    y += Math.floor(numbers[at + 1] / 2);
    points.push({ x, y, on: (numbers[at + 1] & 1) === 1 });
  }
  return points;
}

/** TrueType's quadratic curves as straight pieces: between two points off the curve lies one on it. */
function flattened(encoded: string): readonly number[] {
  const points = pointsOf(encoded);
  const whole = points.flatMap((point, at) => {
    const next = points[(at + 1) % points.length];
    return point.on || next.on ? [point] : [point, between(point, next)];
  });
  const first = whole.findIndex(({ on }) => on);
  const line: number[] = [];
  for (let step = 0; step < whole.length; step++) {
    const at = (first + step) % whole.length;
    const [before, here, after] = [whole.at(at - 1), whole[at], whole[(at + 1) % whole.length]];
    if (here.on) line.push(here.x / EM, here.y / EM);
    else if (before !== undefined) curve(line, before, here, after);
  }
  return line;
}

function between(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, on: true };
}

/** The inner points of a curve. */
function curve(line: number[], from: Point, by: Point, to: Point): void {
  for (let piece = 1; piece < PIECES; piece++) {
    const t = piece / PIECES;
    const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
    line.push((a * from.x + b * by.x + c * to.x) / EM, (a * from.y + b * by.y + c * to.y) / EM);
  }
}
