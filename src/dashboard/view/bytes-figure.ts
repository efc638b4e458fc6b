/** Bytes over time of one target or of all: what is held, what went back, what was done. Pure. */
import type { Figure } from '../../reports/figures/figure.js';
import { type Series as Line, type Panel, seriesFigure } from '../../reports/figures/series.js';
import { showInstant } from '../../vocabulary/show.js';
import type { Series } from '../wire/series.js';

type Spec = readonly [field: string, label: string, paint: Line['paint'], as?: 'bars'];

const PANELS: readonly (readonly [title: string, unit: Panel['unit'], specs: readonly Spec[]])[] = [
  [
    'Memory',
    'bytes',
    [
      ['residentBytes', 'resident', 'ink'],
      ['hugeBytes', 'huge', 'accent'],
      ['emptyInHugeBytes', 'huge, empty', 'bad'],
      ['coldBytes', 'huge, cold', 'third'],
    ],
  ],
  [
    'Returned and returning',
    'bytes',
    [
      ['stillReturnedBytes', 'still returned', 'good'],
      ['returnedBytes', 'went back', 'accent', 'bars'],
      ['cameBackBytes', 'came back', 'second', 'bars'],
    ],
  ],
  [
    'Steps',
    'count',
    [
      ['splits', 'splits', 'accent', 'bars'],
      ['collapses', 'collapses', 'good', 'bars'],
      ['refused', 'refused', 'axis', 'bars'],
      ['failed', 'failed', 'bad', 'bars'],
    ],
  ],
];

/** Undefined where there is no moment, or nothing is known of any. */
export function bytesFigure(series: Series, name: string): Figure | undefined {
  const { times, clock } = series;
  const panels = PANELS.map(([title, unit, specs]) => ({
    title,
    unit,
    series: specs.flatMap(([field, label, paint, as]) => {
      const values = together(series, field);
      return values === undefined ? [] : [{ label, values, paint, ...(as === undefined ? {} : { as }) }];
    }),
  })).filter((panel) => panel.series.length > 0);
  if (times.length === 0 || panels.length === 0) return undefined;
  const since = clock === 'wall' ? `since ${showInstant(times[0])}` : 'since the beginning';
  return seriesFigure({
    ...{ name: 'bytes', title: `Bytes over time: ${name}`, subtitle: `time ${since}`, panels },
    times: times.map((time) => time - times[0]),
    caption: [
      'Lines are states at the end of a turn, bars are what happened in it. A line ends where nothing is known.',
    ],
  });
}

/** The sum over targets, moment by moment; null where it is known of none. Undefined when it never is. */
function together({ targets, times }: Series, field: string): readonly (number | null)[] | undefined {
  const rows = targets.map(({ values }) => values[field]).filter((row) => row !== undefined);
  const sums = times.map((_, at) => {
    const known = rows.map((row) => row[at]).filter((value) => value != null);
    return known.length === 0 ? null : known.reduce((sum: number, value) => sum + (value ?? 0), 0);
  });
  return sums.some((sum) => sum !== null) ? sums : undefined;
}
