/** The page: where the reader is, what the server says, and the view of that. */
import { DARK, LIGHT } from '../../reports/design/tokens.js';
import { type Connection, toldOf } from '../view/connection.js';
import { type Link, PAGE_VIEWS, type PageView, readLink, tokenOf, writeLink } from '../view/link.js';
import type { Overview } from '../wire/overview.js';
import type { StreamData, StreamName } from '../wire/stream.js';
import { Feed } from './feed.js';
import { type Format, keep } from './keep.js';
import { MapPage } from './map/map-view.js';
import { ActDialog } from './parts/act-dialog.js';
import { ask, Refusal } from './parts/ask.js';
import type { Context, LinkChange, MakeView, View } from './parts/context.js';
import { empty, h } from './parts/dom.js';
import { Shell, VIEW_WORDS } from './shell.js';
import { BYTES, ChartPage, ORDERS } from './views/charts.js';
import { ComparePage } from './views/compare.js';
import { EventsPage, PingPongPage } from './views/events.js';
import { OverviewPage } from './views/overview.js';

const VIEWS: Readonly<Record<PageView, MakeView>> = {
  overview: (context) => new OverviewPage(context),
  map: (context) => new MapPage(context),
  bytes: (context) => new ChartPage(BYTES, context),
  orders: (context) => new ChartPage(ORDERS, context),
  events: (context) => new EventsPage(context),
  pingpong: (context) => new PingPongPage(context),
  compare: (context) => new ComparePage(context),
};

/** Of which views of the server a view of the page is made, beside the overview. */
const MADE_OF: Readonly<Record<PageView, readonly string[]>> = {
  overview: [],
  map: ['map', 'events'],
  bytes: ['bytes'],
  orders: ['orders'],
  events: ['events'],
  pingpong: ['pingpong'],
  compare: ['compare'],
};

const SECOND_MS = 1000;
/** Changes that come together are shown together. */
const GATHER_MS = 120;

/** The page as a whole: it asks, listens, and shows the view that the link names. */
export class App {
  readonly #shell: Shell;
  readonly #acts = new ActDialog((words) => this.#shell.say(words));
  readonly #feed: Feed;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  #link: Link = readLink(location.hash);
  #overview: Overview | undefined;
  #connection: Connection = { standing: 'opening', sinceMs: Date.now() };
  #view: { readonly name: PageView; readonly view: View } | undefined;
  #gathered = new Set<string>();
  #timer = 0;

  constructor() {
    this.#shell = new Shell({
      go: (view) => this.#go({ view, ...LEFT_BEHIND }, 'push'),
      keep: (format) => void this.#keep(format),
    });
    document.body.append(this.#acts.element);
    this.#feed = new Feed({
      opened: (revision) => {
        if (revision !== this.#overview?.revision) this.#changed(['overview', ...Object.keys(VIEWS)]);
      },
      told: (name, data) => this.#told(name, data),
      stood: (connection) => {
        this.#connection = connection;
        this.#stand();
      },
    });
    window.addEventListener('popstate', () => this.#moved());
    window.addEventListener('hashchange', () => this.#moved());
    document.addEventListener('keydown', (event) => this.#key(event));
    this.#dark.addEventListener('change', () => this.#view?.view.themed?.());
    setInterval(() => this.#stand(), SECOND_MS);
  }

  async start(): Promise<void> {
    await this.#unlock();
    await this.#refresh();
    this.#feed.open();
  }

  /** A token in the address is used once, and does not stay there. */
  async #unlock(): Promise<void> {
    const token = tokenOf(location.hash);
    if (token === undefined) return;
    history.replaceState(null, '', writeLink(this.#link));
    try {
      await ask.session(token);
    } catch (problem) {
      this.#failed(problem);
    }
  }

  #context(): Context {
    if (this.#overview === undefined) throw new Error('there is no overview yet');
    return {
      overview: this.#overview,
      link: this.#link,
      palette: this.#dark.matches ? DARK : LIGHT,
      go: (change, how) => this.#go(change, how),
      say: (words) => this.#shell.say(words),
      act: (wish) => void this.#acts.show(wish),
    };
  }

  async #refresh(): Promise<void> {
    try {
      this.#overview = await ask.overview();
      this.#stand();
      await this.#show(true);
      this.#shell.trouble('');
    } catch (problem) {
      this.#failed(problem);
    }
  }

  async #show(isOld: boolean): Promise<void> {
    if (this.#overview === undefined) return;
    const { view: name } = this.#link;
    this.#shell.tell(this.#overview, name);
    if (this.#view?.name !== name) {
      this.#view?.view.closed?.();
      this.#view = { name, view: VIEWS[name](() => this.#context()) };
      this.#shell.show(this.#view.view.element);
    }
    await this.#view.view.show(isOld);
  }

  #failed(problem: unknown): void {
    if (problem instanceof Refusal && problem.status === 401) {
      this.#connection = { standing: 'locked', sinceMs: Date.now() };
      this.#stand();
      if (this.#overview === undefined) this.#shell.show(locked());
      return;
    }
    const why = problem instanceof Error ? problem.message : String(problem);
    if (this.#overview === undefined) this.#shell.show(unreachable(why));
    else this.#shell.trouble(`${VIEW_WORDS[this.#link.view]} could not be shown: ${why}.`);
  }

  #go(change: LinkChange, how: 'push' | 'replace'): void {
    const next = Object.fromEntries(
      Object.entries({ ...this.#link, ...change }).filter(([, value]) => value !== undefined),
    ) as unknown as Link;
    const hash = writeLink(next);
    if (hash === writeLink(this.#link) && next.view === this.#link.view) return;
    const isElsewhere = next.view !== this.#link.view;
    this.#link = next;
    if (how === 'push') history.pushState(null, '', hash);
    else history.replaceState(null, '', hash);
    void this.#reshow(isElsewhere);
  }

  #moved(): void {
    const link = readLink(location.hash);
    if (writeLink(link) === writeLink(this.#link)) return;
    const isElsewhere = link.view !== this.#link.view;
    this.#link = link;
    if (tokenOf(location.hash) !== undefined) void this.start();
    else void this.#reshow(isElsewhere);
  }

  async #reshow(isElsewhere: boolean): Promise<void> {
    try {
      await this.#show(isElsewhere);
      this.#shell.trouble('');
      if (isElsewhere) this.#shell.say(VIEW_WORDS[this.#link.view]);
    } catch (problem) {
      this.#failed(problem);
    }
  }

  #told<Name extends StreamName>(name: Name, data: StreamData<Name>): void {
    if (name === 'reset') this.#changed(['overview', ...Object.keys(VIEWS)]);
    if (name === 'agent') this.#changed(['overview']);
    if (name === 'change') this.#changed((data as StreamData<'change'>).views);
    if (name === 'decision') this.#view?.view.decided?.(data as StreamData<'decision'>);
  }

  #changed(views: readonly string[]): void {
    for (const view of views) this.#gathered.add(view);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#gather(), GATHER_MS);
  }

  async #gather(): Promise<void> {
    const changed = this.#gathered;
    this.#gathered = new Set();
    const name = this.#link.view;
    const isShown = name === 'overview' || MADE_OF[name].some((view) => changed.has(view));
    try {
      this.#overview = await ask.overview();
      this.#stand();
      this.#shell.tell(this.#overview, name);
      if (isShown || this.#view === undefined) await this.#show(true);
      this.#shell.trouble('');
    } catch (problem) {
      this.#failed(problem);
    }
  }

  #stand(): void {
    this.#shell.stand(toldOf(this.#connection, this.#overview, Date.now()));
  }

  async #keep(format: Format): Promise<void> {
    try {
      const kept = this.#view?.view.kept();
      if (kept === undefined) return this.#shell.say('There is nothing to keep yet.');
      this.#shell.say(`${await keep(kept, format)} was handed to the browser.`);
    } catch (problem) {
      this.#shell.trouble(
        `The view could not be kept: ${problem instanceof Error ? problem.message : problem}.`,
      );
    }
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event;
    const isTyping = target instanceof Element && target.closest('input,select,textarea,dialog') !== null;
    if (key === 'Escape') this.#shell.closeMenus();
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === '?') this.#shell.help();
    else if (key === 'e') this.#shell.openKeep();
    else if (/^[1-9]$/.test(key) && Number(key) <= PAGE_VIEWS.length)
      this.#go({ view: PAGE_VIEWS[Number(key) - 1], ...LEFT_BEHIND }, 'push');
    else return;
    event.preventDefault();
  }
}

/** What a view is told does not hold for the next one. */
const LEFT_BEHIND = {
  ...{ at: undefined, kind: undefined, text: undefined, name: undefined, run: undefined },
  ...{ top: undefined, bottom: undefined, from: undefined, to: undefined },
};

function locked(): HTMLElement {
  return h(
    'section',
    { class: 'view' },
    h('h2', {}, 'This page is locked'),
    empty(
      'The server does not know this browser.',
      'Open the address that octavo dashboard printed: it ends in #token=…, which this page exchanges for a cookie.',
    ),
  );
}

function unreachable(why: string): HTMLElement {
  return h(
    'section',
    { class: 'view' },
    h('h2', {}, 'Nothing to show yet'),
    empty(
      `The dashboard cannot be reached: ${why}.`,
      'Is octavo dashboard still running? The page tries again by itself.',
    ),
  );
}
