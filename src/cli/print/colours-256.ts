/** The 256 colours of xterm: a cube of 6 × 6 × 6 and 24 greys behind the 16 that users choose. */
import { HEAT_COLOURS, nearest } from '../../reports/design/heat-colours.js';
import type { Rgb } from '../../reports/design/oklab.js';

const LEVELS = [0, 95, 135, 175, 215, 255];
/** The first 16 are as the user likes them, so that they mean nothing here. */
const FIRST = 16;

const PALETTE: readonly Rgb[] = [
  ...LEVELS.flatMap((red) => LEVELS.flatMap((green) => LEVELS.map((blue): Rgb => [red, green, blue]))),
  ...Array.from({ length: 24 }, (_, at): Rgb => [8 + 10 * at, 8 + 10 * at, 8 + 10 * at]),
];

/** A blue: by looks it would be a black that no terminal's background differs from. */
const COLDEST = 17;

const known = new Map<string, number>([[HEAT_COLOURS[0].join(), COLDEST]]);

/** Number of the colour that looks most like this one. */
export function nearestOf256(rgb: Rgb): number {
  const key = rgb.join();
  const found = known.get(key) ?? FIRST + nearest(rgb, PALETTE);
  known.set(key, found);
  return found;
}
