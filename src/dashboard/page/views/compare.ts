/** Policies side by side: bloat removed against speed kept. */
import type { Figure } from '../../../reports/figures/figure.js';
import { comparePlane, placesOf, standingTable } from '../../view/compare-figure.js';
import type { Compare } from '../../wire/compare.js';
import { ask } from '../parts/ask.js';
import type { Context, Kept, View } from '../parts/context.js';
import { empty, fill, h, number, table } from '../parts/dom.js';
import { figureOf } from './charts.js';

/** The view `compare`. */
export class ComparePage implements View {
  readonly element = h('section', { class: 'view', 'aria-labelledby': 'compare-title' });
  readonly #context: () => Context;
  #compare: Compare | undefined;
  #figure: Figure | undefined;

  constructor(context: () => Context) {
    this.#context = context;
  }

  async show(): Promise<void> {
    const { overview, link } = this.#context();
    const title = h('h2', { id: 'compare-title' }, 'Compare');
    const view = overview.views.compare;
    if (view !== undefined && !view.has) return fill(this.element, title, empty(view.why, view.remedy));
    this.#compare = await ask.compare();
    const places = placesOf(this.#compare);
    const place = places.find((one) => one === link.name);
    this.#figure = comparePlane(this.#compare, place);
    const { head, rows } = standingTable(this.#compare);
    const choose = h('select', {
      onchange: () => this.#context().go({ name: choose.value || undefined }, 'replace'),
    });
    const options = places.map((one) => h('option', { value: one, selected: one === place }, one));
    fill(choose, h('option', { value: '' }, `all places together (${places.length})`), ...options);
    fill(
      this.element,
      title,
      h('div', { class: 'tools' }, h('label', {}, 'Place ', choose)),
      this.#figure.drawing.shapes.length === 0 ? undefined : figureOf(this.#figure),
      table(
        'Policies over all places, the best first',
        head.map((words, at) => ({ words, isNumber: at > 0 && at < head.length - 1 })),
        rows.map((row) => row.map((words, at) => (at > 0 && at < head.length - 1 ? number(words) : words))),
      ),
      ...this.#compare.notes.map((note) => h('p', { class: 'note' }, note)),
      ...this.#compare.unable
        .slice(0, 20)
        .map(({ policy, workload, why }) =>
          h('p', { class: 'note' }, `${policy} could not be run on ${workload}: ${why}`),
        ),
    );
  }

  kept(): Kept | undefined {
    if (this.#figure === undefined || this.#compare === undefined) return undefined;
    const { title, about, drawing, numbers } = this.#figure;
    return { name: 'compare', title, about, table: numbers, drawing };
  }
}
