/** The block that is asked about, chosen on the map or named by the link, and the panel that tells of it. */
import { lineOfText, placeText } from '../../view/map-link.js';
import { NamedBlock } from '../../view/named-block.js';
import type { TilePlace } from '../../wire/tile.js';
import type { Context } from '../parts/context.js';
import { ExplainPanel } from './explain-panel.js';
import type { MapCanvas } from './map-canvas.js';
import type { MapModel } from './model.js';

/** What it needs of the view. */
export interface BlockWays {
  readonly canvas: MapCanvas;
  context(): Context;
  redraw(): void;
  /** Asks for the map of now, and follows that. */
  renew(): void;
}

/** One block at a time. */
export class ChosenBlock {
  readonly #ways: BlockWays;
  readonly #named = new NamedBlock();
  readonly #panel: ExplainPanel;

  constructor(ways: BlockWays) {
    this.#ways = ways;
    this.#panel = new ExplainPanel(
      () => this.#close(),
      () => ways.context(),
    );
  }

  get element(): HTMLElement {
    return this.#panel.element;
  }

  /** The link or the map is another by now. */
  follow(model: MapModel): void {
    const { map, fold, window } = model;
    const { link, overview, say } = this.#ways.context();
    const step = this.#named.follow(link.at, (at) => lineOfText(map, fold, at), overview.subject.isLive);
    if (step.kind === 'hide') this.#panel.hide();
    if (step.kind === 'missing') {
      this.#panel.tell(step.title, step.words);
      say(`${step.title}. ${step.words}`);
    }
    if (step.kind !== 'ask') return;
    const column = Math.max(0, Math.min(map.columns.length, window.right) - 0.5);
    this.#ways.canvas.put({ column, line: step.line });
    this.choose(model);
  }

  /** Asks about the block where the cursor is. */
  choose(model: MapModel): void {
    const { canvas, context, redraw } = this.#ways;
    const { cursor } = canvas;
    const place = cursor && model.fold.placeOf(cursor.line);
    if (cursor === undefined || place === undefined) return;
    const { map } = model;
    const { level, zoom } = canvas.level(model);
    const cell: TilePlace = {
      ...{ layout: map.layout, segment: place.segment.id, level, zoom },
      row: Math.floor(place.page / 2 ** level),
      column: Math.floor(cursor.column / 2 ** zoom),
    };
    const at = placeText(map, model.fold, cursor.line);
    this.#named.chosen(at);
    context().go({ at }, 'replace');
    const page = { layout: map.layout, segment: place.segment.id, page: place.page };
    this.#panel.show(map, page, cell).then(
      (words) => {
        if (words !== '') context().say(words);
      },
      () => this.#askAnew(),
    );
    redraw();
  }

  /** The map has another layout by now: the same block is asked about on that. */
  #askAnew(): void {
    this.#named.lost();
    this.#ways.renew();
  }

  #close(): void {
    const { canvas, context, redraw } = this.#ways;
    this.#named.chosen(undefined);
    this.#panel.hide();
    context().go({ at: undefined }, 'replace');
    canvas.element.focus();
    redraw();
  }
}
