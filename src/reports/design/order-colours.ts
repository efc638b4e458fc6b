/** Colours of folio orders: from yellow for base pages over green to blue for huge pages, darker with size. */
import { linearOfOklab, linearOfRgb, type Oklab, oklabOfLinear, type Rgb, rgbOfLinear } from './oklab.js';

const ANCHORS: readonly Rgb[] = [
  [244, 201, 93],
  [92, 168, 125],
  [41, 101, 178],
];

/** `hugeOrder`: that of a huge page. */
export function orderColour(order: number, hugeOrder: number): Rgb {
  const at = (Math.max(0, Math.min(hugeOrder, order)) / Math.max(1, hugeOrder)) * (ANCHORS.length - 1);
  const from = Math.min(ANCHORS.length - 2, Math.floor(at));
  const [low, high] = [ANCHORS[from], ANCHORS[from + 1]].map((rgb) => oklabOfLinear(linearOfRgb(rgb)));
  const mixed = low.map((part, axis) => part + (high[axis] - part) * (at - from));
  return rgbOfLinear(linearOfOklab(mixed as unknown as Oklab));
}
