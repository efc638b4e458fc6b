/** Numbers over time: from the history's spans, and fewer of them. Pure. */
import type { SeriesWish } from '../../dashboard/board.js';
import type { FieldView, Series } from '../../dashboard/wire/series.js';
import { FIELDS, isFieldName } from '../../history/observation.js';

type ToldSeries = Omit<Series, 'octavo' | 'version' | 'revision'>;
type Values = ToldSeries['targets'][number]['values'];

/** Of some fields of an observation, in their order. */
export function fieldViews(names: readonly string[]): FieldView[] {
  return names.flatMap((name) => (isFieldName(name) ? [{ name, ...FIELDS[name] }] : []));
}

/** The part of a series that is wished for, with at most so many moments: neighbours become one. */
export function thinned(series: ToldSeries, wish: SeriesWish): ToldSeries {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, target, points } = wish;
  const first = series.times.findIndex((time) => time >= fromMs);
  const end = series.times.findLastIndex((time) => time <= toMs) + 1;
  const [from, to] = first < 0 ? [0, 0] : [first, Math.max(first, end)];
  const size = Math.max(1, Math.ceil((to - from) / points));
  const groups = Array.from({ length: Math.ceil((to - from) / size) }, (_, at) => {
    const begin = from + at * size;
    return [begin, Math.min(to, begin + size)] as const;
  });
  const natures = new Map(series.fields.map(({ name, nature }) => [name, nature]));
  return {
    ...series,
    times: groups.map(([, last]) => series.times[last - 1]),
    targets: series.targets
      .filter(({ name }) => target === undefined || name === target)
      .map((one) => ({ ...one, values: thinnedValues(one.values, groups, natures) })),
  };
}

function thinnedValues(
  values: Values,
  groups: readonly (readonly [number, number])[],
  natures: ReadonlyMap<string, FieldView['nature']>,
): Values {
  const entries = Object.entries(values).map(([name, all]) => {
    const isSum = natures.get(name) === 'sum';
    return [name, groups.map(([from, to]) => together(all.slice(from, to), isSum))] as const;
  });
  return Object.fromEntries(entries);
}

/** Sums add up; of a gauge the last that is known stays. */
function together(values: readonly (number | null)[], isSum: boolean): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return isSum ? known.reduce((sum, value) => sum + value, 0) : known[known.length - 1];
}

/** A reading of a target in a span. */
export interface SpanValue {
  readonly sum: number;
  readonly last?: number | undefined;
}

/** A span of a history, as far as a series needs it. */
export interface SpanOf {
  readonly untilMs: number;
  readonly targets: readonly {
    readonly target: string;
    readonly values: Readonly<Record<string, SpanValue | null | undefined>>;
  }[];
}

/** Spans as a series; fields that nothing is known of are left out. `idOf`: id of a target by its name. */
export function seriesOfSpans(spans: readonly SpanOf[], idOf: (name: string) => string): ToldSeries {
  const names = [...new Set(spans.flatMap(({ targets }) => targets.map(({ target }) => target)))];
  const known = new Set<string>();
  const targets = names.map((name) => {
    const values = new Map<string, (number | null)[]>();
    for (const [at, span] of spans.entries()) {
      const found = span.targets.find(({ target }) => target === name);
      for (const [field, value] of Object.entries(found?.values ?? {})) {
        if (value == null || !isFieldName(field)) continue;
        const column = values.get(field) ?? Array<number | null>(spans.length).fill(null);
        column[at] = FIELDS[field].nature === 'gauge' ? (value.last ?? null) : value.sum;
        values.set(field, column);
        known.add(field);
      }
    }
    return { id: idOf(name), name, values: Object.fromEntries(values) };
  });
  const fields = fieldViews(Object.keys(FIELDS).filter((name) => known.has(name)));
  return { clock: 'wall', fields, times: spans.map(({ untilMs }) => untilMs), targets };
}
