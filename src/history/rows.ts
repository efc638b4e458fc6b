/** The history as rows, one for each span and target: the columns of CSV and Parquet. Pure. */
import { FIELD_NAMES, FIELDS, type FieldName } from './observation.js';
import type { GaugeRange, Span, Summary, TargetSpan } from './span.js';

/** A column, and how its value comes from a span. */
export interface HistoryColumn {
  readonly name: string;
  readonly type: 'int64' | 'string';
  /** Null where it is not known; only columns of values are ever null. */
  value(span: Span, target: TargetSpan): string | number | null;
}

const text = (name: string, value: HistoryColumn['value']): HistoryColumn => ({
  name,
  type: 'string',
  value,
});
const whole = (name: string, value: HistoryColumn['value']): HistoryColumn => ({
  name,
  type: 'int64',
  value,
});

/** `residentBytes` as `resident_bytes` */
function columnName(field: FieldName): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function columnsOf(field: FieldName): readonly HistoryColumn[] {
  const name = columnName(field);
  const column = (ending: string, of: (summary: Summary) => number | undefined) =>
    whole(`${name}${ending}`, (_, { values }) => {
      const summary = values[field];
      return summary === null ? null : (of(summary) ?? null);
    });
  if (FIELDS[field].nature === 'sum') return [column('', ({ sum }) => sum)];
  const ranged = (part: keyof GaugeRange) => (summary: Summary) => summary.range?.[part];
  return [
    column('', ranged('last')),
    column('_min', ranged('least')),
    column('_max', ranged('largest')),
    column('_mean', meanOf),
  ];
}

/** Mean of the turns in which it is known, as a whole number. */
export function meanOf({ sum, known }: Summary): number {
  return Math.round(sum / known);
}

/** All columns: times, target, state, then every number with least, largest and last where it is a gauge. */
export const HISTORY_COLUMNS: readonly HistoryColumn[] = [
  whole('first_turn', ({ first }) => first),
  whole('last_turn', ({ last }) => last),
  whole('from_ms', ({ wall }) => wall.from),
  whole('until_ms', ({ wall }) => wall.until),
  whole('lived_from_ms', ({ lived }) => lived.from),
  whole('lived_until_ms', ({ lived }) => lived.until),
  text('target', (_, { target }) => target),
  text('policy', (_, { policy }) => policy),
  text('state', (_, { state }) => state),
  whole('turns', (_, { turns }) => turns),
  ...FIELD_NAMES.flatMap(columnsOf),
  text('notes', (_, { notes }) => notes.join('; ')),
];
