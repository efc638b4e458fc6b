/** Asks for something to be done: first it shows what would happen, then it asks whether it shall. */
import type { ActWish, Preview } from '../../wire/act.js';
import { ask } from './ask.js';
import { button, empty, fill, h } from './dom.js';

/** A dialog over the page. */
export class ActDialog {
  readonly element = h('dialog', { class: 'act', 'aria-labelledby': 'act-title' });
  readonly #say: (words: string) => void;
  /** Answers to earlier questions are not shown. */
  #question = 0;

  constructor(say: (words: string) => void) {
    this.#say = say;
  }

  /** Looks at what would happen; nothing is done until the reader says so. */
  async show(wish: ActWish): Promise<void> {
    const question = ++this.#question;
    this.#fill('Looking at what would happen …');
    if (!this.element.open) this.element.showModal();
    try {
      const preview = await ask.preview(wish);
      if (question === this.#question) this.#preview(wish, preview);
    } catch (problem) {
      if (question === this.#question) this.#failed(problem);
    }
  }

  #preview(wish: ActWish, { id, title, lines, calls, refusal, holdsMs }: Preview): void {
    const list = lines.length === 0 ? undefined : h('ul', {}, ...lines.map((line) => h('li', {}, line)));
    if (refusal !== '') {
      this.#fill(title, empty(`It cannot be done: ${refusal}.`, 'Nothing was changed.'), list);
      return;
    }
    const each =
      calls.length === 0
        ? undefined
        : h('details', {}, h('summary', {}, 'Call by call'), h('pre', {}, calls.join('\n')));
    const holds = h(
      'p',
      { class: 'note' },
      `Nothing has been done yet. It can be confirmed for ${Math.round(holdsMs / 1000)} s.`,
    );
    const confirm = button(CONFIRM[wish.act], () => void this.#confirm(id), { class: 'primary' });
    this.#fill(title, h('h4', {}, 'What would happen'), list, each, holds, confirm);
  }

  async #confirm(id: string): Promise<void> {
    try {
      const { words } = await ask.confirm(id);
      this.element.close();
      this.#say(`${words} What came of it is in the overview.`);
    } catch (problem) {
      this.#failed(problem);
    }
  }

  #failed(problem: unknown): void {
    const why = problem instanceof Error ? problem.message : String(problem);
    this.#fill('This was refused', h('p', { class: 'problem' }, why));
  }

  #fill(title: string, ...children: readonly (Node | undefined)[]): void {
    const buttons = children.filter((child) => child instanceof HTMLButtonElement);
    const others = children.filter((child) => !buttons.includes(child as HTMLButtonElement));
    const close = button(buttons.length > 0 ? 'Cancel' : 'Close', () => this.element.close());
    fill(
      this.element,
      h('h3', { id: 'act-title' }, title),
      ...others,
      h('div', { class: 'row end' }, close, ...buttons),
    );
  }
}

const CONFIRM: Readonly<Record<ActWish['act'], string>> = {
  pause: 'Pause it',
  resume: 'Resume it',
  undo: 'Undo it',
  split: 'Split it',
  collapse: 'Collapse it',
};
