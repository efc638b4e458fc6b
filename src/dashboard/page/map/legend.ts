/** The legend of the map in words: what a colour means, and what grey means. */
import { placeOf, rateInWords, scaleTicks } from '../../../reports/heat/scale.js';
import { showOrder } from '../../../vocabulary/show.js';
import type { Plane } from '../../view/link.js';
import type { MapView } from '../../wire/map.js';
import { h } from '../parts/dom.js';

/** The legend of what is shown. */
export function legendOf(
  map: MapView,
  plane: Plane,
  extras: { outlines: boolean; marks: boolean },
): HTMLElement {
  return h(
    'div',
    { class: 'legend', role: 'group', 'aria-label': 'what the colours mean' },
    plane === 'heat' ? heatBar(map) : plane === 'order' ? orderBar(map) : shareBar(plane),
    h(
      'ul',
      { class: 'keys' },
      plane === 'heat' ? key('cold', 'darkest: looked at, nothing seen there') : undefined,
      plane !== 'touched' && map.hasHuge
        ? key('no-memory', 'dark grey: looked at, no memory there')
        : undefined,
      key('hatched', 'grey hatching: not known, not looked at'),
      extras.outlines ? key('outlined', 'white outline: at least half mapped by huge pages') : undefined,
      extras.marks ? key('split', 'split') : undefined,
      extras.marks ? key('collapse', 'collapse') : undefined,
    ),
    plane !== 'heat' || map.scale.caution === ''
      ? undefined
      : h('p', { class: 'caution' }, map.scale.caution),
  );
}

function key(kind: string, words: string): HTMLElement {
  return h('li', {}, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), words);
}

function heatBar({ scale }: MapView): HTMLElement {
  const place = (rate: number) => placeOf(rate, scale);
  const from = place(scale.least);
  const ticks = scaleTicks({ ...scale, place }).map(({ place: at, label }) => {
    const tick = h('span', {}, label);
    tick.style.left = `${from < 1 ? (100 * (at - from)) / (1 - from) : 100}%`;
    return tick;
  });
  return h(
    'div',
    { class: 'scale' },
    h('p', {}, `${scale.unit}; the lightest: ${rateInWords(scale.most, scale)}`),
    h('div', { class: 'bar heat', 'aria-hidden': 'true' }),
    h('div', { class: 'ticks', 'aria-hidden': 'true' }, ...ticks),
  );
}

const SHARES: Readonly<Record<'touched' | 'huge', string>> = {
  touched: 'share of the pages of a cell that were touched at all',
  huge: 'share of a cell that huge pages map: yellow is small folios, blue is huge ones',
};

function orderBar({ geometry }: MapView): HTMLElement {
  const hugeOrder = Math.log2(geometry.pagesPerBlock);
  const ticks = [0, Math.floor(hugeOrder / 2), hugeOrder - 2, hugeOrder].map((order) => {
    const tick = h('span', {}, showOrder(order, geometry.pageBytes));
    tick.style.left = `${(100 * order) / hugeOrder}%`;
    return tick;
  });
  return h(
    'div',
    { class: 'scale' },
    h('p', {}, 'folios by order, in the mean over the memory of a cell'),
    h('div', { class: 'bar huge', 'aria-hidden': 'true' }),
    h('div', { class: 'ticks', 'aria-hidden': 'true' }, ...ticks),
  );
}

function shareBar(plane: 'touched' | 'huge'): HTMLElement {
  const ticks = [0, 50, 100].map((share) => {
    const tick = h('span', {}, `${share} %`);
    tick.style.left = `${share}%`;
    return tick;
  });
  return h(
    'div',
    { class: 'scale' },
    h('p', {}, SHARES[plane]),
    h('div', { class: `bar ${plane}`, 'aria-hidden': 'true' }),
    h('div', { class: 'ticks', 'aria-hidden': 'true' }, ...ticks),
  );
}
