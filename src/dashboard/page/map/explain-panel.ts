/** "Why not huge?": what is known of the cell and its block that was chosen. */
import { HEAT_COLOURS, heatColour } from '../../../reports/design/heat-colours.js';
import { orderColour } from '../../../reports/design/order-colours.js';
import { placeOf } from '../../../reports/heat/scale.js';
import { showBytes, showMeanOrder } from '../../../vocabulary/show.js';
import { NO_MEMORY_COLOUR } from '../../view/colours.js';
import type { Explain } from '../../wire/explain.js';
import type { MapView } from '../../wire/map.js';
import { COLD_HEAT, rateOfCode, type TilePlace, UNKNOWN_HEAT } from '../../wire/tile.js';
import { ask, type PageName, Refusal } from '../parts/ask.js';
import type { Context } from '../parts/context.js';
import { button, fill, h } from '../parts/dom.js';
import { svgNode } from '../parts/svg-node.js';

const SIDE = 11;
/** Rows in which the sub-pages of a block are shown: with 4 KiB pages 16 rows of 32. */
const ROWS = 16;
/** Rows of its folios. */
const FOLIO_ROWS = 4;

/** The panel beside the map. */
export class ExplainPanel {
  readonly element: HTMLElement;
  readonly #closed: () => void;
  readonly #context: () => Context;
  /** Answers to earlier questions are not shown. */
  #question = 0;

  constructor(closed: () => void, context: () => Context) {
    this.#closed = closed;
    this.#context = context;
    this.element = h('aside', {
      class: 'explain',
      'aria-label': 'Why is this block huge or not?',
      hidden: true,
    });
  }

  hide(): void {
    this.#question++;
    this.element.hidden = true;
  }

  /** Says something in place of what would be told of a block. */
  tell(title: string, words: string): void {
    this.#question++;
    this.element.hidden = false;
    this.#head(title, h('p', {}, words));
  }

  /**
   * Returns what it found in a sentence, for who listens, which is empty where something else is told by now; rejects when the map has
   * another layout by now.
   */
  async show(map: MapView, page: PageName, cell: TilePlace): Promise<string> {
    const question = ++this.#question;
    this.element.hidden = false;
    this.#head('Looking …');
    try {
      const [explained, found] = await Promise.all([ask.explain(page), ask.cell(cell)]);
      if (question !== this.#question) return '';
      this.#head(
        explained.address,
        h('p', {}, found.words),
        h('h4', {}, 'Why is it huge, or not?'),
        h('ul', {}, ...linesOf(explained).map((line) => h('li', {}, line))),
        explained.heat.length === 0 ? undefined : subPages(map, explained),
        explained.orders.length === 0 ? undefined : folios(map, explained),
        explained.isLive ? h('p', { class: 'note' }, 'The process was looked at just now.') : undefined,
        explained.isLive ? this.#acts(page) : undefined,
      );
      return `${explained.address}: ${found.words}. ${linesOf(explained).slice(0, 2).join(' ')}`;
    } catch (problem) {
      if (question !== this.#question) return '';
      if (problem instanceof Refusal && problem.status === 409) throw problem;
      const why = problem instanceof Error ? problem.message : String(problem);
      this.#head('This cannot be told', h('p', { class: 'problem' }, why));
      return `This cannot be told: ${why}`;
    }
  }

  /** What may be done to the block, where that is allowed. */
  #acts(page: PageName): HTMLElement | undefined {
    const { actions } = this.#context().overview;
    const acts = (['split', 'collapse'] as const).filter((act) => actions.includes(act));
    if (acts.length === 0) return undefined;
    const words = { split: 'Split this block …', collapse: 'Collapse this block …' };
    const buttons = acts.map((act) => button(words[act], () => this.#context().act({ act, ...page })));
    return h('div', { class: 'buttons' }, ...buttons);
  }

  #head(title: string, ...children: readonly (Node | undefined)[]): void {
    fill(
      this.element,
      h(
        'div',
        { class: 'row' },
        h('h3', {}, title),
        button('Close', () => this.#closed(), { class: 'plain' }),
      ),
      ...children,
    );
  }
}

function linesOf({ lines, why }: Explain): readonly string[] {
  return [...lines, ...(why === '' ? [] : [why])].filter((line) => line.trim() !== '');
}

/** The folios of the block by order, part by part, with a line of words for each order that is there. */
function folios({ geometry }: MapView, { orders, address }: Explain): HTMLElement {
  const { pageBytes, pagesPerBlock } = geometry;
  const columns = Math.ceil(orders.length / FOLIO_ROWS);
  const pixels = new Uint8Array(columns * FOLIO_ROWS * 4);
  const counts = new Map<string, number>();
  for (const [at, order] of orders.entries()) {
    const words = order === null ? 'no memory' : showMeanOrder(order, pageBytes);
    counts.set(words, (counts.get(words) ?? 0) + 1);
    const colour = order === null ? NO_MEMORY_COLOUR : orderColour(order, Math.log2(pagesPerBlock));
    pixels.set([...colour, 255], 4 * at);
  }
  const part = (pagesPerBlock * pageBytes) / orders.length;
  const words = [...counts].map(([what, count]) => `${showBytes(count * part)}: ${what}`).join('; ');
  const [width, height] = [columns * SIDE, FOLIO_ROWS * SIDE];
  const raster = { kind: 'raster', x: 0, y: 0, width, height, columns, rows: FOLIO_ROWS, pixels } as const;
  const name = { name: 'folios', title: `Folios of the block at ${address}`, about: words };
  return h(
    'figure',
    { class: 'sub-pages' },
    svgNode({ width, height, shapes: [raster] }, name),
    h('figcaption', {}, `Folios by ${showBytes(part)}: ${words}. Yellow is small, blue is huge.`),
  );
}

/** The sub-pages of the block by the last column: the mean of a block hides ten hot pages. */
function subPages({ scale }: MapView, { heat, address }: Explain): HTMLElement {
  const columns = Math.ceil(heat.length / ROWS);
  const pixels = new Uint8Array(columns * ROWS * 4);
  for (const [at, code] of heat.entries()) {
    if (code === UNKNOWN_HEAT) continue;
    const colour = code === COLD_HEAT ? HEAT_COLOURS[0] : heatColour(placeOf(rateOfCode(code, scale), scale));
    pixels.set([...colour, 255], 4 * at);
  }
  const counts = {
    unknown: heat.filter((code) => code === UNKNOWN_HEAT).length,
    cold: heat.filter((code) => code === COLD_HEAT).length,
  };
  const touched = heat.length - counts.unknown - counts.cold;
  const words = `${touched} of ${heat.length} sub-pages accessed, ${counts.cold} with nothing seen, ${counts.unknown} not known`;
  const [width, height] = [columns * SIDE, ROWS * SIDE];
  const drawing = {
    ...{ width, height },
    shapes: [
      { kind: 'rect', x: 0, y: 0, width, height, fill: 'hatched' } as const,
      { kind: 'raster', x: 0, y: 0, width, height, columns, rows: ROWS, pixels } as const,
    ],
  };
  return h(
    'figure',
    { class: 'sub-pages' },
    svgNode(drawing, { name: 'sub-pages', title: `Sub-pages of the block at ${address}`, about: words }),
    h('figcaption', {}, `${words}. From left to right, then downwards.`),
  );
}
