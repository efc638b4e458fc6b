/** The log of decisions, with filters; and the list of blocks that go to and fro. */
import { showChange, showCount } from '../../../vocabulary/show.js';
import type { Link } from '../../view/link.js';
import { tableDrawing } from '../../view/table-figure.js';
import { decisionTable, momentText, pingPongTable, processWords } from '../../view/tables.js';
import type { Decision, EventKind, EventsReply, PingPong } from '../../wire/events.js';
import { ask } from '../parts/ask.js';
import type { Context, Kept, View } from '../parts/context.js';
import { button, type Child, empty, fill, h, number, table } from '../parts/dom.js';

const KINDS: Readonly<Record<EventKind, readonly [tone: string, words: string]>> = {
  split: ['accent', 'split'],
  collapse: ['good', 'collapse'],
  failed: ['bad', 'failed'],
  refused: ['warn', 'refused'],
  undone: ['bad', 'undone'],
  agent: ['plain', 'agent'],
};
const PAGE = 100;
const TYPED_MS = 300;
/** More than this are not kept on the page: the rest is asked for. */
const MOST = 2000;

/** The view `events`. */
export class EventsPage implements View {
  readonly element = h('section', { class: 'view', 'aria-labelledby': 'events-title' });
  readonly #context: () => Context;
  readonly #form = h('form', {
    class: 'tools filters',
    role: 'search',
    onsubmit: (event) => event.preventDefault(),
  });
  readonly #list = h('div');
  readonly #count = h('p', { class: 'note', role: 'status' });
  #reply: EventsReply | undefined;
  #shown: Decision[] = [];
  #asked = 0;
  #timer = 0;

  constructor(context: () => Context) {
    this.#context = context;
  }

  async show(): Promise<void> {
    const { overview } = this.#context();
    const title = h('h2', { id: 'events-title' }, 'Decisions');
    const view = overview.views.events;
    if (view !== undefined && !view.has) return fill(this.element, title, empty(view.why, view.remedy));
    const asked = ++this.#asked;
    const reply = await ask.events(this.#query());
    if (asked !== this.#asked) return;
    this.#take(reply, [...reply.events]);
    if (this.#form.parentElement === null) fill(this.element, title, this.#form, this.#count, this.#list);
    // What is being typed is not taken away.
    if (!this.#form.contains(document.activeElement)) this.#fillForm(reply);
    this.#write();
  }

  decided(decision: Decision): void {
    const { kind, name, text, run } = this.#context().link;
    const fits =
      (kind === undefined || kind === decision.kind) &&
      (name === undefined || name === decision.target) &&
      (run === undefined || run === decision.run);
    // Words are searched by the server alone.
    if (!fits || text !== undefined || this.#reply === undefined)
      return void this.show().catch(() => undefined);
    if (this.#shown.some(({ id }) => id === decision.id)) return;
    this.#shown.unshift(decision);
    this.#shown.length = Math.min(MOST, this.#shown.length);
    this.#reply = { ...this.#reply, total: this.#reply.total + 1 };
    this.#write();
    this.#context().say(`${KINDS[decision.kind][1]}: ${decision.what}`);
  }

  kept(): Kept | undefined {
    if (this.#reply === undefined) return undefined;
    const all = decisionTable(this.#shown, this.#context().overview.clock);
    const title = 'Decisions';
    const columns = [0, 1, 2, 3, 4, 5, 7];
    const pick = (row: readonly string[]) => columns.map((at) => row[at]);
    const shown = { head: pick(all.head), rows: all.rows.map(pick) };
    const subtitle = this.#words();
    return {
      name: 'decisions',
      title,
      about: subtitle,
      table: all,
      drawing: tableDrawing({ title, subtitle, table: shown }),
    };
  }

  closed(): void {
    clearTimeout(this.#timer);
  }

  #query(): Record<string, string | number | undefined> {
    const { kind, name, text, run } = this.#context().link;
    return { kind, target: name, text, run, limit: PAGE };
  }

  #take(reply: EventsReply, shown: Decision[]): void {
    this.#reply = reply;
    this.#shown = shown;
  }

  #fillForm({ kinds, targets }: EventsReply): void {
    const { link } = this.#context();
    const go = (change: Partial<Record<'kind' | 'name' | 'text' | 'run', string | undefined>>) =>
      this.#context().go(change, 'replace');
    const kind = h('select', { onchange: () => go({ kind: kind.value || undefined }) });
    const words = (Object.keys(KINDS) as EventKind[]).map((one) =>
      h(
        'option',
        { value: one, selected: one === link.kind },
        `${KINDS[one][1]} (${showCount(kinds[one] ?? 0)})`,
      ),
    );
    fill(kind, h('option', { value: '' }, 'all kinds'), ...words);
    const target = h('select', { onchange: () => go({ name: target.value || undefined }) });
    const names = targets.map((one) => h('option', { value: one, selected: one === link.name }, one));
    fill(target, h('option', { value: '' }, 'all targets'), ...names);
    const text = this.#typed('text', link, go);
    fill(
      this.#form,
      h('label', {}, 'Kind ', kind),
      h('label', {}, 'Target ', target),
      h('label', {}, 'Words ', text),
      link.run === undefined ? undefined : button(`of run ${link.run} ×`, () => go({ run: undefined })),
      button('Clear', () => {
        go({ kind: undefined, name: undefined, text: undefined, run: undefined });
        if (this.#reply !== undefined) this.#fillForm(this.#reply);
      }),
    );
  }

  #typed(name: 'text', link: Link, go: (change: { text: string | undefined }) => void): HTMLInputElement {
    const input = h('input', {
      ...{ type: 'search', value: link[name] ?? '', placeholder: 'address, process, reason' },
      oninput: () => {
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => go({ text: input.value || undefined }), TYPED_MS);
      },
    });
    return input;
  }

  #words(): string {
    const reply = this.#reply;
    if (reply === undefined) return '';
    const gone = reply.dropped > 0 ? `; ${showCount(reply.dropped)} older ones are no longer kept` : '';
    return `${showCount(this.#shown.length)} of ${showCount(reply.total)} that fit, newest first${gone}`;
  }

  #write(): void {
    const reply = this.#reply;
    if (reply === undefined) return;
    this.#count.textContent = this.#words();
    if (this.#shown.length === 0) {
      fill(this.#list, empty('No decision fits these filters.', 'Clear them to see all that are kept.'));
      return;
    }
    const { clock } = this.#context().overview;
    const told = new Set<string>();
    const rows = this.#shown.map((one) => [
      momentText(one.atMs, clock),
      h('span', { class: `pill ${KINDS[one.kind][0]}` }, KINDS[one.kind][1]),
      this.#where(one, told),
      h('div', {}, one.what, one.why === '' ? undefined : h('span', { class: 'below' }, one.why)),
      one.outcome,
      number(one.returnedBytes === null ? '' : showChange(one.returnedBytes)),
    ]);
    const head = [
      'time',
      'kind',
      'where',
      'what and why',
      'what became of it',
      { words: 'went back', isNumber: true },
    ];
    const more =
      reply.next === null ? undefined : button('Show older ones', () => void this.#more(reply.next ?? 0));
    fill(this.#list, table('Decisions, newest first', head, rows, true), more);
  }

  async #more(before: number): Promise<void> {
    const reply = await ask.events({ ...this.#query(), before });
    this.#take(reply, [...this.#shown, ...reply.events]);
    this.#write();
  }

  /** `told`: runs that have their button already. */
  #where(one: Decision, told: Set<string>): Child {
    return h(
      'div',
      {},
      one.target,
      h('span', { class: 'below' }, processWords(one)),
      placeLink(one, this.#context),
      this.#undo(one, told),
    );
  }

  /** A run is taken back as a whole, from the newest of its steps. */
  #undo({ kind, run }: Decision, told: Set<string>): Child {
    const isRun = run !== '' && (kind === 'split' || kind === 'collapse') && !told.has(run);
    if (!isRun || !this.#context().overview.actions.includes('undo')) return undefined;
    told.add(run);
    const label = `Undo its run ${run}`;
    const act = () => this.#context().act({ act: 'undo', run });
    return button('Undo its run', act, { 'aria-label': label, class: 'small' });
  }
}

/** An address that leads to the map, where that shows it. */
function placeLink(
  { address, pid, place }: Pick<Decision, 'address' | 'pid' | 'place'>,
  context: () => Context,
): Child {
  if (address === '') return undefined;
  if (place === null || pid === null) return h('code', { class: 'below' }, address);
  const at = `${pid}@${address}`;
  const go = (event: Event) => {
    event.preventDefault();
    context().go(
      { view: 'map', at, top: undefined, bottom: undefined, from: undefined, to: undefined },
      'push',
    );
  };
  const label = `${address}: show on the map`;
  return h(
    'a',
    { class: 'below mono', href: `#view=map&at=${at}`, onclick: go, 'aria-label': label },
    address,
  );
}

const WHO: Readonly<Record<PingPong['blocks'][number]['by'], string>> = {
  kernel: 'the kernel',
  octavo: 'Octavo',
  process: 'the process',
  unknown: 'not known',
};

/** The view `pingpong`. */
export class PingPongPage implements View {
  readonly element = h('section', { class: 'view', 'aria-labelledby': 'pingpong-title' });
  readonly #context: () => Context;
  #reply: PingPong | undefined;

  constructor(context: () => Context) {
    this.#context = context;
  }

  async show(): Promise<void> {
    const { overview } = this.#context();
    const title = h('h2', { id: 'pingpong-title' }, 'Ping-pong');
    const lead = h(
      'p',
      { class: 'lead' },
      'Blocks that were split and found huge again. Each round costs, and gains nothing.',
    );
    const view = overview.views.pingpong;
    if (view !== undefined && !view.has) return fill(this.element, title, lead, empty(view.why, view.remedy));
    this.#reply = await ask.pingpong();
    const { blocks } = this.#reply;
    if (blocks.length === 0)
      return fill(
        this.element,
        title,
        lead,
        empty('No block went to and fro.', 'What was split stayed split, as far as it was looked at.'),
      );
    const { clock } = overview;
    const moment = (ms: number | null) => (ms === null ? '' : momentText(ms, clock));
    const rows = blocks.map((one) => [
      h('div', {}, processWords(one), placeLink(one, this.#context)),
      number(showCount(one.times)),
      WHO[one.by],
      moment(one.lastMs),
      moment(one.untilMs),
      one.why,
    ]);
    const head = [
      'block',
      { words: 'times', isNumber: true },
      'made huge again by',
      'last',
      'left alone until',
      'why',
    ];
    fill(this.element, title, lead, table('Blocks that go to and fro, the worst first', head, rows, true));
  }

  kept(): Kept | undefined {
    if (this.#reply === undefined) return undefined;
    const shown = pingPongTable(this.#reply, this.#context().overview.clock);
    const title = 'Blocks that go to and fro';
    const subtitle = `${shown.rows.length} blocks, the worst first`;
    return {
      name: 'ping-pong',
      title,
      about: subtitle,
      table: shown,
      drawing: tableDrawing({ title, subtitle, table: shown }),
    };
  }
}
