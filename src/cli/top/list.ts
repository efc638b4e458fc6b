/** A list on a screen of fixed size: columns by what fits, a line chosen, the rest scrolled. Pure. */
import { plainLetters } from '../print/plain-letters.js';
import { widthOf } from '../print/wrap.js';

/** A column of a list. */
export interface ListColumn {
  readonly title: string;
  readonly right?: boolean;
  /** Columns with larger numbers go first when not all fit; 0 always stays. */
  readonly drop: number;
}

/** A row of a list; its key tells it from others when the next frame has another order. */
export interface ListRow {
  readonly key: string;
  readonly cells: readonly string[];
}

/** Everything that one level of the view shows. */
export interface List {
  readonly title: string;
  readonly columns: readonly ListColumn[];
  readonly rows: readonly ListRow[];
  /** What is said when there is no row. */
  readonly empty: string;
  /** Lines below the list. */
  readonly below: readonly string[];
}

/** Columns and rows of a terminal. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What the terminal can show. */
export interface Look {
  readonly ascii: boolean;
  readonly colour: boolean;
}

/** Which row is chosen, and how far the list is scrolled. */
export interface Cursor {
  readonly selected: number;
  /** First row shown. */
  readonly top: number;
}

const MARK = '> ';
const NO_MARK = '  ';
const GAP = '  ';
/** Title, heads of the columns, and the line of keys. */
const FRAME_LINES = 3;

/** Rows of the list that a screen has room for. */
export function roomFor(list: List, size: ScreenSize): number {
  return Math.max(1, size.rows - FRAME_LINES - list.below.length);
}

/** The cursor moved by so many rows, kept on the list and in sight. */
export function moved(cursor: Cursor, by: number, list: List, size: ScreenSize): Cursor {
  const last = Math.max(0, list.rows.length - 1);
  const selected = Math.min(last, Math.max(0, cursor.selected + by));
  const room = roomFor(list, size);
  const top = Math.min(Math.max(cursor.top, selected - room + 1), selected);
  return { selected, top: Math.max(0, Math.min(top, list.rows.length - room)) };
}

/** Exactly as many lines as the screen has, none wider than it. */
export function drawList(
  list: List,
  cursor: Cursor,
  keys: string,
  size: ScreenSize,
  look: Look,
): readonly string[] {
  const room = roomFor(list, size);
  const shown = list.rows.slice(cursor.top, cursor.top + room);
  const { heads, bodies } = laidOut(list, shown, size.columns);
  const body = bodies.map((line, at) => {
    const isChosen = cursor.top + at === cursor.selected;
    const marked = fitted(`${isChosen ? MARK : NO_MARK}${line}`, size.columns, look.ascii);
    return isChosen && look.colour ? `\x1b[7m${marked}\x1b[27m` : marked;
  });
  if (list.rows.length === 0) body.push(fitted(`${NO_MARK}${list.empty}`, size.columns, look.ascii));
  const blank = Array<string>(Math.max(0, room - body.length)).fill('');
  const head = fitted(`${NO_MARK}${heads}`, size.columns, look.ascii);
  const place =
    list.rows.length > room ? `  ${cursor.top + 1}–${cursor.top + shown.length} of ${list.rows.length}` : '';
  const lines = [
    fitted(list.title + place, size.columns, look.ascii),
    look.colour ? `\x1b[1m${head}\x1b[22m` : head,
    ...body,
    ...blank,
    ...list.below.map((line) => fitted(line, size.columns, look.ascii)),
    fitted(keys, size.columns, look.ascii),
  ];
  return lines.slice(0, size.rows);
}

/** As a reader of the screen hears it: a sentence for each row, no marks, no alignment. */
export function spokenList(list: List, { ascii }: Look): readonly string[] {
  const rows = list.rows.map(({ cells }, at) => {
    const parts = list.columns.map(({ title }, column) => `${title} ${cells[column]}`);
    return `${at + 1}: ${parts.filter((part) => !part.endsWith(' ')).join(', ')}`;
  });
  const lines = [list.title, ...(rows.length > 0 ? rows : [list.empty]), ...list.below];
  return lines.map((line) => fitted(line, Number.POSITIVE_INFINITY, ascii));
}

/** Heads and rows under each other, of the columns that fit. */
function laidOut(list: List, shown: readonly ListRow[], width: number) {
  let kept = list.columns.map((_, column) => column);
  const widthOfAll = () =>
    NO_MARK.length +
    kept.reduce((sum, column) => sum + columnWidth(list, shown, column) + GAP.length, -GAP.length);
  while (widthOfAll() > width) {
    const next = kept.reduce((worst, column) =>
      list.columns[column].drop > list.columns[worst].drop ? column : worst,
    );
    if (list.columns[next].drop === 0) break;
    kept = kept.filter((column) => column !== next);
  }
  const cells = (of: (column: number) => string) =>
    kept
      .map((column) => {
        const text = of(column);
        const room = ' '.repeat(Math.max(0, columnWidth(list, shown, column) - widthOf(text)));
        return list.columns[column].right ? room + text : text + room;
      })
      .join(GAP)
      .trimEnd();
  return {
    heads: cells((column) => list.columns[column].title),
    bodies: shown.map((row) => cells((column) => clean(row.cells[column]))),
  };
}

function columnWidth(list: List, shown: readonly ListRow[], column: number): number {
  const texts = shown.map(({ cells }) => clean(cells[column]));
  return [list.columns[column].title, ...texts].reduce((most, text) => Math.max(most, widthOf(text)), 0);
}

/** Names on a host may hold anything: what a terminal would obey is not passed on to it. */
function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function fitted(text: string, columns: number, ascii: boolean): string {
  const letters = ascii ? plainLetters(clean(text)) : clean(text);
  if (widthOf(letters) <= columns) return letters;
  let cut = '';
  for (const letter of letters) {
    if (widthOf(cut + letter) > columns) break;
    cut += letter;
  }
  return cut;
}
