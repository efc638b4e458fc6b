/**
 * The colours of heat: from a dark blue over violet and orange to a light yellow. Lightness only grows, in equal steps of
 * what is seen, so that the order survives grey print; blue against yellow is what colour-blind eyes keep. The test beside
 * this file measures all of that.
 */
import {
  distance,
  isShown,
  linearOfOklab,
  linearOfRgb,
  type Oklab,
  oklabOfLinear,
  type Rgb,
  rgbOfLinear,
} from './oklab.js';

/** Colours of the scale, the coldest first. */
export const HEAT_STEPS = 64;
const FINE = 1024;
/** Lightness, chroma and hue (degrees) along the way. */
const WAY: readonly (readonly [lightness: number, chroma: number, hue: number])[] = [
  [0.2, 0.07, 268],
  [0.34, 0.16, 282],
  [0.48, 0.2, 315],
  [0.61, 0.2, 5],
  [0.73, 0.18, 42],
  [0.85, 0.16, 80],
  [0.97, 0.09, 106],
];

/** The colours, evenly apart to the eye. */
export const HEAT_COLOURS: readonly Rgb[] = evenSteps(
  Array.from({ length: FINE + 1 }, (_, at) => wayPoint(at / FINE)),
);

/** The colour at a share of the scale, 0 the coldest. */
export function heatColour(share: number): Rgb {
  const held = Math.max(0, Math.min(1, share));
  return HEAT_COLOURS[Math.round(held * (HEAT_STEPS - 1))];
}

/** A point of the way, with as much of its chroma as screens have. */
function wayPoint(share: number): Oklab {
  const at = share * (WAY.length - 1);
  const from = Math.min(WAY.length - 2, Math.floor(at));
  const mix = (part: 0 | 1) => WAY[from][part] + (WAY[from + 1][part] - WAY[from][part]) * (at - from);
  const turn = ((WAY[from + 1][2] - WAY[from][2] + 540) % 360) - 180;
  const hue = ((WAY[from][2] + turn * (at - from)) * Math.PI) / 180;
  for (let chroma = mix(1); ; chroma *= 0.98) {
    const point: Oklab = [mix(0), chroma * Math.cos(hue), chroma * Math.sin(hue)];
    if (isShown(linearOfOklab(point)) || chroma < 0.001) return point;
  }
}

function evenSteps(fine: readonly Oklab[]): readonly Rgb[] {
  const far = [0];
  for (let at = 1; at < fine.length; at++) far.push(far[at - 1] + distance(fine[at - 1], fine[at]));
  const whole = far[far.length - 1];
  let at = 0;
  return Array.from({ length: HEAT_STEPS }, (_, step) => {
    const wanted = (whole * step) / (HEAT_STEPS - 1);
    while (at < fine.length - 1 && far[at] < wanted) at++;
    return rgbOfLinear(linearOfOklab(fine[at]));
  });
}

/** The one of these colours that looks most like `rgb`, by its place. */
export function nearest(rgb: Rgb, palette: readonly Rgb[]): number {
  const wanted = oklabOfLinear(linearOfRgb(rgb));
  const far = palette.map((one) => distance(wanted, oklabOfLinear(linearOfRgb(one))));
  return far.indexOf(Math.min(...far));
}
