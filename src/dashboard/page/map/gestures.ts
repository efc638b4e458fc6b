/** Hands on the map: dragging, pinching, the wheel, keys. */
import type { Axes, Zoom } from '../../view/window.js';

/** What hands can do. */
export interface GestureWays {
  /** Moves by CSS pixels. */
  pan(x: number, y: number): void;
  /** At a place in CSS pixels from the upper left corner of the canvas. */
  zoom(zoom: Omit<Zoom, 'x' | 'y'>, x: number, y: number): void;
  point(x: number, y: number): void;
  choose(x: number, y: number): void;
  leave(): void;
}

/** Movement below which pressing and letting go is a click. */
const STILL = 5;
const WHEEL = 0.0016;
const LINE_PIXELS = 16;

/** Listens to a canvas until it is gone. */
export function listen(canvas: HTMLCanvasElement, ways: GestureWays): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const at = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, at(event));
    if (fingers.size === 1) moved = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const here = at(event);
    const before = fingers.get(event.pointerId);
    if (before === undefined) return ways.point(here.x, here.y);
    moved += Math.abs(here.x - before.x) + Math.abs(here.y - before.y);
    if (moved > STILL) drag(fingers, event.pointerId, here, ways);
    else return;
    fingers.set(event.pointerId, here);
  });
  const lift = (event: PointerEvent) => {
    const was = fingers.delete(event.pointerId);
    if (was && event.type === 'pointerup' && moved <= STILL && fingers.size === 0) {
      const { x, y } = at(event);
      ways.choose(x, y);
    }
  };
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);
  canvas.addEventListener('pointerleave', () => ways.leave());
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { x, y } = at(event);
      const pixels =
        (event.deltaY || event.deltaX) * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
      ways.zoom({ factor: Math.exp(-pixels * WHEEL), axes: axesOf(event) }, x, y);
    },
    { passive: false },
  );
}

/** Shift: time alone; Alt: addresses alone. */
function axesOf(event: MouseEvent): Axes {
  if (event.shiftKey) return 'time';
  return event.altKey ? 'space' : 'both';
}

type Finger = { readonly x: number; readonly y: number };

/** One finger moves the map, two move and zoom it. */
function drag(fingers: ReadonlyMap<number, Finger>, id: number, here: Finger, ways: GestureWays): void {
  const before = fingers.get(id);
  const other = [...fingers].find(([one]) => one !== id)?.[1];
  if (before === undefined) return;
  if (other === undefined) {
    ways.pan(before.x - here.x, before.y - here.y);
    return;
  }
  const far = (one: Finger) => Math.max(8, Math.hypot(one.x - other.x, one.y - other.y));
  ways.pan((before.x - here.x) / 2, (before.y - here.y) / 2);
  ways.zoom(
    { factor: far(here) / far(before), axes: 'both' },
    (here.x + other.x) / 2,
    (here.y + other.y) / 2,
  );
}
