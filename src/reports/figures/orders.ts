/** Memory by the size of the folios behind it, a bar for each moment. */
import { showBytes, showOrder } from '../../vocabulary/show.js';
import type { Bytes, Order } from '../../vocabulary/units.js';
import { linearOfRgb, oklabOfLinear } from '../design/oklab.js';
import { orderColour } from '../design/order-colours.js';
import { rect, type Shape, text } from '../drawing/drawing.js';
import { textWidth } from '../drawing/glyphs.js';
import type { Figure } from './figure.js';
import { hexOf } from './heat-legend.js';

const WIDTH = 960;
const LEFT = 110;
const RIGHT = 40;
const TOP = 68;
const BAR = 34;
const STEP = 54;
const SIZE = 12;

/** Memory at one moment. */
export interface OrderBar {
  /** `before`, `after`. */
  readonly label: string;
  /** Bytes by order of the folio, index = order. */
  readonly bytesByOrder: readonly Bytes[];
  /** Bytes that went back to the system. */
  readonly returnedBytes: Bytes;
}

/** Bars with their titles. */
export interface OrdersInput {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly OrderBar[];
  readonly pageBytes: Bytes;
  readonly hugeOrder: Order;
}

/** Returns bars of the same scale, each stacked by folio order. */
export function ordersFigure({ title, subtitle, bars, pageBytes, hugeOrder }: OrdersInput): Figure {
  const most = Math.max(1, ...bars.map(wholeOf));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const height = TOP + bars.length * STEP + 44;
  const shapes = bars.flatMap((bar, at) => barShapes(bar, TOP + at * STEP, { scale, pageBytes, hugeOrder }));
  const orders = [...new Set(bars.flatMap(ordersIn))].sort((a, b) => a - b);
  return {
    name: 'orders',
    title,
    about: bars.map((bar) => `${bar.label}: ${barWords(bar, pageBytes)}`).join('. '),
    drawing: {
      width: WIDTH,
      height,
      shapes: [
        text(24, 26, title, { size: 17, fill: 'ink', bold: true }),
        text(24, 46, subtitle, { size: SIZE }),
        ...shapes,
        ...legend(
          orders,
          height - 18,
          { pageBytes, hugeOrder },
          bars.some(({ returnedBytes }) => returnedBytes > 0),
        ),
      ],
    },
    caption: ['Yellow is base pages, blue is huge pages; hatched is memory that the system got back.'],
    text: bars.map((bar) => `${bar.label.padEnd(10)} ${barWords(bar, pageBytes)}`),
    numbers: {
      head: ['moment', 'folio_bytes', 'bytes'],
      rows: bars.flatMap(({ label, bytesByOrder }) =>
        bytesByOrder.map((bytes, order) => [label, String(pageBytes * 2 ** order), String(bytes)]),
      ),
    },
  };
}

function wholeOf({ bytesByOrder, returnedBytes }: OrderBar): Bytes {
  return bytesByOrder.reduce((sum, bytes) => sum + bytes, 0) + returnedBytes;
}

const ordersIn = ({ bytesByOrder }: OrderBar): readonly Order[] =>
  bytesByOrder.flatMap((bytes, order) => (bytes > 0 ? [order] : []));

function barWords({ bytesByOrder, returnedBytes }: OrderBar, pageBytes: Bytes): string {
  const parts = bytesByOrder.flatMap((bytes, order) =>
    bytes > 0 ? [`${showBytes(bytes)} in folios of ${showOrder(order, pageBytes)}`] : [],
  );
  if (returnedBytes > 0) parts.push(`${showBytes(returnedBytes)} given back`);
  return parts.join(', ') || 'nothing';
}

interface Scale {
  readonly pageBytes: Bytes;
  readonly hugeOrder: Order;
}

function barShapes(
  { label, bytesByOrder, returnedBytes }: OrderBar,
  y: number,
  { scale, pageBytes, hugeOrder }: Scale & { readonly scale: number },
): readonly Shape[] {
  const shapes: Shape[] = [text(LEFT - 12, y + BAR / 2 + 4, label, { anchor: 'end', fill: 'ink', size: 13 })];
  let x = LEFT;
  const part = (bytes: Bytes, paint: `#${string}` | 'hatched', words: string) => {
    const width = Math.max(1, bytes * scale - 1);
    shapes.push(rect([x, y, width, BAR], paint, { title: `${words}: ${showBytes(bytes)}` }));
    const short = showBytes(bytes);
    if (textWidth(short, 11) + 10 < width)
      shapes.push(
        text(x + width / 2, y + BAR / 2 + 4, short, { size: 11, anchor: 'middle', ...inkOn(paint) }),
      );
    x += bytes * scale;
  };
  bytesByOrder.forEach((bytes, order) => {
    if (bytes > 0)
      part(bytes, hexOf(orderColour(order, hugeOrder)), `folios of ${showOrder(order, pageBytes)}`);
  });
  if (returnedBytes > 0) part(returnedBytes, 'hatched', 'given back to the system');
  return shapes;
}

/** Letters that can be read on a colour of data, whatever the paper is. */
function inkOn(paint: `#${string}` | 'hatched') {
  if (paint === 'hatched') return { fill: 'ink', rim: true } as const;
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(paint.slice(at, at + 2), 16));
  const [lightness] = oklabOfLinear(linearOfRgb([red, green, blue]));
  return { fill: lightness < 0.62 ? '#ffffff' : '#1c2127' } as const;
}

function legend(
  orders: readonly Order[],
  y: number,
  { pageBytes, hugeOrder }: Scale,
  hasReturned: boolean,
): readonly Shape[] {
  const parts = orders.map(
    (order) => [hexOf(orderColour(order, hugeOrder)), `${showOrder(order, pageBytes)} folios`] as const,
  );
  const all = hasReturned ? [...parts, ['hatched', 'given back'] as const] : parts;
  let x = LEFT;
  return all.flatMap(([paint, words]) => {
    const shapes = [rect([x, y - 10, 14, 12], paint), text(x + 20, y, words, { size: 11 })];
    x += textWidth(words, 11) + 38;
    return shapes;
  });
}
