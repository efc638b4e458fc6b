/**
 * What of a map is seen: some of its columns and some of the line of addresses. Both are numbers with a fraction. Moving and
 * zooming it. Pure.
 */
import type { Pages } from '../../vocabulary/units.js';

/** The part that is seen. */
export interface MapWindow {
  /** Columns: 0 is the beginning of the first one. */
  readonly left: number;
  readonly right: number;
  /** Places on the line of addresses (fold.ts). */
  readonly top: number;
  readonly bottom: number;
}

/** How far a window may go. */
export interface MapBounds {
  readonly columns: number;
  readonly pages: Pages;
  /** The least that is seen at a time. */
  readonly leastColumns: number;
  readonly leastPages: Pages;
}

/** Which way a zoom goes. */
export type Axes = 'both' | 'time' | 'space';

/** A change of size. */
export interface Zoom {
  /** Above 1 goes nearer. */
  readonly factor: number;
  /** The place that stays where it is, as shares of the picture from its left and top. */
  readonly x: number;
  readonly y: number;
  readonly axes: Axes;
}

/** The window on all of it. */
export function wholeOf({ columns, pages }: MapBounds): MapWindow {
  return { left: 0, right: columns, top: 0, bottom: pages };
}

/** The window after a zoom, within its bounds. */
export function zoomed(window: MapWindow, { factor, x, y, axes }: Zoom, bounds: MapBounds): MapWindow {
  const time: Span = [window.left, window.right];
  const space: Span = [window.top, window.bottom];
  const [left, right] = axes === 'space' ? time : spanZoomed(time, factor, x, bounds.leastColumns);
  const [top, bottom] = axes === 'time' ? space : spanZoomed(space, factor, y, bounds.leastPages);
  return held({ left, right, top, bottom }, bounds);
}

/** Moves by shares of what is seen: positive shows what is later and further down. */
export function panned(window: MapWindow, x: number, y: number, bounds: MapBounds): MapWindow {
  const columns = x * (window.right - window.left);
  const pages = y * (window.bottom - window.top);
  const { left, right, top, bottom } = window;
  const moved = { left: left + columns, right: right + columns, top: top + pages, bottom: bottom + pages };
  return held(moved, bounds);
}

/** The same window within its bounds: not smaller than the least, not beyond an end. */
export function held(window: MapWindow, bounds: MapBounds): MapWindow {
  const [left, right] = spanHeld([window.left, window.right], bounds.columns, bounds.leastColumns);
  const [top, bottom] = spanHeld([window.top, window.bottom], bounds.pages, bounds.leastPages);
  return { left, right, top, bottom };
}

/** The window after new columns came in: one that reached the end follows it, any other stays. */
export function followed(window: MapWindow, before: MapBounds, after: MapBounds): MapWindow {
  const isWholeTime = window.left <= 0 && window.right >= before.columns;
  const isWholeSpace = window.top <= 0 && window.bottom >= before.pages;
  const space = isWholeSpace ? { top: 0, bottom: after.pages } : { top: window.top, bottom: window.bottom };
  if (isWholeTime) return held({ left: 0, right: after.columns, ...space }, after);
  const more = window.right >= before.columns ? after.columns - window.right : 0;
  return held({ left: window.left + more, right: window.right + more, ...space }, after);
}

/** Between two windows, `share` 0 to 1, in steps that look even at each size. */
export function between(from: MapWindow, to: MapWindow, share: number): MapWindow {
  const [left, right] = spanBetween([from.left, from.right], [to.left, to.right], share);
  const [top, bottom] = spanBetween([from.top, from.bottom], [to.top, to.bottom], share);
  return { left, right, top, bottom };
}

type Span = readonly [from: number, to: number];

function spanZoomed([from, to]: Span, factor: number, anchor: number, least: number): Span {
  const length = Math.max(least, (to - from) / factor);
  const still = from + anchor * (to - from);
  return [still - anchor * length, still + (1 - anchor) * length];
}

function spanHeld([from, to]: Span, most: number, least: number): Span {
  const length = Math.min(most, Math.max(least, to - from));
  const start = Math.max(0, Math.min(most - length, from));
  return [start, start + length];
}

/** Lengths change by equal factors, and the place that both have in common stays. */
function spanBetween([from, to]: Span, [wantedFrom, wantedTo]: Span, share: number): Span {
  const [length, wanted] = [to - from, wantedTo - wantedFrom];
  if (share >= 1 || length <= 0 || wanted <= 0) return [wantedFrom, wantedTo];
  const now = length * (wanted / length) ** share;
  const moved = length === wanted ? share : (now - length) / (wanted - length);
  const start = from + (wantedFrom - from) * moved;
  return [start, start + now];
}
