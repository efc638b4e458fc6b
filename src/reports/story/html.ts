/**
 * A story as one page that needs nothing else: it opens offline, and its policy allows neither requests nor scripts but
 * its own. Works without script.
 */
import { createHash } from 'node:crypto';
import { pngPicture } from '../drawing/png.js';
import { escaped, svgElement } from '../drawing/svg.js';
import type { Figure } from '../figures/figure.js';
import { PAGE_SCRIPT } from './script.js';
import type { Part, Section, Story, StoryTable, Tile } from './story.js';
import { pageStyle } from './style.js';

/** Rows of a table that are shown before the reader asks for the rest. */
const SHOWN_ROWS = 12;

/** Returns the page as HTML, with light and dark colours and tables behind every figure. */
export function storyHtml(story: Story): string {
  const { kind, title, lead, tiles, sections, facts } = story;
  const style = pageStyle();
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escaped(policy(style))}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>${escaped(title)} – Octavo</title>`,
    `<style>${style}</style></head><body>`,
    '<a class="skip" href="#story">to the report</a>',
    '<header>',
    `<p class="kind">Octavo · ${escaped(kind)}</p><h1>${escaped(title)}</h1><p class="lead">${prose(lead)}</p>`,
    tilesHtml(tiles),
    `<nav aria-label="parts of the report"><ul>${sections.map(({ id, title: name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join('')}</ul></nav>`,
    '</header><main id="story">',
    ...sections.map(sectionHtml),
    `</main><footer><h2>How this was made</h2>${factsHtml(facts)}</footer>`,
    `<script>${PAGE_SCRIPT}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}

/** Nothing is loaded from anywhere; styles and scripts are those of this page, by their hashes. */
function policy(style: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    'img-src data:',
    `style-src ${hash(style)}`,
    `script-src ${hash(PAGE_SCRIPT)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** Running text, in which no number is parted from its unit at the end of a line. */
function prose(words: string): string {
  const joined = escaped(words.replace(/(\d) (?=(?:%|[KMGT]?i?B|[nµm]?s|min|h|d)(?![\w]))/g, '$1\u00a0'));
  return joined.replace(/`([^`]+)`/g, '<code>$1</code>');
}

function tilesHtml(tiles: readonly Tile[]): string {
  if (tiles.length === 0) return '';
  const items = tiles.map(({ label, value, note, tone }) => {
    const more = note === undefined ? '' : `<dd class="note">${escaped(note)}</dd>`;
    return `<div class="tile${tone === undefined ? '' : ` ${tone}`}"><dt>${escaped(label)}</dt><dd class="value">${prose(value)}</dd>${more}</div>`;
  });
  return `<dl class="tiles">${items.join('')}</dl>`;
}

function sectionHtml({ id, title, parts }: Section): string {
  return `<section id="${id}" aria-labelledby="${id}-head"><h2 id="${id}-head">${escaped(title)}</h2>\n${parts.map(partHtml).join('\n')}</section>`;
}

function partHtml(part: Part): string {
  switch (part.kind) {
    case 'words':
      return part.lines.map((line) => `<p>${prose(line)}</p>`).join('');
    case 'figure':
      return figureHtml(part.figure);
    case 'table':
      return tableHtml(part);
    case 'facts':
      return factsHtml(part.rows);
    case 'empty':
      return `<div class="empty"><strong>${prose(part.why)}</strong>${prose(part.remedy)}</div>`;
  }
}

/** The picture can be scrolled where the screen is narrower than it is, by keyboard as well. */
function figureHtml({ name, title, about, drawing, caption, cells }: Figure): string {
  const data =
    cells === undefined
      ? ''
      : `<script type="application/json">${JSON.stringify(cells).replaceAll('<', '\\u003c')}</script>`;
  return [
    `<figure id="figure-${name}">`,
    `<div class="frame" tabindex="0" role="group" aria-label="${escaped(title)}">${svgElement(drawing, { name, title, about }, pngPicture)}</div>`,
    `<figcaption>${caption.map((line) => `<p>${prose(line)}</p>`).join('')}</figcaption>${data}</figure>`,
  ].join('\n');
}

function tableHtml(table: StoryTable): string {
  const { rows } = table;
  if (rows.length <= SHOWN_ROWS + 4) return rowsHtml(table, rows);
  const rest = { ...table, title: `${table.title} (continued)` };
  const more = rows.slice(SHOWN_ROWS);
  return `${rowsHtml(table, rows.slice(0, SHOWN_ROWS))}<details><summary>${more.length} more</summary>${rowsHtml(rest, more)}</details>`;
}

function rowsHtml({ title, head, numbers }: StoryTable, rows: StoryTable['rows']): string {
  const kind = (column: number) => (numbers.includes(column) ? ' class="number"' : '');
  const heads = head.map((word, column) => `<th scope="col"${kind(column)}>${escaped(word)}</th>`).join('');
  const body = rows
    .map(
      (row) => `<tr>${row.map((cell, column) => `<td${kind(column)}>${escaped(cell)}</td>`).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="table" tabindex="0" role="group" aria-label="${escaped(title)}"><table><caption>${escaped(title)}</caption><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function factsHtml(rows: readonly (readonly [name: string, value: string])[]): string {
  const items = rows.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`);
  return `<dl class="facts">${items.join('')}</dl>`;
}
