/** A story for a terminal: the same words and tables as the page, figures as text. */
import type { Part, Story, StoryTable } from '../../reports/story/story.js';
import { facts, table } from '../print/table.js';

/** Rows of a table that a screen holds; --html and --md have more. */
const SHOWN_ROWS = 20;

/** Returns a story as lines for a terminal, tables laid out later to its width. */
export function storyText({ title, lead, tiles, sections, facts: made }: Story): string {
  return [
    title,
    lead,
    '',
    facts(tiles.map(({ label, value, note }) => [label, note === undefined ? value : `${value} (${note})`])),
    ...sections.flatMap(({ title: name, parts }) => ['', name, ...parts.map(partText)]),
    '',
    facts(made),
  ].join('\n');
}

function partText(part: Part): string {
  switch (part.kind) {
    case 'words':
      return part.lines.join('\n');
    case 'figure':
      return [...part.figure.text, ...(part.figure.text.length > 0 ? part.figure.caption : [])].join('\n');
    case 'table':
      return tableText(part);
    case 'facts':
      return facts(part.rows);
    case 'empty':
      return `${part.why} ${part.remedy}`;
  }
}

function tableText({ title, head, rows, numbers }: StoryTable): string {
  const more = rows.length - SHOWN_ROWS;
  const shown = table(head, rows.slice(0, SHOWN_ROWS), numbers);
  return [title, shown, ...(more > 0 ? [`(${more} more)`] : [])].join('\n');
}
