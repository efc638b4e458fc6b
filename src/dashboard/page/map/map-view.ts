/** The view of addresses and time: the canvas with its tools, its legend, what is pointed at, and the same as a table. */
import { showCount } from '../../../vocabulary/show.js';
import { cellTable, windowTable, windowWords } from '../../view/cells.js';
import type { Plane } from '../../view/link.js';
import { FIGURE_SIZE, mapDrawing, PLANE_TITLES } from '../../view/map-figure.js';
import { linkOfWindow, windowOfLink } from '../../view/map-link.js';
import { type MapMark, marksOf, shownMarks } from '../../view/marks.js';
import { type MapWindow, panned, wholeOf, zoomed } from '../../view/window.js';
import type { Decision } from '../../wire/events.js';
import { ask, Refusal } from '../parts/ask.js';
import type { Context, Kept, View } from '../parts/context.js';
import { empty, fill, h, table } from '../parts/dom.js';
import { ChosenBlock } from './chosen-block.js';
import { Glide } from './glide.js';
import { legendOf } from './legend.js';
import { MapCanvas } from './map-canvas.js';
import { MapModel, MapTiles } from './model.js';
import { mapTools, type Tools } from './tools.js';

const MOST_MARKS = 500;
const LINK_MS = 250;
const TABLE_MS = 700;

/** The view `map`. */
export class MapPage implements View {
  readonly element = h('section', { class: 'view map-view', 'aria-labelledby': 'map-title' });
  readonly #context: () => Context;
  readonly #canvas: MapCanvas;
  readonly #block: ChosenBlock;
  readonly #readout = h('output', { class: 'readout' });
  readonly #state = h('p', { class: 'note state' });
  readonly #legend = h('div');
  readonly #table = h('div');
  readonly #glide = new Glide();
  readonly #problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  #tools: Tools | undefined;
  #model: MapModel | undefined;
  #tiles: MapTiles | undefined;
  #decisions: readonly Decision[] = [];
  #marks: readonly MapMark[] = [];
  /** Of the window, what the link said last. */
  #said = '';
  /** Answers to earlier questions are not shown. */
  #question = 0;
  #isRenewing = false;
  #timers: { link?: number; table?: number } = {};

  constructor(context: () => Context) {
    this.#context = context;
    this.#point('');
    this.#canvas = new MapCanvas({
      pan: (x, y) => this.#move((window, model) => panned(window, x, y, model.bounds)),
      zoom: (zoom) => this.#move((window, model) => zoomed(window, zoom, model.bounds)),
      glide: (zoom) => this.#glideTo((window, model) => zoomed(window, zoom, model.bounds)),
      whole: () => this.#glideTo((_, model) => wholeOf(model.bounds)),
      pointed: (words) => this.#point(words),
      chosen: () => this.#model && this.#block.choose(this.#model),
      drawn: (words) => {
        this.#state.textContent = words;
      },
    });
    this.#block = new ChosenBlock({
      canvas: this.#canvas,
      context,
      redraw: () => this.#redraw(),
      renew: () => void this.show(true).catch((problem) => this.#arrived(problem)),
    });
  }

  async show(isOld: boolean): Promise<void> {
    const { overview } = this.#context();
    const view = overview.views.map;
    if (view !== undefined && !view.has) return this.#nothing(view.why, view.remedy);
    if (this.#model !== undefined && !isOld) return this.#seeLink(this.#model);
    const question = ++this.#question;
    const map = await ask.map();
    if (question !== this.#question) return;
    if (map.segments.length === 0 || map.columns.length === 0)
      return this.#nothing('There is nothing to show on the map yet.', map.notes.join(' '));
    const before = this.#model;
    const model = before?.successor(map) ?? new MapModel(map);
    if (this.#tiles === undefined) this.#tiles = new MapTiles(map, (problem) => this.#arrived(problem));
    else this.#tiles.follow(map, before !== undefined && model.isLike(before));
    this.#model = model;
    if (before === undefined) this.#build(model);
    await this.#askMarks();
    if (question !== this.#question) return;
    this.#seeLink(model);
  }

  /** Goes to where the link says, unless that is where the map was moved to by hand. */
  #seeLink(model: MapModel): void {
    const { link } = this.#context();
    const said = JSON.stringify([link.top, link.bottom, link.from, link.to]);
    if (said !== this.#said) model.window = windowOfLink(model.map, model.fold, link);
    this.#said = said;
    this.#tools?.follow(model, link);
    this.#redraw();
    this.#block.follow(model);
  }

  decided(decision: Decision): void {
    this.#decisions = [decision, ...this.#decisions].slice(0, MOST_MARKS);
    this.#placeMarks();
    this.#redraw();
  }

  themed(): void {
    this.#redraw();
  }

  closed(): void {
    this.#canvas.stop();
    this.#glide.stop();
    clearTimeout(this.#timers.link);
    clearTimeout(this.#timers.table);
  }

  kept(): Kept | undefined {
    const [model, tiles] = [this.#model, this.#tiles];
    if (model === undefined || tiles === undefined) return undefined;
    const { map, fold, window } = model;
    const plane = this.#plane();
    const seen = this.#canvas.level(model);
    const cellAt = tiles.cellsOf(model, seen);
    const marks = this.#hasMarks() ? shownMarks(this.#marks, window, FIGURE_SIZE) : [];
    const rowBytes = 2 ** seen.level * map.geometry.pageBytes;
    return {
      name: `map-${plane}`,
      title: PLANE_TITLES[plane],
      about: this.#about(),
      table: cellTable(map, fold, window, seen, cellAt),
      drawing: mapDrawing({ map, fold, window, plane, cellAt, marks, rowBytes }),
    };
  }

  #nothing(why: string, remedy: string): void {
    this.#model = undefined;
    fill(this.element, h('h2', { id: 'map-title' }, 'Addresses and time'), empty(why, remedy));
  }

  #build(model: MapModel): void {
    this.#tools = mapTools(model, {
      link: () => this.#context().link,
      go: (change) => this.#context().go(change, 'replace'),
      zoom: (factor, axes) =>
        this.#glideTo((window) => zoomed(window, { factor, axes, x: 0.5, y: 0.5 }, model.bounds)),
      whole: () => this.#glideTo((_, now) => wholeOf(now.bounds)),
      segment: (id) => this.#toSegment(id),
    });
    fill(
      this.element,
      h('h2', { id: 'map-title' }, 'Addresses and time'),
      this.#tools.element,
      h(
        'div',
        { class: 'map-row' },
        h('div', { class: 'map-side' }, this.#canvas.element, this.#readout),
        this.#block.element,
      ),
      this.#problem,
      this.#legend,
      this.#state,
      h(
        'details',
        { ontoggle: () => this.#writeTable(), class: 'as-table' },
        h('summary', {}, 'What is seen, as a table'),
        this.#table,
      ),
      ...model.map.notes.map((note) => h('p', { class: 'note' }, note)),
    );
  }

  async #askMarks(): Promise<void> {
    const { views } = this.#context().overview;
    if (views.events?.has === true)
      this.#decisions = (await ask.events({ kind: 'split,collapse', limit: MOST_MARKS })).events;
    this.#placeMarks();
  }

  #placeMarks(): void {
    const model = this.#model;
    this.#marks = model === undefined ? [] : marksOf(this.#decisions, model.fold, model.map.columns);
  }

  #plane(): Plane {
    const map = this.#model?.map;
    const wanted = this.#context().link.plane;
    if (map === undefined) return wanted ?? 'heat';
    const has: Readonly<Record<Plane, boolean>> = {
      heat: map.hasHeat,
      touched: map.hasTouched,
      huge: map.hasHuge,
      order: map.hasOrders,
    };
    if (wanted !== undefined && has[wanted]) return wanted;
    return (['heat', 'huge', 'touched'] as const).find((plane) => has[plane]) ?? 'heat';
  }

  #hasOutlines(): boolean {
    return (
      (this.#context().link.outlines ?? true) && this.#model?.map.hasHuge === true && this.#plane() !== 'huge'
    );
  }

  #hasMarks(): boolean {
    return (this.#context().link.marks ?? true) && this.#marks.length > 0;
  }

  #redraw(): void {
    const [model, tiles] = [this.#model, this.#tiles];
    if (model === undefined || tiles === undefined) return;
    const outlines = this.#hasOutlines();
    this.#canvas.draw({
      ...{ model, tiles, plane: this.#plane(), outlines, palette: this.#context().palette },
      marks: this.#hasMarks() ? this.#marks : [],
    });
    this.#canvas.element.setAttribute('aria-label', this.#about());
    const legend = `${this.#plane()} ${outlines} ${this.#hasMarks()} ${model.map.revision}`;
    if (this.#legend.dataset.of !== legend) {
      this.#legend.dataset.of = legend;
      fill(this.#legend, legendOf(model.map, this.#plane(), { outlines, marks: this.#hasMarks() }));
    }
    clearTimeout(this.#timers.table);
    this.#timers.table = window.setTimeout(() => this.#writeTable(), TABLE_MS);
  }

  #arrived(problem: unknown): void {
    // The map has another layout by now: it is asked for once, whatever tiles say.
    if (problem instanceof Refusal && problem.status === 409) {
      this.#renew();
      return;
    }
    this.#problem.hidden = problem === undefined;
    if (problem instanceof Error)
      this.#problem.textContent = `Some of the map is missing: ${problem.message}.`;
    this.#redraw();
  }

  #renew(): void {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    this.#tiles?.want([]);
    const done = (problem?: unknown) => {
      this.#isRenewing = false;
      if (problem !== undefined) this.#arrived(problem);
    };
    this.show(true).then(() => done(), done);
  }

  /** By hand, which ends a movement that is under way. */
  #move(to: (window: MapWindow, model: MapModel) => MapWindow): void {
    this.#glide.stop();
    this.#see(to);
  }

  #see(to: (window: MapWindow, model: MapModel) => MapWindow): void {
    const model = this.#model;
    if (model === undefined) return;
    model.window = to(model.window, model);
    this.#redraw();
    clearTimeout(this.#timers.link);
    this.#timers.link = window.setTimeout(() => this.#link(), LINK_MS);
  }

  #glideTo(to: (window: MapWindow, model: MapModel) => MapWindow): void {
    const model = this.#model;
    if (model !== undefined)
      this.#glide.start(model.window, to(model.window, model), (window) => this.#see(() => window));
  }

  #link(): void {
    const model = this.#model;
    if (model === undefined) return;
    const ends = linkOfWindow(model.map, model.fold, model.window);
    const link = { top: ends.top, bottom: ends.bottom, from: ends.from, to: ends.to };
    this.#said = JSON.stringify([link.top, link.bottom, link.from, link.to]);
    this.#context().go(link, 'replace');
  }

  #toSegment(id: number): void {
    const segment = this.#model?.fold.segments.find((one) => one.id === id);
    if (segment === undefined) this.#glideTo((_, model) => wholeOf(model.bounds));
    else this.#glideTo((window) => ({ ...window, top: segment.at, bottom: segment.at + segment.pages }));
  }

  #point(words: string): void {
    const shown = words === '' ? 'Point at the map, or go there with the arrow keys.' : words;
    // It is told aloud when it changes.
    if (this.#readout.textContent !== shown) this.#readout.textContent = shown;
  }

  #about(): string {
    return this.#model === undefined ? '' : windowWords(this.#model, this.#plane());
  }

  #writeTable(): void {
    const [model, tiles] = [this.#model, this.#tiles];
    const details = this.#table.closest('details');
    if (model === undefined || tiles === undefined || details?.open !== true) return;
    const { map, fold, window } = model;
    const cellAt = tiles.cellsOf(model, this.#canvas.level(model));
    const { head, rows } = windowTable(map, fold, window, cellAt, this.#plane());
    const marks = this.#hasMarks() ? shownMarks(this.#marks, window, FIGURE_SIZE) : [];
    fill(
      this.#table,
      table(`${PLANE_TITLES[this.#plane()]}: means of what is known`, head, rows),
      h(
        'p',
        { class: 'note' },
        `${showCount(marks.reduce((sum, { count }) => sum + count, 0))} splits and collapses are marked in what is seen.`,
      ),
    );
  }
}
