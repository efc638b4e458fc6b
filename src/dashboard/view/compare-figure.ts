/** A comparison as a plane and as a table. Pure. */
import type { Figure } from '../../reports/figures/figure.js';
import { type PlanePoint, planeFigure } from '../../reports/figures/plane.js';
import { NOTHING, showPart } from '../../vocabulary/show.js';
import type { Compare } from '../wire/compare.js';
import type { Table } from './csv.js';

type Group = Compare['groups'][number];

const nameOf = ({ workload, cpu, pressure }: Group): string =>
  [workload, cpu, pressure].filter((word) => word !== '').join(', ');

/** Places that policies were compared at, in their order. */
export function placesOf({ groups }: Compare): readonly string[] {
  return [...new Set(groups.map(nameOf))];
}

/** The plane of one place, or the means over all of them. Numbers are shares. */
export function comparePlane(compare: Compare, place: string | undefined): Figure {
  const points = place === undefined ? standings(compare) : atPlace(compare, place);
  const published = compare.published.map(({ label, bloatRemoved, speedKept, source }) =>
    pointOf(label, 'published', [bloatRemoved, speedKept], source),
  );
  const nothing = 'no policy has a place here: there was nothing to gain';
  const subtitle = points.length === 0 ? nothing : (place ?? 'means over all places');
  return planeFigure([...marked(points), ...(place === undefined ? published : [])], subtitle);
}

function standings({ standings: rows }: Compare): readonly PlanePoint[] {
  return rows.flatMap(({ policy, bloatRemoved, speedKept }) =>
    bloatRemoved === null || speedKept === null
      ? []
      : [pointOf(policy, kindOf(policy), [bloatRemoved, speedKept])],
  );
}

function atPlace({ groups }: Compare, place: string): readonly PlanePoint[] {
  return groups
    .filter((group) => nameOf(group) === place)
    .flatMap(({ policy, bloatRemoved, speedKept }) =>
      bloatRemoved === null || speedKept === null
        ? []
        : [pointOf(policy, kindOf(policy), [bloatRemoved.value, speedKept.value])],
    );
}

const kindOf = (policy: string): PlanePoint['kind'] => (policy.startsWith('octavo') ? 'own' : 'other');

function pointOf(
  label: string,
  kind: PlanePoint['kind'],
  [bloat, speed]: readonly [bloat: number, speed: number],
  more = '',
): PlanePoint {
  const words = `${showPart(bloat, 1)} of the bloat removed, ${showPart(speed, 1)} of the speed kept`;
  const detail = more === '' ? words : `${words} (${more})`;
  return { label, detail, kind, isChosen: false, bloatRemoved: bloat, speedKept: speed };
}

/** A ring for the best product. */
function marked(points: readonly PlanePoint[]): readonly PlanePoint[] {
  const product = ({ bloatRemoved, speedKept }: PlanePoint) => bloatRemoved * speedKept;
  const best = Math.max(...points.map(product));
  return points.map((point) => ({ ...point, isChosen: product(point) === best }));
}

/** Policies over all places, in the order that they come in. */
export function standingTable({ standings: rows, policies }: Compare): Table {
  const percent = (value: number | null | undefined) => (value == null ? NOTHING : showPart(value, 1));
  const brief = (policy: string) => policies.find(({ name }) => name === policy)?.brief ?? '';
  return {
    head: [
      'policy',
      'product',
      'bloat removed',
      'speed kept',
      'of the bound',
      'slowdown',
      'places',
      'what it does',
    ],
    rows: rows.map((one) => [
      ...[one.policy, percent(one.product?.value), percent(one.bloatRemoved), percent(one.speedKept)],
      ...[percent(one.shareOfBound?.value), percent(one.slowdown), String(one.places), brief(one.policy)],
    ]),
  };
}
