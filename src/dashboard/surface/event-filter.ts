/** The decision log, filtered and page by page, newest first. Pure. */
import type { DecisionLog } from '../board.js';
import { type Decision, EVENT_KINDS, type EventKind, type EventsReply } from '../wire/events.js';
import type { Query } from './query.js';

/** Filters that must all fit, and which page of what is left. */
export interface EventWish {
  readonly kinds: readonly EventKind[] | undefined;
  readonly target: string | undefined;
  readonly run: string | undefined;
  readonly text: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly segment: number | undefined;
  readonly firstPage: number | undefined;
  readonly endPage: number | undefined;
  readonly before: number | undefined;
  readonly limit: number;
}

const ANY_NUMBER = [0, Number.MAX_SAFE_INTEGER] as const;
const MOST_EVENTS = 500;
const USUAL_EVENTS = 100;

/** The filters of a query. Refuses what is none. */
export function eventWish(query: Query): EventWish {
  const { word, number } = {
    word: (name: string) => query.word(name),
    number: (name: string) => query.optional(name, ANY_NUMBER),
  };
  return {
    kinds: query.some('kind', EVENT_KINDS),
    ...{ target: word('target'), run: word('run'), text: word('text')?.toLowerCase() },
    ...{ fromMs: number('from'), toMs: number('to'), before: number('before') },
    ...{ segment: number('segment'), firstPage: number('firstPage'), endPage: number('endPage') },
    limit: query.whole('limit', [1, MOST_EVENTS], USUAL_EVENTS),
  };
}

/** What the query may have. */
export const EVENT_PARAMETERS = [
  ...(['kind', 'target', 'run', 'text', 'from', 'to', 'before'] as const),
  ...(['segment', 'firstPage', 'endPage', 'limit'] as const),
];

type Told = Omit<EventsReply, 'octavo' | 'version' | 'revision'>;

/** Entries that fit, newest first. */
export function filtered({ decisions, dropped }: DecisionLog, wish: EventWish): Told {
  const fitting = decisions.filter((decision) => fits(decision, wish)).reverse();
  const { before = Number.POSITIVE_INFINITY, limit } = wish;
  const rest = fitting.filter(({ id }) => id < before);
  const events = rest.slice(0, limit);
  return {
    events,
    total: fitting.length,
    next: rest.length > limit ? events[events.length - 1].id : null,
    kinds: Object.fromEntries(
      EVENT_KINDS.map((kind) => [kind, decisions.filter((one) => one.kind === kind).length]),
    ) as EventsReply['kinds'],
    targets: [...new Set(decisions.map(({ target }) => target))].sort(),
    dropped,
  };
}

function fits(decision: Decision, wish: EventWish): boolean {
  const {
    kinds,
    target,
    run,
    text,
    fromMs = Number.NEGATIVE_INFINITY,
    toMs = Number.POSITIVE_INFINITY,
  } = wish;
  return (
    (kinds === undefined || kinds.includes(decision.kind)) &&
    (target === undefined || decision.target === target) &&
    (run === undefined || decision.run === run) &&
    decision.atMs >= fromMs &&
    decision.atMs <= toMs &&
    (text === undefined || saysIt(decision, text)) &&
    isWithin(decision, wish)
  );
}

function saysIt({ target, run, command, address, what, why, outcome }: Decision, text: string): boolean {
  return [target, run, command, address, what, why, outcome].some((words) =>
    words.toLowerCase().includes(text),
  );
}

function isWithin({ place }: Decision, { segment, firstPage = 0, endPage }: EventWish): boolean {
  if (segment === undefined) return true;
  if (place === null || place.segment !== segment) return false;
  return place.page >= firstPage && place.page < (endPage ?? Number.POSITIVE_INFINITY);
}
