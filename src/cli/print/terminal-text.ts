/** Text as a terminal shows it: tables aligned, lines broken to its width, letters that it has, colours. Pure. */
import { paint } from './paint.js';
import { plainLetters } from './plain-letters.js';
import { CELL, HEAD, RIGHT, ROW } from './table.js';
import { widthOf, wrap, wrapLine } from './wrap.js';

/** What the reader of a stream can show. */
export interface TextStyle {
  /** Columns that every line must fit into; Infinity where a program reads. */
  readonly width: number;
  /** Whether only ASCII may be written. */
  readonly ascii: boolean;
  readonly colour: boolean;
  /** Shades for pictures, where the terminal has more than the colours of text: 256, or all 16 million. */
  readonly shades?: '256' | 'all';
}

/** The style for programs: endless lines, UTF-8, no colour. */
export const PLAIN: TextStyle = { width: Number.POSITIVE_INFINITY, ascii: false, colour: false };

const GAP = '  ';
/** Words up to this long stay whole, which addresses are; longer ones are paths and names with signs in them. */
const LONGEST_WORD = 14;

/** The text with its tables aligned and its lines broken. */
export function layOut(text: string, style: TextStyle): string {
  const given = plain(text, style).split('\n');
  const lines: string[] = [];
  for (let at = 0; at < given.length; ) {
    if (!given[at].startsWith(ROW)) {
      lines.push(...wrapLine(given[at++], style.width).map((line) => coloured(line, style)));
      continue;
    }
    const rows: string[] = [];
    while (at < given.length && given[at].startsWith(ROW) && !(rows.length > 0 && isHead(given[at])))
      rows.push(given[at++]);
    lines.push(...tableLines(rows, style));
  }
  return lines.join('\n');
}

/** What a text may hold beside letters: line ends, tabs, and the marks of tables. */
const KEPT = `\n\t${ROW}${CELL}${RIGHT}${HEAD}`;

/** Names of processes and files may hold anything: what a terminal would obey is not passed on to it. */
function plain(text: string, { ascii }: TextStyle): string {
  const harmless = text.replace(/\p{Cc}/gu, (letter) => (KEPT.includes(letter) ? letter : '?'));
  return ascii ? plainLetters(harmless) : harmless;
}

const isHead = (line: string) => line.startsWith(ROW + HEAD);

interface Columns {
  readonly titles: readonly string[] | undefined;
  readonly rows: readonly (readonly string[])[];
  readonly right: readonly boolean[];
}

function tableLines(lines: readonly string[], style: TextStyle): readonly string[] {
  return parted(columnsOf(lines), style.width).flatMap((columns, part) => [
    ...(part === 0 ? [] : ['']),
    ...sideBySide(columns, style),
  ]);
}

function sideBySide(columns: Columns, style: TextStyle): readonly string[] {
  const { titles, rows, right } = columns;
  const widths = fittingWidths(columns, style.width) ?? leastWidths(columns);
  const bold = style.colour ? paint.bold : (line: string) => line;
  const head = titles === undefined ? [] : rowLines(titles, widths, right).map((line) => bold(line));
  const body = rows.flatMap((row) => rowLines(row, widths, right));
  return [...head, ...body.map((line) => coloured(line, style))];
}

/** More columns than fit are shown below each other, each part behind the columns that say which row it is. */
function parted(columns: Columns, width: number): readonly Columns[] {
  if (fittingWidths(columns, width) !== undefined) return [columns];
  const count = columns.titles?.length ?? 0;
  const keys = count > 6 ? 2 : 1;
  const parts: number[][] = [];
  for (let column = keys; column < count; column++) {
    const last = parts[parts.length - 1];
    if (last !== undefined && fittingWidths(chosen(columns, [...last, column]), width) !== undefined)
      last.push(column);
    else parts.push([...Array.from({ length: keys }, (_, key) => key), column]);
  }
  return parts.length === 0 ? [columns] : parts.map((part) => chosen(columns, part));
}

function chosen({ titles, rows, right }: Columns, wanted: readonly number[]): Columns {
  const pick = <Value>(row: readonly Value[]) => wanted.map((column) => row[column]);
  return { titles: titles && pick(titles), rows: rows.map(pick), right: pick(right) };
}

function columnsOf(lines: readonly string[]): Columns {
  const [first, ...rest] = lines;
  const cells = (line: string) => line.slice(1).split(CELL);
  if (!isHead(first)) return { titles: undefined, rows: lines.map(cells), right: [] };
  const titles = first.slice(2).split(CELL);
  return {
    titles: titles.map((title) => title.replace(RIGHT, '')),
    rows: rest.map(cells),
    right: titles.map((title) => title.startsWith(RIGHT)),
  };
}

/** Widths of the columns: as wide as their cells, or narrower where cells can be broken; undefined if that is not enough. */
function fittingWidths(columns: Columns, most: number): readonly number[] | undefined {
  const widths = cellsOf(columns).map((cells) => longest(cells, widthOf));
  return shrunk(widths, leastWidths(columns), most - GAP.length * (widths.length - 1));
}

/** Numbers and names of facts stay whole; other cells may go on below, broken at blanks, and within longer words. */
function leastWidths(columns: Columns): readonly number[] {
  const { titles, right } = columns;
  return cellsOf(columns).map((cells, column) => {
    const [title, ...values] = titles === undefined ? ['', ...cells] : cells;
    const whole = right[column] || (titles === undefined && column === 0);
    const least = whole ? longest(values, widthOf) : Math.min(longest(values, longestWord), LONGEST_WORD);
    return Math.max(longestWord(title), least);
  });
}

/** Column by column, the title first. */
function cellsOf({ titles, rows }: Columns): readonly (readonly string[])[] {
  const all = titles === undefined ? rows : [titles, ...rows];
  const count = Math.max(...all.map((row) => row.length));
  return Array.from({ length: count }, (_, column) => all.map((row) => row[column] ?? ''));
}

/** Takes from the widest column that can still give, until the sum fits. */
function shrunk(
  widths: readonly number[],
  least: readonly number[],
  most: number,
): readonly number[] | undefined {
  const left = widths.map((width, column) => Math.max(width, least[column]));
  for (let over = left.reduce((sum, width) => sum + width, 0) - most; over > 0; over--) {
    let widest = -1;
    left.forEach((width, column) => {
      if (width > least[column] && (widest < 0 || width > left[widest])) widest = column;
    });
    if (widest < 0) return undefined;
    left[widest]--;
  }
  return left;
}

function longest(texts: readonly string[], length: (text: string) => number): number {
  return texts.reduce((most, text) => Math.max(most, length(text)), 0);
}

const longestWord = (text: string) => longest(text.split(' '), widthOf);

function rowLines(
  cells: readonly string[],
  widths: readonly number[],
  right: readonly boolean[],
): readonly string[] {
  const broken = widths.map((width, column) => wrap(cells[column] ?? '', width, 'anywhere'));
  const height = Math.max(...broken.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    broken
      .map((lines, column) => pad(lines[line] ?? '', widths[column], right[column] === true))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? blanks + text : text + blanks;
}

/** Colour where a reader should look first; never the only bearer of a meaning. */
function coloured(line: string, { colour }: TextStyle): string {
  if (!colour) return line;
  const failed = /^octavo: [A-Z_]+:/.exec(line)?.[0];
  if (failed !== undefined) return paint.red(failed) + line.slice(failed.length);
  if (/^(warning|note): /.test(line)) return paint.yellow(line);
  return line.replace(/^ {2}(yes|no|partly|unknown)(?= {2,})/, (answer) => {
    const word = answer.trim();
    return word === 'yes' ? paint.green(answer) : word === 'no' ? paint.red(answer) : paint.yellow(answer);
  });
}
