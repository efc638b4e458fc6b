/** Areas with soft edges on a picture of pixels: how much of each pixel an area covers is summed from its edges. */
import type { Rgb } from '../design/oklab.js';

/** Which colour a pixel of an area has, by its place. */
export type Ink = (x: number, y: number) => Rgb;

/** Pixels from `left` and `top` to before `right` and `bottom`. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** An image in 8-bit RGBA that areas are filled into. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha; all opaque. */
  readonly pixels: Uint8Array;
  /** Signed cover of each pixel, minus what the pixel to its left has. */
  readonly #cover: Float32Array;

  constructor(width: number, height: number, paper: Rgb) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * 4);
    this.#cover = new Float32Array(width * height + 2);
    for (let at = 0; at < this.pixels.length; at += 4) this.pixels.set([...paper, 255], at);
  }

  /**
   * Fills what closed lines (x and y in turn, in pixels) enclose; a line within another in the other direction is a hole.
   */
  fill(lines: readonly (readonly number[])[], ink: Ink, opacity = 1): void {
    const box = this.#boxOf(lines);
    for (const points of lines)
      for (let at = 0; at + 1 < points.length; at += 2) {
        const next = at + 2 < points.length ? at + 2 : 0;
        this.#edge(points[at], points[at + 1], points[next], points[next + 1]);
      }
    for (let row = box.top; row < box.bottom; row++) this.#paintRow(row, box, ink, opacity);
  }

  /** Lays a colour over a pixel; `share` 0 to 1. */
  blend(at: number, [red, green, blue]: Rgb, share: number): void {
    const { pixels } = this;
    pixels[at] += Math.round((red - pixels[at]) * share);
    pixels[at + 1] += Math.round((green - pixels[at + 1]) * share);
    pixels[at + 2] += Math.round((blue - pixels[at + 2]) * share);
  }

  #boxOf(lines: readonly (readonly number[])[]): Box {
    let [left, top, right, bottom] = [this.width, this.height, 0, 0];
    for (const points of lines)
      for (let at = 0; at + 1 < points.length; at += 2) {
        left = Math.min(left, points[at]);
        right = Math.max(right, points[at]);
        top = Math.min(top, points[at + 1]);
        bottom = Math.max(bottom, points[at + 1]);
      }
    return {
      left: Math.max(0, Math.floor(left)),
      top: Math.max(0, Math.floor(top)),
      // What an edge covers may reach one pixel further.
      right: Math.min(this.width, Math.ceil(right) + 2),
      bottom: Math.min(this.height, Math.ceil(bottom)),
    };
  }

  #paintRow(row: number, { left, right }: Box, ink: Ink, opacity: number): void {
    const first = row * this.width;
    let sum = 0;
    for (let x = left; x < right; x++) {
      sum += this.#cover[first + x];
      this.#cover[first + x] = 0;
      const share = Math.min(1, Math.abs(sum)) * opacity;
      if (share > 0.002) this.blend(4 * (first + x), ink(x, row), share);
    }
  }

  /** Adds an edge, row by row; what lies above and below the picture covers nothing. */
  #edge(x0: number, y0: number, x1: number, y1: number): void {
    if (y0 === y1) return;
    const [sign, top, bottom] = y0 < y1 ? [1, y0, y1] : [-1, y1, y0];
    const slope = (x1 - x0) / (y1 - y0);
    const atTop = y0 < y1 ? x0 : x1;
    const end = Math.min(this.height, Math.ceil(bottom));
    for (let row = Math.max(0, Math.floor(top)); row < end; row++) {
      const [from, to] = [Math.max(top, row), Math.min(bottom, row + 1)];
      const [left, right] = [atTop + (from - top) * slope, atTop + (to - top) * slope];
      this.#span(row, Math.min(left, right), Math.max(left, right), sign * (to - from));
    }
  }

  /** An edge within one row that goes from `left` to `right`: all to its right is covered by `height`. */
  #span(row: number, left: number, right: number, height: number): void {
    const [from, to] = [this.#held(left), this.#held(right)];
    const first = row * this.width;
    const [low, high] = [Math.floor(from), Math.ceil(to)];
    if (high <= low + 1) {
      const middle = (from + to) / 2 - low;
      this.#add(first, low, height * (1 - middle));
      this.#add(first, low + 1, height * middle);
      return;
    }
    const perPixel = height / (to - from);
    let before = 0;
    for (let x = low; x < high; x++) {
      // Integral of what lies right of the edge, up to the right end of this pixel.
      const [a, b] = [Math.max(from, x), Math.min(to, x + 1)];
      const crossed = perPixel * (b - a);
      const part = crossed * (x + 1 - (a + b) / 2);
      this.#add(first, x, part + before);
      before = crossed - part;
    }
    this.#add(first, high, before);
  }

  #held(x: number): number {
    return Math.max(0, Math.min(this.width, x));
  }

  #add(first: number, x: number, cover: number): void {
    if (x < this.width) this.#cover[first + x] += cover;
  }
}
