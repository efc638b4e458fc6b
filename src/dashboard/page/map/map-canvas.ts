/** The canvas of the map: when it draws, where its cursor is, and what hands and keys do on it. */
import { plural, showBytes, showCount } from '../../../vocabulary/show.js';
import { codesWords, placeWords } from '../../view/cells.js';
import type { Level } from '../../view/levels.js';
import { type MapMark, shownMarks } from '../../view/marks.js';
import { columnOf, lineOf, type Plot, type Scene } from '../../view/picture.js';
import type { Axes, Zoom } from '../../view/window.js';
import { h } from '../parts/dom.js';
import { type Drawn, MapPainter, plotOf, type Shown } from './draw.js';
import { listen } from './gestures.js';
import type { MapModel, MapTiles } from './model.js';

/** A place on the map. */
export interface Cursor {
  readonly column: number;
  readonly line: number;
}

/** What the canvas asks for. */
export interface CanvasWays {
  /** By shares of what is seen. */
  pan(x: number, y: number): void;
  zoom(zoom: Zoom): void;
  /** The same, as a movement that is seen. */
  glide(zoom: Zoom): void;
  whole(): void;
  pointed(words: string): void;
  chosen(): void;
  /** After each picture: what it shows, in words. */
  drawn(words: string): void;
}

/** What is drawn next. */
export interface Picture extends Omit<Shown, 'cursor' | 'marks'> {
  readonly model: MapModel;
  readonly tiles: MapTiles;
  readonly marks: readonly MapMark[];
}

/** What one press of a key zooms, and moves. */
const KEY_ZOOM = 1.6;
const KEY_PAN = 0.2;
/** The cursor goes at least so many CSS pixels at a press. */
const KEY_STEP = 12;

/** The canvas, its cursor and its keys. */
export class MapCanvas {
  readonly element = h('canvas', {
    class: 'map',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'map',
  });
  cursor: Cursor | undefined;
  readonly #ways: CanvasWays;
  readonly #painter: MapPainter | undefined;
  readonly #resized: ResizeObserver;
  #size = { width: 1, height: 1, ratio: 1 };
  #picture: Picture | undefined;
  #frame = 0;
  /** The cursor was put by a click or keys, and does not follow the pointer. */
  #isPut = false;

  constructor(ways: CanvasWays) {
    this.#ways = ways;
    const context = this.element.getContext('2d', { alpha: false });
    this.#painter = context === null ? undefined : new MapPainter(context);
    this.#resized = new ResizeObserver(() => this.#measure());
    this.#resized.observe(this.element);
    listen(this.element, {
      pan: (x, y) => ways.pan(x / this.#plot().width, y / this.#plot().height),
      zoom: (zoom, x, y) => ways.zoom({ ...zoom, ...this.#shares(x, y) }),
      point: (x, y) => this.#pointAt(x, y, false),
      choose: (x, y) => this.#chooseAt(x, y),
      leave: () => this.#leave(),
    });
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  stop(): void {
    this.#resized.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  put(cursor: Cursor): void {
    [this.cursor, this.#isPut] = [cursor, true];
  }

  level(model: MapModel): Level {
    const { width, height } = this.#plot();
    return model.level([width * this.#size.ratio, height * this.#size.ratio]);
  }

  /** At the next frame, however often it is called before. */
  draw(picture: Picture): void {
    this.#picture = picture;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const ratio = window.devicePixelRatio || 1;
    this.#size = { width, height, ratio };
    [this.element.width, this.element.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    this.#draw();
  }

  #plot(): Plot {
    return plotOf(this.#size.width, this.#size.height);
  }

  #draw(): void {
    const picture = this.#picture;
    if (picture === undefined || this.#painter === undefined || this.#size.width < 2) return;
    const start = performance.now();
    const plot = this.#plot();
    const { model, tiles, marks } = picture;
    const scene: Scene = {
      window: model.window,
      plot,
      columns: model.map.columns.length,
      ratio: this.#size.ratio,
    };
    const shown = { ...picture, marks: shownMarks(marks, model.window, [plot.width, plot.height]) };
    const drawn = this.#painter.draw(model, tiles, scene, { ...shown, cursor: this.#cursorCell(picture) });
    const detail = {
      ...drawn,
      missing: tiles.missing,
      ms: performance.now() - start,
      marks: shown.marks.length,
    };
    this.#ways.drawn(drawnWords(drawn, picture));
    // For tests and measurements: what was drawn, and how long that took.
    this.element.dispatchEvent(new CustomEvent('drawn', { detail }));
    this.element.dataset.drawn = detail.missing === 0 ? 'whole' : 'partly';
    this.element.dataset.marks = String(detail.marks);
    if (this.cursor !== undefined) this.#ways.pointed(this.#words(picture));
  }

  #cursorCell({ model }: Picture): Shown['cursor'] {
    const place = this.cursor && model.fold.placeOf(this.cursor.line);
    if (this.cursor === undefined || place === undefined) return undefined;
    const { level, zoom } = this.level(model);
    const [pages, columns] = [2 ** level, 2 ** zoom];
    const left = Math.floor(this.cursor.column / columns) * columns;
    const top = place.segment.at + Math.floor(place.page / pages) * pages;
    return [left, Math.min(model.map.columns.length, left + columns), top, top + pages];
  }

  #words({ model, tiles }: Picture): string {
    const { cursor } = this;
    if (cursor === undefined) return '';
    const level = this.level(model);
    const codes = tiles.cellsOf(model, level)(cursor.column, cursor.line);
    const place = placeWords({ ...cursor, ...level }, model.map, model.fold);
    return place === '' ? '' : `${place}: ${codes === undefined ? 'loading' : codesWords(codes, model.map)}`;
  }

  #shares(x: number, y: number): { x: number; y: number } {
    const plot = this.#plot();
    return { x: (x - plot.left) / plot.width, y: (y - plot.top) / plot.height };
  }

  #pointAt(x: number, y: number, isPut: boolean): boolean {
    const picture = this.#picture;
    const plot = this.#plot();
    if (picture === undefined || x < plot.left || y > plot.top + plot.height) return false;
    if (this.#isPut && !isPut) return false;
    const { window } = picture.model;
    this.cursor = { column: columnOf(x, window, plot), line: lineOf(y, window, plot) };
    this.#isPut = isPut;
    this.draw(picture);
    return true;
  }

  #chooseAt(x: number, y: number): void {
    if (this.#pointAt(x, y, true)) this.#ways.chosen();
  }

  #leave(): void {
    if (this.#isPut || this.#picture === undefined) return;
    this.cursor = undefined;
    this.#ways.pointed('');
    this.draw(this.#picture);
  }

  #key(event: KeyboardEvent): void {
    const act = this.#keyAct(event);
    if (act === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  #keyAct({ key, shiftKey, altKey }: KeyboardEvent): (() => void) | undefined {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (arrow !== undefined) {
      const [x, y] = arrow;
      return () => (shiftKey ? this.#ways.pan(x * KEY_PAN, y * KEY_PAN) : this.#step(x, y));
    }
    const zoom = (factor: number, axes: Axes) => () => this.#ways.glide({ factor, axes, ...this.#still() });
    switch (key) {
      case '+':
      case '=':
        return zoom(KEY_ZOOM, altKey ? 'space' : 'both');
      case '-':
      case '_':
        return zoom(1 / KEY_ZOOM, altKey ? 'space' : 'both');
      case ']':
        return zoom(KEY_ZOOM, 'time');
      case '[':
        return zoom(1 / KEY_ZOOM, 'time');
      case '}':
        return zoom(KEY_ZOOM, 'space');
      case '{':
        return zoom(1 / KEY_ZOOM, 'space');
      case '0':
        return () => this.#ways.whole();
      case 'PageUp':
        return () => this.#ways.pan(0, -0.9);
      case 'PageDown':
        return () => this.#ways.pan(0, 0.9);
      case 'Enter':
        return this.cursor === undefined ? undefined : () => this.#ways.chosen();
      default:
        return undefined;
    }
  }

  /** Zooming keeps the cursor where it is, or the middle. */
  #still(): { x: number; y: number } {
    const [picture, cursor] = [this.#picture, this.cursor];
    if (picture === undefined || cursor === undefined) return { x: 0.5, y: 0.5 };
    const { left, right, top, bottom } = picture.model.window;
    const x = (cursor.column - left) / (right - left);
    const y = (cursor.line - top) / (bottom - top);
    return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : { x: 0.5, y: 0.5 };
  }

  /** By a cell, or by as many as can be told apart; the map follows. */
  #step(x: number, y: number): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    const { model } = picture;
    const { left, right, top, bottom } = model.window;
    const plot = this.#plot();
    const { level, zoom } = this.level(model);
    const columns = Math.max(2 ** zoom, (KEY_STEP * (right - left)) / plot.width);
    const pages = Math.max(2 ** level, (KEY_STEP * (bottom - top)) / plot.height);
    const before = this.cursor ?? { column: (left + right) / 2, line: (top + bottom) / 2 };
    const held = (value: number, most: number) => Math.max(0, Math.min(most - 1e-6, value));
    this.put({
      column: held(before.column + x * columns, model.map.columns.length),
      line: held(before.line + y * pages, model.fold.pages),
    });
    this.#follow(left, right, top, bottom);
    this.draw(picture);
  }

  #follow(left: number, right: number, top: number, bottom: number): void {
    const { column, line } = this.cursor ?? { column: left, line: top };
    const beyond = (at: number, from: number, to: number) =>
      at < from ? (at - from) / (to - from) - 0.1 : at >= to ? (at - to) / (to - from) + 0.1 : 0;
    const [x, y] = [beyond(column, left, right), beyond(line, top, bottom)];
    if (x !== 0 || y !== 0) this.#ways.pan(x, y);
  }
}

function drawnWords({ level, cells }: Drawn, { model, tiles }: Picture): string {
  const { geometry } = model.map;
  const row = showBytes(2 ** level.level * geometry.pageBytes);
  const column = 2 ** level.zoom;
  const waiting = tiles.missing > 0 ? `; ${plural(tiles.missing, 'tile')} on the way` : '';
  return `${showCount(cells)} cells in view; a row is ${row}, a column ${column === 1 ? 'one slice of time' : `${column} slices of time`}${waiting}`;
}
