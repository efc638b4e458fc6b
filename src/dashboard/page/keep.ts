/** Keeps what a view shows as a file: PNG, SVG or CSV, made here and sent nowhere. */
import { LIGHT } from '../../reports/design/tokens.js';
import { svgFile } from '../../reports/drawing/svg.js';
import { csvOf } from '../view/csv.js';
import type { Kept } from './parts/context.js';
import { pngOfDrawing } from './parts/paint.js';
import { canvasPicture } from './parts/svg-node.js';

/** Formats of files, by their endings. */
export const FORMATS = ['png', 'svg', 'csv'] as const;
/** One of the formats. */
export type Format = (typeof FORMATS)[number];

/** How long the browser has to begin to take the file. */
const TAKEN_MS = 60_000;

/** Hands a file to the browser; returns its name. Rejects when the picture is too large. */
export async function keep(kept: Kept, format: Format): Promise<string> {
  const name = `octavo-${kept.name}.${format}`;
  const address = URL.createObjectURL(await blobOf(kept, format));
  const link = document.createElement('a');
  [link.href, link.download] = [address, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_MS);
  return name;
}

/** Pictures are on light paper, as those of reports are in files. */
async function blobOf({ name, title, about, table, drawing }: Kept, format: Format): Promise<Blob> {
  if (format === 'csv') return new Blob([csvOf(table)], { type: 'text/csv' });
  if (format === 'png') return pngOfDrawing(drawing, LIGHT);
  return new Blob([svgFile(drawing, { name, title, about }, canvasPicture)], { type: 'image/svg+xml' });
}
