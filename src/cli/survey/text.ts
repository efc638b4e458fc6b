/** A survey as a table, with what it could not see below it. */
import type { Amount } from '../../survey/amount.js';
import { FIGURES, type Figure, type Row } from '../../survey/rows.js';
import type { Survey } from '../../survey/survey.js';
import { table } from '../print/table.js';
import { plural, showBytes, showMicroseconds } from '../print/units.js';
import { showAmount } from './amounts.js';
import { readableOf, unseenOf } from './document.js';

/** What each column is, in the words of the table and in a sentence. */
export const COLUMNS: Readonly<Record<Figure, readonly [head: string, says: string]>> = {
  resident: ['resident', 'mapped memory: RSS; of several processes with cgroups of their own each page once'],
  huge: ['huge', 'mapped by huge page-table entries'],
  emptyInHuge: ['empty', 'zero-filled in those'],
  unmappedHeld: ['held', 'kept by huge pages although no process maps it, in no RSS'],
  holes: ['holes', 'what making all its small blocks huge would add'],
  cold: ['cold', 'in huge pages and hardly accessed, as far as samples tell'],
  returns: ['returns', 'what the policy would give back at once'],
};

/** Returns a survey as a table of its first `most` services, totals of all, and what was not seen. */
export function showSurvey(rows: readonly Row[], survey: Survey, most: number): string {
  const shown = rows.slice(0, most).map(rowCells);
  const { figures, lockUs } = survey.totals;
  const total = [
    '',
    `total of ${rows.length}`,
    String(count(rows)),
    ...figureCells(figures),
    cost(lockUs),
    '',
  ];
  const head = ['', 'service', 'n', ...FIGURES.map((figure) => COLUMNS[figure][0]), 'lock', 'read'];
  const numbers = head.map((_, column) => column).slice(2);
  const rest = rows.length - shown.length;
  return [
    table(head, [...shown, total], numbers),
    ...(rest > 0
      ? [`(${plural(rest, 'more row')} not shown, counted in the total; --rows N shows more)`]
      : []),
  ].join('\n');
}

function rowCells(row: Row): readonly string[] {
  return [
    row.service.kind,
    row.service.name,
    String(row.pids.length),
    ...figureCells(row.figures),
    cost(row.lockUs),
    readCell(row),
  ];
}

function figureCells(figures: Row['figures']): readonly string[] {
  return FIGURES.map((figure) => showAmount(figures[figure]));
}

function cost(lockUs: Amount | undefined): string {
  if (lockUs === undefined) return '?';
  if (lockUs.expected !== undefined)
    return `${lockUs.expected === lockUs.low ? '' : '~'}${showMicroseconds(lockUs.expected)}`;
  return showAmount(lockUs, showMicroseconds);
}

/** Blocks read, of those that can be. */
function readCell(row: Row): string {
  const read = row.findings.reduce((sum, { judged }) => sum + (judged?.read ?? 0), 0);
  const readable = readableOf(row);
  if (readable === 0) return '-';
  return readable === null ? `${read} of ?` : `${read} of ${readable}`;
}

function count(rows: readonly Row[]): number {
  return rows.reduce((sum, { pids }) => sum + pids.length, 0);
}

/** What was looked at and what was not, what it cost, and how to read the numbers. */
export function surveyNotes(rows: readonly Row[], survey: Survey, policy: string): readonly string[] {
  return [
    lookedLine(rows, survey),
    ...contentLine(rows, survey, policy),
    spentLine(survey),
    ...hostLine(survey),
    ...unseenOf(rows, survey.hidden).map(
      ({ why, processes, example }) =>
        `not looked at: ${plural(processes, 'process', 'processes')} (${why === 'time' ? '--budget allows more: ' : ''}${example})`,
    ),
    ...refusals(rows),
  ];
}

function lookedLine(rows: readonly Row[], survey: Survey): string {
  const findings = rows.flatMap((row) => row.findings);
  const of = (how: string) => findings.filter(({ looked }) => looked === how).length;
  const part = of('part') > 0 ? `, of ${of('part')} a part drawn at random` : '';
  const none = findings.filter(({ looked, huge }) => looked === 'counters' && huge?.high === 0).length;
  const rest =
    of('counters') > 0 ? `; ${of('counters')} by counters alone, of which ${none} can have nothing huge` : '';
  const gone = survey.ended > 0 ? `; ${survey.ended} ended meanwhile` : '';
  return `looked at page tables of ${plural(of('whole'), 'process', 'processes')} whole${part}${rest}${gone}`;
}

function contentLine(rows: readonly Row[], { spent }: Survey, policy: string): readonly string[] {
  const judged = rows.flatMap((row) => row.findings).flatMap(({ judged: one }) => one ?? []);
  const read = judged.reduce((sum, one) => sum + one.read, 0);
  const pages = judged.reduce((sum, one) => sum + one.pages, 0);
  if (read + pages === 0) return ['no content of huge pages was read'];
  const sampled = judged.some((one) => one.read < (one.readable.high ?? Number.POSITIVE_INFINITY));
  const words = sampled
    ? '; ~ stands for all of them, between bounds that hold with 95 % confidence'
    : ', all there are';
  const lasting = lastsWords(judged);
  return [
    `read ${plural(read, 'huge block')} whole (${showBytes(spent.readBytes)}) and ${plural(pages, 'single page')}${words}`,
    `policy ${policy}: ${lasting}`,
  ];
}

const LASTS = {
  no: 'stays returned',
  'if-touched': 'comes back if touched',
  likely: 'is likely to come back',
  unknown: 'may or may not stay',
} as const;

function lastsWords(judged: readonly NonNullable<Row['findings'][number]['judged']>[]): string {
  const parts = (Object.keys(LASTS) as (keyof typeof LASTS)[]).flatMap((key) => {
    const bytes = judged.reduce((sum, { lasts }) => sum + (lasts[key] ?? 0), 0);
    return bytes > 0 ? [`${showBytes(bytes)} ${LASTS[key]}`] : [];
  });
  const undecided = judged.reduce((sum, one) => sum + one.undecided, 0);
  const measured = judged.some(({ isMeasured }) => isMeasured)
    ? 'measured here'
    : 'assumed, not measured here';
  const wants = undecided > 0 ? `; of ${plural(undecided, 'block')} it knows too little (no samples)` : '';
  if (parts.length === 0) return `returns nothing of what was read${wants}`;
  return `of what the read blocks return ${parts.join(', ')}; lock times are ${measured}${wants}`;
}

function spentLine({ spent, bounds }: Survey): string {
  const { lock } = spent;
  const held =
    lock === undefined
      ? 'no process’s mmap_lock was taken'
      : `mmap_lock of process ${lock.pid} for ${showMicroseconds(lock.ns / 1e3)} at most (${showMicroseconds(lock.withInterruptionsNs / 1e3)} with what interrupted it), of no other for longer; bound ${showMicroseconds(bounds.lockNs / 1e3)}`;
  return `took ${showMicroseconds(spent.ms * 1e3)} of ${showMicroseconds(bounds.budgetMs * 1e3)}; ${held}`;
}

function hostLine({ host }: Survey): readonly string[] {
  if (host === undefined) return [];
  const huge = host.anonHuge + (host.shmemHuge ?? 0) + (host.fileHuge ?? 0);
  return [
    `the whole host, by its counters: ${showBytes(huge)} in huge pages, ${showBytes(host.mapped)} mapped`,
  ];
}

function refusals(rows: readonly Row[]): readonly string[] {
  const sums = new Map<string, { why: string; bytes: number }>();
  for (const { refused } of rows.flatMap((row) => row.findings).flatMap(({ judged }) => judged ?? [])) {
    for (const { code, why, bytes } of refused) {
      const sum = sums.get(code) ?? { why, bytes: 0 };
      sums.set(code, { ...sum, bytes: sum.bytes + bytes });
    }
  }
  return [...sums].map(([code, { why, bytes }]) =>
    code === 'not-able'
      ? `nothing here can do that now: ${why}`
      : `${showBytes(bytes)} of what was read would be left alone: ${why}`,
  );
}
