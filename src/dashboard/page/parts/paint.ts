/** A drawing on a canvas: for pictures that are kept. */

import { FONT, type Palette } from '../../../reports/design/tokens.js';
import type { Drawing, Paint, Shape } from '../../../reports/drawing/drawing.js';

type Context = CanvasRenderingContext2D;

/** Pixels of the picture for each CSS pixel of the drawing. */
const SCALE = 2;

/** The drawing as PNG, two pixels for each of CSS. Rejects when it is too large. */
export async function pngOfDrawing({ width, height, shapes }: Drawing, palette: Palette): Promise<Blob> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.ceil(width * SCALE), Math.ceil(height * SCALE)];
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no pictures');
  context.scale(SCALE, SCALE);
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  const ink = (paint: Paint) => inkOf(context, paint, palette);
  for (const shape of shapes) {
    context.save();
    context.globalAlpha = shape.opacity ?? 1;
    paintShape(context, shape, ink);
    context.restore();
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob)),
      'image/png',
    ),
  );
}

type Ink = (paint: Paint) => string | CanvasPattern;

function inkOf(context: Context, paint: Paint, palette: Palette): string | CanvasPattern {
  if (paint === 'hatched') return hatchPattern(context, palette, SCALE) ?? palette.unknown;
  return paint.startsWith('#') ? paint : palette[paint as keyof Palette];
}

/** Grey with stripes: what is not known. */
export function hatchPattern(context: Context, palette: Palette, scale: number): CanvasPattern | null {
  const side = Math.round(8 * scale);
  const tile = document.createElement('canvas');
  [tile.width, tile.height] = [side, side];
  const brush = tile.getContext('2d');
  if (brush === null) return null;
  brush.fillStyle = palette.unknown;
  brush.fillRect(0, 0, side, side);
  brush.strokeStyle = palette.hatch;
  brush.lineWidth = 1.6 * scale;
  brush.beginPath();
  for (const from of [-side, 0, side]) {
    brush.moveTo(from - side, side * 2);
    brush.lineTo(from + side * 2, -side);
  }
  brush.stroke();
  const pattern = context.createPattern(tile, 'repeat');
  pattern?.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}

function paintShape(context: Context, shape: Shape, ink: Ink): void {
  switch (shape.kind) {
    case 'rect':
      context.fillStyle = ink(shape.fill);
      context.fillRect(shape.x, shape.y, shape.width, shape.height);
      break;
    case 'circle':
      context.beginPath();
      context.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
      fillAndStroke(context, shape, ink);
      break;
    case 'path':
      context.beginPath();
      for (const points of shape.lines) {
        context.moveTo(points[0], points[1]);
        for (let at = 2; at + 1 < points.length; at += 2) context.lineTo(points[at], points[at + 1]);
        if (shape.fill !== undefined) context.closePath();
      }
      context.setLineDash([...(shape.dash ?? [])]);
      context.lineJoin = 'round';
      fillAndStroke(context, shape, ink);
      break;
    case 'text':
      paintText(context, shape, ink);
      break;
    case 'raster':
      paintRaster(context, shape);
      break;
  }
}

interface Painted {
  readonly fill?: Paint;
  readonly stroke?: Paint;
  readonly strokeWidth?: number;
}

function fillAndStroke(context: Context, { fill, stroke, strokeWidth = 1 }: Painted, ink: Ink): void {
  if (fill !== undefined) {
    context.fillStyle = ink(fill);
    context.fill();
  }
  if (stroke === undefined) return;
  context.strokeStyle = ink(stroke);
  context.lineWidth = strokeWidth;
  context.stroke();
}

function paintText(context: Context, shape: Extract<Shape, { kind: 'text' }>, ink: Ink): void {
  const { x, y, text, size, fill, anchor = 'start', bold, upright, rim } = shape;
  context.font = `${bold === true ? '600 ' : ''}${size}px ${FONT}`;
  context.textAlign = anchor === 'middle' ? 'center' : anchor;
  context.translate(x, y);
  if (upright === true) context.rotate(-Math.PI / 2);
  if (rim === true) {
    context.strokeStyle = ink('paper');
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeText(text, 0, 0);
  }
  context.fillStyle = ink(fill);
  context.fillText(text, 0, 0);
}

function paintRaster(context: Context, shape: Extract<Shape, { kind: 'raster' }>): void {
  const { x, y, width, height, columns, rows, pixels } = shape;
  const cells = document.createElement('canvas');
  [cells.width, cells.height] = [columns, rows];
  cells.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(pixels), columns, rows), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, x, y, width, height);
}
