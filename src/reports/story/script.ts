/**
 * What the page's script adds: it says what the cell under the pointer has, lets the keyboard go from cell to cell, and
 * zooms. All that it shows is in the page without it.
 */
export const PAGE_SCRIPT = `'use strict';
for (const figure of document.querySelectorAll('figure')) {
  const svg = figure.querySelector('svg'), frame = figure.querySelector('.frame'), data = figure.querySelector('script');
  if (!svg || !frame) continue;
  const whole = svg.viewBox.baseVal, home = [whole.x, whole.y, whole.width, whole.height];
  let view = home.slice();
  const show = () => svg.setAttribute('viewBox', view.map((n) => n.toFixed(2)).join(' '));
  const held = (n, low, high) => Math.max(low, Math.min(high, n));
  const zoom = (factor, x, y) => {
    const width = held(view[2] / factor, home[2] / 40, home[2]), share = width / view[2];
    view = [x - (x - view[0]) * share, y - (y - view[1]) * share, width, view[3] * share];
    view[0] = held(view[0], home[0], home[0] + home[2] - view[2]);
    view[1] = held(view[1], home[1], home[1] + home[3] - view[3]);
    show();
  };
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return [view[0] + ((event.clientX - box.left) / box.width) * view[2], view[1] + ((event.clientY - box.top) / box.height) * view[3]];
  };
  const tools = document.createElement('div');
  tools.className = 'tools';
  const button = (label, name, act) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = label;
    made.setAttribute('aria-label', name);
    made.addEventListener('click', act);
    tools.append(made);
  };
  const middle = () => [view[0] + view[2] / 2, view[1] + view[3] / 2];
  button('+', 'zoom in', () => zoom(1.5, ...middle()));
  button('−', 'zoom out', () => zoom(1 / 1.5, ...middle()));
  button('whole', 'show the whole figure', () => { view = home.slice(); show(); });
  frame.after(tools);
  svg.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), ...at(event));
  }, { passive: false });
  let drag;
  svg.addEventListener('pointerdown', (event) => { drag = view[2] < home[2] ? { from: at(event), view: view.slice() } : undefined; });
  addEventListener('pointerup', () => { drag = undefined; });
  svg.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const now = at(event);
    view[0] = held(view[0] + drag.from[0] - now[0], home[0], home[0] + home[2] - view[2]);
    view[1] = held(view[1] + drag.from[1] - now[1], home[1], home[1] + home[3] - view[3]);
    show();
  });
  if (!data) continue;
  const cells = JSON.parse(data.textContent), said = document.createElement('output');
  said.setAttribute('aria-live', 'polite');
  tools.append(said);
  const cursor = document.createElementNS(svg.namespaceURI, 'path');
  cursor.setAttribute('class', 's-ink');
  cursor.setAttribute('fill', 'none');
  cursor.setAttribute('stroke-width', '2');
  svg.append(cursor);
  const width = cells.width / cells.columns.length;
  let [row, column] = [0, 0];
  const tell = () => {
    const value = cells.values[row * cells.columns.length + column], [top, height, name] = cells.rows[row];
    said.textContent = name + ', ' + cells.columns[column] + ': ' + (value === null ? 'not known' : value === 0 ? 'looked at, nothing seen' : value + ' ' + cells.unit);
    const x = cells.x + column * width;
    cursor.setAttribute('d', 'M' + x + ' ' + top + 'h' + width + 'v' + height + 'h' + -width + 'z');
  };
  svg.addEventListener('pointermove', (event) => {
    const [x, y] = at(event), found = Math.floor((x - cells.x) / width);
    const line = cells.rows.findIndex(([top, height]) => y >= top && y < top + height);
    if (found < 0 || found >= cells.columns.length || line < 0) return;
    [row, column] = [line, found];
    tell();
  });
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  frame.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    row = held(row + step[0], 0, cells.rows.length - 1);
    column = held(column + step[1], 0, cells.columns.length - 1);
    tell();
  });
}
`;
