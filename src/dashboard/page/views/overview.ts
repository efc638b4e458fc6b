/** All targets: what they hold, what went back and came back, what bounds Octavo, and what keeps it from acting. */
import { NOTHING } from '../../../vocabulary/show.js';
import { tableDrawing } from '../../view/table-figure.js';
import {
  budgetWords,
  bytesWords,
  countWords,
  momentText,
  TARGET_COLUMNS,
  targetTable,
} from '../../view/tables.js';
import type { Budget, Overview, TargetView } from '../../wire/overview.js';
import type { Context, Kept, View } from '../parts/context.js';
import { button, type Child, empty, fill, h, number, table } from '../parts/dom.js';

const TILES = [
  ['Resident', ['residentBytes'], 'in the processes of all targets'],
  ['In huge pages', ['hugeBytes'], 'of it mapped by huge pages'],
  [
    'Wasted in huge pages',
    ['emptyInHugeBytes', 'unmappedHeldBytes'],
    'zero-filled, or held and mapped by no process',
  ],
  ['Went back', ['returnedBytes'], 'the system got it, by verdicts'],
  ['Came back', ['cameBackBytes'], 'of that, found in use again'],
] as const;

const STATES: Readonly<Record<TargetView['state'], readonly [tone: string, words: string]>> = {
  observing: ['plain', 'observing'],
  acting: ['good', 'acting'],
  paused: ['warn', 'paused'],
  'backing-off': ['warn', 'backing off'],
  stopped: ['bad', 'stopped'],
  unknown: ['plain', 'not known'],
};

/** The view `overview`. */
export class OverviewPage implements View {
  readonly element = h('section', { class: 'view', 'aria-labelledby': 'overview-title' });
  readonly #context: () => Context;

  constructor(context: () => Context) {
    this.#context = context;
  }

  async show(): Promise<void> {
    const { overview } = this.#context();
    const { targets, budgets, notes, facts } = overview;
    fill(
      this.element,
      h('h2', { id: 'overview-title' }, 'Overview'),
      targets.length === 0 ? noTargets(overview) : totals(targets),
      targets.length === 0 ? undefined : this.#targets(overview),
      overview.asked.length === 0 ? undefined : askedList(overview.asked),
      budgets.length === 0 ? undefined : budgetList(budgets),
      ...notes.map((note) => h('p', { class: 'note' }, note)),
      facts.length === 0 ? undefined : factList(facts),
    );
  }

  kept(): Kept {
    const { subject, targets } = this.#context().overview;
    const all = targetTable(targets);
    const shown = {
      head: ['target', 'state', 'processes', ...TARGET_COLUMNS.map(([head]) => head)],
      rows: targets.map((target) => [
        ...[target.name, STATES[target.state][1], countWords(target.processes)],
        ...TARGET_COLUMNS.map(([, field]) => bytesWords(target.values[field])),
      ]),
    };
    const title = `Targets of ${subject.name}`;
    const drawing = tableDrawing({ title, subtitle: `${targets.length} targets`, table: shown });
    return { name: 'targets', title, about: `${targets.length} targets`, table: all, drawing };
  }

  #targets(overview: Overview): HTMLElement {
    // What is known of no target takes no room.
    const columns = TARGET_COLUMNS.filter(([, field]) =>
      overview.targets.some(({ values }) => values[field] != null),
    );
    const rows = overview.targets.map((target) => [
      this.#name(target, overview),
      stateOf(target),
      number(countWords(target.processes)),
      ...columns.map(([, field]) => number(bytesWords(target.values[field]))),
      share(target),
    ]);
    const head = [
      ...['target', 'what Octavo does', { words: 'processes', isNumber: true }],
      ...columns.map(([words]) => ({ words, isNumber: true })),
      'huge and wasted',
    ];
    return table('Targets', head, rows, true);
  }

  #name(target: TargetView, overview: Overview): Child {
    const links = [
      overview.views.bytes?.has === true ? this.#link('bytes', target, 'bytes over time') : undefined,
      overview.views.events?.has === true ? this.#link('events', target, 'decisions') : undefined,
    ].filter((link) => link !== undefined);
    const about = [target.match, target.policy].filter((words) => words !== '').join(' · ');
    return h(
      'div',
      {},
      h('strong', {}, target.name),
      h('span', { class: 'below' }, about),
      h('span', { class: 'below links' }, ...links, this.#pause(target, overview)),
    );
  }

  #pause({ id, name, state }: TargetView, { actions }: Overview): Child {
    const act = state === 'paused' ? 'resume' : 'pause';
    if (!actions.includes(act) || state === 'observing' || state === 'unknown') return undefined;
    const words = act === 'pause' ? 'Pause' : 'Resume';
    const label = `${words} acting on ${name}`;
    return button(words, () => this.#context().act({ act, target: id }), {
      'aria-label': label,
      class: 'small',
    });
  }

  #link(view: 'bytes' | 'events', { id, name }: TargetView, words: string): HTMLElement {
    const change = view === 'bytes' ? { view, target: id } : { view, name };
    const go = (event: Event) => {
      event.preventDefault();
      this.#context().go(change, 'push');
    };
    return h('a', { href: `#view=${view}`, onclick: go, 'aria-label': `${words} of ${name}` }, words);
  }
}

function noTargets({ subject }: Overview): HTMLElement {
  const why = subject.isLive ? 'The agent has told of no target yet.' : `${subject.name} has no targets.`;
  const remedy = subject.isLive
    ? 'After the first turn of a target it is shown here. What is watched is in the configuration: octavo config print.'
    : 'Other views may have something to show.';
  return empty(why, remedy);
}

function totals(targets: readonly TargetView[]): HTMLElement {
  const tiles = TILES.map(([label, fields, note]) => {
    const known = targets
      .flatMap(({ values }) => fields.map((field) => values[field]))
      .filter((one) => one != null);
    const sum = known.length === 0 ? undefined : known.reduce((total, one) => total + (one ?? 0), 0);
    return h(
      'div',
      { class: 'tile' },
      h('dt', {}, label),
      h('dd', { class: 'value' }, bytesWords(sum)),
      h('dd', { class: 'note' }, note),
    );
  });
  return h('dl', { class: 'tiles' }, ...tiles);
}

function stateOf({ state, guard, nextMs, lastTurn }: TargetView): Child {
  const [tone, words] = STATES[state];
  const next =
    nextMs === null || (lastTurn !== null && nextMs <= lastTurn.atMs)
      ? undefined
      : h('span', { class: 'below' }, `next turn ${momentText(nextMs, 'wall')}`);
  const why = guard.why === '' ? undefined : h('span', { class: 'below' }, guard.why);
  const blind =
    guard.blind.length === 0
      ? undefined
      : h('span', { class: 'below' }, `not judged: ${guard.blind.join('; ')}`);
  const last =
    lastTurn === null || lastTurn.why === '' ? undefined : h('span', { class: 'below' }, lastTurn.why);
  return h('div', {}, h('span', { class: `pill ${tone}` }, words), why, blind, last, next);
}

/** How much of what is resident is huge, and how much of that is wasted, as a bar with words for who does not see it. */
function share({ values }: TargetView): Child {
  const [resident, huge] = [values.residentBytes, values.hugeBytes];
  if (!resident || huge == null) return NOTHING;
  const wasted = Math.min(huge, (values.emptyInHugeBytes ?? 0) + (values.coldBytes ?? 0));
  const part = (bytes: number) => `${((100 * bytes) / resident).toFixed(0)} %`;
  const piece = (kind: string, bytes: number) => {
    const made = h('span', { class: kind });
    made.style.width = `${Math.min(100, (100 * bytes) / resident)}%`;
    return made;
  };
  const words = `${part(huge)} huge, ${part(wasted)} empty or cold in huge pages`;
  return h(
    'div',
    { class: 'share' },
    h(
      'div',
      { class: 'stack', role: 'img', 'aria-label': words },
      piece('huge', huge - wasted),
      piece('wasted', wasted),
    ),
    h('span', { class: 'below' }, words),
  );
}

const ASKED: Readonly<Record<Overview['asked'][number]['state'], string>> = {
  waiting: 'warn',
  done: 'good',
  refused: 'bad',
};

/** What people asked of the agent, the newest first. */
function askedList(asked: Overview['asked']): HTMLElement {
  const rows = [...asked]
    .reverse()
    .map(({ atMs, kind, target, state, words, run }) => [
      momentText(atMs, 'wall'),
      `${kind === 'apply' ? 'carry out a plan' : kind}${target === '' ? '' : ` · ${target}`}`,
      h('span', { class: `pill ${ASKED[state]}` }, state),
      h('div', {}, words, run === '' ? undefined : h('span', { class: 'below mono' }, run)),
    ]);
  const head = ['time', 'what', 'state', 'what came of it'];
  return h('div', {}, h('h3', {}, 'Asked for'), table('What people asked of the agent', head, rows, true));
}

function budgetList(budgets: readonly Budget[]): HTMLElement {
  const rows = budgets.map((budget) => {
    const { share: used, words } = budgetWords(budget);
    const label = `${budget.name}${budget.target === null ? '' : ` of ${budget.target}`}`;
    return [label, used === undefined ? '' : meter(used, `${label}: ${words}`), words];
  });
  return h(
    'div',
    {},
    h('h3', {}, 'Budgets'),
    table('What bounds Octavo, and how much of it is used', ['budget', 'used', 'how much'], rows),
  );
}

/** Nearly used up is orange, overdrawn is red; the words beside it say the same. */
function meter(used: number, words: string): HTMLElement {
  const kind = used > 1 ? 'over' : used > 0.85 ? 'wasted' : 'huge';
  const piece = h('span', { class: kind });
  piece.style.width = `${100 * Math.min(1, used)}%`;
  return h('div', { class: 'stack meter', role: 'img', 'aria-label': words }, piece);
}

function factList(facts: Overview['facts']): HTMLElement {
  const items = facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
  return h('details', {}, h('summary', {}, 'What this was made of'), h('dl', { class: 'facts' }, ...items));
}
