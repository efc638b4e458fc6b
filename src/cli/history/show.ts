/** Tables of a view of the history. */

import type { Tier } from '../../history/health.js';
import { FIELD_NAMES, FIELDS, type FieldName } from '../../history/observation.js';
import { meanOf } from '../../history/rows.js';
import type { Summary, TargetSpan } from '../../history/span.js';
import { sparkline } from '../print/spark.js';
import { table } from '../print/table.js';
import { plural, showBytes, showChange, showMicroseconds } from '../print/units.js';
import type { HistoryView } from './view.js';

const TIER_WORDS: Readonly<Record<Tier, string>> = {
  raw: 'turn by turn',
  '5m': 'by five minutes',
  '1h': 'by the hour',
};

/** What is shown of each of several targets beside its name and state. */
export const OVERVIEW: readonly FieldName[] = [
  'hugeBytes',
  'emptyInHugeBytes',
  'returnedBytes',
  'cameBackBytes',
  'splits',
  'undone',
  'lockNs',
];

/** Returns the tables of a view; the empty text where it holds no turn. */
export function showHistory(view: HistoryView, tier: Tier, target: string | undefined): string {
  const { total } = view;
  if (total === undefined) return '';
  const chosen = total.targets.find((one) => one.target === target);
  const head = `${showTime(total.wall.from)} to ${showTime(total.wall.until)}, ${TIER_WORDS[tier]}: ${plural(total.turns, 'turn')}`;
  const events = view.events.map(({ wallMs, text }) => `${showTime(wallMs)}  ${text}`);
  return [
    head,
    chosen ? oneTarget(view, chosen) : everyTarget(view, total.targets),
    ...(events.length > 0 ? ['', ...events] : []),
  ].join('\n');
}

/** `2026-11-30 14:05:09`, in UTC. */
export function showTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');
}

function everyTarget(view: HistoryView, targets: readonly TargetSpan[]): string {
  const heads = [
    'target',
    'state',
    'huge',
    'over time',
    'empty in it',
    'returned',
    'came back',
    'splits',
    'undone',
    'lock',
  ];
  const sorted = [...targets].sort((left, right) => hugeOf(right) - hugeOf(left));
  const rows = sorted.map((target) => {
    const [huge, ...others] = OVERVIEW.map((field) => showValue(field, target.values[field]));
    return [target.target, target.state, huge, sparkline(view.over(target.target, 'hugeBytes')), ...others];
  });
  return table(heads, rows, [2, 4, 5, 6, 7, 8, 9]);
}

function hugeOf({ values }: TargetSpan): number {
  return values.hugeBytes?.range?.last ?? -1;
}

function oneTarget(view: HistoryView, target: TargetSpan): string {
  const known = FIELD_NAMES.flatMap((field) => {
    const summary = target.values[field];
    return summary === null ? [] : [{ field, summary }];
  });
  const rows = known.map(({ field, summary }) => {
    const { range } = summary;
    const show = (value: number) => showNumber(field, value);
    const spread = range ? [range.least, range.largest, meanOf(summary)].map(show) : ['', '', ''];
    return [labelOf(field), sparkline(view.over(target.target, field)), showValue(field, summary), ...spread];
  });
  const unknown = FIELD_NAMES.filter((field) => target.values[field] === null).map(labelOf);
  return [
    `${target.target}: ${target.state}, policy ${target.policy}`,
    table(['', 'over time', 'last, or sum', 'least', 'largest', 'mean'], rows, [2, 3, 4, 5]),
    ...(unknown.length > 0 ? [`not known: ${unknown.join(', ')}`] : []),
  ].join('\n');
}

/** `emptyInHugeBytes` as `empty in huge` */
export function labelOf(field: FieldName): string {
  return field.replace(/(Bytes|Ns)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The last of a gauge, the sum of the others; `-` where it is not known. */
export function showValue(field: FieldName, summary: Summary | null): string {
  return summary === null ? '-' : showNumber(field, summary.range?.last ?? summary.sum);
}

function showNumber(field: FieldName, value: number): string {
  const { unit } = FIELDS[field];
  if (unit === 'nanoseconds') return showMicroseconds(value / 1000);
  if (unit === 'bytes') return value < 0 ? showChange(value) : showBytes(value);
  return String(value);
}
