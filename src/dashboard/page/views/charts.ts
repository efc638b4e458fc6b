/** Views of one figure with its numbers: bytes over time, memory by folio order over time. */
import type { Figure } from '../../../reports/figures/figure.js';
import { bytesFigure } from '../../view/bytes-figure.js';
import { stackFigure } from '../../view/stack-figure.js';
import { ask } from '../parts/ask.js';
import type { Context, Kept, View } from '../parts/context.js';
import { empty, fill, h, table } from '../parts/dom.js';
import { svgNode } from '../parts/svg-node.js';

const SHOWN_ROWS = 60;

interface Chart {
  readonly view: 'bytes' | 'orders';
  readonly title: string;
  /** Undefined when there is nothing to draw. */
  ask(target: string | undefined, name: string): Promise<Figure | undefined>;
}

/** Bytes over time. */
export const BYTES: Chart = {
  view: 'bytes',
  title: 'Returned and returning bytes',
  ask: async (target, name) => bytesFigure(await ask.series({ target }), name),
};

/** Memory by folio order over time. */
export const ORDERS: Chart = {
  view: 'orders',
  title: 'Folio orders over time',
  ask: async (target) => {
    const orders = await ask.orders({ target });
    return orders.moments.length === 0 ? undefined : stackFigure(orders);
  },
};

/** A view of one figure. */
export class ChartPage implements View {
  readonly element: HTMLElement;
  readonly #chart: Chart;
  readonly #context: () => Context;
  readonly #body = h('div');
  readonly #target: HTMLSelectElement;
  #figure: Figure | undefined;

  constructor(chart: Chart, context: () => Context) {
    this.#chart = chart;
    this.#context = context;
    const id = `${chart.view}-title`;
    this.#target = h('select', {
      onchange: () => context().go({ target: this.#target.value || undefined }, 'replace'),
    });
    this.element = h(
      'section',
      { class: 'view', 'aria-labelledby': id },
      h('h2', { id }, chart.title),
      h('div', { class: 'tools' }, h('label', {}, 'Target ', this.#target)),
      this.#body,
    );
  }

  async show(): Promise<void> {
    const { overview, link } = this.#context();
    const { targets, views } = overview;
    const chosen = targets.find(({ id }) => id === link.target);
    const options = targets.map(({ id, name }) =>
      h('option', { value: id, selected: id === chosen?.id }, name),
    );
    fill(this.#target, h('option', { value: '' }, 'all of them'), ...options);
    const view = views[this.#chart.view];
    if (view !== undefined && !view.has) {
      this.#figure = undefined;
      return fill(this.#body, empty(view.why, view.remedy));
    }
    const figure = await this.#chart.ask(chosen?.id, chosen?.name ?? 'all targets');
    this.#figure = figure;
    if (figure === undefined)
      return fill(
        this.#body,
        empty('Nothing is known of this yet.', 'It is shown here as soon as a turn ended.'),
      );
    fill(this.#body, figureOf(figure));
  }

  kept(): Kept | undefined {
    const figure = this.#figure;
    if (figure === undefined) return undefined;
    const { name, title, about, numbers, drawing } = figure;
    return { name, title, about, table: numbers, drawing };
  }
}

/** A figure with its caption, and its numbers as a table. */
export function figureOf({ name, title, about, drawing, caption, numbers }: Figure): HTMLElement {
  const rows = numbers.rows.slice(-SHOWN_ROWS);
  const left = numbers.rows.length - rows.length;
  return h(
    'figure',
    {},
    h(
      'div',
      { class: 'frame', tabindex: 0, role: 'group', 'aria-label': title },
      svgNode(drawing, { name, title, about }),
    ),
    h('figcaption', {}, ...caption.map((line) => h('p', {}, line))),
    h(
      'details',
      { class: 'as-table' },
      h('summary', {}, 'The numbers, as a table'),
      table(left > 0 ? `The last ${rows.length} moments` : title, numbers.head, rows),
    ),
  );
}
