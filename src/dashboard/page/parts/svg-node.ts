/** A drawing as elements of the page: the same as reports/drawing/svg.ts writes, made without markup. */
import type { Drawing, Paint, Raster, Shape, Text } from '../../../reports/drawing/drawing.js';
import type { PictureOf } from '../../../reports/drawing/svg.js';
import { type Attributes, give } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Words of a drawing. */
export interface Told {
  /** Unique within the page. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
}

/** The drawing as an element. */
export function svgNode({ width, height, shapes }: Drawing, { name, title, about }: Told): SVGElement {
  const hatch = `hatch-${name}`;
  return element(
    'svg',
    {
      ...{ class: 'figure', viewBox: `0 0 ${width} ${height}`, width, height },
      ...{ role: 'img', 'aria-labelledby': `${name}-title ${name}-about` },
    },
    worded('title', title, `${name}-title`),
    worded('desc', about, `${name}-about`),
    element('defs', {}, hatching(hatch)),
    ...shapes.map((shape) => nodeOf(shape, hatch)),
  );
}

function element(tag: string, attributes: Attributes, ...children: readonly Node[]): SVGElement {
  const made = document.createElementNS(SVG, tag);
  give(made, attributes);
  made.append(...children);
  return made;
}

function worded(tag: string, words: string, id?: string): SVGElement {
  const made = element(tag, { id });
  made.textContent = words;
  return made;
}

function hatching(id: string): SVGElement {
  return element(
    'pattern',
    { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    element('rect', { class: 'f-unknown', width: 6, height: 6 }),
    element('path', { class: 's-hatch', d: 'M0 0V6', 'stroke-width': 2 }),
  );
}

function nodeOf(shape: Shape, hatch: string): SVGElement {
  const made = plainNode(shape, hatch);
  if (shape.title !== undefined) made.append(worded('title', shape.title));
  if (shape.opacity !== undefined) made.setAttribute('opacity', String(shape.opacity));
  return made;
}

function plainNode(shape: Shape, hatch: string): SVGElement {
  switch (shape.kind) {
    case 'rect': {
      const { x, y, width, height, fill } = shape;
      return element('rect', {
        x,
        y,
        width: Math.max(0, width),
        height: Math.max(0, height),
        ...painted(hatch, fill),
      });
    }
    case 'circle': {
      const { x, y, radius, fill, stroke, strokeWidth } = shape;
      return element('circle', {
        cx: x,
        cy: y,
        r: radius,
        'stroke-width': strokeWidth,
        ...painted(hatch, fill, stroke),
      });
    }
    case 'path': {
      const { lines, fill, stroke, strokeWidth, dash } = shape;
      const d = lines.map((points) => wayOf(points) + (fill === undefined ? '' : 'Z')).join('');
      const drawn = {
        d,
        'stroke-width': strokeWidth,
        'stroke-dasharray': dash?.join(' '),
        'stroke-linejoin': 'round',
      };
      return element('path', { ...drawn, ...painted(hatch, fill, stroke) });
    }
    case 'text':
      return textNode(shape, hatch);
    case 'raster': {
      const { x, y, width, height } = shape;
      const picture = { href: canvasPicture(shape), class: 'pixels', preserveAspectRatio: 'none' };
      return element('image', { x, y, width, height, ...picture });
    }
  }
}

function textNode({ x, y, text, size, fill, anchor, bold, upright, rim }: Text, hatch: string): SVGElement {
  const place = upright === true ? { transform: `translate(${x} ${y}) rotate(-90)` } : { x, y };
  const { class: name, ...paint } = painted(hatch, fill);
  const made = element('text', {
    ...place,
    ...paint,
    class: [name, rim === true ? 'rim s-paper' : ''].filter(Boolean).join(' '),
    'font-size': size,
    'font-weight': bold === true ? 600 : undefined,
    'text-anchor': anchor,
  });
  made.textContent = text;
  return made;
}

function wayOf(points: readonly number[]): string {
  let d = '';
  for (let at = 0; at + 1 < points.length; at += 2)
    d += `${at === 0 ? 'M' : 'L'}${points[at]} ${points[at + 1]}`;
  return d;
}

/** Roles are classes, so that the style gives them light and dark. */
function painted(hatch: string, fill: Paint | undefined, stroke?: Paint): Attributes & { class: string } {
  const role = (paint: Paint | undefined, letter: string) =>
    paint === undefined || paint === 'hatched' || paint.startsWith('#') ? '' : `${letter}-${paint}`;
  const given = (paint: Paint | undefined) => (paint?.startsWith('#') ? paint : undefined);
  const none = fill === undefined ? 'none' : given(fill);
  return {
    class: [role(fill, 'f'), role(stroke, 's')].filter(Boolean).join(' '),
    fill: fill === 'hatched' ? `url(#${hatch})` : none,
    stroke: given(stroke),
  };
}

/** Cells as a data URI, by a canvas. */
export const canvasPicture: PictureOf = ({ columns, rows, pixels }: Raster) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [columns, rows];
  canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(pixels), columns, rows), 0, 0);
  return canvas.toDataURL('image/png');
};
