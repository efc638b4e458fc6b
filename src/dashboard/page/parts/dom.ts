/** Elements without markup: names and texts of others are only ever texts. */

type Value = string | number | boolean | undefined | ((event: Event) => void);
/** Attributes and listeners by name. */
export type Attributes = Readonly<Record<string, Value>>;
/** What an element may hold. */
export type Child = Node | string | undefined;

/** `onclick` and the like listen; `true` is an attribute without a value, `false` and undefined none. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  give(made, attributes);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Sets, takes away and listens. */
export function give(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== undefined));
}

/** A button with its act. */
export function button(words: string, act: () => void, more: Attributes = {}): HTMLButtonElement {
  return h('button', { type: 'button', onclick: act, ...more }, words);
}

/** A cell that may be a number. */
export interface TableCell {
  readonly words: Child;
  readonly isNumber?: boolean;
}

/** A table with a caption, in a frame that scrolls by keyboard too; on narrow screens its rows are cards, where it `stacks`. */
export function table(
  caption: string,
  head: readonly (string | { readonly words: string; readonly isNumber: boolean })[],
  rows: readonly (readonly (Child | TableCell)[])[],
  stacks = false,
): HTMLElement {
  const names = head.map((one) => (typeof one === 'string' ? one : one.words));
  const heads = head.map((one, at) => {
    const isNumber = typeof one !== 'string' && one.isNumber;
    const role = stacks ? 'columnheader' : undefined;
    return h('th', { scope: 'col', class: isNumber ? 'number' : undefined, role }, names[at]);
  });
  const body = rows.map((row) =>
    tableRow(
      row.map((one, at) => cell(one, names[at], stacks)),
      stacks,
    ),
  );
  const rowGroup = { role: stacks ? 'rowgroup' : undefined };
  return h(
    'div',
    { class: stacks ? 'table stacks' : 'table', tabindex: 0, role: 'group', 'aria-label': caption },
    h(
      'table',
      // A row that looks like a card is still a row to who listens.
      { role: stacks ? 'table' : undefined },
      h('caption', {}, caption),
      h('thead', rowGroup, tableRow(heads, stacks)),
      h('tbody', rowGroup, ...body),
    ),
  );
}

function tableRow(cells: readonly HTMLElement[], stacks: boolean): HTMLTableRowElement {
  return h('tr', { role: stacks ? 'row' : undefined }, ...cells);
}

function cell(given: Child | TableCell, name: string, stacks: boolean): HTMLTableCellElement {
  const isPlain = given === undefined || typeof given === 'string' || given instanceof Node;
  const { words, isNumber = false } = isPlain ? { words: given } : given;
  const role = stacks ? 'cell' : undefined;
  return h('td', { class: isNumber ? 'number' : undefined, 'data-head': name, role }, words);
}

/** Why there is nothing to see, and what to do about it. */
export function empty(why: string, remedy: string): HTMLElement {
  return h('div', { class: 'empty' }, h('strong', {}, why), remedy);
}

/** A cell of a number, to the right. */
export function number(words: string): TableCell {
  return { words, isNumber: true };
}
