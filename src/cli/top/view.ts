/** The position in the view, and what a key does there. Pure: what is to be looked at is asked for, not done. */
import { TOP_ORDERS, type TopOrder } from '../../top/frame.js';
import type { Cursor } from './list.js';

/** A level of the view, with what was opened on it. */
export type Place =
  | { readonly level: 'targets' }
  | { readonly level: 'decisions' }
  | { readonly level: 'help' }
  | { readonly level: 'processes'; readonly key: string }
  | { readonly level: 'mappings'; readonly pid: number }
  | { readonly level: 'blocks'; readonly pid: number; readonly mapping: number };

/** A place on the way, and the cursor there. */
export interface Step {
  readonly place: Place;
  readonly cursor: Cursor;
}

/** The way from the list of targets to what is shown, the order, and whether new frames wait. */
export interface View {
  /** The way here; never empty. */
  readonly way: readonly Step[];
  readonly order: TopOrder;
  readonly isHeld: boolean;
}

/** The list of targets by bloat. */
export const FIRST_VIEW: View = {
  way: [{ place: { level: 'targets' }, cursor: { selected: 0, top: 0 } }],
  order: 'bloat',
  isHeld: false,
};

/** What a key asks for. */
export type Action =
  | { readonly does: 'move'; readonly by: number }
  | { readonly does: 'page'; readonly by: -1 | 1 }
  | { readonly does: 'open' | 'back' | 'order' | 'decisions' | 'help' | 'hold' | 'again' | 'quit' };

const KEYS: Readonly<Record<string, Action>> = {
  '\x1b[A': { does: 'move', by: -1 },
  '\x1bOA': { does: 'move', by: -1 },
  k: { does: 'move', by: -1 },
  '\x1b[B': { does: 'move', by: 1 },
  '\x1bOB': { does: 'move', by: 1 },
  j: { does: 'move', by: 1 },
  '\x1b[5~': { does: 'page', by: -1 },
  '\x1b[6~': { does: 'page', by: 1 },
  '\x1b[H': { does: 'move', by: Number.NEGATIVE_INFINITY },
  '\x1b[1~': { does: 'move', by: Number.NEGATIVE_INFINITY },
  g: { does: 'move', by: Number.NEGATIVE_INFINITY },
  '\x1b[F': { does: 'move', by: Number.POSITIVE_INFINITY },
  '\x1b[4~': { does: 'move', by: Number.POSITIVE_INFINITY },
  G: { does: 'move', by: Number.POSITIVE_INFINITY },
  '\r': { does: 'open' },
  '\n': { does: 'open' },
  '\x1b[C': { does: 'open' },
  '\x1bOC': { does: 'open' },
  '\x1b': { does: 'back' },
  '\x1b[D': { does: 'back' },
  '\x1bOD': { does: 'back' },
  '\x7f': { does: 'back' },
  b: { does: 'back' },
  s: { does: 'order' },
  d: { does: 'decisions' },
  h: { does: 'help' },
  '?': { does: 'help' },
  ' ': { does: 'hold' },
  r: { does: 'again' },
  q: { does: 'quit' },
  Q: { does: 'quit' },
  // Ctrl-C and Ctrl-D of a terminal that passes them on.
  '\x03': { does: 'quit' },
  '\x04': { does: 'quit' },
};

const ESCAPE = '\\u001b';
/** Escape sequences whole, everything else letter by letter. */
const PIECE = new RegExp(`${ESCAPE}\\[[0-9;]*[A-Za-z~]|${ESCAPE}O[A-Z]|[\\s\\S]`, 'gu');

/** The actions of what was typed; keys without a meaning are none. */
export function actionsOf(typed: string): readonly Action[] {
  return [...typed.matchAll(PIECE)].flatMap(([piece]) => (Object.hasOwn(KEYS, piece) ? [KEYS[piece]] : []));
}

/** Returns the place that is shown now. */
export function here(view: View): Step {
  return view.way[view.way.length - 1];
}

/** Returns the view one level further in, its cursor at the top. */
export function entered(view: View, place: Place): View {
  return { ...view, way: [...view.way, { place, cursor: { selected: 0, top: 0 } }] };
}

/** Returns the view one level up; the first level stays. */
export function left(view: View): View {
  return view.way.length === 1 ? view : { ...view, way: view.way.slice(0, -1) };
}

/** Returns the view with another cursor on its current place. */
export function withCursor(view: View, cursor: Cursor): View {
  const { place } = here(view);
  return { ...view, way: [...view.way.slice(0, -1), { place, cursor }] };
}

/** Returns the view with the next order of the round. */
export function nextOrder(view: View): View {
  const at = TOP_ORDERS.indexOf(view.order);
  return { ...view, order: TOP_ORDERS[(at + 1) % TOP_ORDERS.length] };
}
