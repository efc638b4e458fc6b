/** The tools above the map. */
import { showBytes } from '../../../vocabulary/show.js';
import type { Link, Plane } from '../../view/link.js';
import type { Axes } from '../../view/window.js';
import type { LinkChange } from '../parts/context.js';
import { button, fill, h } from '../parts/dom.js';
import type { MapModel } from './model.js';

/** What the tools ask for. */
export interface ToolWays {
  link(): Link;
  go(change: LinkChange): void;
  zoom(factor: number, axes: Axes): void;
  whole(): void;
  /** Negative: all of them. */
  segment(id: number): void;
}

/** The tools as an element that follows the map. */
export interface Tools {
  readonly element: HTMLElement;
  /** Shows what the link says, and the segments that there are now. */
  follow(model: MapModel, link: Link): void;
}

const PLANE_WORDS: Readonly<Record<Plane, string>> = {
  heat: 'heat',
  touched: 'share of pages touched',
  huge: 'folios: huge or small',
  order: 'folios by order',
};
const STEP = 1.8;
const MOST_SEGMENTS = 200;

/** Makes the tools of a map. */
export function mapTools(first: MapModel, ways: ToolWays): Tools {
  const plane = h('select', { onchange: () => ways.go({ plane: plane.value as Plane }) });
  const segment = h('select', { onchange: () => ways.segment(Number(segment.value)) });
  const outlines = h('input', { type: 'checkbox', onchange: () => ways.go({ outlines: outlines.checked }) });
  const marks = h('input', { type: 'checkbox', onchange: () => ways.go({ marks: marks.checked }) });
  const element = h(
    'div',
    { class: 'tools', role: 'group', 'aria-label': 'map' },
    h('label', {}, 'Show ', plane),
    h('label', {}, 'Go to ', segment),
    h('label', { class: 'check' }, outlines, ' outline huge pages'),
    h('label', { class: 'check' }, marks, ' splits and collapses'),
    h(
      'span',
      { class: 'buttons', role: 'group', 'aria-label': 'zoom' },
      button('+', () => ways.zoom(STEP, 'both'), { 'aria-label': 'zoom in', title: 'zoom in (+)' }),
      button('−', () => ways.zoom(1 / STEP, 'both'), { 'aria-label': 'zoom out', title: 'zoom out (-)' }),
      button('⇔', () => ways.zoom(STEP, 'time'), {
        'aria-label': 'zoom in on time',
        title: 'zoom in on time (])',
      }),
      button('⇕', () => ways.zoom(STEP, 'space'), {
        'aria-label': 'zoom in on addresses',
        title: 'zoom in on addresses (})',
      }),
      button('All', () => ways.whole(), { title: 'see all of it (0)' }),
    ),
  );
  const follow = (model: MapModel, link: Link) => {
    const { hasHeat, hasTouched, hasHuge, hasOrders } = model.map;
    const has: Readonly<Record<Plane, boolean>> = {
      ...{ heat: hasHeat, touched: hasTouched, huge: hasHuge, order: hasOrders },
    };
    const planes = (Object.keys(PLANE_WORDS) as Plane[]).filter((one) => has[one]);
    fill(
      plane,
      ...planes.map((one) => h('option', { value: one, selected: one === link.plane }, PLANE_WORDS[one])),
    );
    const isOpen = document.activeElement === segment;
    if (!isOpen) fill(segment, ...segmentOptions(model));
    outlines.checked = link.outlines ?? true;
    outlines.disabled = !hasHuge;
    marks.checked = link.marks ?? true;
  };
  follow(first, ways.link());
  return { element, follow };
}

/** The hottest first. */
function segmentOptions({ map }: MapModel): readonly HTMLElement[] {
  const sorted = [...map.segments].sort((a, b) => (b.rate ?? -1) - (a.rate ?? -1)).slice(0, MOST_SEGMENTS);
  const words = sorted.map(({ id, command, pid, mapping, pages, address }) => {
    const name = [
      command || `pid ${pid}`,
      mapping || address,
      showBytes(pages * map.geometry.pageBytes),
    ].join(' · ');
    return h('option', { value: id }, name);
  });
  return [h('option', { value: -1 }, `all of the address space (${map.segments.length})`), ...words];
}
