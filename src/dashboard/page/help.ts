/** The panel of keys. */
import { button, h } from './parts/dom.js';

const KEYS: readonly (readonly [where: string, keys: readonly (readonly [key: string, does: string])[]])[] = [
  [
    'Everywhere',
    [
      ['1 … 7', 'go to a view'],
      ['e', 'keep the view as a file'],
      ['?', 'this panel'],
      ['Esc', 'close a panel'],
    ],
  ],
  [
    'On the map',
    [
      ['arrows', 'from cell to cell'],
      ['Shift + arrows, drag', 'move the map'],
      ['+ and -, wheel', 'zoom'],
      ['] and [, Shift + wheel', 'zoom time alone'],
      ['} and {, Alt + wheel', 'zoom addresses alone'],
      ['0', 'see all of it'],
      ['Enter, click', 'why is this block huge, or not?'],
    ],
  ],
];

/** Makes the panel; it is shown by `showModal`. */
export function helpPanel(): HTMLDialogElement {
  const lists = KEYS.flatMap(([where, keys]) => [
    h('h3', {}, where),
    h(
      'dl',
      { class: 'facts' },
      ...keys.flatMap(([key, does]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, does)]),
    ),
  ]);
  const close = button('Close', () => panel.close());
  const panel: HTMLDialogElement = h(
    'dialog',
    { 'aria-labelledby': 'help-title' },
    h('div', { class: 'row' }, h('h2', { id: 'help-title' }, 'Keys'), close),
    ...lists,
    h(
      'p',
      { class: 'note' },
      'The address of the page says where you are: bookmark it, or send it to a colleague who may open this page.',
    ),
  );
  return panel;
}
