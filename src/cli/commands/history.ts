import { TIERS, type Tier } from '../../history/health.js';
import { FIELD_NAMES } from '../../history/observation.js';
import { historyParquet } from '../../history/parquet.js';
import { type HistoryQuery, newestMoment, oldestOf, readSpans } from '../../history/read-history.js';
import { HISTORY_COLUMNS } from '../../history/rows.js';
import type { Span } from '../../history/span.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { spanDocument } from '../history/document.js';
import { limitOf, livedAt, parseTime, type TimeWord, tierFor } from '../history/limits.js';
import { OVERVIEW, showHistory } from '../history/show.js';
import { HistoryView } from '../history/view.js';
import { headLine, rowLine } from '../print/rows.js';
import { parseWord, type StateFlags, stateFlags } from '../shared-flags.js';
import { journalPlace } from '../turns.js';

type Flags = StateFlags & {
  readonly since: TimeWord;
  readonly until?: TimeWord;
  readonly tier?: Tier;
  readonly json: boolean;
  readonly csv: boolean;
  readonly out?: string;
};

/** Rows of one document; a CSV or Parquet file has no such bound. */
const MOST_JSON_ROWS = 20_000;
/** Lines that are written at once. */
const LINES_AT_ONCE = 1000;
/** Names that a message lists. */
const MOST_NAMES = 20;
/** Sentences of damage that are told. */
const MOST_DAMAGE = 5;

/** `octavo history [TARGET]`: reads what the agent kept, while it runs and after. */
export const historyCommand = command<Flags, [string?]>(
  {
    brief: 'show what the agent saw and did of each target over time',
    effect: LOOKS,
    description: [
      'Reads the history in the state directory of `octavo agent` and writes nothing to it. It is kept turn by turn (raw), by',
      'five minutes (5m) and by the hour (1h); sums are exact in each of them, and gauges keep their least and largest. A',
      'duration is counted as time passed, so that a clock that was set hides nothing; a date is that of the wall clock, in UTC.',
    ].join('\n'),
    examples: [
      ['octavo history', 'all targets, the last day'],
      ['octavo history redis.service --since 7d', 'one target, all that is known of it'],
      [
        'octavo history --since 2026-11-30T02:00 --until 2026-11-30T04:00 --tier raw',
        'what happened last night',
      ],
      ['octavo history --since 30d --tier 1h --out month.parquet', 'for other programs'],
    ],
    exits: [
      [EXIT.badInput, 'too much for one document, or a file cannot be written'],
      [EXIT.noTarget, 'no history in that time, or none of that target'],
    ],
  },
  {
    flags: {
      ...stateFlags,
      json: jsonFlag,
      csv: {
        kind: 'boolean',
        brief: 'Print a row for each span and target',
        default: false,
        withNegated: false,
      },
      since: { kind: 'parsed', parse: parseTime, brief: 'From when on', default: '1d', placeholder: 'time' },
      until: { kind: 'parsed', parse: parseTime, brief: 'Until when', optional: true, placeholder: 'time' },
      tier: {
        kind: 'enum',
        values: TIERS,
        brief: 'Turn by turn, by five minutes or by the hour; what suits the time when absent',
        optional: true,
      },
      out: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write a Parquet file',
        optional: true,
        placeholder: 'file',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'target', brief: 'This target only', parse: parseWord, optional: true }],
    },
  },
  function (flags, target) {
    checkOutputs(flags);
    const damage: string[] = [];
    const asked = ask(this, flags, (sentence) => void damage.push(sentence));
    const spans = new Chosen(asked, target);
    if (flags.out !== undefined) writeParquet(this, flags.out, spans, asked.tier);
    else if (flags.json) this.printJson({ ...asked.facts, spans: documents(spans), damage });
    else if (flags.csv) printCsv(this, spans);
    else this.print(showHistory(viewOf(spans, asked, target), asked.tier, target));
    for (const sentence of damage.slice(0, MOST_DAMAGE)) this.remark(`octavo: passed over: ${sentence}`);
  },
);

/** USAGE when several of them are asked for. */
function checkOutputs({ json, csv, out }: Flags): void {
  const wanted = [json && '--json', csv && '--csv', out !== undefined && '--out'].filter(Boolean);
  if (wanted.length < 2) return;
  const problem = `${wanted.join(' and ')} cannot be had at once`;
  throw new OctavoError('USAGE', { problem, command: 'history' });
}

interface Asked {
  readonly tier: Tier;
  /** Limits of time as it passed. */
  readonly from: number;
  readonly until: number;
  readonly directory: string;
  readonly spans: Iterable<Span>;
  readonly facts: Readonly<Record<string, unknown>>;
}

function ask(context: OctavoContext, flags: Flags, report: HistoryQuery['report']): Asked {
  const place = journalPlace(context, flags.state);
  const newest = newestMoment(place);
  const { directory } = place;
  if (newest === undefined) throw new OctavoError('HISTORY_EMPTY', { when: 'yet', directory });
  const { now } = newest;
  const since = limitOf(flags.since, now);
  const until = flags.until && limitOf(flags.until, now);
  const [from, end] = [livedAt(since, now), until ? livedAt(until, now) : now.livedMs];
  const tier = flags.tier ?? tierFor(from, end, oldestOf(place));
  const query = { since, until, signal: context.signal, report };
  return {
    ...{ tier, from, until: end, directory },
    spans: readSpans(place, tier, query),
    facts: {
      octavo: 'history',
      version: 1,
      directory,
      tier,
      newest: new Date(newest.last.wallMs).toISOString(),
    },
  };
}

/** The spans of a target, or of all of them, gone through once. */
class Chosen implements Iterable<Span> {
  readonly #asked: Asked;
  readonly #target: string | undefined;
  /** Targets that were seen. */
  readonly #names = new Set<string>();

  constructor(asked: Asked, target: string | undefined) {
    this.#asked = asked;
    this.#target = target;
  }

  *[Symbol.iterator](): Generator<Span> {
    for (const span of this.#asked.spans) {
      for (const { target } of span.targets) this.#names.add(target);
      const targets = span.targets.filter(
        ({ target }) => this.#target === undefined || target === this.#target,
      );
      if (targets.length > 0) yield { ...span, targets };
    }
    this.#check();
  }

  /** Throws HISTORY_EMPTY or HISTORY_TARGET_UNKNOWN where there was nothing. */
  #check(): void {
    const { directory } = this.#asked;
    if (this.#names.size === 0) throw new OctavoError('HISTORY_EMPTY', { when: 'of that time', directory });
    if (this.#target === undefined || this.#names.has(this.#target)) return;
    const known = [...this.#names].slice(0, MOST_NAMES).join(', ');
    throw new OctavoError('HISTORY_TARGET_UNKNOWN', { target: this.#target, known });
  }
}

function documents(spans: Iterable<Span>) {
  const found: ReturnType<typeof spanDocument>[] = [];
  let rows = 0;
  for (const span of spans) {
    rows += span.targets.length;
    if (rows > MOST_JSON_ROWS) throw new OctavoError('HISTORY_TOO_LARGE', { rows: MOST_JSON_ROWS });
    found.push(spanDocument(span));
  }
  return found;
}

const CSV = { octavo: 'history', version: 1, columns: HISTORY_COLUMNS.map(({ name }) => name) };

function printCsv(context: OctavoContext, spans: Iterable<Span>): void {
  let lines = [headLine(CSV, 'csv')];
  for (const span of spans)
    for (const target of span.targets) {
      const cells = HISTORY_COLUMNS.map((column) => [column.name, column.value(span, target) ?? undefined]);
      lines.push(rowLine(CSV, Object.fromEntries(cells), 'csv'));
      if (lines.length < LINES_AT_ONCE) continue;
      context.printExact(lines.join('\n'));
      lines = [];
    }
  if (lines.length > 0) context.printExact(lines.join('\n'));
}

function writeParquet(context: OctavoContext, path: string, spans: Iterable<Span>, tier: Tier): void {
  const written = context.host.files.writeFile(path, historyParquet(spans, tier));
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}

function viewOf(spans: Chosen, { from, until }: Asked, target: string | undefined): HistoryView {
  const view = new HistoryView(from, until, target === undefined ? OVERVIEW : FIELD_NAMES);
  for (const span of spans) view.add(span);
  return view;
}
