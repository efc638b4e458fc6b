/** A map of heat in letters of one width: addresses to the right, time downwards, for Markdown and plain terminals. */
import { showBytes } from '../../vocabulary/show.js';
import { pageToAddress } from '../../vocabulary/units.js';
import { type HeatCourse, rateOf } from './course.js';
import { type HeatScale, rateInWords } from './scale.js';

/** From cold to hot; what was looked at and not accessed is a dot, what is not known a blank. */
const LETTERS = ':-=+*#%@';
const NOTHING_SEEN = '.';
const UNKNOWN = ' ';
const WIDTH = 72;

/** The hottest of the rows that share a letter stands for them. */
export function mapText(course: HeatCourse, scale: HeatScale, width = WIDTH): readonly string[] {
  const { segments, columns, geometry } = course;
  const lines: string[] = [];
  for (const { firstRow, rows, firstPage, pages, command, pid, mapping } of segments) {
    const letters = Math.min(width, rows);
    const size = showBytes(pages * geometry.pageBytes);
    const name = [
      `${command || 'pid'} (${pid})`,
      mapping,
      `${size} from ${pageToAddress(firstPage, geometry)}`,
    ];
    lines.push(name.filter((one) => one !== '').join('  '));
    for (let column = 0; column < columns.length; column++) {
      let drawn = '';
      for (let at = 0; at < letters; at++) {
        const from = firstRow + Math.floor((at * rows) / letters);
        const to = firstRow + Math.max(1, Math.floor(((at + 1) * rows) / letters));
        drawn += letterOf(hottest(course, column, [from, Math.max(from + 1, to)]), scale);
      }
      lines.push(`  ${drawn}`.trimEnd());
    }
  }
  return [...lines, ...legendText(scale)];
}

/** The hottest known rate of rows [from, to) in a column; NaN where none is known. */
export function hottest(course: HeatCourse, column: number, [from, to]: readonly [number, number]): number {
  let most = Number.NaN;
  for (let row = from; row < to; row++) {
    const rate = rateOf(course, row, column);
    if (!Number.isNaN(rate) && !(most >= rate)) most = rate;
  }
  return most;
}

/** Returns the letter of a rate: blank where it is not known. */
export function letterOf(rate: number, scale: HeatScale): string {
  if (Number.isNaN(rate)) return UNKNOWN;
  if (rate === 0) return NOTHING_SEEN;
  const [from, place] = [scale.place(scale.least), scale.place(rate)];
  const share = from < 1 ? (place - from) / (1 - from) : 1;
  return LETTERS[Math.round(share * (LETTERS.length - 1))];
}

/** Returns what the letters mean. */
export function legendText(scale: HeatScale): readonly string[] {
  const [first, last] = [LETTERS[0], LETTERS[LETTERS.length - 1]];
  return [
    `${last} ${rateInWords(scale.most, scale)}; ${first} ${rateInWords(scale.least, scale)}; between them ${LETTERS.slice(1, -1)}`,
    `${NOTHING_SEEN} looked at, nothing seen; blank: not known`,
  ];
}
