/** What is around each view: name, state, ways to the views, what went wrong, and what is said aloud. */
import { showInstant } from '../../vocabulary/show.js';
import type { Told } from '../view/connection.js';
import { PAGE_VIEWS, type PageView } from '../view/link.js';
import type { Overview } from '../wire/overview.js';
import { helpPanel } from './help.js';
import { FORMATS, type Format } from './keep.js';
import { button, fill, h } from './parts/dom.js';

/** What views are called. */
export const VIEW_WORDS: Readonly<Record<PageView, string>> = {
  overview: 'Overview',
  map: 'Map',
  bytes: 'Bytes',
  orders: 'Orders',
  events: 'Decisions',
  pingpong: 'Ping-pong',
  compare: 'Compare',
};

/** What the reader may ask of the shell. */
export interface ShellWays {
  go(view: PageView): void;
  keep(format: Format): void;
}

/** The same words are said again only when something else was said before. */
const SAID_MS = 150;

/** Head, banners, main part and what is said aloud. */
export class Shell {
  readonly main = h('main', { id: 'main', tabindex: -1 });
  readonly #name = h('span', { class: 'subject' });
  readonly #as = h('span', { class: 'as-of' });
  readonly #state = h('span', { class: 'pill plain', role: 'status' }, 'connecting');
  readonly #banner = h('p', { class: 'banner', role: 'status', hidden: true });
  readonly #problem = h('p', { class: 'banner bad', role: 'alert', hidden: true });
  readonly #links = new Map<PageView, HTMLAnchorElement>();
  readonly #said = h('div', { class: 'unseen', 'aria-live': 'polite' });
  readonly #help = helpPanel();
  readonly #keep: HTMLDetailsElement;
  readonly #ways: ShellWays;

  constructor(ways: ShellWays) {
    this.#ways = ways;
    this.#keep = h(
      'details',
      { class: 'menu' },
      h('summary', {}, 'Export'),
      h(
        'div',
        { class: 'choices' },
        ...FORMATS.map((format) => button(format.toUpperCase(), () => this.#kept(format))),
      ),
    );
    document.body.append(
      button('Skip to the view', () => this.main.focus(), { class: 'skip' }),
      h(
        'header',
        { class: 'head' },
        h('h1', {}, h('span', { class: 'brand' }, 'Octavo'), this.#name),
        h('div', { class: 'row' }, this.#state, this.#as),
        h(
          'div',
          { class: 'row end' },
          this.#keep,
          button('Keys', () => this.help(), { 'aria-keyshortcuts': '?' }),
        ),
        h(
          'nav',
          { 'aria-label': 'views' },
          h('ul', {}, ...PAGE_VIEWS.map((view) => h('li', {}, this.#link(view)))),
        ),
      ),
      this.#banner,
      this.#problem,
      this.main,
      this.#said,
      this.#help,
    );
  }

  /** What is shown, and which views have anything to show. */
  tell(overview: Overview, view: PageView): void {
    const { subject, views, atMs, clock } = overview;
    this.#name.textContent = subject.name;
    this.#as.textContent = atMs === null || clock !== 'wall' ? '' : `as of ${showInstant(atMs)}`;
    document.title = `${VIEW_WORDS[view]} · ${subject.name} – Octavo`;
    for (const [name, link] of this.#links) {
      const has = name === 'overview' || views[name]?.has !== false;
      link.classList.toggle('quiet', !has);
      if (name !== view) link.removeAttribute('aria-current');
      else if (link.getAttribute('aria-current') === null) {
        link.setAttribute('aria-current', 'page');
        // On narrow screens the list of views scrolls.
        link.scrollIntoView({ block: 'nearest', inline: 'center' });
      }
    }
  }

  stand({ tone, short, long }: Told): void {
    const isNew = this.#state.textContent !== short;
    this.#state.className = `pill ${tone}`;
    if (isNew) this.#state.textContent = short;
    this.#banner.hidden = long === '';
    this.#banner.className = `banner ${tone}`;
    if (this.#banner.textContent !== long) this.#banner.textContent = long;
    document.body.classList.toggle('stale', short === 'stale' || short === 'locked');
  }

  /** A view could not be had; an empty text takes the last problem away. */
  trouble(why: string): void {
    this.#problem.hidden = why === '';
    this.#problem.textContent = why;
  }

  say(words: string): void {
    this.#said.textContent = '';
    setTimeout(() => {
      this.#said.textContent = words;
    }, SAID_MS);
  }

  help(): void {
    if (!this.#help.open) this.#help.showModal();
  }

  openKeep(): void {
    this.#keep.open = true;
    this.#keep.querySelector('button')?.focus();
  }

  closeMenus(): void {
    this.#keep.open = false;
  }

  show(element: HTMLElement): void {
    fill(this.main, element);
  }

  #kept(format: Format): void {
    this.#keep.open = false;
    this.#ways.keep(format);
  }

  #link(view: PageView): HTMLAnchorElement {
    const go = (event: Event) => {
      event.preventDefault();
      this.#ways.go(view);
    };
    const link = h('a', { href: `#view=${view}`, onclick: go }, VIEW_WORDS[view]);
    this.#links.set(view, link);
    return link;
  }
}
