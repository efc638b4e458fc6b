/** OKLab (Björn Ottosson, 2020): a space of colours in which equal distances look equal. Pure. */

/** Lightness 0 to 1, and the two opponent axes green to red, blue to yellow. */
export type Oklab = readonly [lightness: number, a: number, b: number];
/** Each part 0 to 1, linear light. */
export type LinearRgb = readonly [red: number, green: number, blue: number];
/** Each part 0 to 255, as files and screens have it. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Returns linear sRGB, which lies outside 0 to 1 for colours that no screen shows. */
export function linearOfOklab([lightness, a, b]: Oklab): LinearRgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** Returns the OKLab colour of linear sRGB. */
export function oklabOfLinear([red, green, blue]: LinearRgb): Oklab {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Returns sRGB in bytes, clipped to what a screen shows. */
export function rgbOfLinear(linear: LinearRgb): Rgb {
  const [red, green, blue] = linear.map((part) => {
    const held = Math.max(0, Math.min(1, part));
    const bent = held <= 0.0031308 ? 12.92 * held : 1.055 * held ** (1 / 2.4) - 0.055;
    return Math.round(255 * bent);
  });
  return [red, green, blue];
}

/** Returns linear sRGB of bytes. */
export function linearOfRgb(rgb: Rgb): LinearRgb {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return [red, green, blue];
}

/** How different two colours look; 0.02 is about the least that is seen side by side. */
export function distance(one: Oklab, other: Oklab): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

/** Whether a screen has the colour. */
export function isShown(linear: LinearRgb): boolean {
  return linear.every((part) => part >= -1e-6 && part <= 1 + 1e-6);
}
