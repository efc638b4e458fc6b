/** What views show, as tables of words: for screens, for screen readers, for spreadsheets. Pure. */
import { NOTHING, showBytes, showCount, showDuration, showInstant, showPart } from '../../vocabulary/show.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Decision, PingPong } from '../wire/events.js';
import type { Budget, TargetView } from '../wire/overview.js';
import type { Clock } from './columns.js';
import type { Table } from './csv.js';

/** Bytes in words; a dash where they are not known. */
export const bytesWords = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? NOTHING : showBytes(Math.round(bytes));

/** A count in words; a dash where it is not known. */
export const countWords = (count: number | null | undefined): string =>
  count === null || count === undefined ? NOTHING : showCount(Math.round(count));

/** Columns of the table of targets: heading, field, and what it says. */
export const TARGET_COLUMNS = [
  ['resident', 'residentBytes', 'resident in its processes (RSS)'],
  ['huge', 'hugeBytes', 'of it mapped by huge pages'],
  ['empty in huge', 'emptyInHugeBytes', 'zero-filled sub-pages inside huge pages'],
  ['cold in huge', 'coldBytes', 'inside huge pages, known to be cold'],
  ['returned', 'returnedBytes', 'that the system got back'],
  ['came back', 'cameBackBytes', 'of it found in use again'],
  ['still returned', 'stillReturnedBytes', 'returned and not in use again'],
] as const;

/** Targets as numbers, for spreadsheets: every field that is known of any. */
export function targetTable(targets: readonly TargetView[]): Table {
  const fields = [...new Set(targets.flatMap(({ values }) => Object.keys(values)))];
  return {
    head: ['target', 'match', 'policy', 'state', 'processes', ...fields, 'guard', 'why'],
    rows: targets.map(({ name, match, policy, state, processes, values, guard }) => [
      ...[name, match, policy, state, numberText(processes)],
      ...fields.map((field) => numberText(values[field])),
      ...[guard.state, guard.why],
    ]),
  };
}

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '' : String(value);

/** How much of a budget is used. */
export interface BudgetWords {
  /** Of the bound, above 1 where it is overdrawn; undefined without a bound, or where it is not known. */
  readonly share: number | undefined;
  readonly words: string;
}

/** Says how much of a budget is used, in its unit. */
export function budgetWords({ used, limit, unit }: Budget): BudgetWords {
  const show = (value: number) => {
    if (unit === 'bytes') return showBytes(value);
    if (unit === 'milliseconds') return showDuration(value);
    return unit === 'share' ? showPart(value, 1, value < 0.1 ? 2 : 1) : showCount(value);
  };
  const words = used === null ? 'not known' : show(used);
  if (limit === null) return { share: undefined, words: `${words}, no bound` };
  const share = used === null ? undefined : limit > 0 ? used / limit : 1;
  return { share, words: `${words} of ${show(limit)}` };
}

/** Decisions, one a row. */
export function decisionTable(decisions: readonly Decision[], clock: Clock): Table {
  return {
    head: ['time', 'kind', 'target', 'process', 'address', 'what', 'why', 'outcome', 'predicted_bytes', 'returned_bytes', 'run'], // biome-ignore format: one line
    rows: decisions.map((one) => [
      ...[momentText(one.atMs, clock), one.kind, one.target, processWords(one), one.address],
      ...[one.what, one.why, one.outcome],
      ...[numberText(one.predictedBytes), numberText(one.returnedBytes), one.run],
    ]),
  };
}

/** Blocks that go to and fro, one a row. */
export function pingPongTable({ blocks }: PingPong, clock: Clock): Table {
  return {
    head: ['process', 'address', 'times', 'by', 'last', 'left alone until', 'why'],
    rows: blocks.map((one) => [
      ...[processWords(one), one.address, String(one.times), one.by],
      ...[one.lastMs, one.untilMs].map((ms) => (ms === null ? '' : momentText(ms, clock))),
      one.why,
    ]),
  };
}

/** A moment by its clock. */
export function momentText(ms: Milliseconds, clock: Clock): string {
  return clock === 'wall' ? showInstant(ms) : `+${showDuration(ms)}`;
}

/** `redis (7)`, `pid 7`, or nothing where it is of no process. */
export function processWords({
  pid,
  command,
}: {
  readonly pid: number | null;
  readonly command: string;
}): string {
  if (pid === null) return command;
  return command === '' ? `pid ${pid}` : `${command} (${pid})`;
}
