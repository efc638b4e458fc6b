/**
 * A drawing as SVG: roles become classes, so that one style sheet gives it light and dark. Runs in browsers too, so what
 * makes a picture of cells is handed in.
 */
import { DARK, FONT, LIGHT, type Palette, ROLES } from '../design/tokens.js';
import type { Circle, Drawing, Paint, Path, Raster, Shape, Text } from './drawing.js';

/** Name and words of a figure, which its SVG carries for who does not see it. */
export interface Worded {
  /** Unique within a page: letters, digits and hyphens. */
  readonly name: string;
  readonly title: string;
  /** What it shows, for who does not see it. */
  readonly about: string;
}

/** Address of a picture of these cells: a data URI. */
export type PictureOf = (raster: Raster) => string;

/** A file of its own, with its style. */
export function svgFile(drawing: Drawing, words: Worded, pictureOf: PictureOf): string {
  return `${svgElement(drawing, words, pictureOf, `<style>${svgStyle()}</style>`)}\n`;
}

/** An element of a page that has the style. */
export function svgElement(
  { width, height, shapes }: Drawing,
  words: Worded,
  pictureOf: PictureOf,
  style = '',
): string {
  const { name, title, about } = words;
  const hatch = `hatch-${name}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${name}-title ${name}-about">`,
    `<title id="${name}-title">${escaped(title)}</title>`,
    `<desc id="${name}-about">${escaped(about)}</desc>`,
    style,
    `<defs><pattern id="${hatch}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="f-unknown" width="6" height="6"/><path class="s-hatch" d="M0 0V6" stroke-width="2"/></pattern></defs>`,
    `<rect class="f-paper" width="${width}" height="${height}"/>`,
    ...shapes.map((shape) => element(shape, hatch, pictureOf)),
    '</svg>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Roles as classes: `f-` fills, `s-` strokes. Dark where the reader's screen is, and light in print. */
export function svgStyle(): string {
  return [
    `svg.figure text{font-family:${FONT}}.rim{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}`,
    '.pixels{image-rendering:pixelated}',
    colours(LIGHT),
    `@media screen and (prefers-color-scheme:dark){${colours(DARK)}}`,
  ].join('');
}

function colours(palette: Palette): string {
  return ROLES.map(
    (role) => `svg.figure .f-${role}{fill:${palette[role]}}svg.figure .s-${role}{stroke:${palette[role]}}`,
  ).join('');
}

function element(shape: Shape, hatch: string, pictureOf: PictureOf): string {
  switch (shape.kind) {
    case 'rect': {
      const { x, y, width, height, fill } = shape;
      return told(shape, 'rect', `${numbers({ x, y, width, height })}${painted(fill, undefined, hatch)}`);
    }
    case 'path':
      return pathElement(shape, hatch);
    case 'circle':
      return circleElement(shape, hatch);
    case 'text':
      return textElement(shape);
    case 'raster':
      return rasterElement(shape, pictureOf(shape));
  }
}

function pathElement(path: Path, hatch: string): string {
  const { lines, fill, stroke, strokeWidth = 1, dash } = path;
  const end = fill === undefined ? '' : 'Z';
  const d = lines.map((points) => pathOf(points) + end).join('');
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
  const width = stroke === undefined ? '' : ` stroke-width="${strokeWidth}" stroke-linejoin="round"`;
  const none = fill === undefined ? ' fill="none"' : '';
  return told(path, 'path', ` d="${d}"${width}${dashes}${none}${painted(fill, stroke, hatch)}`);
}

function pathOf(points: readonly number[]): string {
  let d = '';
  for (let at = 0; at + 1 < points.length; at += 2)
    d += `${at === 0 ? 'M' : 'L'}${short(points[at])} ${short(points[at + 1])}`;
  return d;
}

function circleElement(circle: Circle, hatch: string): string {
  const { x, y, radius, fill, stroke, strokeWidth = 1 } = circle;
  const width = stroke === undefined ? '' : ` stroke-width="${strokeWidth}"`;
  const none = fill === undefined ? ' fill="none"' : '';
  return told(
    circle,
    'circle',
    `${numbers({ cx: x, cy: y, r: radius })}${width}${none}${painted(fill, stroke, hatch)}`,
  );
}

function textElement(shape: Text): string {
  const { x, y, text, size, fill, anchor = 'start', bold, upright, rim } = shape;
  const place =
    upright === true ? ` transform="translate(${short(x)} ${short(y)}) rotate(-90)"` : numbers({ x, y });
  const names = [...(isRole(fill) ? [`f-${fill}`] : []), ...(rim === true ? ['rim', 's-paper'] : [])].join(
    ' ',
  );
  const given = names === '' ? ` fill="${fill}"` : ` class="${names}"`;
  const weight = bold === true ? ' font-weight="600"' : '';
  const middle = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text${place} font-size="${size}"${weight}${middle}${given}>${escaped(text)}</text>`;
}

function rasterElement(raster: Raster, picture: string): string {
  const { x, y, width, height } = raster;
  const place = numbers({ x, y, width, height });
  return told(
    raster,
    'image',
    `${place} class="pixels" preserveAspectRatio="none" href="${escaped(picture)}"`,
  );
}

function told({ title, opacity }: Shape, name: string, attributes: string): string {
  const faint = opacity === undefined ? '' : ` opacity="${short(opacity)}"`;
  if (title === undefined) return `<${name}${attributes}${faint}/>`;
  return `<${name}${attributes}${faint}><title>${escaped(title)}</title></${name}>`;
}

function painted(fill: Paint | undefined, stroke: Paint | undefined, hatch: string): string {
  const names = [fill && isRole(fill) ? `f-${fill}` : '', stroke && isRole(stroke) ? `s-${stroke}` : ''];
  const given = names.filter((name) => name !== '').join(' ');
  return [
    given === '' ? '' : ` class="${given}"`,
    fill === undefined || isRole(fill) ? '' : ` fill="${fill === 'hatched' ? `url(#${hatch})` : fill}"`,
    stroke === undefined || isRole(stroke) ? '' : ` stroke="${stroke}"`,
  ].join('');
}

const isRole = (paint: Paint): boolean => paint !== 'hatched' && !paint.startsWith('#');

function numbers(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${short(value)}"`)
    .join('');
}

/** To a hundredth of a pixel. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text within an element or a quoted attribute; what no document of XML may hold is left out. */
export function escaped(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what XML forbids.
  const allowed = words.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
  return allowed.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
