/** What the agent saw and did over time, as a story: what `octavo history --json` prints. */
import type { FieldName } from '../../history/observation.js';
import { type Panel, type Series, seriesFigure } from '../../reports/figures/series.js';
import type { Part, Story, Tile } from '../../reports/story/story.js';
import {
  plural,
  showBytes,
  showCount,
  showDuration,
  showInstant,
  showNanoseconds,
} from '../../vocabulary/show.js';

/** Of one number of a target in a span; null where it is not known. */
interface ToldValue {
  readonly known: number;
  readonly sum: number;
  /** Of a gauge. */
  readonly last?: number | undefined;
}

interface ToldTarget {
  readonly target: string;
  readonly policy: string;
  readonly state: string;
  readonly turns: number;
  readonly values: Readonly<Record<string, ToldValue | null | undefined>>;
  readonly notes: readonly string[];
}

/** What `octavo history --json` prints, as far as a story reads it. */
export interface ToldHistory {
  readonly tier: string;
  readonly spans: readonly {
    readonly from: string;
    readonly until: string;
    readonly turns: number;
    readonly targets: readonly ToldTarget[];
  }[];
  readonly damage: readonly string[];
}

type Spans = ToldHistory['spans'];

/** Moments of a picture, and rows of the table of notes. */
const MOST_MOMENTS = 360;
const MOST_NOTES = 200;

/** Returns the story of a history: courses over time, and a table of targets. */
export function historyStory(history: ToldHistory, facts: Story['facts']): Story {
  const { spans, damage, tier } = history;
  const targets = [...new Set(spans.flatMap((span) => span.targets.map(({ target }) => target)))];
  const length =
    spans.length === 0 ? 0 : Date.parse(spans[spans.length - 1].until) - Date.parse(spans[0].from);
  const turns = spans.reduce((sum, span) => sum + span.turns, 0);
  return {
    kind: 'report of the agent',
    title: `${showDuration(Math.max(0, length))} of ${targets.slice(0, 3).join(', ') || 'no target'}${targets.length > 3 ? ` and ${targets.length - 3} more` : ''}`,
    lead: leadOf(spans, turns, targets),
    tiles: spans.length === 0 ? [] : tilesOf(spans),
    sections: [
      { id: 'course', title: 'What became of memory', parts: courseParts(history) },
      { id: 'targets', title: 'Target by target', parts: [targetTable(spans, targets)] },
      { id: 'notes', title: 'What to know', parts: notesParts(spans) },
    ],
    facts: [
      ['history', `${showCount(spans.length)} spans, ${tier}`],
      ...damage.slice(0, 5).map((sentence) => ['passed over', sentence] as const),
      ...facts,
    ],
  };
}

function leadOf(spans: Spans, turns: number, targets: readonly string[]): string {
  if (spans.length === 0) return 'The history has nothing of that time.';
  const [returned, back] = [total(spans, 'returnedBytes'), total(spans, 'cameBackBytes')];
  const words = [`${plural(turns, 'turn')} of the agent on ${plural(targets.length, 'target')}.`];
  words.push(
    returned === null
      ? 'What the system got back is not known.'
      : `The system got ${showBytes(returned)} back; ${back === null ? 'what came back is not known' : `${showBytes(back)} of it came back`}.`,
  );
  return words.join(' ');
}

function tilesOf(spans: Spans): readonly Tile[] {
  const sum = (name: FieldName) => total(spans, name);
  const bytes = (value: number | null) => (value === null ? 'not known' : showBytes(value));
  const count = (value: number | null) => (value === null ? 'not known' : showCount(value));
  const ns = (value: number | null) => (value === null ? 'not known' : showNanoseconds(value));
  const [returned, predicted, back] = [sum('returnedBytes'), sum('predictedBytes'), sum('cameBackBytes')];
  return [
    {
      label: 'resident at the end',
      value: bytes(lastOf(spans, 'residentBytes')),
      note: `${bytes(lastOf(spans, 'hugeBytes'))} huge`,
    },
    { label: 'returned to the system', value: bytes(returned), note: `${bytes(predicted)} predicted` },
    { label: 'came back', value: bytes(back), tone: (back ?? 0) > (returned ?? 0) / 2 ? 'warn' : 'good' },
    {
      label: 'splits and collapses',
      value: `${count(sum('splits'))} / ${count(sum('collapses'))}`,
      note: `${count(sum('undone'))} undone, ${count(sum('refused'))} refused`,
    },
    { label: 'cost', value: ns(sum('ownCpuNs')), note: `of CPU; locks held ${ns(sum('lockNs'))}` },
  ];
}

/** Of all targets and spans; null where no turn knows it. */
function total(spans: Spans, name: FieldName): number | null {
  const known = spans.flatMap(({ targets }) => targets.flatMap(({ values }) => values[name]?.sum ?? []));
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
}

/** The last that is known of each target, together. */
function lastOf(spans: Spans, name: FieldName): number | null {
  const last = new Map<string, number>();
  for (const { targets } of spans)
    for (const { target, values } of targets) {
      const value = values[name]?.last;
      if (value !== undefined) last.set(target, value);
    }
  return last.size === 0 ? null : [...last.values()].reduce((sum, one) => sum + one, 0);
}

function courseParts({ spans, tier }: ToldHistory): readonly Part[] {
  if (spans.length === 0)
    return [
      {
        kind: 'empty',
        why: 'There is no turn in that time.',
        remedy: 'Ask for a longer time with `octavo history --since`.',
      },
    ];
  const groups = grouped(spans);
  const start = Date.parse(spans[0].from);
  const gauge = (name: FieldName) => groups.map((group) => lastOf(group, name));
  const events = (name: FieldName) => groups.map((group) => total(group, name));
  const bars = (label: string, name: FieldName, paint: Series['paint']): Series => ({
    label,
    values: events(name),
    paint,
    as: 'bars',
  });
  const panels: Panel[] = [
    {
      title: 'memory of all targets',
      unit: 'bytes',
      series: [
        { label: 'resident', values: gauge('residentBytes'), paint: 'ink' },
        { label: 'huge', values: gauge('hugeBytes'), paint: 'accent' },
        { label: 'empty', values: gauge('emptyInHugeBytes'), paint: 'bad', dash: [4, 3] },
        { label: 'still back', values: gauge('stillReturnedBytes'), paint: 'good' },
      ],
    },
    {
      title: 'returned to the system, and in use again',
      unit: 'bytes',
      series: [bars('returned', 'returnedBytes', 'good'), bars('came back', 'cameBackBytes', 'bad')],
    },
    {
      title: 'splits and collapses',
      unit: 'count',
      series: [bars('splits', 'splits', 'second'), bars('collapses', 'collapses', 'third')],
    },
  ];
  const figure = seriesFigure({
    name: 'course',
    title: 'Memory of the targets over time',
    subtitle: `since ${showInstant(start)}, by ${tier === 'raw' ? 'turns' : tier}`,
    times: groups.map((group) => Date.parse(group[group.length - 1].until) - start),
    panels,
    caption: [
      'Resident: what is in memory. Huge: what huge pages map. Empty: zero-filled sub-pages inside of them. Still back: returned earlier and not in use again. A line ends where nothing is known.',
    ],
  });
  return [{ kind: 'figure', figure }];
}

/** As many groups of neighbouring spans as a picture shows. */
function grouped(spans: Spans): readonly Spans[] {
  const every = Math.max(1, Math.ceil(spans.length / MOST_MOMENTS));
  return Array.from({ length: Math.ceil(spans.length / every) }, (_, at) =>
    spans.slice(at * every, (at + 1) * every),
  );
}

function targetTable(spans: Spans, targets: readonly string[]): Part {
  const bytes = (value: number | null) => (value === null ? 'not known' : showBytes(value));
  const count = (value: number | null) => (value === null ? 'not known' : showCount(value));
  return {
    kind: 'table',
    title: 'Targets, by name',
    head: [
      'target',
      'policy',
      'state',
      'turns',
      'resident',
      'huge',
      'empty',
      'returned',
      'came back',
      'splits',
      'collapses',
    ],
    rows: [...targets].sort().map((name) => {
      const own = spans.map((span) => ({
        ...span,
        targets: span.targets.filter(({ target }) => target === name),
      }));
      const seen = own.flatMap((span) => span.targets);
      const last = seen[seen.length - 1];
      return [
        name,
        last.policy,
        last.state,
        showCount(seen.reduce((sum, { turns }) => sum + turns, 0)),
        ...(['residentBytes', 'hugeBytes', 'emptyInHugeBytes'] as const).map((field) =>
          bytes(lastOf(own, field)),
        ),
        ...(['returnedBytes', 'cameBackBytes'] as const).map((field) => bytes(total(own, field))),
        ...(['splits', 'collapses'] as const).map((field) => count(total(own, field))),
      ];
    }),
    numbers: [3, 4, 5, 6, 7, 8, 9, 10],
  };
}

function notesParts(spans: Spans): readonly Part[] {
  const rows = spans.flatMap(({ until, targets }) =>
    targets.flatMap(({ target, notes }) =>
      notes.map((note) => [showInstant(Date.parse(until)), target, note]),
    ),
  );
  if (rows.length === 0)
    return [
      {
        kind: 'empty',
        why: 'Nothing needed a word.',
        remedy: '`octavo explain` tells why a decision was made.',
      },
    ];
  const title =
    rows.length > MOST_NOTES
      ? `The last ${MOST_NOTES} of ${showCount(rows.length)} notes`
      : 'Notes of the turns';
  return [
    { kind: 'table', title, head: ['until', 'target', 'note'], rows: rows.slice(-MOST_NOTES), numbers: [] },
  ];
}
