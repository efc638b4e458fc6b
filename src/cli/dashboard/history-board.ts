/** The board of a history that was printed as JSON: what the agent saw and did over time. */
import type { Overview, TargetView } from '../../dashboard/wire/overview.js';
import type { Orders, Series } from '../../dashboard/wire/series.js';
import type { OctavoContext } from '../context.js';
import { historyStory, type ToldHistory } from '../reports/history-story.js';
import { madeBy } from '../reports/made-by.js';
import { storyDocument } from '../reports/story-document.js';
import type { Entry } from './decisions.js';
import { EventLog } from './event-log.js';
import { seriesOfSpans } from './series.js';
import { StillBoard } from './still-board.js';

type ToldSeries = Omit<Series, 'octavo' | 'version' | 'revision'>;

/** The board of a history that was read from a document. */
export function historyBoard(context: OctavoContext, history: ToldHistory, name: string): StillBoard {
  const facts = [['made of', name] as const, ...madeBy(context)];
  const spans = history.spans.map(({ until, targets }) => ({ untilMs: Date.parse(until), targets }));
  const names = [...new Set(spans.flatMap(({ targets }) => targets.map(({ target }) => target)))];
  const series = seriesOfSpans(spans, (target) => `t${names.indexOf(target)}`);
  const log = new EventLog();
  log.add(noteEntries(history));
  const { geometry } = context.host.identity;
  return new StillBoard({
    ...{ kind: 'history', name, clock: 'wall', atMs: spans.at(-1)?.untilMs ?? null, facts, series },
    targets: names.map((target, at) => targetOf(history, series, target, at)),
    notes: history.damage.map((sentence) => `Passed over: ${sentence}`),
    story: storyDocument(historyStory(history, facts)),
    orders: ordersOfSeries(series, geometry),
    log: log.log,
    missing: { map: ['A history has sums, not addresses.', 'Show the live agent or a heat file.'] },
  });
}

function targetOf(history: ToldHistory, series: ToldSeries, name: string, at: number): TargetView {
  const last = history.spans.findLast(({ targets }) => targets.some(({ target }) => target === name));
  const found = last?.targets.find(({ target }) => target === name);
  const state = STATES.find((one) => one === found?.state) ?? 'unknown';
  return {
    ...{ id: `t${at}`, name, match: '', policy: found?.policy ?? '', state },
    processes: lastKnown(series, name, 'processes'),
    values: valuesOf(series, name),
    guard: { why: '', state: 'clear', untilMs: null, blind: [] },
    nextMs: null,
    lastTurn:
      last === undefined
        ? null
        : { atMs: Date.parse(last.until), end: '', why: '', notes: [...(found?.notes ?? [])] },
  };
}

const STATES = [
  'observing',
  'acting',
  'backing-off',
  'stopped',
] as const satisfies readonly Overview['targets'][number]['state'][];

/** Last of gauges, totals of sums. */
export function valuesOf(series: ToldSeries, name: string): TargetView['values'] {
  const values = series.targets.find((target) => target.name === name)?.values ?? {};
  const told = series.fields.map(({ name: field, nature }) => {
    const known = (values[field] ?? []).filter((value) => value !== null);
    if (known.length === 0) return [field, null];
    return [
      field,
      nature === 'gauge' ? known[known.length - 1] : known.reduce((sum, value) => sum + value, 0),
    ];
  });
  return Object.fromEntries(told);
}

function lastKnown(series: ToldSeries, name: string, field: string): number | null {
  return valuesOf(series, name)[field] ?? null;
}

/** Huge and other memory over time; of the other the orders are not known. */
export function ordersOfSeries(
  { times, targets }: ToldSeries,
  { pageBytes, hugeOrder }: { readonly pageBytes: number; readonly hugeOrder: number },
  target?: string,
): Omit<Orders, 'octavo' | 'version' | 'revision'> {
  const shown = targets.filter(({ name }) => target === undefined || name === target);
  const at = (field: string, moment: number) => {
    const known = shown.flatMap(({ values }) => values[field]?.[moment] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  };
  let returned: number | null = null;
  const moments = times.flatMap((atMs, moment) => {
    const [resident, huge] = [at('residentBytes', moment), at('hugeBytes', moment)];
    const gained = at('returnedBytes', moment);
    if (gained !== null) returned = (returned ?? 0) + gained;
    if (resident === null || huge === null) return [];
    const parts = [
      { order: null, bytes: Math.max(0, resident - huge) },
      { order: hugeOrder, bytes: huge },
    ];
    return [{ atMs, label: '', parts, returnedBytes: returned }];
  });
  return { clock: 'wall', pageBytes, hugeOrder, moments };
}

function noteEntries({ spans }: ToldHistory): readonly Entry[] {
  return spans.flatMap(({ until, targets }) =>
    targets.flatMap(({ target, notes }) => notes.map((note) => agentEntry(Date.parse(until), target, note))),
  );
}

/** What the agent tells of itself or a target. */
export function agentEntry(atMs: number, target: string, what: string): Entry {
  return {
    ...{ atMs, kind: 'agent', target, run: '', pid: null, command: '', address: '', page: null },
    ...{ what, why: '', outcome: '', predictedBytes: null, returnedBytes: null },
  };
}
