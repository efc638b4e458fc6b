/** A drawing as pixels and as a PNG file: the same shapes as its SVG, with the letters of glyphs.ts. */
import type { Rgb } from '../design/oklab.js';
import type { Palette } from '../design/tokens.js';
import { Canvas, type Ink } from './canvas.js';
import type { Circle, Drawing, Paint, Path, Raster, Rect, Shape, Text } from './drawing.js';
import { glyphOf, textWidth } from './glyphs.js';
import { pngOf } from './png.js';

/** Pixels of a CSS pixel: sharp on today's screens and in print. */
const SCALE = 2;
/** Distance and width of the lines of hatching, in CSS pixels. */
const HATCHING = { every: 8.5, width: 2.8 } as const;
const RIM = 3;
const CORNERS = 48;

/** Returns a drawing as a PNG file, `scale` pixels for each CSS pixel. */
export function pngFile(drawing: Drawing, palette: Palette, scale = SCALE): Uint8Array {
  const { width, height, pixels } = painted(drawing, palette, scale);
  return pngOf(width, height, pixels);
}

/** Returns a drawing as pixels. */
export function painted({ width, height, shapes }: Drawing, palette: Palette, scale: number): Canvas {
  const canvas = new Canvas(Math.round(width * scale), Math.round(height * scale), rgbOf(palette.paper));
  const painter = new Painter(canvas, palette, scale);
  for (const shape of shapes) painter.paint(shape);
  return canvas;
}

type Lines = readonly (readonly number[])[];

class Painter {
  readonly #canvas: Canvas;
  readonly #palette: Palette;
  readonly #scale: number;

  constructor(canvas: Canvas, palette: Palette, scale: number) {
    this.#canvas = canvas;
    this.#palette = palette;
    this.#scale = scale;
  }

  paint(shape: Shape): void {
    if (shape.kind === 'rect') this.#rect(shape);
    else if (shape.kind === 'path') this.#path(shape);
    else if (shape.kind === 'circle') this.#circle(shape);
    else if (shape.kind === 'text') this.#text(shape);
    else this.#raster(shape);
  }

  #rect({ x, y, width, height, fill, opacity }: Rect): void {
    this.#fill([[x, y, x + width, y, x + width, y + height, x, y + height]], fill, opacity);
  }

  #path({ lines, fill, stroke, strokeWidth = 1, dash, opacity }: Path): void {
    if (fill !== undefined) this.#fill(lines, fill, opacity);
    if (stroke === undefined) return;
    const closed = fill === undefined ? lines : lines.map(([x, y, ...more]) => [x, y, ...more, x, y]);
    const drawn = dash === undefined ? closed : closed.flatMap((points) => dashes(points, dash));
    this.#fill(strokes(drawn, strokeWidth), stroke, opacity);
  }

  #circle({ x, y, radius, fill, stroke, strokeWidth = 1, opacity }: Circle): void {
    const lines = Array.from({ length: CORNERS }, (_, at) => (2 * Math.PI * at) / CORNERS).flatMap((turn) => [
      x + radius * Math.cos(turn),
      y + radius * Math.sin(turn),
    ]);
    if (fill !== undefined) this.#fill([lines], fill, opacity);
    if (stroke !== undefined)
      this.#fill(strokes([[...lines, lines[0], lines[1]]], strokeWidth), stroke, opacity);
  }

  #text({
    x,
    y,
    text,
    size,
    fill,
    anchor = 'start',
    bold = false,
    upright = false,
    rim,
    opacity,
  }: Text): void {
    const width = textWidth(text, size, bold);
    let pen = anchor === 'start' ? 0 : anchor === 'middle' ? -width / 2 : -width;
    const lines: number[][] = [];
    for (const letter of text) {
      const glyph = glyphOf(letter, bold);
      for (const contour of glyph.lines) {
        const placed: number[] = [];
        for (let at = 0; at < contour.length; at += 2) {
          const [along, up] = [pen + contour[at] * size, contour[at + 1] * size];
          if (upright) placed.push(x - up, y - along);
          else placed.push(x + along, y - up);
        }
        lines.push(placed);
      }
      pen += glyph.width * size;
    }
    if (rim === true)
      this.#fill(
        strokes(
          lines.map((points) => [...points, points[0], points[1]]),
          RIM,
        ),
        'paper',
        0.85,
      );
    this.#fill(lines, fill, opacity);
  }

  /** Each pixel of the picture takes the cell that its middle lies in. */
  #raster({ x, y, width, height, columns, rows, pixels, opacity = 1 }: Raster): void {
    const [left, top, scale] = [x * this.#scale, y * this.#scale, this.#scale];
    const right = Math.min(this.#canvas.width, Math.round(left + width * scale));
    const bottom = Math.min(this.#canvas.height, Math.round(top + height * scale));
    for (let py = Math.max(0, Math.round(top)); py < bottom; py++) {
      const row = Math.min(rows - 1, Math.floor(((py + 0.5 - top) * rows) / (height * scale)));
      for (let px = Math.max(0, Math.round(left)); px < right; px++) {
        const column = Math.min(columns - 1, Math.floor(((px + 0.5 - left) * columns) / (width * scale)));
        const at = 4 * (row * columns + column);
        const share = (pixels[at + 3] / 255) * opacity;
        if (share > 0)
          this.#canvas.blend(
            4 * (py * this.#canvas.width + px),
            [pixels[at], pixels[at + 1], pixels[at + 2]],
            share,
          );
      }
    }
  }

  #fill(lines: Lines, paint: Paint, opacity = 1): void {
    const scaled = lines.map((points) => points.map((value) => value * this.#scale));
    this.#canvas.fill(scaled, this.#inkOf(paint), opacity);
  }

  #inkOf(paint: Paint): Ink {
    if (paint === 'hatched') {
      const [under, over] = [rgbOf(this.#palette.unknown), rgbOf(this.#palette.hatch)];
      const [every, width] = [HATCHING.every * this.#scale, HATCHING.width * this.#scale];
      return (x, y) => ((x + y) % every < width ? over : under);
    }
    const rgb = rgbOf(isHex(paint) ? paint : this.#palette[paint]);
    return () => rgb;
  }
}

const isHex = (paint: string): paint is `#${string}` => paint.startsWith('#');

/** Returns the bytes of `#rrggbb`. */
export function rgbOf(hex: string): Rgb {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red, green, blue];
}

/** Lines with a width, as areas: a quadrangle a piece, all turning the same way, a little longer so that corners close. */
function strokes(lines: Lines, width: number): readonly number[][] {
  const half = width / 2;
  const areas: number[][] = [];
  for (const points of lines)
    for (let at = 0; at + 3 < points.length; at += 2) {
      const [x0, y0, x1, y1] = [points[at], points[at + 1], points[at + 2], points[at + 3]];
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (length === 0) continue;
      const [ux, uy] = [((x1 - x0) * half) / length, ((y1 - y0) * half) / length];
      const isInner = (end: number) => (end === 0 ? at > 0 : at + 5 < points.length);
      const [back, ahead] = [isInner(0) ? 0.5 : 0, isInner(1) ? 0.5 : 0];
      const [ax, ay, bx, by] = [x0 - ux * back, y0 - uy * back, x1 + ux * ahead, y1 + uy * ahead];
      areas.push([ax - uy, ay + ux, bx - uy, by + ux, bx + uy, by - ux, ax + uy, ay - ux]);
    }
  return areas;
}

/** The strokes of a dashed line. */
function dashes(points: readonly number[], dash: readonly number[]): readonly (readonly number[])[] {
  const drawn: number[][] = [];
  let [at, left] = [0, dash[0]];
  for (let from = 0; from + 3 < points.length; from += 2) {
    const [x0, y0, x1, y1] = points.slice(from, from + 4);
    const length = Math.hypot(x1 - x0, y1 - y0);
    for (let done = 0; done < length; ) {
      const step = Math.min(left, length - done);
      const [a, b] = [done / length, (done + step) / length];
      if (at % 2 === 0)
        drawn.push([x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b]);
      done += step;
      left -= step;
      if (left <= 0) left = dash[++at % dash.length];
    }
  }
  return drawn;
}
