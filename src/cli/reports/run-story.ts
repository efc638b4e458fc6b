/** What a run did, as a story: before, what was decided and why, after, what came back, cost. */
import type { JournalRecord } from '../../cycle/journal-records.js';
import { curveFigure } from '../../reports/figures/curve.js';
import { type OrderBar, ordersFigure } from '../../reports/figures/orders.js';
import type { Part, Section, Story, Tile } from '../../reports/story/story.js';
import type { Plan, Receipt, Step, Verdict } from '../../vocabulary/plan.js';
import {
  NOTHING,
  plural,
  showBytes,
  showChange,
  showCount,
  showInstant,
  showMicroseconds,
} from '../../vocabulary/show.js';
import { pageGeometry } from '../../vocabulary/units.js';
import { showPace, showWork } from '../print/costs.js';
import { undoneNotes } from '../print/journal.js';
import { addressOf } from '../print/plan.js';
import { returnedBytes, showSystemMemory } from '../print/returned.js';
import { alikeRows } from './alike.js';

/** A run as `octavo runs RUN --json` prints it. */
export interface ToldRun {
  readonly run: string;
  readonly state: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
  /** The last on each step. */
  readonly verdicts: readonly Verdict[];
}

type BlockState = Verdict['before'];

const OUTCOMES: Readonly<Record<Verdict['outcome'], string>> = {
  met: 'as planned',
  partly: 'partly',
  'not-met': 'not as planned',
  'undone-since': 'undone since',
};

/** Returns the story of a run. `figures` are further parts, such as the heat that it was decided by. */
export function runStory(run: ToldRun, figures: readonly Part[], facts: Story['facts']): Story {
  const { plan } = run;
  const first = firstVerdicts(run);
  return {
    kind: 'report of a run',
    title: `${plan.undoes === undefined ? 'Run' : 'Undo'} ${run.run} on ${targetWords(plan)}`,
    lead: leadOf(run, first),
    tiles: tilesOf(run, first),
    sections: [
      beforeSection(plan),
      decisionSection(plan),
      ...(figures.length > 0 ? [{ id: 'heat', title: 'Where the heat was', parts: figures }] : []),
      afterSection(run, first),
      cameBackSection(run, first),
      costSection(run),
    ],
    facts: [
      ['plan', `${plan.id}, made ${showInstant(plan.madeAtMs)}`],
      ['policy', policyWords(plan)],
      ['sources', plan.sources.join(', ') || 'none'],
      ...facts,
    ],
  };
}

function targetWords({ processes, target }: Plan): string {
  const [one] = processes;
  if (one === undefined) return target;
  const more = processes.length > 1 ? ` and ${processes.length - 1} more` : '';
  return `${one.command} (${one.pid})${more}`;
}

function policyWords({ policy, parameters }: Plan): string {
  const given = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return given.length === 0 ? policy : `${policy} (${given.join(', ')})`;
}

/** Verdicts right after the steps, before they could be undone. */
function firstVerdicts({ records }: ToldRun): ReadonlyMap<number, Verdict> {
  const first = new Map<number, Verdict>();
  for (const record of records) {
    if (record.kind !== 'verdicts' && record.kind !== 'recovered') continue;
    for (const verdict of record.verdicts) if (!first.has(verdict.step)) first.set(verdict.step, verdict);
  }
  return first;
}

function leadOf(run: ToldRun, first: ReadonlyMap<number, Verdict>): string {
  const { plan, state, verdicts } = run;
  if (plan.steps.length === 0) return 'The plan had no steps: nothing was done.';
  const done = [...first.values()].filter(({ outcome }) => outcome === 'met' || outcome === 'partly');
  const doneSteps = plan.steps.filter(({ id }) => done.some(({ step }) => step === id));
  const actions = countWords(doneSteps.map(({ proposal }) => proposal.action));
  const parts = [
    `Octavo (policy ${plan.policy}) ${actions === '' ? 'changed no block' : `${actions}, of ${plural(plan.steps.length, 'planned step')}`}.`,
    returnedWords([...first.values()]),
  ];
  const undone = verdicts.filter(({ outcome }) => outcome === 'undone-since').length;
  if (undone > 0)
    parts.push(`${plural(undone, 'block')} did not stay as ${undone === 1 ? 'it was' : 'they were'} left.`);
  if (state !== 'complete') parts.push(`The run is ${state}.`);
  return parts.filter((part) => part !== '').join(' ');
}

function countWords(actions: readonly string[]): string {
  const of = (action: string) => actions.filter((one) => one === action).length;
  const words = [
    of('split') > 0 ? `split ${plural(of('split'), 'block')}` : '',
    of('collapse') > 0 ? `collapsed ${plural(of('collapse'), 'block')}` : '',
  ];
  return words.filter((word) => word !== '').join(' and ');
}

function returnedWords(verdicts: readonly Verdict[]): string {
  const bytes = returnedBytes(verdicts);
  if (bytes === undefined) return 'How much memory the system got back is not known.';
  if (bytes < 0) return `It took ${showBytes(-bytes)} from the system.`;
  return `The system got ${showBytes(bytes)} back.`;
}

function tilesOf(run: ToldRun, first: ReadonlyMap<number, Verdict>): readonly Tile[] {
  const { plan, verdicts } = run;
  const all = [...first.values()];
  const bytes = returnedBytes(all);
  const met = all.filter(({ outcome }) => outcome === 'met').length;
  const undone = verdicts.filter(({ outcome }) => outcome === 'undone-since');
  const huge = (states: readonly BlockState[]) =>
    states.filter(({ level }) => level === 'pmd').length * plan.geometry.blockBytes;
  return [
    {
      label: 'steps as planned',
      value: `${met} of ${plan.steps.length}`,
      tone: met === plan.steps.length ? 'good' : 'warn',
      note: `${plural(plan.refused.length, 'proposal')} refused`,
    },
    {
      label: bytes !== undefined && bytes < 0 ? 'taken from the system' : 'returned to the system',
      value: bytes === undefined ? 'not known' : showBytes(Math.abs(bytes)),
      note: 'by page and frame tables',
    },
    {
      label: 'did not stay',
      value: plural(undone.length, 'block'),
      tone: undone.length === 0 ? 'good' : 'warn',
      note: cameBackWords(first, undone),
    },
    {
      label: 'huge, before and after',
      value: `${showBytes(huge(plan.steps.map(({ before }) => before)))} → ${showBytes(huge(all.map(({ after }) => after)))}`,
    },
    { label: 'time of the calls', value: callsWords(receiptsOf(run)) },
  ];
}

function cameBackWords(first: ReadonlyMap<number, Verdict>, undone: readonly Verdict[]): string {
  if (undone.length === 0) return 'nothing came back';
  const back = cameBackBytes(first, undone);
  return back === undefined ? 'bytes not known' : `${showBytes(back)} in use again`;
}

/** What steps had returned and is in use again; undefined when it is not known of any. */
function cameBackBytes(first: ReadonlyMap<number, Verdict>, undone: readonly Verdict[]): number | undefined {
  const known = undone.flatMap(({ step, returnedBytes: now }) => {
    const then = first.get(step)?.returnedBytes;
    return then === undefined || then === null ? [] : [Math.max(0, then - (now ?? 0))];
  });
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
}

function receiptsOf({ records }: ToldRun): readonly Receipt[] {
  return records.flatMap((record) => (record.kind === 'receipts' ? record.receipts : []));
}

function callsWords(receipts: readonly Receipt[]): string {
  const tried = receipts.filter((receipt) => receipt.tried);
  if (tried.length === 0) return 'none made';
  return showMicroseconds(tried.reduce((sum, { durationUs }) => sum + durationUs, 0));
}

function beforeSection(plan: Plan): Section {
  const rows = plan.processes.map(({ pid, command, cgroup }) => [String(pid), command, cgroup]);
  const resident = plan.steps.reduce((sum, { before }) => sum + before.present * plan.geometry.pageBytes, 0);
  return {
    id: 'before',
    title: 'Before',
    parts: [
      {
        kind: 'words',
        lines: [
          `The plan is about ${plural(plan.steps.length, 'block')} of ${showBytes(plan.geometry.blockBytes)} with ${showBytes(resident)} in memory.`,
          ...plan.notes,
        ],
      },
      { kind: 'table', title: 'Processes', head: ['pid', 'command', 'cgroup'], rows, numbers: [] },
    ],
  };
}

function decisionSection(plan: Plan): Section {
  const parts: Part[] = [];
  if (plan.steps.length > 0) {
    parts.push({
      kind: 'table',
      title: 'Steps; those that differ only in numbers are one line, with the numbers of the first',
      head: ['steps', 'action', 'to', 'reason', 'returns at once'],
      rows: alikeRows(plan.steps, stepKey).map(({ first, all }) => decisionRow(plan, first, all)),
      numbers: [0, 4],
    });
    parts.push(...curveParts(plan));
  } else
    parts.push({
      kind: 'empty',
      why: 'Nothing was to be done.',
      remedy: 'What was looked at, and why it was left alone, stands below.',
    });
  if (plan.refused.length > 0)
    parts.push({
      kind: 'table',
      title: 'Refused',
      head: ['proposals', 'action', 'code', 'why'],
      rows: alikeRows(plan.refused, ({ proposal, code, why }) => `${proposal.action} ${code} ${why}`).map(
        ({ first: { proposal, code, why }, all }) => [showCount(all.length), proposal.action, code, why],
      ),
      numbers: [0],
    });
  if (plan.passedOver.length > 0)
    parts.push({
      kind: 'table',
      title: 'Left alone',
      head: ['blocks', 'policy', 'code', 'why'],
      rows: plan.passedOver.map(({ blocks, policy, code, why }) => [showCount(blocks), policy, code, why]),
      numbers: [0],
    });
  return { id: 'decisions', title: 'What was decided, and why', parts };
}

const stepKey = ({ proposal }: Step): string =>
  `${proposal.action} ${proposal.targetOrder} ${proposal.reason}`;

function decisionRow(plan: Plan, { proposal }: Step, all: readonly Step[]): readonly string[] {
  const known = all.flatMap(({ proposal: { gain } }) => gain.returnedBytes ?? []);
  const bytes = known.reduce((sum, one) => sum + one, 0);
  return [
    showCount(all.length),
    proposal.action,
    showBytes(plan.geometry.pageBytes * 2 ** proposal.targetOrder),
    proposal.reason,
    known.length === 0 ? 'not known' : showBytes(bytes),
  ];
}

/** Where the policy weighs time against memory: what each step was expected to be worth. */
function curveParts(plan: Plan): readonly Part[] {
  const worth = (one: Step | Plan['refused'][number]) => {
    const { expected } = one.proposal.gain;
    return expected === undefined
      ? []
      : [{ bytes: expected.bytes, netNs: expected.gainedNs - expected.lostNs }];
  };
  const taken = plan.steps.flatMap(worth);
  if (taken.length === 0)
    return [
      {
        kind: 'words',
        lines: [`Policy ${plan.policy} does not weigh time against memory, so there is no curve of both.`],
      },
    ];
  return [{ kind: 'figure', figure: curveFigure(taken, plan.refused.flatMap(worth)) }];
}

function afterSection(run: ToldRun, first: ReadonlyMap<number, Verdict>): Section {
  const { plan, verdicts } = run;
  if (verdicts.length === 0)
    return {
      id: 'after',
      title: 'After',
      parts: [
        {
          kind: 'empty',
          why: 'No step was verified.',
          remedy: `The run is ${run.state}; \`octavo runs ${run.run}\` tells more.`,
        },
      ],
    };
  const geometry = pageGeometry(plan.geometry.pageBytes, plan.geometry.blockBytes);
  const rows = alikeRows(verdicts, ({ outcome, cause, why }) => `${outcome} ${cause} ${why}`).map(
    ({ first: { outcome, cause, why, after }, all }) => [
      showCount(all.length),
      OUTCOMES[outcome],
      cause === 'none' ? NOTHING : cause,
      addressOf(plan, after.block),
      why,
    ],
  );
  return {
    id: 'after',
    title: 'After',
    parts: [
      {
        kind: 'figure',
        figure: ordersFigure({
          title: 'The blocks of the plan by folio size',
          subtitle: 'what page and frame tables say',
          bars: orderBars(run, first),
          pageBytes: geometry.pageBytes,
          hugeOrder: geometry.hugeOrder,
        }),
      },
      {
        kind: 'table',
        title: 'Verdicts by page sizes',
        head: ['steps', 'outcome', 'cause', 'first address', 'why'],
        rows,
        numbers: [0],
      },
    ],
  };
}

function orderBars({ plan, verdicts }: ToldRun, first: ReadonlyMap<number, Verdict>): readonly OrderBar[] {
  const { pageBytes } = plan.geometry;
  const bar = (label: string, states: readonly BlockState[], returned: number): OrderBar => {
    const longest = Math.max(1, ...states.map(({ pagesByOrder }) => pagesByOrder.length));
    const bytesByOrder = Array.from(
      { length: longest },
      (_, order) => states.reduce((sum, { pagesByOrder }) => sum + (pagesByOrder[order] ?? 0), 0) * pageBytes,
    );
    return { label, bytesByOrder, returnedBytes: Math.max(0, returned) };
  };
  const then = [...first.values()];
  const bars = [
    bar(
      'before',
      then.map(({ before }) => before),
      0,
    ),
    bar(
      'after',
      then.map(({ after }) => after),
      returnedBytes(then) ?? 0,
    ),
  ];
  const isSame = verdicts.every(({ step, outcome }) => first.get(step)?.outcome === outcome);
  return isSame
    ? bars
    : [
        ...bars,
        bar(
          'last seen',
          verdicts.map(({ after }) => after),
          returnedBytes(verdicts) ?? 0,
        ),
      ];
}

function cameBackSection({ plan, verdicts }: ToldRun, first: ReadonlyMap<number, Verdict>): Section {
  const undone = verdicts.filter(({ outcome }) => outcome === 'undone-since');
  const title = 'What came back';
  if (undone.length === 0)
    return {
      id: 'came-back',
      title,
      parts: [
        {
          kind: 'words',
          lines: ['No step is known to be undone. Later runs look again.'],
        },
      ],
    };
  const rows = undone.map((verdict) => [
    String(verdict.step),
    addressOf(plan, verdict.after.block),
    verdict.by?.who ?? 'unknown',
    showChange(verdict.residentDelta),
    verdict.why,
  ]);
  const bytes = cameBackBytes(first, undone);
  return {
    id: 'came-back',
    title,
    parts: [
      {
        kind: 'words',
        lines: [
          ...undoneNotes(undone),
          ...(bytes === undefined
            ? []
            : [`${showBytes(bytes)} that these steps had returned are in use again.`]),
        ],
      },
      {
        kind: 'table',
        title: 'Steps that did not stay',
        head: ['step', 'address', 'by', 'resident', 'why'],
        rows,
        numbers: [0, 3],
      },
    ],
  };
}

function costSection(run: ToldRun): Section {
  const { plan, records, verdicts } = run;
  const receipts = receiptsOf(run);
  const end = records.findLast((record) => record.kind === 'end');
  const work = showWork(plan, receipts);
  const failed = receipts.filter(({ tried }) => !tried).length;
  const rows: (readonly [string, string])[] = [
    ['work', work === undefined ? 'nothing was tried' : work.replace(/^Work: /, '')],
    ['pace', showPace(plan)],
    ['calls', showCount(receipts.reduce((sum, { calls }) => sum + calls.length, 0))],
  ];
  if (failed > 0) rows.push(['not tried', plural(failed, 'step')]);
  if (end !== undefined) {
    rows.push(['took', showMicroseconds(Math.max(0, end.atMs - begunAt(run)) * 1000)]);
    if (end.why !== '') rows.push(['ended', `${end.how}: ${end.why}`]);
    const memory = end.memory && showSystemMemory(end.memory, returnedBytes(verdicts));
    if (memory !== undefined && memory !== '')
      rows.push(['system', memory.replace(/^The system says: /, '')]);
  }
  return { id: 'cost', title: 'Cost', parts: [{ kind: 'facts', rows }] };
}

function begunAt({ records, plan }: ToldRun): number {
  const begin = records.find((record) => record.kind === 'begin');
  return begin?.kind === 'begin' ? begin.atMs : plan.madeAtMs;
}
