/** The colours of cells, by the byte that a tile has for them. What is not known has none: the hatching below it shows. Pure. */
import { heatColour } from '../../reports/design/heat-colours.js';
import type { Rgb } from '../../reports/design/oklab.js';
import { orderColour } from '../../reports/design/order-colours.js';
import { placeOf } from '../../reports/heat/scale.js';
import {
  type HeatRange,
  NO_MEMORY,
  NO_MEMORY_SHARE,
  rateOfCode,
  shareOfCode,
  UNKNOWN_HEAT,
} from '../wire/tile.js';
import type { Plane } from './link.js';

const CODES = 256;
/** Shares are drawn between the colours of base pages and of huge pages. */
const HUGE = 9;
/** Looked at, and no memory: neither hatched nor of any folio. */
export const NO_MEMORY_COLOUR: Rgb = [52, 56, 64];

/** Red, green, blue and alpha of each of the 256 codes of a plane. */
export function coloursOf(plane: Plane, range: HeatRange): Uint8ClampedArray {
  const table = new Uint8ClampedArray(CODES * 4);
  for (let code = 0; code < CODES; code++) {
    const colour = colourOf(plane, code, range);
    if (colour !== undefined) table.set([...colour, 255], 4 * code);
  }
  return table;
}

function colourOf(plane: Plane, code: number, range: HeatRange): Rgb | undefined {
  if (plane === 'heat') {
    const rate = rateOfCode(code, range);
    return Number.isNaN(rate) ? undefined : heatColour(placeOf(rate, range));
  }
  const share = shareOfCode(code);
  if (Number.isNaN(share)) return undefined;
  if (share === NO_MEMORY) return NO_MEMORY_COLOUR;
  return plane === 'touched' ? heatColour(share) : orderColour(share * HUGE, HUGE);
}

/** What is known to hold no memory has no heat either: that is not the same as not known. */
export function paintNoMemory(
  { heat, huge }: { readonly heat: Uint8Array; readonly huge: Uint8Array },
  picture: Uint8ClampedArray,
): void {
  for (let at = 0; at < heat.length; at++)
    if (heat[at] === UNKNOWN_HEAT && huge[at] === NO_MEMORY_SHARE)
      picture.set([...NO_MEMORY_COLOUR, 255], 4 * at);
}

/** Fills a picture of four bytes a cell from a plane of one. */
export function paintCells(cells: Uint8Array, colours: Uint8ClampedArray, picture: Uint8ClampedArray): void {
  for (let at = 0; at < cells.length; at++) {
    const [from, to] = [4 * cells[at], 4 * at];
    picture[to] = colours[from];
    picture[to + 1] = colours[from + 1];
    picture[to + 2] = colours[from + 2];
    picture[to + 3] = colours[from + 3];
  }
}
