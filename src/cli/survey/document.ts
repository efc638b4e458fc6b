/** The survey noun as JSON, version 1, and as rows of CSV. */
import type { Amount } from '../../survey/amount.js';
import { FIGURES, type Finding, type Looked, type Row as SurveyRow } from '../../survey/rows.js';
import type { Survey } from '../../survey/survey.js';
import type { Row, RowKind } from '../print/rows.js';

/** Figures that are `bytes` of a target; what would be returned has an object of its own. */
const BYTES = FIGURES.filter((figure) => figure !== 'returns');

interface Asked {
  readonly by: string;
  readonly policy: string;
  readonly sort: string;
}

/** Returns the document `survey`. What is not known is null, never 0. */
export function surveyDocument(rows: readonly SurveyRow[], survey: Survey, asked: Asked) {
  const { totals, host, hidden, ended, spent, bounds, notes } = survey;
  return {
    octavo: 'survey',
    version: 1,
    ...asked,
    targets: rows.map(target),
    totals: { ...amounts(totals.figures), returns: returnsOf(totals) },
    host: host ?? null,
    unseen: unseenOf(rows, hidden),
    ended,
    bounds: { ms: bounds.budgetMs, readBytes: bounds.readBytes, lockUs: Math.round(bounds.lockNs / 1e3) },
    spent: {
      ms: Number(spent.ms.toFixed(1)),
      readBytes: spent.readBytes,
      longestLock:
        spent.lock === undefined
          ? null
          : {
              pid: spent.lock.pid,
              us: Math.round(spent.lock.ns / 1e3),
              withInterruptionsUs: Math.round(spent.lock.withInterruptionsNs / 1e3),
            },
    },
    notes,
  };
}

function target(row: SurveyRow) {
  const judged = row.findings.flatMap(({ judged: one }) => one ?? []);
  return {
    ...row.service,
    processes: row.pids.length,
    pids: row.pids,
    countedBy: row.counted,
    ...amounts(row.figures),
    returns: {
      ...returnsOf(row),
      costsMeasured: judged.length > 0 && judged.every(({ isMeasured }) => isMeasured),
      lasts: sums(judged.map(({ lasts }) => lasts)),
      undecidedBlocks: judged.reduce((sum, { undecided }) => sum + undecided, 0),
      refused: judged.flatMap(({ refused }) => refused),
    },
    looked: lookedOf(row.findings),
    hugeBlocks: { read: judged.reduce((sum, { read }) => sum + read, 0), readable: readableOf(row) },
  };
}

/** `bytes` by name, null for what is not known; `bounds` of what is not counted exactly. */
function amounts(figures: SurveyRow['figures']) {
  const known = BYTES.map((figure) => [figure, figures[figure]] as const);
  return {
    bytes: Object.fromEntries(known.map(([figure, amount]) => [figure, whole(amount?.expected)])),
    bounds: Object.fromEntries(known.map(([figure, amount]) => [figure, boundsOf(amount)])),
  };
}

function returnsOf({ figures, lockUs, splits }: Pick<SurveyRow, 'figures' | 'lockUs' | 'splits'>) {
  return {
    bytes: whole(figures.returns?.expected),
    bounds: boundsOf(figures.returns),
    lockUs: { expected: whole(lockUs?.expected), bounds: boundsOf(lockUs) },
    splits: { expected: whole(splits?.expected), bounds: boundsOf(splits) },
  };
}

function boundsOf(amount: Amount | undefined) {
  return amount === undefined ? null : { low: whole(amount.low), high: whole(amount.high) };
}

function whole(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}

function sums(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const one of all)
    for (const [key, value] of Object.entries(one)) total[key] = (total[key] ?? 0) + value;
  return total;
}

function lookedOf(findings: readonly Finding[]): Readonly<Record<Looked, number>> {
  const count = (how: Looked) => findings.filter(({ looked }) => looked === how).length;
  return { whole: count('whole'), part: count('part'), counters: count('counters') };
}

/** Huge blocks whose content can be read, about; null when that is not known. */
export function readableOf({ findings }: SurveyRow): number | null {
  const parts = findings.map(({ judged, most }) => (most === 0 ? 0 : judged?.readable.expected));
  return parts.some((part) => part === undefined)
    ? null
    : Math.round(parts.reduce<number>((sum, part) => sum + (part ?? 0), 0));
}

interface Unseen {
  readonly why: string;
  readonly processes: number;
  /** What was answered of one of them. */
  readonly example: string;
}

/** Why processes were not looked at, the most frequent reason first. */
export function unseenOf(rows: readonly SurveyRow[], hidden: number): readonly Unseen[] {
  const groups = new Map<string, Unseen>();
  for (const { findings } of rows) {
    for (const { unlooked, huge } of findings) {
      // Of what cannot be huge nothing was left out but its holes.
      if (unlooked === undefined || (unlooked.why === 'time' && huge?.high === 0)) continue;
      const group = groups.get(unlooked.why);
      const { why, message } = unlooked;
      groups.set(why, { why, processes: (group?.processes ?? 0) + 1, example: group?.example ?? message });
    }
  }
  const found = [...groups.values()].sort((left, right) => right.processes - left.processes);
  const example = 'their files in /proc cannot be read by this user';
  return hidden === 0 ? found : [...found, { why: 'hidden', processes: hidden, example }];
}

const CSV_FIGURES = FIGURES.flatMap((figure) => [figure, `${figure}Low`, `${figure}High`]);

/** Columns of a service for programs: each figure with its least and most. */
export const SURVEY_ROWS: RowKind = {
  octavo: 'survey',
  version: 1,
  columns: ['kind', 'name', 'processes', ...CSV_FIGURES, 'lockUs', 'splits', 'blocksRead', 'blocksReadable'],
};

/** Returns a service as a row of `SURVEY_ROWS`. */
export function surveyRow(row: SurveyRow): Row {
  const figures = FIGURES.flatMap((figure) => {
    const amount = row.figures[figure];
    return [
      [figure, amount?.expected],
      [`${figure}Low`, amount?.low],
      [`${figure}High`, amount?.high],
    ] as const;
  });
  const numbers = figures.map(([name, value]) => [name, whole(value) ?? undefined] as const);
  return {
    kind: row.service.kind,
    name: row.service.name,
    processes: row.pids.length,
    ...Object.fromEntries(numbers),
    lockUs: whole(row.lockUs?.expected) ?? undefined,
    splits: whole(row.splits?.expected) ?? undefined,
    blocksRead: row.findings.reduce((sum, { judged }) => sum + (judged?.read ?? 0), 0),
    blocksReadable: readableOf(row) ?? undefined,
  };
}
