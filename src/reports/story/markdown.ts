/** A story as Markdown of GitHub's kind, for an issue or a chat: figures as text, tables cut short. */
import type { Figure } from '../figures/figure.js';
import type { Part, Story, StoryTable } from './story.js';

/** Rows of a table that a reader of an issue wants. */
const SHOWN_ROWS = 10;

/** Returns the story as Markdown, with its texts escaped. */
export function storyMarkdown({ title, lead, tiles, sections, facts }: Story): string {
  const shown = tiles.map(({ label, value, note }) => {
    const more = note === undefined ? '' : ` (${plain(note)})`;
    return `- **${plain(label)}:** ${plain(value)}${more}`;
  });
  return [
    `# ${plain(title)}`,
    plain(lead),
    shown.join('\n'),
    ...sections.flatMap(({ title: name, parts }) => [`## ${plain(name)}`, ...parts.map(partText)]),
    `<sub>${facts.map(([name, value]) => `${plain(name)}: ${plain(value)}`).join(' · ')}</sub>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function partText(part: Part): string {
  switch (part.kind) {
    case 'words':
      return part.lines.map(plain).join('\n\n');
    case 'figure':
      return figureText(part.figure);
    case 'table':
      return tableText(part);
    case 'facts':
      return part.rows.map(([name, value]) => `- ${plain(name)}: ${plain(value)}`).join('\n');
    case 'empty':
      return `> ${plain(part.why)} ${plain(part.remedy)}`;
  }
}

function figureText({ title, text, caption }: Figure): string {
  if (text.length === 0) return '';
  const fence = '```';
  // What is drawn holds no back-quotes, but names of programs within it may.
  const drawn = text.map((line) => line.replaceAll('`', "'"));
  return [`**${plain(title)}**`, '', fence, ...drawn, fence, '', caption.map(plain).join(' ')].join('\n');
}

function tableText({ title, head, rows, numbers }: StoryTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`;
  const ruler = head.map((_, column) => (numbers.includes(column) ? '--:' : ':--'));
  const more = rows.length - SHOWN_ROWS;
  return [
    `**${plain(title)}**`,
    '',
    line(head),
    `| ${ruler.join(' | ')} |`,
    ...rows.slice(0, SHOWN_ROWS).map(line),
    ...(more > 0 ? ['', `…and ${more} more.`] : []),
  ].join('\n');
}

/** Words of others, such as names of processes, without meaning to Markdown or HTML. */
function plain(words: string): string {
  return words
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\`*_[\]<>|#~@]/g, (sign) => (sign === '<' ? '&lt;' : sign === '@' ? '&#64;' : `\\${sign}`));
}
