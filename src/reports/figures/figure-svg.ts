/** A figure as a file of SVG. Apart from figure.ts, which browsers load too: packing its cells needs Node. */
import { pngPicture } from '../drawing/png.js';
import { svgFile } from '../drawing/svg.js';
import type { Figure } from './figure.js';

/** Returns a figure as an SVG file of its own. */
export function figureSvg({ name, title, about, drawing }: Figure): string {
  return svgFile(drawing, { name, title, about }, pngPicture);
}
